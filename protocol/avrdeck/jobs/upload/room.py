"""Where the bootloader begins: a sketch ends below."""

from __future__ import annotations

from avrdeck.boards.fuses import decode
from avrdeck.boards.images import Image
from avrdeck.boards.models import BLANK, Part
from avrdeck.jobs.upload.pages import page_size
from avrdeck.protocol.dialects import Dialect
from avrdeck.protocol.errors import UsageFault
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import fuses, memories

GAP = bytes([BLANK]) * 4
"""Two words that no code has."""


def room(part: Part, dialect: Dialect, board_limit: int | None = None) -> int:
    """The first byte address of ``part`` that is not the sketch's, where the fuses that say it are not known.

    ``board_limit`` is what the board's description leaves for sketches; the dialect's own size counts too,
    and for a bootloader of unknown size the largest boot section. Raises `UsageFault` where nothing is known.
    """
    limits = [] if board_limit is None else [board_limit]
    sections = part.boot.sections if part.boot else ()
    if dialect.boot_bytes:
        fitting = (size.start_byte for size in sections if size.size_bytes >= dialect.boot_bytes)
        limits.append(next(fitting, part.flash.size - _whole_pages(part, dialect.boot_bytes)))
    elif sections and board_limit is None:
        limits.append(sections[-1].start_byte)
    if not limits:
        raise UsageFault(
            f"Where the {dialect.name} of this {part.name} begins is not known",
            advice="Name the board with --board: it says how much of flash is for sketches.",
        )
    return min(limits)


async def insist_on_room(programmer: Programmer, image: Image, board_limit: int | None = None) -> None:
    """Raise `UsageFault` unless ``image`` ends below the bootloader that answers.

    A bootloader that reads fuses knows the boot section. Others may be built for a larger section than they
    usually are: where neither an image that ends early nor ``board_limit`` makes that harmless, flash is
    looked at.
    """
    part, dialect = programmer.require_part(), programmer.dialect
    end = room(part, dialect, board_limit)
    if dialect.reads_fuses:
        section = decode(part, await fuses.read_all(programmer), partial=True).boot_start_byte
        end = min(end, section or end)
    elif board_limit is None and image.end <= end:
        end = await _seen_in_flash(programmer, image, end)
    if image.end > end:
        raise UsageFault(
            f"{image.file} reaches into the bootloader, which begins at 0x{end:04X}",
            detail=f"Its last byte is at 0x{image.end - 1:04X}, {image.end - end} bytes are too many. "
            f"{dialect.name} would overwrite itself, or refuse and leave half a sketch.",
            advice="Make the sketch smaller, or write it over ISP with an image that needs no bootloader.",
        )


async def _seen_in_flash(programmer: Programmer, image: Image, end: int) -> int:
    """Where the bootloader begins that is thought to begin at ``end``, as far as flash tells.

    From its beginning to ``end`` it would have no gap, and no page as ``image`` has it. Raises `UsageFault`
    for code that could be the end of a long sketch as well.
    """
    part = programmer.require_part()
    sections = part.boot.sections if part.boot else ()
    starts = sorted(size.start_byte for size in sections if size.start_byte < min(end, image.end))
    if not starts:
        return end
    first = starts[0] - len(GAP)
    found = await memories.read(programmer, "flash", first, end - first)
    gap = found.rfind(GAP)
    block = first + gap + len(GAP) if gap >= 0 else first
    suspects = [start for start in starts if start >= block]
    if not suspects or _alike(image, found[suspects[0] - first :], suspects[0], page_size(part)):
        return end
    if suspects[0] == block:
        return block
    raise UsageFault(
        f"Where this {programmer.dialect.name} begins cannot be told",
        detail=f"Usually at 0x{end:04X}, but code stands without a gap from 0x{block:04X} on: a long sketch, "
        "or a sketch and a larger bootloader.",
        advice="Name the board with --board: it says how much of flash is for sketches.",
    )


def _alike(image: Image, found: bytes, start: int, page: int) -> bool:
    """Whether any page of what was ``found`` is as ``image`` has it: then it is an older sketch."""
    pages = range(0, len(found), page)
    return any(found[at : at + page] == image.read(start + at, page) for at in pages)


def _whole_pages(part: Part, size: int) -> int:
    page = page_size(part)
    return -(-size // page) * page
