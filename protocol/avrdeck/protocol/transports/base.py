"""What the engine asks of a wire.

A transport carries bytes and knows its own time: a real port lives on the machine's monotonic
clock, the simulator on a virtual one, so nothing above ever sleeps or reads a clock by itself.
"""

from __future__ import annotations

from typing import Protocol

BITS_PER_BYTE = 10
"""8N1: start bit, eight data bits, stop bit."""


def byte_time(baud: int) -> float:
    """Seconds that one byte takes on the wire at ``baud``."""
    return BITS_PER_BYTE / baud


class Transport(Protocol):
    """An open serial line. Every method may raise `PortError`; after that the transport is dead."""

    @property
    def name(self) -> str:
        """The port as the user named it."""

    @property
    def baud(self) -> int:
        """Bits per second on the wire."""

    def now(self) -> float:
        """Seconds on this transport's clock; only differences mean anything."""

    async def sleep(self, seconds: float) -> None:
        """Let ``seconds`` pass on this transport's clock."""

    def write(self, data: bytes) -> None:
        """Queue ``data`` for sending, in order, without blocking."""

    async def read(self, timeout: float) -> bytes:
        """Wait for bytes: at least one, or ``b""`` when ``timeout`` seconds have passed without any."""

    def discard(self) -> bytes:
        """Take and return what has arrived and was not read."""

    async def set_baud(self, baud: int) -> None:
        """Change the line speed."""

    async def set_dtr(self, asserted: bool) -> None:
        """Drive DTR and RTS; on most Arduino boards the asserting edge resets the processor."""

    async def set_break(self, asserted: bool) -> None:
        """Hold the sending line at its start-bit level, or let it go again."""

    async def close(self) -> None:
        """Release the port. Closing twice is allowed."""
