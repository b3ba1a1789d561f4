"""The request/reply pipe over a transport: one owner, cancellation, resynchronisation.

A run that is cancelled finishes the commands it has begun, so that the next one finds the line in
sync; where that fails the port is closed.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable
from contextlib import suppress

from avrdeck.protocol.codes import EOP, Op, Status
from avrdeck.protocol.errors import Fault, PortError, PortReason, RemoteProtocolError, SyncError
from avrdeck.protocol.flight import STRICT, Flight, ReplyHandler, Request
from avrdeck.protocol.framing import Reply
from avrdeck.protocol.line import Line
from avrdeck.protocol.stk500v1 import Command
from avrdeck.protocol.text import hexadecimal, mostly_text, printable
from avrdeck.protocol.trace import Trace
from avrdeck.protocol.transports.base import Transport

SYNC_TRIES = 10
FIRST_SYNC_WAIT = 0.5
"""Seconds for the first GET_SYNC: a bootloader may be flashing its LED, and its receiver stores these
two bytes, but would lose one of the next two and be out of step with them."""
SYNC_WAIT = 0.25
"""Seconds for each that follows: all of them outlast the 2 s that an Uno spends in its bootloader."""
QUIET = 0.02
"""Seconds of silence after which no late answer to an earlier GET_SYNC is expected."""
HEARD_BYTES = 256
"""How much of what is not an answer is kept for the error message."""
VERBATIM_BYTES = 65_536
"""How much of an answer to unchecked bytes is taken, should it never end."""
_SYNC_REQUEST = bytes([Op.GET_SYNC, EOP])
_SYNC_REPLY = bytes([Status.INSYNC, Status.OK])


class Link:
    """A line to one programmer. ``window`` is set once its dialect is known.

    ``latency`` is the shortest time in seconds that GET_SYNC took beyond the wire's own, infinite
    until there was one: USB adapters and networks hold bytes back.
    """

    def __init__(self, transport: Transport, trace: Trace | None = None) -> None:
        self.transport = transport
        self.trace = trace or Trace()
        self.window = STRICT
        self.latency = math.inf
        self.closed = False
        self._line = Line(transport, self.trace)
        self._lock = asyncio.Lock()
        self._in_sync = True

    async def run(self, requests: Iterable[Request], on_reply: ReplyHandler) -> None:
        """Send ``requests`` in order and call ``on_reply`` with each reply, in the same order.

        Raises `SyncError` when the programmer falls silent, `RemoteProtocolError` when it answers
        what it cannot mean, `PortError` when the port is gone; ``on_reply`` may raise to stop. A line
        that was left out of sync is synchronised first.
        """
        async with self._lock:
            await self._ready()
            flight = Flight(self._line, self.window, iter(requests), on_reply)
            self._in_sync = False
            try:
                await flight.complete()
            except asyncio.CancelledError:
                await self._finish_or_close(flight, on_reply)
                raise
            except Fault:
                await self._finish(flight)
                raise
            self._in_sync = flight.intact

    async def request(self, command: Command, *, busy_us: int = 0, settle_us: int = 0) -> bytes:
        """Send one command and return its reply's data; raises as `run`, and for any status but OK."""
        request = Request(command, busy_us, settle_us)
        replies: list[bytes] = []
        await self.run([request], lambda _, reply: replies.append(checked(request, reply)))
        return replies[0]

    async def ask(self, command: Command, *, busy_us: int = 0) -> Reply:
        """Send one command and return its reply, whatever the status."""
        replies: list[Reply] = []
        await self.run([Request(command, busy_us)], lambda _, reply: replies.append(reply))
        return replies[0]

    async def verbatim(self, data: bytes, patience: float = QUIET) -> bytes:
        """Send ``data`` as it is and return whatever comes until ``patience`` seconds of silence.

        Nothing is known of the line afterwards: the next run synchronises it first.
        """
        async with self._lock:
            await self._ready()
            self._in_sync = False
            self._line.send(data)
            heard = bytearray()
            wait = self._line.left_at() - self.transport.now() + patience
            while (chunk := await self._line.receive(wait)) and len(heard) < VERBATIM_BYTES:
                heard += chunk
                wait = patience
            return bytes(heard)

    async def synchronise(self, tries: int = SYNC_TRIES) -> None:
        """Find the place where a command begins, by GET_SYNC.

        Raises `SyncError`, which holds what was heard instead, after ``tries``.
        """
        async with self._lock:
            await self._synchronise(tries)

    async def close(self) -> None:
        """Close the port. Closing twice is allowed."""
        self.closed = True
        await self.transport.close()

    async def _ready(self) -> None:
        if self.closed:
            name = self.transport.name
            raise PortError(name, PortReason.VANISHED, f"{name} is closed", advice="Connect again.")
        if not self._in_sync:
            await self._synchronise(SYNC_TRIES)

    async def _finish_or_close(self, flight: Flight, on_reply: ReplyHandler) -> None:
        try:
            await flight.drain(on_reply)
        except (Fault, asyncio.CancelledError):
            await self.close()
        else:
            self._in_sync = True

    async def _finish(self, flight: Flight) -> None:
        """Finish what has been begun; after a fault that the line survived it is in sync again."""
        with suppress(Fault):
            if flight.intact:
                await flight.drain()
                self._in_sync = True
            else:
                await flight.hand_over()

    async def _synchronise(self, tries: int) -> None:
        heard = bytearray(self._line.discard())
        for attempt in range(tries):
            answer = await self._try_sync(SYNC_WAIT if attempt else FIRST_SYNC_WAIT)
            if answer.endswith(_SYNC_REPLY):
                if attempt or heard or answer != _SYNC_REPLY:
                    await self._hush()
                self._in_sync = True
                return
            heard += answer
            del heard[:-HEARD_BYTES]
        raise nobody_answers(self.transport, bytes(heard))

    async def _try_sync(self, patience: float) -> bytes:
        self._line.send(_SYNC_REQUEST)
        deadline = self._line.left_at() + patience
        answer = bytearray()
        while not answer.endswith(_SYNC_REPLY):
            data = await self._line.receive(deadline - self.transport.now())
            if not data:
                break
            answer = answer[-HEARD_BYTES:] + data
        if answer == _SYNC_REPLY:
            explained = self._line.left_at() + len(_SYNC_REPLY) * self._line.byte_time
            self.latency = max(0.0, min(self.latency, self.transport.now() - explained))
        return bytes(answer)

    async def _hush(self) -> None:
        """Let late answers to earlier attempts pass by."""
        patience = QUIET + len(_SYNC_REPLY) * self._line.byte_time
        for _ in range(SYNC_TRIES):
            if not await self._line.receive(patience):
                return


def checked(request: Request, reply: Reply) -> bytes:
    """The data of a reply that says OK; raises `RemoteProtocolError` for any other."""
    if reply.ok:
        return reply.data
    name = request.command.op.name
    meaning = {
        Status.NOSYNC: ("lost step at", "Connect again to resynchronise."),
        Status.UNKNOWN: ("does not know", "This firmware has no such command."),
        Status.NODEVICE: ("was not told the target before", "Set the device first."),
    }.get(reply.status, ("reports a failure of", "Check the target's power and wiring."))
    raise RemoteProtocolError(
        f"The programmer {meaning[0]} {name}", received=reply.encode(), advice=meaning[1]
    )


def nobody_answers(transport: Transport, heard: bytes) -> SyncError:
    """The fault for a port that opens and never speaks STK500."""
    where = f"{transport.name} at {transport.baud} baud"
    if not heard:
        return SyncError(
            f"Nobody answers on {where}",
            advice="Check the port, the baud rate (ArduinoISP 19200, Optiboot 115200) and that the "
            "programmer runs the ArduinoISP sketch.",
        )
    if mostly_text(heard):
        detail = f"It says “{printable(heard)}”: an application is running there, not a programmer."
    else:
        detail = f"Heard {hexadecimal(heard, 16)}: noise, or another baud rate."
    return SyncError(
        f"What answers on {where} does not speak STK500",
        heard=heard,
        detail=detail,
        advice="Try another baud rate, or load the ArduinoISP sketch into the programmer.",
    )
