"""Reads by READ_PAGE, of which one wrong bit on the line makes PROG_PAGE."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from avrdeck.protocol.dialects import Dialect
from avrdeck.protocol.errors import RemoteProtocolError, SyncError

LEAST = 64
"""The fewest bytes to ask for. A firmware that waits for a page takes GET_SYNC for its data, and writes
nothing until it is complete: so many outlast the attempts to synchronise, 20 bytes each, that end a session.
"""


class Stretch:
    """``size`` bytes from ``start`` on, as they are gathered from what was read."""

    def __init__(self, start: int, size: int) -> None:
        self._start = start
        self._found = bytearray(size)

    def put(self, at: int, data: bytes) -> None:
        """Take what belongs to it of ``data``, read from ``at`` on."""
        first = max(at, self._start)
        last = min(at + len(data), self._start + len(self._found))
        if first < last:
            self._found[first - self._start : last - self._start] = data[first - at : last - at]

    @property
    def data(self) -> bytes:
        """What was gathered."""
        return bytes(self._found)


def pieces(start: int, end: int, most: int, bounds: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """What to read for the bytes from ``start`` up to ``end``, as (first byte, size), in ascending order.

    Each piece has an even address and size, since flash is read in words, at most ``most`` bytes, and at
    least `LEAST`, as far as ``bounds``, the first byte and the end of what can be read at a time, allow.
    """
    if start >= end:
        return
    low, high = bounds
    at, end = start & ~1, end + 1 & ~1
    if end < at + LEAST:
        end = max(end, min(high, at + LEAST))
        at = min(at, max(low, end - LEAST))
    while at < end:
        left = end - at
        size = left - LEAST if most < left < most + LEAST else min(most, left)
        yield at, size
        at += size


@contextmanager
def misheard(dialect: Dialect) -> Iterator[None]:
    """Mark the fault of a read without its answer, where the firmware may have written instead."""
    try:
        yield
    except (SyncError, RemoteProtocolError) as fault:
        fault.misheard = not dialect.reads_safely
        raise
