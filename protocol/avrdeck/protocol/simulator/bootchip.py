"""A chip that programs itself: SPM and LPM on virtual cells, with the boot lock bits in force."""

from __future__ import annotations

from avrdeck.boards import fuses
from avrdeck.boards.models import BLANK, BitField, BootLock, Clock, Part
from avrdeck.protocol.simulator.cells import Cells, factory_fresh
from avrdeck.protocol.simulator.oscillator import Xtal, cpu_hz

FILLER = b"a virtual bootloader lives here "
"""Stands for the code of bootloaders of which the project carries none."""
WORD = 2
FUSES = ("lfuse", "lock", "efuse", "hfuse")
"""What LPM reads at these addresses with BLBSET in SPMCSR."""


class NoBootSection(ValueError):
    """The part has no boot section for a bootloader."""


class BootChip:
    """What a bootloader can do to the chip it runs on. Addresses are in bytes and wrap."""

    def __init__(self, cells: Cells) -> None:
        boot = cells.part.boot
        if boot is None or cells.part.flash.page_size is None:
            raise NoBootSection(f"{cells.part.name} has no boot section for a bootloader.")
        self.cells = cells
        self.page_size = cells.part.flash.page_size
        self.write_us = cells.part.flash.write_us
        self.nrww_start = boot.sections[-1].start_byte
        decoded = fuses.decode(cells.part, cells.fuses, partial=True)
        self.boot_start = decoded.boot_start_byte or self.nrww_start
        self._starts_there = decoded.bootrst or boot.fixed
        self.eeprom_us = cells.part.eeprom.write_us if cells.part.eeprom else 0
        self.forget_page()

    @property
    def has_bootloader(self) -> bool:
        """Whether a reset ends in code in the boot section, whatever that code is."""
        return bool(self._starts_there) and set(self.cells.flash[self.boot_start :]) != {BLANK}

    def read(self, address: int) -> int:
        """LPM from the boot section; 0xFF where the boot lock bits forbid it."""
        address %= len(self.cells.flash)
        hidden = address < self.boot_start and self._lock("boot_lock_app").lpm_blocked
        return BLANK if hidden else self.cells.flash[address]

    def is_blank(self, start: int, end: int) -> bool:
        """Whether nothing was ever written there."""
        return not self.cells.flash[start:end].strip(bytes([BLANK]))

    def row(self, address: int) -> int:
        """A byte of the signature row, by LPM with SIGRD."""
        return self.cells.row[address] if address < len(self.cells.row) else BLANK

    def fuse(self, address: int) -> int:
        """A fuse byte or the lock byte, by LPM with BLBSET."""
        return self.cells.fuses.get(FUSES[address], BLANK) if address < len(FUSES) else BLANK

    def erase_page(self, address: int) -> None:
        """SPM page erase."""
        start = self._page_start(address)
        if self._may_write(start):
            self.cells.flash[start : start + self.page_size] = bytes([BLANK]) * self.page_size

    def fill(self, address: int, word: bytes) -> None:
        """SPM into the page buffer, which takes each word once until it is blank again."""
        offset = address % self.page_size & ~1
        if offset not in self._filled:
            self._filled.add(offset)
            self._page[offset : offset + WORD] = word

    def forget_page(self) -> None:
        """SPM with RWWSRE: the page buffer is blank again."""
        self._page = bytearray([BLANK]) * self.page_size
        self._filled: set[int] = set()

    def write_page(self, address: int) -> None:
        """SPM page write; the buffer is blank afterwards."""
        start = self._page_start(address)
        if self._may_write(start):
            for offset, value in enumerate(self._page):
                self.cells.program_flash(start + offset, value)
        self.forget_page()

    def read_eeprom(self, address: int) -> int:
        """One EEPROM byte."""
        return self.cells.eeprom[address % len(self.cells.eeprom)] if self.cells.eeprom else BLANK

    def write_eeprom(self, address: int, value: int) -> None:
        """Erase and write one EEPROM byte."""
        if self.cells.eeprom:
            self.cells.eeprom[address % len(self.cells.eeprom)] = value

    def _page_start(self, address: int) -> int:
        return address % len(self.cells.flash) // self.page_size * self.page_size

    def _may_write(self, address: int) -> bool:
        role = "boot_lock_boot" if address >= self.boot_start else "boot_lock_app"
        return not self._lock(role).spm_blocked

    def _lock(self, role: str) -> BootLock:
        bits = self.cells.part.role(role)
        known = bits.meaning(bits.get(self.cells.fuses["lock"])) if bits else None
        return known.meaning if known and isinstance(known.meaning, BootLock) else _OPEN


_OPEN = BootLock(spm_blocked=False, lpm_blocked=False)


def with_bootloader(part: Part, seed: int, xtal: Xtal, tail: bytes, room: int) -> Cells:
    """A chip as a board maker ships it: bootloader of up to ``room`` bytes, its fuses, boot section locked.

    ``tail`` is what the section ends with: a version, or the whole code. Raises `NoBootSection`.
    """
    cells = factory_fresh(part, seed)
    if part.boot is None:
        raise NoBootSection(f"{part.name} has no boot section for a bootloader.")
    section = next((size for size in part.boot.sections if size.size_bytes >= room), part.boot.sections[-1])
    _put(cells, part.role("boot_reset"), 0)
    size_field = part.role("boot_size")
    fitting = (known.value for known in size_field.values if known.meaning == section) if size_field else ()
    _put(cells, size_field, next(iter(fitting), 0))
    _put(cells, part.role("clock_div8"), 1)
    _put(cells, part.role("clock"), _steadiest_clock(cells, xtal))
    _put(cells, part.role("boot_lock_boot"), 0)
    code = (FILLER * (section.size_bytes // len(FILLER) + 1))[: section.size_bytes - len(tail)]
    cells.flash[section.start_byte : section.start_byte + section.size_bytes] = code + tail
    return cells


def _put(cells: Cells, field: BitField | None, value: int | None) -> None:
    if field and value is not None:
        cells.fuses[field.memory] = field.put(cells.fuses[field.memory], value)


def _steadiest_clock(cells: Cells, xtal: Xtal) -> int | None:
    """The highest clock code that runs at the frequency of what is fitted: its longest start-up."""
    field = cells.part.role("clock")
    if field is None:
        return None
    for known in sorted(field.values, key=lambda known: -known.value):
        values = dict(cells.fuses)
        values[field.memory] = field.put(values[field.memory], known.value)
        if isinstance(known.meaning, Clock) and cpu_hz(cells.part, values, xtal) == xtal.hz:
            return known.value
    return None
