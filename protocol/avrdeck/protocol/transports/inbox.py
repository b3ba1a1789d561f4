"""Bytes that have arrived, and the one reader that waits for them."""

from __future__ import annotations

import asyncio

from avrdeck.protocol.errors import PortError


class Inbox:
    """Joins a transport's callbacks with its reader. Not for more than one reader at a time."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._error: PortError | None = None
        self._waiter: asyncio.Future[None] | None = None

    def put(self, data: bytes) -> None:
        """Store bytes and wake the reader."""
        self._buffer += data
        self._wake()

    def fail(self, error: PortError) -> None:
        """Let every read from now on raise ``error``, once the bytes stored before it are read."""
        self._error = self._error or error
        self._wake()

    def drain(self) -> bytes:
        """Take everything that is stored."""
        data = bytes(self._buffer)
        self._buffer.clear()
        return data

    def check(self) -> None:
        """Raise the error, when there is one."""
        if self._error:
            raise self._error

    async def take(self, timeout: float) -> bytes:
        """Wait for bytes and take them all; ``b""`` when ``timeout`` seconds have passed."""
        if not self._buffer:
            self.check()
            await self._wait(timeout)
        if not self._buffer:
            self.check()
        return self.drain()

    async def _wait(self, timeout: float) -> None:
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        # A turn later, so that the loop looks at the port once more: it has not after Ctrl-Z and `fg`.
        timer = loop.call_later(timeout, loop.call_soon, self._wake)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)
