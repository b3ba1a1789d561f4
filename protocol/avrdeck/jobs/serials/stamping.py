"""Puts a serial number into an image, a file or a chip, over nothing but 0xFF unless told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePath

from avrdeck.boards import images
from avrdeck.boards.fuses import decode
from avrdeck.boards.images import Image
from avrdeck.boards.images.image import Piece, joined
from avrdeck.boards.models import BLANK, Part
from avrdeck.boards.text import printable
from avrdeck.jobs.events import EventHandler, unheard
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.writing import write_image
from avrdeck.protocol.errors import Refused, UsageFault
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import fuses, memories
from avrdeck.protocol.text import hexadecimal


@dataclass(frozen=True, slots=True)
class Stamp:
    """``data`` to be put at byte ``address`` of ``memory``; ``overwrite`` what is there, if need be.

    ``text`` is what people call the serial number.
    """

    data: bytes
    address: int
    memory: str = "eeprom"
    overwrite: bool = False
    text: str = ""

    @property
    def end(self) -> int:
        """Address after its last byte."""
        return self.address + len(self.data)

    @property
    def words(self) -> str:
        """``SN1 (53 4E 31) at 0x0010 of eeprom``; without the digits where they are what it is called."""
        digits = hexadecimal(self.data, 16)
        shown = digits if self.text in {"", digits} else f"{printable(self.text)} ({digits})"
        return f"{shown} at 0x{self.address:04X} of {self.memory}"

    @property
    def spent(self) -> str:
        """For the advice of a fault after which the chip may not have it."""
        return f"Serial number {printable(self.text)} stays this chip's: no counter gives it again."

    @property
    def image(self) -> Image:
        """The stamp alone, to be written."""
        return Image.of(self.data, self.address, "the serial number", self.memory)


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
    _insist_on_room(
        image.read(stamp.address, len(stamp.data)), stamp, PurePath(image.file).name or "The image"
    )
    kept = [
        piece
        for segment in image.segments
        for piece in (
            Piece(segment.start, segment.data[: max(stamp.address - segment.start, 0)]),
            Piece(max(stamp.end, segment.start), segment.data[max(stamp.end - segment.start, 0) :]),
        )
    ]
    return Image(image.file, joined([*kept, Piece(stamp.address, stamp.data)]), image.memory)


def numbered(image: Image, stamp: Stamp | None) -> Image:
    """``image`` with the stamp in it, where that is for its memory; raises as `stamped`."""
    return stamped(image, stamp) if stamp and stamp.memory == image.memory else image


def stamped_file(source: Path, stamp: Stamp, part: Part | None = None) -> Image:
    """The content of ``source``, a HEX or ELF file, with the stamp; raises as `stamped` and `images.load`."""
    if part:
        insist_on_place(stamp, part)
    return stamped(images.load(source, stamp.memory, part=part), stamp)


def stamp_file(source: Path, target: Path, stamp: Stamp, part: Part | None = None) -> Image:
    """Write `stamped_file` as HEX to ``target``, which it replaces, or leaves as it was when it raises.

    Raises as `stamped_file` and `images.save`.
    """
    image = stamped_file(source, stamp, part)
    images.save(image, target)
    return image


async def stamp_chip(programmer: Programmer, stamp: Stamp, on_event: EventHandler = unheard) -> None:
    """Write the stamp into the target, which is in programming mode, and verify it.

    Raises `Refused` when there is data and the stamp may not overwrite; flash that is not erased
    cannot be overwritten at all (`VerifyError`).
    """
    insist_on_place(stamp, programmer.require_part())
    with Ledger().told():
        if await in_chip(programmer, stamp):
            return
    await write_image(programmer, stamp.image, on_event=on_event)


async def in_chip(programmer: Programmer, stamp: Stamp) -> bool:
    """Whether the target holds the stamp already; raises `Refused` when it has other data in its place."""
    there = await memories.read(programmer, stamp.memory, stamp.address, len(stamp.data))
    if there != stamp.data:
        _insist_on_room(there, stamp, "The chip")
    return there == stamp.data


async def insist_on_room(programmer: Programmer, stamp: Stamp, *, erased: bool) -> None:
    """Raise `Refused` when the target has data in the stamp's place, and `UsageFault` without such a place.

    ``erased`` says that it will be erased first: only EEPROM that EESAVE keeps is in the way then.
    """
    insist_on_place(stamp, programmer.require_part())
    if erased and (stamp.memory == "flash" or not await _keeps_eeprom(programmer)):
        return
    await in_chip(programmer, stamp)


async def _keeps_eeprom(programmer: Programmer) -> bool:
    values = await fuses.read_all(programmer)
    return decode(programmer.require_part(), values, partial=True).eesave is True


def _insist_on_room(there: bytes, stamp: Stamp, where: str) -> None:
    if stamp.overwrite or not there.strip(bytes([BLANK])):
        return
    raise Refused(
        f"{where} has data at 0x{stamp.address:04X} of {stamp.memory}: {hexadecimal(there, 16)}",
        advice="Choose another address, or allow it to be overwritten.",
    )
