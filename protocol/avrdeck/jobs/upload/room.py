"""Where the bootloader begins: a sketch ends below."""

from __future__ import annotations

from avrdeck.boards.images import Image
from avrdeck.boards.models import Part
from avrdeck.protocol.dialects import Dialect
from avrdeck.protocol.errors import UsageFault


def room(part: Part, dialect: Dialect, board_limit: int | None = None) -> int:
    """The first byte address of ``part`` that is not the sketch's.

    A bootloader cannot read the fuses that say it. ``board_limit`` is what the board's description
    leaves for sketches; the dialect's own size counts too, and for a bootloader of unknown size the
    largest boot section. Raises `UsageFault` where nothing is known.
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


def insist_on_room(image: Image, end: int, dialect: Dialect) -> None:
    """Raise `UsageFault` for an image that reaches beyond ``end``."""
    if image.end > end:
        raise UsageFault(
            f"{image.file} reaches into the bootloader, which begins at {end:#06x}",
            detail=f"Its last byte is at {image.end - 1:#06x}, {image.end - end} bytes are too many. "
            f"{dialect.name} would overwrite itself, or refuse and leave half a sketch.",
            advice="Make the sketch smaller, or write it over ISP with an image that needs no bootloader.",
        )


def _whole_pages(part: Part, size: int) -> int:
    page = part.flash.page_size or 1
    return -(-size // page) * page
