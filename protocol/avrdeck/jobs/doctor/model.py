"""What a doctor finds, as values that a face only has to show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from avrdeck.boards import wiring
from avrdeck.boards.models import Part

CAPACITOR = "capacitor"
"""The one between RESET and GND of the programmer, among `Cause.wires`."""


class State(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"
    """It says nothing: it was not made, or there was nothing to see where nothing has to be."""


class Section(StrEnum):
    """What a check is about, in the order in which they are made."""

    PORT = "Port"
    ANSWER = "Who answers"
    TARGET = "Target"


@dataclass(frozen=True, slots=True)
class Check:
    """One look: what was ``seen``, and ``advice`` where something is to be done."""

    section: Section
    name: str
    state: State
    seen: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that explains what was seen: ``rule`` is its safety rule, empty where there is none.

    ``text`` explains it in 20 to 40 words, ``action`` is the next thing to do with one's hands. ``sure``:
    the fuse bytes that were last written say so. ``sketch`` is the line of the ArduinoISP sketch that
    ``action`` speaks of, empty where it speaks of none. ``wires`` are those that it names as open or missing:
    signals of the picture, or `CAPACITOR`.
    """

    rule: str
    title: str
    text: str
    action: str
    sure: bool = False
    sketch: str = ""
    wires: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is wrong, or that nothing is; the likeliest of ``causes`` first.

    ``picture``: the wires are worth a look.
    """

    healthy: bool
    title: str
    causes: tuple[Cause, ...] = ()
    picture: bool = False

    @property
    def action(self) -> str:
        """What to do next; empty where nothing has to be done."""
        return self.causes[0].action if self.causes else ""


@dataclass(frozen=True, slots=True)
class Patient:
    """What is known before looking.

    ``part`` is the expected target, ``last`` the fuse bytes that it had last, as far as they are known.
    ``board`` is the programmer's in the words of `avrdeck.boards.wiring`. ``seen`` says in words what was
    seen there last, also where an adapter that looks the same makes that uncertain and ``last`` is empty.
    ``assumed``: the part is known from that, and another one is as welcome.
    """

    part: Part | None = None
    last: Mapping[str, int] = field(default_factory=dict)
    board: str | None = None
    seen: str = ""
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A firmware that can be connected to: its name, and the line speed at which it answers."""

    who: str
    baud: int


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was looked at, and what it comes to. ``wires`` is the wiring that should be.

    ``found`` is the programmer, or the bootloader where there is none; `None` where nobody answers.
    """

    port: str
    checks: tuple[Check, ...]
    diagnosis: Diagnosis
    wires: wiring.Plan
    probes: int
    seconds: float
    found: Found | None = None
