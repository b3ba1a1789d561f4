"""A transport with a memory: what was sent and heard when, and when the wire will be free."""

from __future__ import annotations

from avrdeck.protocol.trace import Direction, Trace, TraceEvent
from avrdeck.protocol.transports.base import Transport, byte_time


class Line:
    """Sends and receives for one session; every byte goes through here and into the trace."""

    def __init__(self, transport: Transport, trace: Trace) -> None:
        self.transport = transport
        self.trace = trace
        self._free_at = 0.0

    def send(self, data: bytes) -> None:
        """Put bytes on the wire and note when the last of them will have left."""
        now = self.transport.now()
        self.trace.add(TraceEvent(now, Direction.SENT, data))
        self.transport.write(data)
        self._free_at = max(now, self._free_at) + len(data) * self.byte_time

    async def receive(self, timeout: float) -> bytes:
        """Wait for bytes for ``timeout`` seconds; ``b""`` when none came."""
        data = await self.transport.read(max(timeout, 0.0))
        if data:
            self.trace.add(TraceEvent(self.transport.now(), Direction.RECEIVED, data))
        return data

    def discard(self) -> bytes:
        """Take what has arrived unread; it is in the trace all the same."""
        data = self.transport.discard()
        if data:
            self.trace.add(TraceEvent(self.transport.now(), Direction.RECEIVED, data))
        return data

    def left_at(self, unsent: int = 0) -> float:
        """When all but the last ``unsent`` of the bytes sent so far have left the wire."""
        return self._free_at - unsent * self.byte_time

    @property
    def byte_time(self) -> float:
        """Seconds that one byte takes."""
        return byte_time(self.transport.baud)
