"""deckboot on the chip that it programs, as the wire sees it: ``deckboot.S``, command by command.

Arguments are kept in the registers that they land in there, since some commands leave more behind than
they mean to: SET_DEVICE ends with another address.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from avrdeck.boards.deckboot import Entry, Feature, Variant
from avrdeck.protocol.codes import EOP, MemoryType, Op, Status
from avrdeck.protocol.simulator.bootloader import AppStarts
from avrdeck.protocol.simulator.mcu import Mcu
from avrdeck.protocol.simulator.ownloader import COMMAND_US, FILL_US, TIMEOUT_MS, OwnLoader
from avrdeck.protocol.simulator.target import Target
from avrdeck.protocol.simulator.wire import NS_PER_MS, NS_PER_US

ARGUMENTS_END = 24
"""The register after the one that a command's last argument lands in."""
BUFFER_BYTES = 0x0119
"""The RAM in which data wait, up to the byte that goes with the last one of an odd number."""
TRUSTED_BYTES = 4
"""So many of a whole page's data must have come before it is erased."""
PAUSE_MS = 512
"""How long a host that has spoken may be silent within a command."""
WAIT_MS, WAIT_AGAIN_MS = 8_000, 10_486
"""The same before it has, for the loader that waits: its count, and that count when it has run over."""
SPEECHLESS = frozenset({Op.GET_SYNC, Op.GET_SIGN_ON, Op.ENTER_PROGMODE})


class OutOfStep(Exception):
    """A command did not end with its EOP and is not carried out."""


class Paused(Exception):
    """The host fell silent within a command, which is forgotten."""


class Deckboot(OwnLoader):
    """The loader of 512 bytes; with `Entry.WAIT` every second reset starts the application."""

    trailer_bytes = 8

    def __init__(self, target: Target, one: Variant, baud: int | None = None, *, echo: bool = False) -> None:
        super().__init__(target, one, baud, echo=echo)
        self._r = bytearray(32)
        self._ram = bytearray(BUFFER_BYTES)
        self._marked = False

    async def run(self, mcu: Mcu, *, warm: bool) -> None:
        """See `Bootloader`; what marks the first of two resets is in RAM, which power-on forgets."""
        self._marked = self._marked and not warm
        await super().run(mcu, warm=warm)

    async def session(self) -> None:
        """Carry out commands until the application starts, which takes the mark away."""
        second, self._marked = self._marked, self._waits and not self._marked
        if second:
            raise AppStarts
        try:
            await self._converse(self._mcu.time + (WAIT_MS if self._waits else TIMEOUT_MS) * NS_PER_MS)
        except AppStarts:
            self._marked = False
            raise

    @property
    def _waits(self) -> bool:
        return self.variant.entry == Entry.WAIT

    async def _converse(self, deadline: int) -> None:
        self._spoken, self._deadline = False, deadline
        self._spm_until = 0
        while True:
            with suppress(Paused):
                await self._next_command()

    async def _next_command(self) -> None:
        op = await self._byte(None if self._spoken else self._deadline)
        if not self._spoken and op != Op.GET_SYNC:
            raise AppStarts
        if op == EOP:
            return
        try:
            status = await self._command(op)
        except OutOfStep:
            status = Status.NOSYNC
        await self.put(status)
        if op == Op.LEAVE_PROGMODE and status == Status.OK:
            self.sent()
            raise AppStarts

    async def get(self) -> int:
        """The next byte of a command; raises `Paused`."""
        return await self._byte(self._mcu.time + PAUSE_MS * NS_PER_MS if self._spoken else self._deadline)

    async def _byte(self, until: int | None) -> int:
        arrival = await self._mcu.byte(until)
        if arrival:
            self._mcu.cost(COMMAND_US)
            return arrival.byte
        if not self._spoken and not self._waits:
            raise AppStarts
        self._deadline += WAIT_AGAIN_MS * NS_PER_MS
        raise Paused

    async def _command(self, op: int) -> Status:
        """Carry out a command, and what is to be answered in the end; raises `OutOfStep`."""
        match op:
            case Op.PROG_PAGE:
                return await self._program_page()
            case Op.LOAD_ADDRESS:
                await self._arguments(2)
                address = int.from_bytes(self._r[22:24], "little") * 2
                self._r[13:16] = bytes([address >> 16, address & 0xFF, address >> 8 & 0xFF])
            case Op.READ_PAGE:
                await self._arguments(3)
                if (letter := self._r[23]) not in self._readers:
                    return Status.FAILED
                await self._send(self._readers[letter])
            case Op.GET_PARAMETER:
                await self._arguments(1)
                await self.put(self.trailer[self._r[23] % self.trailer_bytes])
            case Op.READ_SIGN:
                await self._end()
                await self.put(*self._chip.cells.part.signature)
            case Op.UNIVERSAL:
                await self._arguments(4)
                await self.put(self._universal())
            case Op.SET_DEVICE | Op.SET_DEVICE_EXT:
                await self._arguments(20 if op == Op.SET_DEVICE else 5)
            case _:
                await self._end()
                return Status.OK if op in SPEECHLESS | {Op.LEAVE_PROGMODE} else Status.UNKNOWN
        return Status.OK

    async def _arguments(self, count: int) -> None:
        await self._fetch(count)
        await self._end()

    async def _fetch(self, count: int) -> None:
        for register in range(ARGUMENTS_END - count, ARGUMENTS_END):
            self._r[register] = await self.get()

    async def _end(self) -> None:
        """Check the EOP, wait for a page that is being changed, and answer INSYNC."""
        if await self.get() != EOP:
            if not self._spoken:
                raise AppStarts
            raise OutOfStep
        self._spoken = True
        self._mcu.time = max(self._mcu.time, self._spm_until)
        self._chip.forget_page()
        await self.put(Status.INSYNC)

    @property
    def _held(self) -> int:
        """The byte address as the loader judges it: three bytes on big chips, else two."""
        big = self._r[13] if len(self._chip.cells.flash) > 1 << 16 else 0
        return big << 16 | self._r[15] << 8 | self._r[14]

    @property
    def _address(self) -> int:
        """The byte address as far as it reaches."""
        return self._held & 0x1FFFF

    @property
    def _readers(self) -> Mapping[int, Callable[[int], int]]:
        """What reads a byte of each memory."""
        return {MemoryType.FLASH: self._read_flash, MemoryType.EEPROM: self._read_eeprom}

    async def _send(self, read: Callable[[int], int]) -> None:
        """So many bytes as r22 says; the address counts in 16 bits."""
        address = self._address
        bank = address & ~0xFFFF
        for at in range(address, address + (self._r[22] or 256)):
            await self.put(read(bank | at & 0xFFFF))

    def _read_flash(self, address: int) -> int:
        return self._chip.read(address)

    def _read_eeprom(self, address: int) -> int:
        return self._chip.read_eeprom(address & 0xFFFF)

    def _universal(self) -> int:
        """The row and the fuses by LPM; where that reaches no row, the code's own signature."""
        first, second, third = self._r[20:23]
        odd = first >> 3 & 1
        at = (third << 1 | odd) & 0xFF
        if first & ~0x08 == 0x50:
            return self._chip.fuse(odd | second >> 2 & 2)
        if first & ~0x08 != 0x30:
            return 0
        if Feature.ROW_READ in self.variant.features:
            return self._chip.row(at)
        return 0 if odd or at >= 6 else self._chip.cells.part.signature[at // 2]

    async def _program_page(self) -> Status:
        """A page of the RWW section is erased while its bytes come and written while the reply goes."""
        await self._fetch(3)
        size, letter, address = self._r[22] or 256, self._r[23], self._address
        early = letter == MemoryType.FLASH and self._held < self._chip.nrww_start
        erased = False
        # As X runs in the page of RAM in which the data end.
        start = (ARGUMENTS_END - size) % 256
        for left in reversed(range(size)):
            self._ram[start + size - 1 - left] = await self.get()
            if early and left == self._chip.page_size - TRUSTED_BYTES:
                await self._change(self._chip.erase_page)
                erased = True
        await self._end()
        data = self._ram[start : start + size + 1]
        if letter == MemoryType.EEPROM:
            return await self._write_eeprom(data[:size])
        if letter != MemoryType.FLASH:
            return Status.FAILED
        if not erased:
            await self._change(self._chip.erase_page)
        for offset in range(0, size, 2):
            self._mcu.cost(FILL_US)
            self._chip.fill(address + offset, bytes(data[offset : offset + 2]))
        if self._held >= self.variant.start:
            return Status.FAILED
        await self._change(self._chip.write_page)
        return Status.OK

    async def _change(self, change: Callable[[int], None]) -> None:
        """Erase or write the page at the address, if it is none of the loader's; NRWW holds the CPU up."""
        mcu = self._mcu
        if self._held >= self.variant.start:
            return
        mcu.time = max(mcu.time, self._spm_until)
        self._spm_until = mcu.time + self._chip.write_us * NS_PER_US
        if self._held >= self._chip.nrww_start:
            mcu.time = self._spm_until
            await mcu.settle()
        change(self._address)

    async def _write_eeprom(self, data: bytearray) -> Status:
        for at, value in enumerate(data, self._address & 0xFFFF):
            self._mcu.cost(self._chip.eeprom_us)
            await self._mcu.settle()
            self._chip.write_eeprom(at & 0xFFFF, value)
        return Status.OK
