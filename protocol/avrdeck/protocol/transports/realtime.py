"""The part that every transport to a real wire shares: time is the machine's, bytes wait in an inbox."""

from __future__ import annotations

import asyncio
import time

from avrdeck.protocol.transports.inbox import Inbox


class RealTime:
    """See `base.Transport`."""

    def __init__(self) -> None:
        self._inbox = Inbox()

    def now(self) -> float:
        """The machine's monotonic clock."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Real time."""
        await asyncio.sleep(seconds)

    async def read(self, timeout: float) -> bytes:
        """See `base.Transport.read`."""
        return await self._inbox.take(timeout)

    def discard(self) -> bytes:
        """See `base.Transport.discard`."""
        return self._inbox.drain()
