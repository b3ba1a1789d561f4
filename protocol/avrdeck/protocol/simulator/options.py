"""What a virtual programmer can be: the options of ``sim:?…`` and of the pty server, and their defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from urllib.parse import parse_qsl

from avrdeck.boards.catalog import UnknownPart, part
from avrdeck.protocol.errors import UsageFault
from avrdeck.protocol.simulator.oscillator import UNO_CRYSTAL, Xtal

SCHEME = "sim:"
MAX_BAUD = 2_000_000
MAX_SEED = 2**32
MAX_RESET_MS = 60_000


class BadOption(UsageFault):
    """An option of the simulator that does not exist or cannot have that value."""


class OtherReset(StrEnum):
    """What resets a board that does not listen to DTR."""

    TOUCH = "touch"
    """DTR let go while the line speed is 1200 baud, as on boards whose own chip is the USB port."""
    BREAK = "break"
    """A break on the line: a capacitor that only a long low level discharges."""


class DialectName(StrEnum):
    """The firmware on the virtual board."""

    ARDUINOISP = "arduinoisp"
    OPTIBOOT = "optiboot"
    OPTIBOOT4 = "optiboot4"
    ATMEGABOOT = "atmegaboot"
    DECKBOOT = "deckboot"
    DECKBOOT_WAIT = "deckboot-wait"
    DECKBOOT_256 = "deckboot-256"


@dataclass(frozen=True, slots=True)
class Options:
    """A virtual board. `None` is: as the state file says, or the default.

    ``part``: the target, ATmega328P unless a state file holds another. ``dialect``: its programmer, or
    the bootloader in it. ``xtal``: what is on the target's XTAL1, an Uno's 16 MHz crystal by default.
    ``target`` false: nothing is connected. ``state``: file that keeps the chip. ``seed``: which serial
    number a new chip gets. ``baud``: the speed that the firmware was built for, `None` its usual one;
    ``any_baud`` makes it follow the host. ``auto_reset``: DTR resets the board (an Uno without a
    capacitor on RESET); ``other_reset`` does so instead where DTR does not. ``reset_ms``: how long an
    Uno's own bootloader then waits before the sketch starts. ``echo``: an application behind a
    bootloader returns what it receives instead of staying silent.
    """

    part: str | None = None
    dialect: DialectName = DialectName.ARDUINOISP
    xtal: Xtal | None = None
    target: bool = True
    state: Path | None = None
    seed: int = 0
    baud: int | None = None
    any_baud: bool = False
    auto_reset: bool = True
    other_reset: OtherReset | None = None
    reset_ms: int = 1000
    echo: bool = False

    @property
    def part_or_default(self) -> str:
        """The part of a new chip."""
        return self.part or DEFAULT_PART

    @property
    def xtal_or_default(self) -> Xtal:
        """What is on a new chip's XTAL1."""
        return self.xtal or UNO_CRYSTAL


DEFAULT_PART = "ATmega328P"


def from_url(url: str) -> Options:
    """The options in ``sim:`` or ``sim:?part=attiny85&xtal=none``; raises `BadOption`."""
    head, _, query = url.partition("?")
    if head != SCHEME:
        raise BadOption(
            f"{head!r} is not {SCHEME!r}: options follow a question mark, as in sim:?part=attiny85."
        )
    try:
        pairs = parse_qsl(
            query, keep_blank_values=True, strict_parsing=bool(query), max_num_fields=len(_SETTERS)
        )
    except ValueError as error:
        raise BadOption(f"{query!r} is not name=value&name=value.") from error
    return from_pairs(dict(pairs))


def from_pairs(pairs: Mapping[str, str]) -> Options:
    """The options that ``pairs`` of names and texts give; raises `BadOption`."""
    options = Options()
    for name, text in pairs.items():
        setter = _SETTERS.get(name)
        if setter is None:
            raise BadOption(f"The simulator has no option {name!r}; it has {', '.join(_SETTERS)}.")
        try:
            options = setter(options, text)
        except BadOption as error:
            raise BadOption(f"{name}={text}: {error}") from None
    return options


def _part(options: Options, text: str) -> Options:
    try:
        return replace(options, part=part(text).name)
    except UnknownPart as error:
        raise BadOption(str(error)) from error


def _dialect(options: Options, text: str) -> Options:
    try:
        return replace(options, dialect=DialectName(text))
    except ValueError:
        raise BadOption(f"must be {_one_of(*DialectName)}.") from None


def _xtal(options: Options, text: str) -> Options:
    try:
        return replace(options, xtal=Xtal.parse(text))
    except ValueError as error:
        raise BadOption(f"{error}.") from error


def _baud(options: Options, text: str) -> Options:
    if text == "any":
        return replace(options, any_baud=True)
    return replace(options, baud=_number(text, 300, MAX_BAUD))


def _resets(options: Options, text: str) -> Options:
    if text in set(OtherReset):
        return replace(options, auto_reset=False, other_reset=OtherReset(text))
    if text not in {"yes", "no"}:
        raise BadOption(f"must be {_one_of('yes', 'no', *OtherReset)}.")
    return replace(options, auto_reset=text == "yes", other_reset=None)


def _number(text: str, low: int, high: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and low <= int(text) <= high):
        raise BadOption(f"must be a number from {low} to {high}.")
    return int(text)


def _choice(text: str, choices: Mapping[str, bool]) -> bool:
    if text not in choices:
        raise BadOption(f"must be {_one_of(*choices)}.")
    return choices[text]


def _one_of(*choices: str) -> str:
    return f"{', '.join(choices[:-1])} or {choices[-1]}"


_SETTERS: dict[str, Callable[[Options, str], Options]] = {
    "part": _part,
    "dialect": _dialect,
    "xtal": _xtal,
    "target": lambda options, text: replace(options, target=_choice(text, {"yes": True, "none": False})),
    "state": lambda options, text: replace(options, state=Path(text)),
    "seed": lambda options, text: replace(options, seed=_number(text, 0, MAX_SEED)),
    "baud": _baud,
    "autoreset": _resets,
    "reset_ms": lambda options, text: replace(options, reset_ms=_number(text, 0, MAX_RESET_MS)),
    "app": lambda options, text: replace(options, echo=_choice(text, {"silent": False, "echo": True})),
}
