"""What is known of each page of a memory, for the map: content, and what a job is doing to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from avrdeck.boards.models import BLANK, Part

if TYPE_CHECKING:  # the deck is on the screen before either is needed
    from avrdeck.boards.images import Image
    from avrdeck.protocol.target.progress import Progress

UNPAGED = 64
"""Bytes that one cell of the map stands for on parts without pages."""


class Page(Enum):
    """The state of a page; the order is that of the legend."""

    UNKNOWN = "not read"
    USED = "used"
    BLANK = "blank"
    WAITING = "waiting"
    WRITTEN = "written"
    VERIFIED = "verified"
    DIFFERS = "differs"
    STAGED = "staged"


@dataclass
class PageMap:
    """The pages of one memory. ``data`` is what was read of it, from address 0 on.

    ``other`` is a file beside it; ``staged`` maps the addresses of bytes that are edited to their new values.
    Where the memory is not ``paged``, a page is no more than so many bytes side by side.
    """

    memory: str
    size: int
    page_size: int
    data: bytearray = field(default_factory=bytearray)
    other: Image | None = None
    at: int | None = None
    staged: dict[int, int] = field(default_factory=dict)
    paged: bool = True
    _staged_pages: frozenset[int] = frozenset()
    _marks: dict[int, Page] = field(default_factory=dict)
    _known: dict[int, Page] = field(default_factory=dict)

    def append(self, data: bytes) -> None:
        """The memory goes on like this."""
        self.data += data

    def reset(self) -> None:
        """Nothing is known of the content any more."""
        self.data.clear()
        self._known.clear()

    def compare(self, other: Image | None) -> None:
        """Hold a file beside the memory."""
        self.other = other
        self._known.clear()

    def stage(self, staged: Mapping[int, int]) -> None:
        """These bytes are edited and not on the chip."""
        self.staged = dict(staged)
        self._staged_pages = frozenset(address // self.page_size for address in staged)

    @property
    def count(self) -> int:
        """How many pages there are."""
        return -(-self.size // self.page_size)

    @property
    def complete(self) -> bool:
        """Whether the whole memory is known."""
        return len(self.data) == self.size

    def page(self, index: int) -> Page:
        """The state of page ``index``: what a job does to it, else what it holds."""
        mark = self._marks.get(index)
        if mark is not None:
            return mark
        return Page.STAGED if index in self._staged_pages else self.content(index)

    def states(self, pages: range) -> list[Page]:
        """The state of each of these pages."""
        if self._marks or self._staged_pages:
            return [self.page(index) for index in pages]
        known, read = self._known, self.count if self.complete else len(self.data) // self.page_size
        return [known.get(page) or self._look(page) if page < read else Page.UNKNOWN for page in pages]

    def content(self, index: int) -> Page:
        """What page ``index`` holds, whatever is staged or done to it."""
        known = self._known.get(index)
        return known if known is not None else self._look(index)

    def _look(self, index: int) -> Page:
        start, end = index * self.page_size, min((index + 1) * self.page_size, self.size)
        if len(self.data) < end:
            return Page.UNKNOWN
        if self._differs(start, end):
            state = Page.DIFFERS
        else:
            state = Page.USED if self.data[start:end].strip(bytes([BLANK])) else Page.BLANK
        self._known[index] = state
        return state

    def _differs(self, start: int, end: int) -> bool:
        for part in self.other.segments if self.other else ():
            low, high = max(part.start, start), min(part.end, end)
            if low < high and self.data[low:high] != part.data[low - part.start : high - part.start]:
                return True
        return False

    def used_bytes(self, start: int = 0, end: int | None = None) -> int:
        """Bytes up to the last one that is not blank, between two addresses."""
        return len(bytes(self.data[start:end]).rstrip(bytes([BLANK])))

    def blank_bytes(self) -> int:
        """Bytes in pages that are blank."""
        return self.counted(Page.BLANK) * self.page_size

    def counted(self, state: Page) -> int:
        """How many pages hold what that state says."""
        return sum(self.content(index) is state for index in range(self.count))

    def plan(self, image: Image) -> None:
        """Mark the pages that ``image`` will be written to."""
        for start, _ in image.pages(self.page_size):
            self._marks[start // self.page_size] = Page.WAITING

    def advance(self, progress: Progress) -> None:
        """Mark the pages that a job has written or verified up to here."""
        from avrdeck.protocol.target.progress import Operation

        mark = {Operation.WRITE: Page.WRITTEN, Operation.VERIFY: Page.VERIFIED}.get(progress.operation)
        self.at = max(progress.address - 1, 0) // self.page_size
        if mark is None:
            return
        for index in range(self.at, -1, -1):
            known = self._marks.get(index)
            if known is mark:
                break
            if known is not None:
                self._marks[index] = mark

    def settle(self) -> None:
        """Forget what jobs did; show the content again."""
        self._marks.clear()
        self.at = None

    def erased(self, kept_from: int | None = None) -> None:
        """Every byte is blank now; those from ``kept_from`` on were put back, and are as they were."""
        kept = self.data[kept_from:] if kept_from is not None and self.complete else b""
        self.data[:] = bytes([BLANK]) * (self.size - len(kept)) + kept
        self._known.clear()

    def hold(self, image: Image) -> None:
        """Take the bytes of ``image`` as written and verified: where not all is known, those from 0 on."""
        if not self.complete:
            self.reset()
        for part in image.segments:
            if self.complete or part.start == 0:
                self.data[part.start : part.end] = part.data
        self._known.clear()


def map_of(part: Part, memory: str) -> PageMap:
    """The map of flash or EEPROM, at one scale: a page of flash, or `UNPAGED` bytes where it has none."""
    flash = part.flash
    size = flash.size if memory == "flash" or part.eeprom is None else part.eeprom.size
    paged = memory == "flash" and bool(flash.page_size)
    return PageMap(memory, size, flash.page_size or UNPAGED, paged=paged)
