"""avrdeck's transport into the bench: the engine waits in simulated time, so its numbers repeat."""

from __future__ import annotations

import asyncio

from rig import Rig


class BenchTransport:
    """Satisfies `avrdeck.protocol.transports.base.Transport` over the control socket of a rig.

    Opening it opens the rig's port, which raises DTR.
    """

    def __init__(self, rig: Rig, baud: int) -> None:
        self._control = rig.control
        self._unread = bytearray()
        self.name = f"bench:{rig.firmware.name}"
        self.baud = baud
        self._control.open(baud)
        self._open = True

    def now(self) -> float:
        """Simulated seconds since power-up."""
        return self._control.now / 1e9

    async def sleep(self, seconds: float) -> None:
        """Let simulated time pass."""
        await asyncio.sleep(0)  # others may have something to write first
        self._take(self._control.run(self._control.now + round(seconds * 1e9)))

    def write(self, data: bytes) -> None:
        """Queue bytes at the host's UART."""
        self._control.write(data)

    async def read(self, timeout: float) -> bytes:
        """At least one byte, or none after ``timeout`` simulated seconds."""
        await asyncio.sleep(0)
        if not self._unread:
            self._take(self._control.next(self._control.now + round(timeout * 1e9)))
        return self.discard()

    def discard(self) -> bytes:
        """Take what has arrived."""
        data = bytes(self._unread)
        self._unread.clear()
        return data

    async def set_baud(self, baud: int) -> None:
        """Change the line speed once all is sent."""
        self._control.ask("drain")
        self._control.ask(f"baud {baud}")
        self.baud = baud

    async def set_dtr(self, asserted: bool) -> None:
        """Drive DTR."""
        self._control.ask(f"dtr {asserted:d}")

    async def close(self) -> None:
        """Close the port."""
        if self._open:
            self._control.ask("drain")
            self._control.ask("close")
        self._open = False

    def _take(self, stamped: list[tuple[int, int]]) -> None:
        self._unread += bytes(byte for _, byte in stamped)
