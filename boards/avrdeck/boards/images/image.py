"""The bytes of one memory, with gaps."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from avrdeck.boards.models import BLANK


@dataclass(frozen=True, slots=True)
class Segment:
    """Bytes without a gap. ``start`` is a byte address."""

    start: int
    data: bytes

    @property
    def end(self) -> int:
        """Address after the last byte."""
        return self.start + len(self.data)


@dataclass(frozen=True, slots=True)
class Image:
    """What a file holds for one memory.

    ``segments`` are sorted, not empty and do not touch: between any two there is a gap. ``file`` is the
    name to show.
    """

    file: str
    segments: tuple[Segment, ...]
    memory: str = "flash"

    @classmethod
    def of(cls, data: bytes, start: int = 0, file: str = "", memory: str = "flash") -> Image:
        """An image of one segment, or of none when ``data`` is empty."""
        return cls(file, (Segment(start, bytes(data)),) if data else (), memory)

    @property
    def start(self) -> int:
        """Address of the first byte; 0 when there is none."""
        return self.segments[0].start if self.segments else 0

    @property
    def end(self) -> int:
        """Address after the last byte; 0 when there is none."""
        return self.segments[-1].end if self.segments else 0

    @property
    def size(self) -> int:
        """Bytes present, gaps not counted."""
        return sum(len(segment.data) for segment in self.segments)

    def read(self, start: int, length: int, fill: int = BLANK) -> bytes:
        """``length`` bytes from ``start``; ``fill`` where the image has none."""
        out = bytearray([fill]) * length
        first = bisect_right(self.segments, start, key=lambda segment: segment.end)
        for segment in self.segments[first:]:
            if segment.start >= start + length:
                break
            low, high = max(segment.start, start), min(segment.end, start + length)
            out[low - start : high - start] = segment.data[low - segment.start : high - segment.start]
        return bytes(out)

    def flat(self, size: int, fill: int = BLANK) -> bytes:
        """The whole memory of ``size`` bytes; ``fill`` where the image has none."""
        return self.read(0, size, fill)

    def pages(self, page_size: int) -> Iterator[tuple[int, bytes]]:
        """Start address and all bytes, padded with 0xFF, of each page that has a byte of the image."""
        next_page = 0
        for segment in self.segments:
            first = max(segment.start - segment.start % page_size, next_page)
            for page in range(first, segment.end, page_size):
                yield page, self.read(page, page_size)
                next_page = page + page_size


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes as they stand in a file: one HEX record with its line number, or one ELF segment."""

    start: int
    data: bytes
    line: int | None = None

    @property
    def end(self) -> int:
        """Address after the last byte."""
        return self.start + len(self.data)

    def cut(self, low: int, high: int) -> Piece:
        """The part of it from ``low`` up to, not including, ``high``, moved so that ``low`` is address 0."""
        start = max(self.start, low)
        return Piece(start - low, self.data[start - self.start : max(high - self.start, 0)], self.line)


class Contradiction(Exception):
    """Two pieces give different values for the byte at ``address``."""

    def __init__(self, address: int, pieces: tuple[Piece, Piece]) -> None:
        super().__init__(address)
        self.address = address
        self.pieces = pieces


def joined(pieces: Iterable[Piece]) -> tuple[Segment, ...]:
    """Segments of all pieces, in any order. Bytes that two pieces give alike are taken once.

    Raises `Contradiction` for the lowest byte that two pieces give differently.
    """
    ordered = sorted((piece for piece in pieces if piece.data), key=lambda piece: piece.start)
    runs: list[tuple[int, bytearray]] = []
    for index, piece in enumerate(ordered):
        if not runs or piece.start > runs[-1][0] + len(runs[-1][1]):
            runs.append((piece.start, bytearray(piece.data)))
            continue
        start, run = runs[-1]
        known = run[piece.start - start :]
        for offset, (old, new) in enumerate(zip(known, piece.data, strict=False)):
            if old != new:
                address = piece.start + offset
                other = next(p for p in ordered[:index] if p.start <= address < p.end)
                raise Contradiction(address, (other, piece))
        run += piece.data[len(known) :]
    return tuple(Segment(start, bytes(run)) for start, run in runs)
