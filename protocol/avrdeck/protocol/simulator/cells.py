"""The non-volatile contents of a virtual chip, and what programming can physically do to them."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass

from avrdeck.boards.locks import memory_lock
from avrdeck.boards.models import BLANK, Fuse, MemoryLock, Part

ROW_BYTES = 32
"""Signature row as read by ISP; the bytes that no part documents are blank."""
LOT_LETTERS = 6
"""Serial numbers begin with the production lot in ASCII."""


@dataclass(slots=True)
class Cells:
    """Memory contents of one chip. ``fuses`` holds the lock byte too; ``row`` is the signature row."""

    part: Part
    flash: bytearray
    eeprom: bytearray
    fuses: dict[str, int]
    row: bytes

    def program_flash(self, address: int, value: int) -> None:
        """Clear the bits of one byte that are 0 in ``value``; only an erase sets bits."""
        self.flash[address] &= value

    def write_fuse(self, name: str, value: int) -> None:
        """Write the bits of a fuse byte that ISP can reach; all others stay, SPIEN among them."""
        mask = self.isp_mask(name)
        self.fuses[name] = self.fuses[name] & ~mask & 0xFF | value & mask

    def write_lock(self, value: int) -> None:
        """Lock bits only go from 1 to 0."""
        self.fuses["lock"] &= value | ~self.isp_mask("lock") & 0xFF

    def isp_mask(self, name: str) -> int:
        """The bits of a fuse or lock byte that an ISP instruction can change."""
        fuse = self.part.fuses[name]
        if not fuse.writable:
            return 0
        spien = self.part.role("spi_enable")
        protected = spien.mask if spien and spien.memory == name else 0
        return fuse.write_mask & fuse.used_mask & ~protected

    def erase(self, *, keep_eeprom: bool) -> None:
        """Chip erase: memories first, then the lock bits. Fuses stay."""
        self.flash[:] = bytes([BLANK]) * len(self.flash)
        if not keep_eeprom:
            self.eeprom[:] = bytes([BLANK]) * len(self.eeprom)
        self.fuses["lock"] = BLANK

    def programmed(self, role: str, fuses: dict[str, int] | None = None) -> bool | None:
        """Whether the fuse with that role is programmed; `None` when the part has none."""
        bits = self.part.role(role)
        return None if bits is None else not bits.get((fuses or self.fuses)[bits.memory])

    @property
    def memory_lock(self) -> MemoryLock:
        """What the lock bits forbid a programmer; an undefined combination forbids all."""
        return memory_lock(self.part, self.fuses)


def factory_fresh(part: Part, seed: int = 0) -> Cells:
    """A new chip: blank, factory fuses, a serial number from ``seed``."""
    return Cells(
        part,
        flash=bytearray([BLANK]) * part.flash.size,
        eeprom=bytearray([BLANK]) * (part.eeprom.size if part.eeprom else 0),
        fuses={name: _factory_value(fuse) for name, fuse in part.fuses.items()},
        row=_signature_row(part, seed),
    )


def _factory_value(fuse: Fuse) -> int:
    """The byte as shipped; where no source states it, what its fields' defaults give. Unused bits are 1."""
    value = BLANK if fuse.factory is None else fuse.factory
    if fuse.factory is None:
        for field in fuse.fields:
            default = 0 if field.role == "spi_enable" else field.default
            value = value if default is None else field.put(value, default)
    return value | ~fuse.used_mask & BLANK


def _signature_row(part: Part, seed: int) -> bytes:
    """Signature in the even bytes, calibration in the odd ones, serial number where the part keeps it."""
    dice = random.Random(f"{part.name}/{seed}")  # noqa: S311 - not for secrets
    row = bytearray([BLANK]) * ROW_BYTES
    row[0:6:2] = part.signature
    if calibration := part.rows.get("calibration"):
        for index in range(calibration.size):
            row[1 + 2 * index] = dice.randrange(0x60, 0xB0)
    if serial := part.rows.get("sernum"):
        lot = dice.choices(string.digits + string.ascii_uppercase, k=LOT_LETTERS)
        rest = dice.randbytes(serial.size - LOT_LETTERS)
        row[serial.offset : serial.offset + serial.size] = "".join(lot).encode() + rest
    return bytes(row)
