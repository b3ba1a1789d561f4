"""A memory being looked at byte by byte: its bytes, a file beside it, staged bytes, matches."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

from avrdeck.boards.images import Image
from avrdeck.protocol.target.memories import ranges
from avrdeck.tui.pages import PageMap

ROW = 16
MAX_MATCHES = 10_000
_BYTE = re.compile(r"[0-9a-fA-F]{2}|\?\?")


class BadPattern(ValueError):
    """What was typed is no search."""


@dataclass
class HexModel:
    """``data`` is what was read; ``other`` the file it is compared with; ``staged`` maps address to byte.

    ``source`` names the backup that the bytes are from; without it they are the chip's. ``sought`` is what
    was searched last; it is searched again whenever the bytes are others.
    """

    memory: str
    data: bytes
    page_size: int
    other: Image | None = None
    staged: dict[int, int] = field(default_factory=dict)
    source: str = ""
    matches: list[int] = field(default_factory=list)
    match_size: int = 0
    paged: bool = True
    sought: str = ""

    def __post_init__(self) -> None:
        self.differing: tuple[tuple[int, int], ...] = ()
        self._starts: list[int] = []
        self.take(self.data)

    @classmethod
    def of(cls, found: PageMap) -> HexModel:
        """A memory on the deck, with what is held beside it and what is staged."""
        staged = dict(found.staged)
        return cls(found.memory, bytes(found.data), found.page_size, found.other, staged, paged=found.paged)

    def take(self, data: bytes) -> None:
        """The memory holds this now; what was staged and is there is staged no more."""
        self.data = data
        for address in [at for at, value in self.staged.items() if data[at : at + 1] == bytes([value])]:
            del self.staged[address]
        self.compare(self.other)
        self._search_again()

    def compare(self, other: Image | None) -> None:
        """Hold ``other`` beside the memory, `None` for nothing."""
        self.other = other
        wrong: list[int] = []
        for part in other.segments if other else ():
            mine = self.data[part.start : part.end]
            if mine != part.data:
                pairs = zip(mine, part.data, strict=False)
                wrong += [part.start + at for at, (there, wanted) in enumerate(pairs) if there != wanted]
        self.differing = tuple(ranges(wrong))
        self._starts = [start for start, _ in self.differing]

    @property
    def different_bytes(self) -> int:
        """How many bytes differ."""
        return sum(end - start for start, end in self.differing)

    def difference_at(self, address: int) -> int | None:
        """Which of the differing ranges the byte is in, from 0 on."""
        index = bisect_right(self._starts, address) - 1
        return index if index >= 0 and address < self.differing[index][1] else None

    def difference_before(self, address: int) -> int:
        """The differing range at or before an address, from 0 on; the first where there is none before."""
        return max(bisect_right(self._starts, address) - 1, 0)

    def differs(self, address: int) -> bool:
        """Whether the byte differs from the file's."""
        return self.difference_at(address) is not None

    def row_differs(self, start: int) -> bool:
        """Whether any byte of the row at ``start`` differs."""
        index = bisect_left(self._starts, start + ROW)
        return index > 0 and self.differing[index - 1][1] > start

    def byte(self, address: int) -> int:
        """The byte as staged."""
        return self.staged.get(address, self.data[address])

    def stage(self, address: int, value: int) -> None:
        """Stage a byte; one that is what the memory holds is no change."""
        self._stage(address, bytes([value]))

    def merge(self, address: int) -> None:
        """Stage the other's bytes of the difference that the address is in."""
        index = self.difference_at(address)
        if index is not None and self.other:
            start, end = self.differing[index]
            self._stage(start, self.other.read(start, end - start))

    def _stage(self, start: int, content: bytes) -> None:
        for address, value in enumerate(content, start):
            if value == self.data[address]:
                self.staged.pop(address, None)
            else:
                self.staged[address] = value
        self._search_again()

    def revert(self) -> None:
        """Take every staged byte back."""
        self.staged.clear()
        self._search_again()

    @property
    def content(self) -> bytes:
        """The bytes as staged."""
        content = bytearray(self.data)
        for address, value in self.staged.items():
            content[address] = value
        return bytes(content)

    def image(self) -> Image:
        """The memory with the staged bytes in it."""
        return Image.of(self.content, memory=self.memory)

    def search(self, text: str) -> int:
        """Find ``"text"`` in quotes or bytes as ``11 24 ?? BE`` among the bytes as staged.

        Returns how many there are, at most `MAX_MATCHES`; where there is none, what was found before stays.
        Raises `BadPattern`.
        """
        pattern, size = compiled(text)
        found = _starts(pattern, self.content)
        if found:
            self.sought, self.match_size, self.matches = text, size, found
        return len(found)

    def _search_again(self) -> None:
        if self.sought:
            self.matches = _starts(compiled(self.sought)[0], self.content)

    def matched(self, address: int) -> bool:
        """Whether the byte belongs to a match."""
        index = bisect_right(self.matches, address) - 1
        return index >= 0 and address < self.matches[index] + self.match_size

    def next_match(self, address: int, step: int) -> int | None:
        """The match after or before an address, round the end."""
        return _next(self.matches, address, step)

    def next_difference(self, address: int, step: int) -> int | None:
        """The difference after or before an address, round the end."""
        return _next(self._starts, address, step)


def compiled(text: str) -> tuple[re.Pattern[bytes], int]:
    """A search as a pattern and its length in bytes; raises `BadPattern`."""
    word = text.strip()
    if word.startswith(('"', "'")):
        content = word[1:].removesuffix(word[0]).encode()
        if not content:
            raise BadPattern('Type text in quotes: "v1.4"')
        return re.compile(re.escape(content)), len(content)
    pieces = _BYTE.findall(word)
    if not pieces or "".join(pieces) != re.sub(r"[\s,]+", "", word).replace("0x", ""):
        raise BadPattern('Bytes as 11 24 ?? BE, or "text" in quotes')
    parts = [b"." if piece == "??" else re.escape(bytes.fromhex(piece)) for piece in pieces]
    return re.compile(b"".join(parts), re.DOTALL), len(pieces)


def _starts(pattern: re.Pattern[bytes], content: bytes) -> list[int]:
    return [found.start() for found in islice(pattern.finditer(content), MAX_MATCHES)]


def _next(places: Sequence[int], address: int, step: int) -> int | None:
    if not places:
        return None
    index = bisect_right(places, address) if step > 0 else bisect_left(places, address) - 1
    return places[index % len(places)]
