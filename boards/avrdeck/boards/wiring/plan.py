"""Which pin goes to which, and what to mind, for one programmer and one target."""

from __future__ import annotations

from dataclasses import dataclass

from avrdeck.boards import catalog
from avrdeck.boards.models import Part
from avrdeck.boards.wiring.tables import SIGNALS, Programmer, Target, programmers, targets

ICSP = "icsp6"
HIGH_LEVEL = 4.0
"""Volts above which a supply counts as 5 V; the other boards run at 3.3 V."""


class UnknownWiringError(LookupError):
    """No programmer or target of that name. ``nearest`` holds names that look like it."""

    def __init__(self, what: str, name: str, known: list[str]) -> None:
        from difflib import get_close_matches  # costs milliseconds that only an error pays

        self.name = name
        self.nearest = tuple(get_close_matches(name.lower()[:40], known, 3, 0.5))
        hint = f"Did you mean {' or '.join(self.nearest)}?" if self.nearest else f"Known: {', '.join(known)}."
        super().__init__(f"No {what} is called {name[:40]!r}. {hint}")


@dataclass(frozen=True, slots=True)
class Wire:
    """One connection. ``signal`` is MOSI, MISO, SCK, RESET, VCC or GND; both ends are named for people."""

    signal: str
    programmer: str
    target: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All wires between a programmer and a target.

    ``capacitor`` is whether the programmer needs 10 µF from its RESET to GND. ``warnings`` say what could
    do damage; ``advice`` is what to do, in order. ``title`` names the target.
    """

    programmer: Programmer
    target: Target
    title: str
    wires: tuple[Wire, ...]
    capacitor: bool
    warnings: tuple[str, ...]
    advice: tuple[str, ...]


def plan(programmer: str, target: str = ICSP, *, target_volts: float | None = None) -> Plan:
    """How to wire a programmer to a target.

    ``target`` is a header (``icsp6``, ``icsp10``), a part, or an Arduino with a header. ``target_volts``
    is the supply the target has of its own. Raises `UnknownWiringError`.
    """
    source = find_programmer(programmer)
    sink, part, title = find_target(target)
    return Plan(
        programmer=source,
        target=sink,
        title=title,
        wires=tuple(Wire(signal.upper(), _from(source, signal), _to(sink, signal)) for signal in SIGNALS),
        capacitor=source.usb_bridge,
        warnings=(*_level_warnings(source, part, target_volts), *sink.notes),
        advice=_advice(source, sink, part),
    )


def find_programmer(name: str) -> Programmer:
    """The programmer of that name or alias, in any case. Raises `UnknownWiringError`."""
    by_name = {word: one for one in programmers() for word in (one.id, *one.aliases, one.name.lower())}
    try:
        return by_name[name.strip().lower()]
    except KeyError:
        raise UnknownWiringError("programmer", name, list(by_name)) from None


def find_target(name: str) -> tuple[Target, Part | None, str]:
    """The header or package for a name, the part if it names one, and what to call it.

    A part without a pin table gets the 6-pin header. Raises `UnknownWiringError`.
    """
    word = name.strip().lower()
    for one in targets():
        if word in {one.id, *one.aliases}:
            return one, None, one.name
        if word in one.boards:
            return one, None, f"{find_programmer(word).name}, {one.name}"
    try:
        part = catalog.part(name)
    except catalog.UnknownPart as error:
        known = [item for one in targets() for item in (one.id, *one.aliases, *one.boards)]
        raise UnknownWiringError("target", name, [*known, *map(str.lower, error.nearest)]) from error
    package = next((one for one in targets() if part.name in one.parts), None)
    header = next(one for one in targets() if one.id == ICSP)
    return package or header, part, f"{part.name}, {(package or header).name}"


def _from(source: Programmer, signal: str) -> str:
    """The programmer's end of a wire."""
    if signal in {"reset", "vcc"}:
        return source.reset if signal == "reset" else source.vcc
    if signal == "gnd":
        return "GND"
    header = next(one for one in targets() if one.id == ICSP)
    places = [source.pins.get(signal), f"ICSP-{header.pins[signal][0]}" if source.icsp else None]
    return " or ".join(filter(None, places))


def _to(sink: Target, signal: str) -> str:
    """The target's end of a wire."""
    numbers = sink.pins[signal]
    text = f"pin{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"
    return f"{text} ({sink.ports[signal]})" if signal in sink.ports else text


def _level_warnings(source: Programmer, part: Part | None, target_volts: float | None) -> list[str]:
    """What 3.3 V and 5 V would do to each other."""
    found = []
    low = source.volts < HIGH_LEVEL
    if target_volts is not None and (target_volts < HIGH_LEVEL) != low:
        endangered = source.name if low else "target"
        found.append(
            f"{source.name} works at {source.volts:g} V and the target at {target_volts:g} V: this can "
            f"destroy the {endangered}. Give both the same supply, or put level shifters in between."
        )
    elif low and target_volts is None:
        found.append(
            f"{source.name} does not stand 5 V on any pin: supply the target with {source.volts:g} V from "
            f"it, and from nothing else."
        )
    if part and part.vcc and not part.vcc[0] <= source.volts <= part.vcc[1]:
        least, most = part.vcc
        found.append(
            f"{part.name} works at {least:g} to {most:g} V, but {source.name} gives {source.volts:g} V: use "
            f"a programmer of the right level, or level shifters and a supply of its own."
        )
    return found


def _advice(source: Programmer, sink: Target, part: Part | None) -> tuple[str, ...]:
    """What to do, in order."""
    steps = ["Load the ArduinoISP sketch into the programmer first."]
    if source.define_reset is not None:
        steps[0] = f"Change the sketch to `#define RESET {source.define_reset}`, then load it."
    steps.extend(source.notes)
    steps.append("Wire with USB and every other supply disconnected from both boards.")
    steps.append("Leave the VCC wire off if the target has a supply of its own.")
    if source.icsp:
        steps.append(f"Leave pin 5 of the programmer's ICSP header open; RESET comes from {source.reset}.")
    if source.usb_bridge:
        steps.append(
            "Then put 10 uF between RESET (+) and GND of the programmer, or opening the port resets it. "
            "Take it out to load another sketch."
        )
    if part and part.name not in sink.parts:
        steps.append(
            f"The pins of the {part.name} itself are in its data sheet: look for MOSI, MISO, SCK, RESET."
        )
    if sink.xtal1:
        steps.append(
            f"A chip set to an external clock or crystal answers only with one at pin {sink.xtal1} (XTAL1)."
        )
    return tuple(steps)
