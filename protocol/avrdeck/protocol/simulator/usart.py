"""The device's end of the serial line: receive buffers of two kinds, and a transmitter with room."""

from __future__ import annotations

from collections import deque
from typing import Protocol

from avrdeck.protocol.simulator.wire import Arrival, Backlog

RING_SIZE = 64
RING_USABLE = RING_SIZE - 1
"""The Arduino core's ring: the head may not catch up with the tail."""
FIFO_DEPTH = 2
"""The USART's own receive buffer; one more character waits in the shift register."""
RING_TX_DEPTH = RING_USABLE + 2
"""Ring, data register and shift register."""
BARE_TX_DEPTH = 2
"""Data register and shift register."""


class Receiver(Protocol):
    """Where characters wait for the firmware. ``lost`` counts those that found no room."""

    lost: int

    def put(self, arrival: Arrival) -> None:
        """Take a character from the line, or lose one."""

    def take(self) -> Arrival:
        """The oldest character; only when there is one."""

    def __len__(self) -> int: ...


class Ring:
    """Filled by interrupt: 63 characters wait, the next ones are lost."""

    def __init__(self) -> None:
        self._waiting: deque[Arrival] = deque()
        self.lost = 0

    def put(self, arrival: Arrival) -> None:
        """Keep the character unless the ring is full."""
        if len(self._waiting) < RING_USABLE:
            self._waiting.append(arrival)
        else:
            self.lost += 1

    def take(self) -> Arrival:
        """The oldest character."""
        return self._waiting.popleft()

    def __len__(self) -> int:
        return len(self._waiting)


class Fifo:
    """The bare USART: two characters wait, a third in the shift register until the next start bit."""

    def __init__(self) -> None:
        self._waiting: deque[Arrival] = deque()
        self.lost = 0

    def put(self, arrival: Arrival) -> None:
        """Keep the character; when three wait already it overwrites the one in the shift register."""
        if len(self._waiting) > FIFO_DEPTH:
            self._waiting.pop()
            self.lost += 1
        self._waiting.append(arrival)

    def take(self) -> Arrival:
        """The oldest character."""
        return self._waiting.popleft()

    def __len__(self) -> int:
        return len(self._waiting)


def actual_baud(f_cpu: int, divisor: int, ubrr: int) -> float:
    """The line speed that a baud rate register gives; ``divisor`` is 16, or 8 with U2X."""
    return f_cpu / (divisor * (ubrr + 1))


class Usart:
    """A device's USART. ``baud`` is what its divisor really gives."""

    def __init__(self, baud: float, receiver: Receiver, tx_depth: int) -> None:
        self.baud = baud
        self.receiver = receiver
        self.backlog = Backlog(tx_depth)
