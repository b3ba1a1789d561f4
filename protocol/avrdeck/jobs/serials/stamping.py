"""Puts a serial number into an image, a file or a chip, over nothing but 0xFF unless told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from avrdeck.boards import images
from avrdeck.boards.images import Image
from avrdeck.boards.images.image import Piece, joined
from avrdeck.boards.models import BLANK, Part
from avrdeck.jobs.events import EventHandler, unheard
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.writing import write_image
from avrdeck.protocol.errors import Refused, UsageFault
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import memories
from avrdeck.protocol.text import hexadecimal


@dataclass(frozen=True, slots=True)
class Stamp:
    """``data`` to be put at byte ``address`` of ``memory``; ``overwrite`` what is there, if need be."""

    data: bytes
    address: int
    memory: str = "eeprom"
    overwrite: bool = False

    @property
    def end(self) -> int:
        """Address after its last byte."""
        return self.address + len(self.data)

    @property
    def words(self) -> str:
        """``53 4E 31 at 0x0010 of eeprom``."""
        return f"{hexadecimal(self.data, 16)} at {self.address:#06x} of {self.memory}"


def insist_on_place(stamp: Stamp, part: Part) -> None:
    """Raise `UsageFault` unless ``part`` has the memory at the stamp's addresses."""
    if stamp.memory not in memories.TRANSFERABLE:
        raise UsageFault(f"A serial number goes into {' or '.join(memories.TRANSFERABLE)}")
    size = part.size(stamp.memory) if stamp.memory == "flash" or part.eeprom else 0
    if stamp.address < 0 or stamp.end > size:
        raise UsageFault(
            f"{stamp.words} is outside the {part.name}", detail=f"Its {stamp.memory} has {size} bytes."
        )


def stamped(image: Image, stamp: Stamp) -> Image:
    """``image`` with the stamp in it, to be burned.

    Raises `UsageFault` for another memory's stamp, `Refused` when the image has data there that is
    not 0xFF and the stamp may not overwrite.
    """
    if stamp.memory != image.memory:
        raise UsageFault(f"The serial number is for {stamp.memory}, the file holds {image.memory}")
    _insist_on_room(image.read(stamp.address, len(stamp.data)), stamp, image.file or "the image")
    kept = [
        piece
        for segment in image.segments
        for piece in (
            Piece(segment.start, segment.data[: max(stamp.address - segment.start, 0)]),
            Piece(max(stamp.end, segment.start), segment.data[max(stamp.end - segment.start, 0) :]),
        )
    ]
    return Image(image.file, joined([*kept, Piece(stamp.address, stamp.data)]), image.memory)


def stamp_file(source: Path, target: Path, stamp: Stamp, part: Part | None = None) -> Image:
    """Write ``source``, a HEX or ELF file, with the stamp as HEX to ``target``, which it replaces.

    Raises as `stamped` and `images.load`.
    """
    if part:
        insist_on_place(stamp, part)
    image = stamped(images.load(source, stamp.memory, part=part), stamp)
    images.save(image, target)
    return image


async def stamp_chip(programmer: Programmer, stamp: Stamp, on_event: EventHandler = unheard) -> None:
    """Write the stamp into the target, which is in programming mode, and verify it.

    Raises `Refused` when there is data and the stamp may not overwrite; flash that is not erased
    cannot be overwritten at all (`VerifyError`).
    """
    insist_on_place(stamp, programmer.require_part())
    with Ledger().told():
        there = await memories.read(programmer, stamp.memory, stamp.address, len(stamp.data), on_event)
        if there == stamp.data:
            return
        _insist_on_room(there, stamp, "the chip")
    image = Image.of(stamp.data, stamp.address, "the serial number", stamp.memory)
    await write_image(programmer, image, on_event=on_event)


def _insist_on_room(there: bytes, stamp: Stamp, where: str) -> None:
    if stamp.overwrite or not there.strip(bytes([BLANK])):
        return
    raise Refused(
        f"{where} has data at {stamp.address:#06x} of {stamp.memory}: {hexadecimal(there, 16)}",
        advice="Choose another address, or allow it to be overwritten.",
    )
