"""The trace as frames with gaps, and the filter over them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from avrdeck.boards.models import Part
from avrdeck.jobs.tracing import Frame, Framer
from avrdeck.protocol.trace import Direction, Trace, TraceEvent

MAX_FRAMES = 50_000
_GAP = re.compile(r"gap>(\d+(?:\.\d+)?)")
_SPAN = re.compile(r"at:(\d+(?:\.\d+)?)\.\.(\d+(?:\.\d+)?)?")


@dataclass(frozen=True, slots=True)
class Shown:
    """A frame with the silence before it, both in seconds; ``time`` counts from the first frame."""

    frame: Frame
    time: float
    gap: float

    @property
    def sent(self) -> bool:
        """Whether the host sent it."""
        return self.frame.direction is Direction.SENT


class BadFilter(ValueError):
    """What was typed is no filter."""


class TraceLog:
    """Every frame of a trace, kept up to date until `close`."""

    def __init__(self, trace: Trace, part: Part | None, changed: Callable[[], object]) -> None:
        self._framer = Framer(part)
        self._first: float | None = None
        self._last = 0.0
        self._changed = changed
        self.frames: list[Shown] = []
        for event in list(trace.events):
            self._take(event)
        self.close = trace.subscribe(self._follow)

    def _follow(self, event: TraceEvent) -> None:
        self._take(event)
        self._changed()

    def _take(self, event: TraceEvent) -> None:
        for frame in self._framer.feed(event):
            if self._first is None:
                self._first = self._last = frame.time
            self.frames.append(Shown(frame, frame.time - self._first, frame.time - self._last))
            self._last = frame.time
        if len(self.frames) > MAX_FRAMES:
            del self.frames[: len(self.frames) - MAX_FRAMES]


Wanted = Callable[[Shown], bool]


def wanted(text: str) -> Wanted:
    """The filter that ``text`` means; every word must hold, ``not`` turns the next one round.

    ``op:read_page``, ``dir:>`` or ``dir:<``, ``gap>5`` (ms), ``at:0.2..0.4`` (s), ``hex:AC53``; any
    other word is looked for in the frame's meaning. Raises `BadFilter`.
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
        return lambda shown: shown.frame.text.lower().startswith(value)
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
