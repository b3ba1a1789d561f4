"""One direction of a serial line: bytes in order, at the sender's pace, seen at the receiver's.

A receiver that runs at another speed samples the sender's bits at its own moments, so a wrong baud
rate garbles here for the same reason as on copper.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import lru_cache

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
NS_PER_US = 1_000
FRAME_BITS = 10
"""Start bit, eight data bits, stop bit."""
SAMPLE_OF_STOP_BIT = 9.5


@dataclass(frozen=True, slots=True)
class Arrival:
    """A byte as the receiver saw it, complete at ``at`` (virtual ns)."""

    at: int
    byte: int
    framing_error: bool = False


@dataclass(frozen=True, slots=True)
class Character:
    """What a receiver makes of a stretch of line, in ns after the first start bit's edge."""

    begins: float
    done: float
    byte: int
    framing_error: bool


@lru_cache(maxsize=4096)
def seen(byte: int, sender_baud: float, receiver_baud: float) -> tuple[Character, ...]:
    """What a receiver makes of one byte on an otherwise quiet line.

    One that is much faster than the sender sees several characters.
    """
    levels = [0, *(byte >> bit & 1 for bit in range(8)), 1]
    sent_bit, own_bit = NS_PER_S / sender_baud, NS_PER_S / receiver_baud

    def level(time: float) -> int:
        index = int(time / sent_bit)
        return levels[index] if index < FRAME_BITS else 1

    characters: list[Character] = []
    start: float | None = 0.0
    while start is not None:
        value = sum(level(start + (bit + 1.5) * own_bit) << bit for bit in range(8))
        done = start + SAMPLE_OF_STOP_BIT * own_bit
        characters.append(Character(start, done, value, framing_error=not level(done)))
        start = _falling_edge(levels, sent_bit, done)
    return tuple(characters)


def _falling_edge(levels: list[int], bit_ns: float, after: float) -> float | None:
    for index in range(1, FRAME_BITS):
        if index * bit_ns > after and levels[index - 1] and not levels[index]:
            return index * bit_ns
    return None


class Wire:
    """Carries bytes one way. ``quiet_at`` is when the last byte's stop bit ends (virtual ns)."""

    def __init__(self, sender_baud: float, receiver_baud: float) -> None:
        self.sender_baud = sender_baud
        self.receiver_baud = receiver_baud
        self.quiet_at = 0
        self._exact_quiet = 0.0
        self._receiver_free = 0.0

    @property
    def byte_ns(self) -> float:
        """How long one byte occupies the line."""
        return FRAME_BITS * NS_PER_S / self.sender_baud

    def send(self, byte: int, at: int) -> list[Arrival]:
        """Put ``byte`` on the line at ``at`` or when it is free; return what the receiver sees."""
        start = max(float(at), self._exact_quiet)
        self._exact_quiet = start + self.byte_ns
        self.quiet_at = round(self._exact_quiet)
        arrivals = []
        for character in seen(byte, self.sender_baud, self.receiver_baud):
            if start + character.begins >= self._receiver_free:
                self._receiver_free = start + character.done
                done = round(self._receiver_free)
                arrivals.append(Arrival(done, character.byte, character.framing_error))
        return arrivals


class Backlog:
    """When the bytes handed to a transmitter leave it, to know when it has room again."""

    def __init__(self, depth: int) -> None:
        self._ends: deque[int] = deque(maxlen=depth)

    def add(self, leaves_at: int) -> None:
        """Note a byte whose stop bit ends at ``leaves_at``."""
        self._ends.append(leaves_at)

    @property
    def room_at(self) -> int:
        """The earliest time at which one more byte fits; 0 when it fits already."""
        return self._ends[0] if len(self._ends) == self._ends.maxlen else 0
