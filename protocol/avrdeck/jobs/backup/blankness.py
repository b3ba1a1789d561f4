"""Whether a chip looks blank: read little, find out early."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from avrdeck.boards.fuses import decode
from avrdeck.boards.models import BLANK, Part
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import memories
from avrdeck.protocol.target.progress import ProgressHandler, unwatched

SAMPLES = 16
"""Pages looked at besides the reset vector's and the boot section."""
UNPAGED_SAMPLE = 64
BLOCK = 1024
"""How much of the boot section is read before looking."""


async def looks_blank(
    programmer: Programmer, fuses: Mapping[str, int], watch: ProgressHandler = unwatched
) -> bool:
    """Whether the reset vector, the boot section and a sample of pages are all 0xFF.

    ``fuses`` say where the boot section is. Reading stops at the first byte that is not.
    """
    for start, size in samples(programmer.require_part(), fuses):
        content = await memories.read(programmer, "flash", start, size, watch)
        if content.strip(bytes([BLANK])):
            return False
    return True


def samples(part: Part, fuses: Mapping[str, int]) -> Iterator[tuple[int, int]]:
    """What to look at, as (first byte, size), the likeliest to be written first."""
    size = part.flash.size
    page = part.flash.page_size or UNPAGED_SAMPLE
    yield 0, page
    boot = boot_start(part, fuses)
    for start in range(boot, size, BLOCK):
        yield start, min(BLOCK, size - start)
    step = max(page, boot // (SAMPLES + 1) // page * page)
    yield from ((start, page) for start in range(step, boot - page, step))


def boot_start(part: Part, fuses: Mapping[str, int]) -> int:
    """Where the boot section begins; the last page where there is none or nobody knows."""
    known = decode(part, fuses, partial=True).boot_start_byte
    if known is None and part.boot:
        known = part.boot.sections[-1].start_byte
    last_page = part.flash.size - (part.flash.page_size or UNPAGED_SAMPLE)
    return min(known, last_page) if known else last_page
