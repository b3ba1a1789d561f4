"""Which chip this is: part, signature, and the serial number where it has one of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from avrdeck.boards import uid
from avrdeck.boards.catalog import part as find_part
from avrdeck.boards.uid import Source
from avrdeck.protocol import isp
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import rows

ROWS = ("calibration", "prodsig", "sernum", "usersig")
"""The read-only memories worth keeping besides the signature."""


@dataclass(frozen=True, slots=True)
class Chip:
    """A chip as the programmer sees it; ``source`` says what its ``serial`` is worth."""

    part: str
    signature: bytes
    source: Source = Source.NONE
    serial: bytes = b""

    @property
    def distinct(self) -> bool:
        """Whether it can be told from others of its kind: clones have all bytes equal, or none."""
        return self.source in {Source.DOCUMENTED, Source.UNDOCUMENTED}

    @property
    def unread(self) -> bool:
        """Whether its part has serial bytes and they are out of reach: it may be known by them already.

        Raises `UnknownPart`.
        """
        return self.source is Source.NONE and bool(uid.serial_addresses(find_part(self.part)))

    @property
    def serial_text(self) -> str:
        """``L0B6KJ-69-08-26-0E``; empty where the bytes tell nothing."""
        return uid.Identity(self.source, self.serial, "").text if self.distinct else ""

    @property
    def text(self) -> str:
        """The chip in words."""
        if self.distinct:
            return f"{self.part} {self.serial_text}"
        if self.source is Source.ALL_EQUAL:
            return f"{self.part} whose serial bytes are all {self.serial[0]:02X}, as in clones"
        return f"{self.part} without a readable serial number"

    def same(self, other: Chip) -> bool | None:
        """Whether both are one and the same chip; `None` where their bytes cannot tell."""
        if self.signature != other.signature:
            return False
        if not (self.distinct and other.distinct):
            return None
        return self.serial == other.serial


async def read_chip(programmer: Programmer) -> tuple[Chip, Mapping[str, bytes]]:
    """The chip behind ``programmer`` and its rows by name, in programming mode.

    Raises `TargetError` when the row reads differently each time.
    """
    part = programmer.require_part()
    found: dict[str, bytes] = {"signature": await programmer.signature()}
    for name in ROWS:
        # The production row has the serial number in it.
        if name == "sernum" and "prodsig" in found:
            continue
        op = "prodsig.read" if name == "sernum" else f"{name}.read"
        row = part.rows.get(name)
        if not (row and row.readable and isp.supports(part, op)):
            continue
        if programmer.dialect.carries_out(isp.encode(part, op, row.offset)):
            found[name] = await rows.read(programmer, name)
    return identified(programmer, found), found


def identified(programmer: Programmer, found: Mapping[str, bytes]) -> Chip:
    """The chip that has these rows."""
    part = programmer.require_part()
    known: dict[int, int] = dict(enumerate(found.get("prodsig", b"")))
    if "sernum" in found:
        known |= dict(enumerate(found["sernum"], part.rows["sernum"].offset))
    try:
        identity = uid.identify(part, known)
    except ValueError:  # the part has the bytes, this programmer or ISP does not reach them
        return Chip(part.name, found["signature"])
    return Chip(part.name, found["signature"], identity.source, identity.serial)
