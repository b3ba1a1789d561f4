"""The serial programming interface of a virtual chip: frames, echo, busy times, lock modes.

The choices where data sheets leave room: an instruction during a self-timed write is ignored, and
any read then brings 0xFF (or the part's documented polling value); a read that the lock bits forbid
brings the echo, as real chips do, so locked flash reads as its own addresses.
"""

from __future__ import annotations

from avrdeck.boards.models import BLANK, Fuse, Part
from avrdeck.protocol import isp
from avrdeck.protocol.isp import INSTRUCTION_BYTES, Action, Instruction
from avrdeck.protocol.simulator.cells import Cells
from avrdeck.protocol.simulator.wire import NS_PER_US

POLL_READY = "poll_ready"
"""RDY/BSY: bit 0 is 1 while a write goes on. Unpaged parts do not have it."""
OLD_FAMILY = "classic-AT90S"
"""Its chips hide the signature too when they are locked (AVR910)."""


class IspPort:
    """What listens on SCK, MOSI and MISO while RESET is held."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        self.enabled = False
        self.busy_until = 0
        self._frame = bytearray()
        self._echo = 0
        self._extended = 0
        self._page = bytearray()
        self._eeprom_page: dict[int, int] = {}
        self.reset()

    @property
    def _part(self) -> Part:
        return self.cells.part

    def reset(self) -> None:
        """RESET was released: programming mode, frame position and page buffers are gone."""
        self.enabled = False
        self._frame.clear()
        self._echo = self._extended = 0
        self._clear_buffers()

    def exchange(self, byte: int, at: int) -> int:
        """Take one byte from MOSI, return the byte on MISO; ``at`` is the virtual time in ns."""
        echo = self._echo if self._part.timing.sync_echo else 0
        self._echo = byte
        self._frame.append(byte)
        if len(self._frame) < INSTRUCTION_BYTES:
            return echo
        frame = bytes(self._frame)
        self._frame.clear()
        answer = self._answer(frame, at)
        return echo if answer is None else answer

    def _answer(self, frame: bytes, at: int) -> int | None:
        """Carry out an instruction; `None` when MISO only echoes."""
        instruction = isp.decode(self._part, frame)
        busy = at < self.busy_until
        if instruction.action is Action.PROGRAMMING_ENABLE:
            self.enabled = True
        elif not self.enabled:
            return None
        elif instruction.op == POLL_READY and not frame[1] and self._part.flash.page_size:
            return BLANK if busy else BLANK & ~1
        elif instruction.action is Action.READ:
            return self._busy_value(instruction) if busy and instruction.memory else self._read(instruction)
        elif not busy:
            self._change(instruction, at)
        return None

    def _busy_value(self, instruction: Instruction) -> int:
        memory = {"flash": self._part.flash, "eeprom": self._part.eeprom}.get(instruction.memory or "")
        return memory.readback_poll[0] if memory and memory.readback_poll else BLANK

    def _read(self, instruction: Instruction) -> int | None:
        memory, address = instruction.memory or "", instruction.address or 0
        hidden = {"flash", "eeprom"}
        if self._part.family == OLD_FAMILY:
            hidden.add("signature")
        if memory in hidden and self.cells.memory_lock.read_blocked:
            return None
        value = self._stored(memory, address, instruction.high)
        opcode = self._part.opcodes.get(instruction.op)
        if value is None or opcode is None:
            return value
        unused = ~opcode.put_data_out(BLANK) & BLANK
        return opcode.put_data_out(value) & BLANK | unused

    def _stored(self, memory: str, address: int, high: bool) -> int | None:
        cells = self.cells
        if memory == "flash":
            return cells.flash[self._flash_byte(address, high)]
        if memory == "eeprom":
            return cells.eeprom[address % len(cells.eeprom)] if cells.eeprom else None
        if memory in cells.fuses:
            return cells.fuses[memory] if self._part.fuses[memory].readable else None
        in_row = {"signature": 2 * address, "calibration": 2 * address + 1, "prodsig": address}
        if memory in in_row:
            return cells.row[in_row[memory] % len(cells.row)]
        return BLANK if memory in self._part.rows else None

    def _flash_byte(self, word: int, high: bool) -> int:
        return (word | self._extended) % self._part.flash.size_words * 2 + high

    def _change(self, instruction: Instruction, at: int) -> None:
        address, data = instruction.address or 0, instruction.data or 0
        paged_eeprom = self._part.eeprom is not None and self._part.eeprom.isp_paged
        match instruction.action, instruction.memory:
            case Action.CHIP_ERASE, _:
                self._erase(at)
            case Action.LOAD_EXTENDED_ADDRESS, _ if self._part.flash.needs_extended_address:
                self._extended = address
            case Action.LOAD_PAGE, "flash" if self._page:
                self._page[(address * 2 + instruction.high) % len(self._page)] = data
            case Action.WRITE_PAGE, "flash":
                self._write_flash_page(address, at)
            case Action.WRITE, "flash" if self._may_write(at, self._part.flash.write_us):
                self.cells.program_flash(self._flash_byte(address, instruction.high), data)
            case Action.LOAD_PAGE, "eeprom" if paged_eeprom:
                self._eeprom_page[address % self._eeprom_page_size] = data
            case Action.WRITE_PAGE, "eeprom" if paged_eeprom:
                self._write_eeprom(address - address % self._eeprom_page_size, self._eeprom_page, at)
            case Action.WRITE, "eeprom":
                self._write_eeprom(address, {0: data}, at)
            case Action.WRITE, str(name) if name in self._part.fuses:
                self._write_fuse(self._part.fuses[name], data, at)
            case _:
                pass

    def _erase(self, at: int) -> None:
        self.cells.erase(keep_eeprom=bool(self.cells.programmed("eeprom_save")))
        self._clear_buffers()
        self._busy(at, self._part.timing.chip_erase_us)
        if self._part.timing.erase_ends_with_reset:
            self.enabled = False

    def _write_flash_page(self, word: int, at: int) -> None:
        size = len(self._page)
        if size and self._may_write(at, self._part.flash.write_us):
            start = self._flash_byte(word, high=False) // size * size
            for offset, value in enumerate(self._page):
                self.cells.program_flash(start + offset, value)
        self._clear_buffers()

    def _write_eeprom(self, start: int, values: dict[int, int], at: int) -> None:
        """Only the loaded bytes of an EEPROM page are erased and written."""
        eeprom = self._part.eeprom
        if eeprom and self._may_write(at, eeprom.write_us):
            for offset, value in values.items():
                self.cells.eeprom[(start + offset) % eeprom.size] = value
        self._eeprom_page = {}

    def _write_fuse(self, fuse: Fuse, value: int, at: int) -> None:
        """Lock mode 2 freezes the fuses, mode 3 the lock bits too."""
        lock = self.cells.memory_lock
        if fuse.name == "lock" and not lock.read_blocked:
            self.cells.write_lock(value)
        elif fuse.name != "lock" and not lock.write_blocked:
            self.cells.write_fuse(fuse.name, value)
        else:
            return
        self._busy(at, fuse.write_us)

    def _may_write(self, at: int, write_us: int) -> bool:
        """Whether the lock bits allow a write of flash or EEPROM; it starts now if they do."""
        if self.cells.memory_lock.write_blocked:
            return False
        self._busy(at, write_us)
        return True

    def _busy(self, at: int, us: int) -> None:
        self.busy_until = at + us * NS_PER_US

    def _clear_buffers(self) -> None:
        self._page = bytearray([BLANK]) * (self._part.flash.page_size or 0)
        self._eeprom_page = {}

    @property
    def _eeprom_page_size(self) -> int:
        eeprom = self._part.eeprom
        return (eeprom.page_size if eeprom else None) or 1
