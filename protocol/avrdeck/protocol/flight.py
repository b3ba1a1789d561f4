"""One run of requests over a line: how far ahead to send, how long to wait, how to stop cleanly."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

from avrdeck.protocol.codes import Op, Status
from avrdeck.protocol.errors import RemoteProtocolError, SyncError
from avrdeck.protocol.framing import NeedData, Reply, ReplyReader
from avrdeck.protocol.line import Line
from avrdeck.protocol.stk500v1 import Command
from avrdeck.protocol.text import hexadecimal

SLACK = 1.0
"""Seconds of silence beyond what the wire and the command explain. USB adapters hold bytes back for
up to 16 ms and a loaded machine for longer; a programmer that is gone is noticed soon enough."""


LULL = 0.25
"""Seconds beyond what commands take after which a programmer has surely read what waited in its buffer."""
PARCELS = 3
"""Into how many pieces the window is cut when many short commands go through it."""


@dataclass(frozen=True, slots=True)
class Window:
    """How far ahead of its replies a firmware may be written to.

    ``unread`` bytes are stored while it is busy. From its reply on it takes ``turn_us`` microseconds
    until it reads on, and then ``read_us`` for a byte. The commands in ``instant`` keep it busy for
    less than a byte's time, so that what follows them is read as it arrives; they are not when they
    follow one in ``lingering``, whose work goes on after its reply. Of those in ``late_eop`` it reads
    the last byte only when it has carried them out. ``universal_head`` bytes of a UNIVERSAL
    leave the target alone: with the next one the firmware begins to talk to it.
    """

    unread: int = 0
    turn_us: float = 0.0
    read_us: float = 0.0
    instant: frozenset[Op] = frozenset()
    lingering: frozenset[Op] = frozenset()
    late_eop: frozenset[Op] = frozenset()
    universal_head: int = 0

    def ahead(self, longest: int, byte_us: float) -> int:
        """How many bytes may follow a command unanswered, when none is longer than ``longest``.

        A line that is faster than the firmware reads makes the stored bytes grow while a command
        comes in, by a share of its length; room is left for that.
        """
        share = 1 - byte_us / self.read_us if self.read_us > byte_us else 0.0
        return max(0, self.unread - ceil(longest * share))


STRICT = Window()
"""One command at a time: for every firmware of which nothing else is known."""


@dataclass(frozen=True, slots=True)
class Request:
    """A command and what it costs, in microseconds.

    ``busy_us`` is how long the firmware may be silent over it, ``settle_us`` how long the target is
    busy after the reply: nothing that touches the target is sent before that has passed.
    """

    command: Command
    busy_us: int = 0
    settle_us: int = 0


ReplyHandler = Callable[[Request, Reply], None]


class _Begun(NamedTuple):
    """A request of which bytes may have been sent: those from ``start`` to ``end`` of all."""

    request: Request
    start: int
    end: int
    instant: bool


class Flight:
    """What is to be sent, what is under way, what is awaited.

    ``intact`` until an answer is missing, or is NOSYNC: a second one may follow on the same bytes.
    """

    def __init__(
        self, line: Line, window: Window, requests: Iterator[Request], on_reply: ReplyHandler
    ) -> None:
        self._line = line
        self._window = window
        self._requests = requests
        self._on_reply = on_reply
        self._reader = ReplyReader()
        self._outgoing = b""
        self._sent = 0
        self._awaited: deque[_Begun] = deque()
        self._hold: int | None = None
        self._lingers = bool(window.lingering)
        self._settled_at: float | None = None
        self._last_heard = float("-inf")
        self._answered_us = 0
        self._draining = False
        self.intact = True

    async def complete(self) -> None:
        """Send everything and collect every reply."""
        while True:
            await self._settle()
            if not self._worth_waiting():
                await self._turned()
                self._send_what_fits()
            if not self._awaited:
                return
            await self._collect()

    async def drain(self, on_reply: ReplyHandler | None = None) -> None:
        """Finish the commands that have been begun, and begin no other."""
        self._draining = True
        self._on_reply = on_reply or _ignore
        self._hand_on()
        await self.complete()

    async def hand_over(self) -> None:
        """Send what is left of a command that has been begun, and wait until it can have been carried out.

        For a flight that is not intact: a programmer that waits for the rest of a page takes the next
        command for it, and writes that.
        """
        last = self._awaited[-1] if self._awaited else None
        if not self._outgoing or (last and self._sent == last.start):
            return
        transport = self._line.transport
        # NOSYNC that was INSYNC comes before the work is done.
        busy_us = self._answered_us + sum(begun.request.busy_us for begun in self._awaited)
        await transport.sleep(busy_us * 1e-6 + LULL)
        self._line.send(self._outgoing)
        self._outgoing = b""
        busy = last.request.busy_us * 1e-6 if last else 0.0
        await transport.sleep(max(0.0, self._line.left_at() - transport.now()) + busy + LULL)

    def _send_what_fits(self) -> None:
        """Hand bytes to the wire as far as the firmware is sure to take them.

        It reads the oldest command that keeps it busy as it arrives; what follows that one has to
        wait in its buffer.
        """
        parcel = bytearray()
        while self._outgoing or self._begin_next():
            room = self._room()
            if room <= 0:
                break
            chunk, self._outgoing = self._outgoing[:room], self._outgoing[room:]
            parcel += chunk
            self._sent += len(chunk)
        if parcel:
            self._line.send(bytes(parcel))

    def _worth_waiting(self) -> bool:
        """Whether the firmware has enough to do, and a larger parcel can be sent in a moment.

        Bytes that come while it shifts cost it nothing, those that come while it reads cost it time;
        and a USB packet takes many as fast as one.
        """
        if not self._awaited or self._sent < self._awaited[0].end or self._hold is not None:
            return False
        return self._room() < self._window.unread // PARCELS

    async def _turned(self) -> None:
        """Let the firmware begin to read what it has stored, where the line would fill that up sooner."""
        transport, turn = self._line.transport, self._window.turn_us * 1e-6
        wait = self._last_heard + turn - transport.now()
        if self._awaited and turn > self._line.byte_time and wait > 0:
            await transport.sleep(wait)

    def _begin_next(self) -> bool:
        if self._draining or self._hold is not None or self._room() <= 0:
            return False
        settling = bool(self._awaited) and self._awaited[-1].request.settle_us > 0
        if settling and not self._window.universal_head:
            return False
        request = next(self._requests, None)
        if request is None:
            return False
        op, self._outgoing = request.command.op, request.command.encode()
        if settling:
            universal = op is Op.UNIVERSAL
            self._hold = self._sent + (self._window.universal_head if universal else 0)
        instant = op in self._window.instant and not self._lingers
        self._lingers = op in self._window.lingering
        self._awaited.append(_Begun(request, self._sent, self._sent + len(self._outgoing), instant))
        self._reader.expect(request.command)
        return True

    def _room(self) -> int:
        """How many more bytes may be sent now."""
        longest = max((begun.end - begun.start for begun in self._awaited), default=0)
        for begun in self._awaited:
            if not begun.instant:
                limit = begun.end + self._window.ahead(longest, self._line.byte_time * 1e6)
                limit -= begun.request.command.op in self._window.late_eop
                break
        else:
            limit = self._sent + max(1, len(self._outgoing))
        return (limit if self._hold is None else min(limit, self._hold)) - self._sent

    async def _settle(self) -> None:
        """Wait until the target has done what the last reply left it doing."""
        if self._settled_at is None:
            return
        transport = self._line.transport
        await transport.sleep(max(0.0, self._settled_at - transport.now()))
        self._settled_at = self._hold = None

    async def _collect(self) -> None:
        """Wait for bytes and hand on the replies that they complete."""
        request, _, end, _ = self._awaited[0]
        transport = self._line.transport
        patience = request.busy_us * 1e-6 + SLACK
        since = max(self._line.left_at(unsent=max(self._sent - end, 0)), self._last_heard)
        data = await self._line.receive(since + patience - transport.now())
        if not data:
            self.intact = False
            raise _silent(request.command, self._reader.partial, patience)
        self._last_heard = transport.now()
        self._reader.feed(data)
        self._hand_on()

    def _hand_on(self) -> None:
        """Pass on the replies that are complete; the handler may raise and leave some for later."""
        while isinstance(reply := self._next_reply(), Reply):
            request = self._awaited.popleft().request
            self._answered_us = request.busy_us
            if request.settle_us:
                self._settled_at = self._last_heard + request.settle_us * 1e-6
            if reply.status is Status.NOSYNC:
                self.intact = False
            self._on_reply(request, reply)

    def _next_reply(self) -> Reply | NeedData:
        try:
            return self._reader.next_reply()
        except RemoteProtocolError:
            self.intact = False
            raise


def _ignore(request: Request, reply: Reply) -> None:
    del request, reply


def _silent(command: Command, received: bytes, patience: float) -> SyncError:
    heard = f"Only {hexadecimal(received)} came" if received else "Nothing came"
    return SyncError(
        f"The programmer stopped answering in the middle of {command.op.name}",
        heard=received,
        detail=f"{heard} within {patience:.1f} s.",
        advice="Check the USB cable and whether the programmer was reset, then connect again.",
    )
