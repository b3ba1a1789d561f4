"""What the bytes of the signature row are: signature, oscillator calibration, serial number.

Byte A of the row is read by the instruction 0x30 (A even) or 0x38 (A odd) at address A/2. Sources:
data sheets "Signature Row" and "Serial Number" of the PB parts; for all others nothing but the
signature and the calibration bytes is documented.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from avrdeck.boards.models import Part

SIGNATURE = (0, 2, 4)
"""Row addresses of the signature bytes."""
FIRST_CALIBRATION = 1
CALIBRATION_STEP = 2
FOUR_CALIBRATIONS = ("1 MHz, loaded at reset", "2 MHz", "4 MHz", "8 MHz")
"""Parts with four calibration bytes have one for each setting of their oscillator."""

LOT_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
"""The lot number begins a serial number, in ASCII."""


class Source(StrEnum):
    """What an identity rests on."""

    DOCUMENTED = "documented"
    """The data sheet calls it a serial number."""
    UNDOCUMENTED = "undocumented"
    """Factory bytes (lot, wafer, position) that likely differ from chip to chip."""
    ALL_EQUAL = "all_equal"
    """Every byte is the same: a clone, or nothing was written there."""
    NONE = "none"
    """The part has no such bytes, or they cannot be read."""


@dataclass(frozen=True, slots=True)
class RowByte:
    """One byte of the row: its address, the instruction that reads it (its answer is the last byte)."""

    address: int
    frame: bytes
    purpose: str


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells this chip from others of its kind; never a secret and no key."""

    source: Source
    serial: bytes
    note: str

    @property
    def text(self) -> str:
        """The bytes for people, lot letters first: ``L0B6KJ-69-08-26-0E``; empty when there are none."""
        letters = self.serial[: len(self.serial) - len(self.serial.lstrip(LOT_LETTERS))]
        rest = self.serial[len(letters) :].hex("-").upper()
        return "-".join(piece for piece in (letters.decode("ascii"), rest) if piece)


def row_bytes(part: Part) -> tuple[RowByte, ...]:
    """Every byte of the row that the part lets ISP read, in the order of addresses."""
    opcode = part.opcodes.get("prodsig.read")
    if opcode:
        addresses: tuple[int, ...] = tuple(range(part.rows["prodsig"].size))
        return tuple(RowByte(at, opcode.encode(at), purpose(part, at)) for at in addresses)
    signature = [(2 * index, part.opcodes["signature.read"].encode(index)) for index in range(3)]
    calibration = part.opcodes.get("calibration.read")
    count = part.rows["calibration"].size if calibration else 0
    extra = [(1 + 2 * index, calibration.encode(index)) for index in range(count)] if calibration else []
    return tuple(RowByte(at, frame, purpose(part, at)) for at, frame in sorted(signature + extra))


def purpose(part: Part, address: int) -> str:
    """What the row's byte at ``address`` is for on this part."""
    if address in SIGNATURE:
        return f"signature byte {SIGNATURE.index(address)}"
    calibrations = calibration_addresses(part)
    if address in calibrations:
        return _calibration_purpose(calibrations.index(address), len(calibrations))
    if part.serial and address in part.serial.addresses:
        return f"serial number byte {part.serial.addresses.index(address)}"
    return "factory byte, undocumented"


def _calibration_purpose(index: int, count: int) -> str:
    if count == len(FOUR_CALIBRATIONS):
        return f"OSCCAL for {FOUR_CALIBRATIONS[index]}"
    return "OSCCAL, loaded at reset" if index == 0 else f"OSCCAL {index}, loaded by software"


def calibration_addresses(part: Part) -> tuple[int, ...]:
    """Row addresses of the oscillator calibration bytes."""
    row = part.rows.get("calibration")
    count = row.size if row else 0
    return tuple(FIRST_CALIBRATION + CALIBRATION_STEP * index for index in range(count))


def identify(part: Part, row: Mapping[int, int]) -> Identity:
    """The identity in a row as read: ``row`` maps addresses to bytes (an `enumerate` of a dump does).

    The signature is not part of it: add it when chips of several kinds are compared. Raises
    `ValueError` when a byte that belongs to it was not read.
    """
    addresses = serial_addresses(part)
    missing = [f"0x{address:02X}" for address in addresses if address not in row]
    if missing:
        raise ValueError(f"The signature row of {part.name} was not read at {', '.join(missing)}.")
    serial = bytes(row[address] for address in addresses)
    if not serial:
        return Identity(Source.NONE, b"", f"{part.name} has no readable factory bytes besides its signature.")
    if len(set(serial)) == 1:
        note = (
            f"All bytes are 0x{serial[0]:02X}: a clone, or a chip without such bytes. It tells nothing apart."
        )
        return Identity(Source.ALL_EQUAL, serial, note)
    if part.serial is None:
        return Identity(
            Source.UNDOCUMENTED, serial, "Factory bytes, undocumented: likely unique, not promised."
        )
    way = "" if part.serial.isp_documented else " (the data sheet reads it by software, not by ISP)"
    return Identity(Source.DOCUMENTED, serial, f"Serial number from the data sheet{way}.")


def serial_addresses(part: Part) -> tuple[int, ...]:
    """Row addresses of the bytes that tell chips apart: the documented serial, or the factory bytes."""
    if part.serial:
        return part.serial.addresses
    row = part.rows.get("sernum")
    return tuple(range(row.offset, row.offset + row.size)) if row and row.readable else ()
