"""Traces as frames: decode, filter, print as a ladder, save, load, replay."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from avrdeck.boards.models import Part
from avrdeck.protocol.errors import InputFault, RemoteProtocolError
from avrdeck.protocol.framing import CommandReader, Malformed, Reply, ReplyReader
from avrdeck.protocol.meaning import command_text, reply_text
from avrdeck.protocol.stk500v1 import Command, GetSync
from avrdeck.protocol.text import hexadecimal
from avrdeck.protocol.trace import Direction, TraceEvent
from avrdeck.protocol.transports.base import Transport

MAX_LINE = 600_000
"""The longest line of a trace file that is read: a block of 256 KiB, in hex, and its frame."""
LADDER_GAP = 0.02
"""Seconds of silence that a ladder points out."""
LONGEST_SECONDS = 10.0
"""No programmer starts or answers later than that."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A command or a reply, whole. ``time`` is that of its last byte, in seconds.

    ``answers`` is the command that it is the reply to.
    """

    time: float
    direction: Direction
    data: bytes
    text: str
    answers: Frame | None = None


class Framer:
    """Cuts a trace into commands and replies, event by event; bytes that are neither come as they are."""

    def __init__(self, part: Part | None = None) -> None:
        self._part = part
        self._commands = CommandReader()
        self._replies = ReplyReader()
        self._awaited: deque[tuple[Command, Frame]] = deque()

    def feed(self, event: TraceEvent) -> Iterator[Frame]:
        """The frames that ``event`` completes."""
        if event.direction is Direction.SENT:
            yield from self._sent(event)
        else:
            yield from self._received(event)

    def _sent(self, event: TraceEvent) -> Iterator[Frame]:
        self._commands.feed(event.data)
        while isinstance(command := self._commands.next_command(), Command | Malformed):
            data = command.data if isinstance(command, Malformed) else command.encode()
            frame = Frame(event.time, event.direction, data, command_text(self._part, command))
            if isinstance(command, GetSync):
                yield from self._give_up(event.time)
            if isinstance(command, Command):
                self._awaited.append((command, frame))
                self._replies.expect(command)
            yield frame

    def _give_up(self, time: float) -> Iterator[Frame]:
        """Who synchronises anew awaits nothing of before: what came of a reply is told."""
        came, self._replies = self._replies.partial, ReplyReader()
        if came:
            command, asked = self._awaited[0]
            size = command.reply_size + 2
            text = f"no reply: {len(came)} of {size} bytes came, then silence"
            yield Frame(time, Direction.RECEIVED, came, text, asked)
        self._awaited.clear()

    def _received(self, event: TraceEvent) -> Iterator[Frame]:
        self._replies.feed(event.data)
        try:
            while isinstance(reply := self._replies.next_reply(), Reply):
                command, asked = self._awaited.popleft()
                yield Frame(event.time, event.direction, reply.encode(), reply_text(command, reply), asked)
        except RemoteProtocolError as stray:
            text = f"no reply: {hexadecimal(stray.received, 16)}"
            yield Frame(event.time, event.direction, stray.received, text)
            self._replies, self._awaited = ReplyReader(), deque()


def frames(events: Iterable[TraceEvent], part: Part | None = None) -> Iterator[Frame]:
    """The frames of a whole trace."""
    framer = Framer(part)
    return (frame for event in events for frame in framer.feed(event))


def ladder(found: Iterable[Frame], match: str = "") -> Iterator[str]:
    """A line a frame: seconds, arrow, meaning; gaps are pointed out. ``match`` keeps what contains it."""
    before: float | None = None
    for frame in found:
        if match and match.lower() not in frame.text.lower():
            continue
        if before is not None and frame.time - before >= LADDER_GAP:
            yield f"{'':12} … {(frame.time - before) * 1000:.0f} ms"
        before = frame.time
        arrow = "─►" if frame.direction is Direction.SENT else "◄─"
        yield f"{frame.time:12.6f} {arrow} {frame.text}"


def to_lines(events: Iterable[TraceEvent]) -> Iterator[str]:
    """One JSON object a line: ``{"t": 0.0031, "dir": ">", "hex": "3020"}``."""
    for event in events:
        yield json.dumps({"t": round(event.time, 6), "dir": event.direction.value, "hex": event.data.hex()})


def from_lines(lines: Iterable[str], name: str) -> list[TraceEvent]:
    """The inverse of `to_lines`; raises `InputFault` that names the line."""
    events = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line[:MAX_LINE])
            time = float(fields["t"])
            events.append(TraceEvent(time, Direction(fields["dir"]), bytes.fromhex(fields["hex"])))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise InputFault(
                f"{name}, line {number}: not a line of a trace",
                advice="A trace has one JSON object a line, as `trace save` writes it.",
            ) from error
    return events


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a replay departs from its trace: what was expected and what came, after ``sent``."""

    sent: bytes
    expected: bytes
    received: bytes


async def replay(
    events: Iterable[TraceEvent], transport: Transport, patience: float = 1.0
) -> Difference | None:
    """Send what the trace sent, in its order, and compare what comes; the first difference, or none.

    The bytes between two sendings are awaited for ``patience`` seconds beyond the time the trace took, and
    the pauses between sendings that got no answer are kept: a board may have been starting meanwhile.
    """
    for sendings, expected, took in _turns(events):
        for pause, data in sendings:
            await transport.sleep(_bounded(pause))
            transport.write(data)
        received = b""
        while len(received) < len(expected):
            data = await transport.read(_bounded(took) + patience)
            if not data:
                break
            received += data
        if received != expected:
            return Difference(b"".join(data for _, data in sendings), expected, received)
    return None


def _bounded(seconds: float) -> float:
    """What a trace says of times, as far as it can be believed."""
    return min(max(0.0, seconds), LONGEST_SECONDS)


Sendings = list[tuple[float, bytes]]
"""What was sent without an answer between, each after a pause in seconds."""


def _turns(events: Iterable[TraceEvent]) -> Iterator[tuple[Sendings, bytes, float]]:
    """What was sent in a row, what came until the next sending, and how many seconds that took."""
    sendings: Sendings = []
    received, began, ended = b"", 0.0, 0.0
    for event in events:
        if event.direction is Direction.SENT:
            if received:
                yield sendings, received, ended - began
                sendings, received = [], b""
            began = began if sendings else event.time
            sendings.append((event.time - ended if sendings else 0.0, event.data))
        else:
            received += event.data
        ended = event.time
    if sendings or received:
        yield sendings, received, ended - began
