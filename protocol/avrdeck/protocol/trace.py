"""Every byte of a session, with its time: kept in a bounded ring and passed on as it happens."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

TRACE_EVENTS = 50_000
"""How many events are kept: some minutes of the busiest line, in about 10 MB."""


class Direction(Enum):
    """Who sent it, as traces print it."""

    SENT = ">"
    RECEIVED = "<"


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """Bytes that were handed to the wire or came from it together. ``time`` is the transport's, in s."""

    time: float
    direction: Direction
    data: bytes


class Trace:
    """The last events of one session. Subscribers are called at once, in order, and must not block."""

    def __init__(self, limit: int = TRACE_EVENTS) -> None:
        self.events: deque[TraceEvent] = deque(maxlen=limit)
        self._subscribers: list[Callable[[TraceEvent], None]] = []

    def add(self, event: TraceEvent) -> None:
        """Keep an event and pass it on."""
        self.events.append(event)
        for subscriber in self._subscribers:
            subscriber(event)

    def subscribe(self, subscriber: Callable[[TraceEvent], None]) -> Callable[[], None]:
        """Call ``subscriber`` with every event from now on; the result ends that."""
        self._subscribers.append(subscriber)
        return lambda: self._subscribers.remove(subscriber)
