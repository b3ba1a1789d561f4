"""The little language of raw bytes: numbers, ranges, lists, repetition. Pure, bounded, nothing evaluated.

Bytes are hex by default: ``1E``, ``0x1E``, ``0b11110``, ``30d`` (decimal, from three characters: ``1d``
is hex), ``'U'``; ``30000200`` is four bytes. ``{0..F}`` and ``{30,38}`` stand for each of their values
in turn, the last one fastest. ``repeat 3``, ``every 500ms`` and ``until =1E`` may follow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from avrdeck.protocol.errors import UsageFault

MAX_FRAMES = 65_536
"""More would run for minutes and is a slip of the keyboard."""
MAX_REPEAT = 1_000_000
MAX_PAUSE = 3600.0
_DECIMAL = re.compile(r"(0|[1-9]\d{1,2})d", re.ASCII)
_HEX = re.compile(r"(0x)?([0-9a-f]{1,2})", re.ASCII | re.IGNORECASE)
_BINARY = re.compile(r"0b([01]{1,8})", re.ASCII)
_BYTES = re.compile(r"(?:[0-9a-f]{2}){2,}", re.ASCII | re.IGNORECASE)
_RANGE = re.compile(r"(.+?)\.\.(.+)")
_DURATION = re.compile(r"(\d{1,7}(?:\.\d{1,3})?)(ms|s)", re.ASCII)
_FORMS = "Write bytes as 1E, 0x1E, 0b11110, 30d or 'U', and several as {0..F} or {30,38}."


@dataclass(frozen=True, slots=True)
class Sweep:
    """Bytes of which some take several values: ``columns`` holds the values of each position."""

    columns: tuple[tuple[int, ...], ...]

    @property
    def count(self) -> int:
        """How many frames there are."""
        return prod(len(column) for column in self.columns)

    @property
    def varying(self) -> tuple[int, ...]:
        """The positions that take several values."""
        return tuple(index for index, column in enumerate(self.columns) if len(column) > 1)

    def frames(self) -> Iterator[bytes]:
        """Every combination, the last position fastest."""
        return (bytes(frame) for frame in product(*self.columns))


@dataclass(frozen=True, slots=True)
class Repetition:
    """How often, at which distance in seconds, and until which answer a sweep is sent."""

    times: int = 1
    every: float = 0.0
    until: int | None = None


def parse(words: Sequence[str]) -> tuple[Sweep, Repetition]:
    """The bytes and their repetition; raises `UsageFault` that quotes the word at fault."""
    position = next((n for n, word in enumerate(words) if word in _CLAUSES), len(words))
    sweep = Sweep(tuple(column for word in words[:position] for column in _columns(word)))
    if sweep.count > MAX_FRAMES:
        raise UsageFault(f"That makes {sweep.count} frames; {MAX_FRAMES} is the limit")
    return sweep, _repetition(words[position:])


def byte(word: str) -> int:
    """One byte in any of its spellings; raises `UsageFault`."""
    if len(word) == 3 and word[0] == word[2] == "'" and word[1].isascii():
        return ord(word[1])
    if match := _HEX.fullmatch(word):
        return int(match[2], 16)
    if match := _BINARY.fullmatch(word):
        return int(match[1], 2)
    if (match := _DECIMAL.fullmatch(word)) and int(match[1]) <= 0xFF:
        return int(match[1])
    raise _bad(word, "is no byte")


def _columns(word: str) -> list[tuple[int, ...]]:
    if word.startswith("{") and word.endswith("}"):
        return [tuple(value for item in word[1:-1].split(",") for value in _item(item))]
    if _BYTES.fullmatch(word):
        return [(value,) for value in bytes.fromhex(word)]
    return [(byte(word),)]


def _item(item: str) -> Sequence[int]:
    match = _RANGE.fullmatch(item)
    if not match:
        return (byte(item),)
    first, last = byte(match[1]), byte(match[2])
    return range(first, last + 1) if first <= last else range(first, last - 1, -1)


def _repetition(words: Sequence[str]) -> Repetition:
    if len(words) % 2:
        raise _bad(words[-1], "lacks its value" if words[-1] in _CLAUSES else "stands in the wrong place")
    times, every, until = 0, 0.0, None
    for clause, value in zip(words[::2], words[1::2], strict=True):
        match clause:
            case "repeat":
                times = _count(value)
            case "every":
                every = _seconds(value)
            case "until" if value.startswith("="):
                until = byte(value[1:])
            case _:
                raise _bad(f"{clause} {value}", "is no repetition")
    endless = MAX_REPEAT if until is not None else 1
    return Repetition(times or endless, every, until)


_CLAUSES = frozenset({"repeat", "every", "until"})


def _count(word: str) -> int:
    if word.isascii() and word.isdigit() and 1 <= int(word[:8]) <= MAX_REPEAT:
        return int(word)
    raise _bad(word, f"is no count from 1 to {MAX_REPEAT}")


def _seconds(word: str) -> float:
    match = _DURATION.fullmatch(word)
    seconds = float(match[1]) * (0.001 if match[2] == "ms" else 1) if match else MAX_PAUSE + 1
    if seconds > MAX_PAUSE:
        raise _bad(word, "is no pause; write 500ms or 2s")
    return seconds


def _bad(word: str, what: str) -> UsageFault:
    shown = word if word.isprintable() else ascii(word)[1:-1]
    return UsageFault(f"{shown[:40]} {what}", advice=_FORMS)
