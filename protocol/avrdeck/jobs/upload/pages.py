"""What flash holds against what it shall hold, page by page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from avrdeck.boards.images import Image, Segment
from avrdeck.boards.models import Part
from avrdeck.protocol.errors import TargetError
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import flash
from avrdeck.protocol.target.flash import UNPAGED_STEP
from avrdeck.protocol.target.progress import Operation, Progress, ProgressHandler, unwatched

LOOK_PAGES = 8
"""How many pages are read before a look whether more need be read at all."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it was ``found`` and as it is ``wanted``: the image's bytes over those found."""

    start: int
    found: bytes
    wanted: bytes

    @property
    def differs(self) -> bool:
        """Whether it has to be written."""
        return self.found != self.wanted

    @property
    def needs_erase(self) -> bool:
        """Whether a bit would have to go from 0 to 1."""
        return any(want & ~there for there, want in zip(self.found, self.wanted, strict=True))


def page_size(part: Part) -> int:
    """Bytes in a page; a convenient step on parts without pages."""
    return part.flash.page_size or UNPAGED_STEP


async def compare(
    programmer: Programmer, image: Image, watch: ProgressHandler = unwatched, *, until_erase: bool = False
) -> list[Page]:
    """Read every page that ``image`` touches; with ``until_erase`` no more once one needs an erase.

    Raises `TargetError` when a page reads differently each time whose bytes would be written back, or whose
    bits would make an erase necessary.
    """
    size = page_size(programmer.require_part())
    starts = [start for start, _ in image.pages(size)]
    pages: list[Page] = []
    for first, last in _blocks(starts, size, LOOK_PAGES if until_erase else len(starts)):

        def count(progress: Progress, before: int = len(pages) * size) -> None:
            done = before + progress.done
            watch(Progress(Operation.READ, "flash", progress.address, done, len(starts) * size))

        data = await flash.read(programmer, first, last - first, count)
        block = [
            Page(start, found, _laid_over(image, start, found))
            for start in range(first, last, size)
            if (found := data[start - first :][:size])
        ]
        doomed = next((page for page in block if page.needs_erase), None) if until_erase else None
        for page in block:
            if page is doomed or (page.differs and _leaves_out(image, page)):
                await _insist_on_found(programmer, page)
        pages += block
        if doomed:
            break
    return pages


async def laid_anew(programmer: Programmer, pages: Iterable[Page], image: Image) -> list[Page]:
    """``pages`` as they were found, with what ``image`` has now; it defines the same bytes as it did.

    Raises as `compare`, of which only what was not of weight before is read again.
    """
    found: list[Page] = []
    for page in pages:
        new = replace(page, wanted=_laid_over(image, page.start, page.found))
        if (new.differs and not page.differs and _leaves_out(image, new)) or new.needs_erase:
            await _insist_on_found(programmer, new)
        found.append(new)
    return found


def _leaves_out(image: Image, page: Page) -> bool:
    """Whether the image does not define every byte of the page."""
    size = len(page.found)
    return image.read(page.start, size, 0x00) != image.read(page.start, size, 0xFF)


async def _insist_on_found(programmer: Programmer, page: Page) -> None:
    """Read a page once more: a bit that was read wrong would be written back with it, or cost an erase."""
    if await flash.read(programmer, page.start, len(page.found)) != page.found:
        raise TargetError(
            f"Flash at 0x{page.start:04X} reads differently each time",
            detail="What the page holds decides what is written.",
            advice="Shorten the wires, check GND, then try again.",
        )


def image_of(pages: Iterable[tuple[int, bytes]], file: str) -> Image:
    """An image of whole pages, in ascending order."""
    segments: list[Segment] = []
    for start, data in pages:
        if segments and segments[-1].end == start:
            segments[-1] = Segment(segments[-1].start, segments[-1].data + data)
        else:
            segments.append(Segment(start, data))
    return Image(file, tuple(segments))


def _blocks(starts: list[int], size: int, most: int) -> Iterator[tuple[int, int]]:
    """Neighbouring pages together, as (first byte, end), at most so many at a time."""
    at = 0
    while at < len(starts):
        count = 1
        while count < most and starts[at + count :][:1] == [starts[at] + count * size]:
            count += 1
        yield starts[at], starts[at] + count * size
        at += count


def _laid_over(image: Image, start: int, found: bytes) -> bytes:
    """``found`` with the bytes that the image defines; those read alike with any filling."""
    zeros, ones = image.read(start, len(found), 0x00), image.read(start, len(found), 0xFF)
    return bytes(zero | there & ~zero & one for zero, one, there in zip(zeros, ones, found, strict=True))
