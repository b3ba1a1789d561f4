"""The trace as frames with gaps, and the filter over them."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from avrdeck.boards.models import Part
from avrdeck.jobs.tracing import Frame, Framer
from avrdeck.protocol.trace import Direction, Trace, TraceEvent

MAX_FRAMES = 50_000
IN_FLIGHT = 200
"""Frames among which the reply to a command is: no firmware stores more commands than a hundred."""
_GAP = re.compile(r"gap>(\d+(?:\.\d+)?)")
_SPAN = re.compile(r"at:(\d+(?:\.\d+)?)\.\.(\d+(?:\.\d+)?)?")


@dataclass(frozen=True, slots=True)
class Shown:
    """A frame with the silence before it, both in seconds; ``time`` counts from the first frame.

    ``number`` counts the frames from 1, ``asked`` is the command that this is the reply to.
    """

    frame: Frame
    time: float
    gap: float
    number: int
    asked: Shown | None = None

    @property
    def sent(self) -> bool:
        """Whether the host sent it."""
        return self.frame.direction is Direction.SENT

    @property
    def command(self) -> str:
        """What was asked: by this frame, or by the one that it answers."""
        return self.asked.frame.text if self.asked else self.frame.text if self.sent else ""


class BadFilter(ValueError):
    """What was typed is no filter."""


class TraceLog:
    """Every frame of a trace, kept up to date until `close`: the last `MAX_FRAMES` of ``total``."""

    def __init__(self, trace: Trace, part: Part | None, changed: Callable[[], object]) -> None:
        self.part = part
        self.total = 0
        self.frames: deque[Shown] = deque(maxlen=MAX_FRAMES)
        self._framer = Framer(part)
        self._began: float | None = None
        self._last = 0.0
        self._changed = changed
        for event in list(trace.events):
            self._take(event)
        self.close = trace.subscribe(self._follow)

    def _follow(self, event: TraceEvent) -> None:
        self._take(event)
        self._changed()

    def _take(self, event: TraceEvent) -> None:
        for frame in self._framer.feed(event):
            time = self._time(frame.time)
            self.total += 1
            self.frames.append(Shown(frame, time, time - self._last, self.total, self._asked(frame)))
            self._last = time

    def _asked(self, frame: Frame) -> Shown | None:
        """The command that a reply is to, unless it is long gone."""
        if frame.answers is None:
            return None
        near = islice(reversed(self.frames), IN_FLIGHT)
        return next((one for one in near if one.frame is frame.answers), None)

    def _time(self, time: float) -> float:
        """Seconds since the first frame; a port that is opened anew has a clock of its own."""
        if self._began is None or time - self._began < self._last:
            self._began = time - self._last
        return time - self._began

    def since(self, number: int) -> list[Shown]:
        """The frames after that of ``number``."""
        return list(islice(self.frames, max(len(self.frames) - (self.total - number), 0), None))

    def reply(self, to: Shown) -> Shown | None:
        """What came back for a command, among the frames that follow it as long as any is on its way."""
        first = to.number - self.total + len(self.frames)
        near = islice(self.frames, max(first, 0), max(first, 0) + IN_FLIGHT)
        return next((one for one in near if one.asked is to), None)


Wanted = Callable[[Shown], bool]


def wanted(text: str) -> Wanted:
    """The filter that ``text`` means; every word must hold, ``not`` turns the next one round.

    ``op:read_page`` (with its replies), ``dir:>`` or ``dir:<``, ``reply:ok``, ``gap>5`` (ms), ``at:0.2..0.4``
    (s), ``hex:AC53``; any other word is looked for in the frame's meaning. Raises `BadFilter`.
    """
    tests: list[Wanted] = []
    negate = False
    for word in text.lower().split():
        if word == "not":
            negate = True
            continue
        test = _test(word)
        tests.append(_not(test) if negate else test)
        negate = False
    if negate:
        raise BadFilter("not what? Write a word after it.")
    return lambda shown: all(test(shown) for test in tests)


def _not(test: Wanted) -> Wanted:
    return lambda shown: not test(shown)


def _test(word: str) -> Wanted:
    if match := _GAP.fullmatch(word):
        least = float(match[1]) / 1000
        return lambda shown: shown.gap > least
    if match := _SPAN.fullmatch(word):
        low, high = float(match[1]), float(match[2] or "inf")
        return lambda shown: low <= shown.time <= high
    name, colon, value = word.partition(":")
    if colon and name == "op":
        return lambda shown: shown.command.lower().startswith(value)
    if colon and name == "reply":
        return lambda shown: not shown.sent and value in shown.frame.text.lower()
    if colon and name == "dir":
        if value not in {">", "<"}:
            raise BadFilter("dir:> is what was sent, dir:< what came")
        return lambda shown: shown.sent == (value == ">")
    if colon and name == "hex":
        try:
            piece = bytes.fromhex(value)
        except ValueError:
            raise BadFilter(f"{value[:20]} is not hex") from None
        return lambda shown: piece in shown.frame.data
    return lambda shown: word in shown.frame.text.lower()
