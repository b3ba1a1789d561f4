"""What is known of each page of a memory, for the map: content, and what a job is doing to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from avrdeck.boards.images import Image
from avrdeck.boards.models import BLANK
from avrdeck.protocol.target.progress import Operation, Progress

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


@dataclass
class PageMap:
    """The pages of one memory. ``data`` is what was read of it, from address 0 on."""

    memory: str
    size: int
    page_size: int
    data: bytearray = field(default_factory=bytearray)
    other: Image | None = None
    at: int | None = None
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
        return sum(self.page(index) is Page.BLANK for index in range(self.count)) * self.page_size

    def plan(self, image: Image) -> None:
        """Mark the pages that ``image`` will be written to."""
        for start, _ in image.pages(self.page_size):
            self._marks[start // self.page_size] = Page.WAITING

    def advance(self, progress: Progress) -> None:
        """Mark the pages that a job has written or verified up to here."""
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

    def erased(self) -> None:
        """Every byte is blank now."""
        self.data[:] = bytes([BLANK]) * self.size
        self._known.clear()

    def hold(self, image: Image) -> None:
        """Take the bytes of ``image`` as written and verified."""
        for part in image.segments:
            self.data[part.start : part.end] = part.data
        self._known.clear()
