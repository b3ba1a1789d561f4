"""A wiring plan as plain text, of at most 80 columns unless told otherwise."""

from __future__ import annotations

from textwrap import wrap

from avrdeck.boards.wiring.plan import Plan
from avrdeck.boards.wiring.tables import Target

WIDTH = 80
_LEFT = 20
_ARROWS = {"MOSI": "------>", "MISO": "<------", "SCK": "------>", "RESET": "------>"}


def draw(plan: Plan, width: int = WIDTH) -> str:
    """The wires, a sketch of the target's pins, warnings and advice, in ASCII; text in lines of ``width``."""
    lines = [*_wires(plan), ""]
    if plan.capacitor:
        lines += [f"  RESET --|(--- GND    10 uF, + at RESET, on the {plan.programmer.name}", ""]
    lines += [*_target(plan.target), ""]
    for warning in plan.warnings:
        lines += wrap(warning, width, initial_indent="! ", subsequent_indent="  ")
    for number, step in enumerate(plan.advice, 1):
        lines += wrap(step, width, initial_indent=f"{number}. ", subsequent_indent="   ")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _wires(plan: Plan) -> list[str]:
    """The head line and one line a wire."""
    head = f"{plan.programmer.name} ({plan.programmer.volts:g} V)"
    lines = [f"  {head:<{_LEFT + 22}}{plan.title}"]
    for wire in plan.wires:
        arrow = _ARROWS.get(wire.signal, "-------")
        lines.append(f"  {wire.programmer:<{_LEFT}}{_line(wire.signal, arrow)}  {wire.target}")
    return lines


def _line(signal: str, arrow: str) -> str:
    """A wire with its signal in the middle."""
    left = "<------" if arrow.startswith("<") else "-------"
    right = "------>" if arrow.endswith(">") else "-------"
    return f"{left}{signal:-^6}{right}".replace(signal, f" {signal} ", 1)


def _target(target: Target) -> list[str]:
    """The target's pins seen from above; nothing for packages with pins on four sides."""
    names = {pin: signal.upper() for signal, pins in target.pins.items() for pin in pins}
    if target.kind == "header":
        return [_row(names, pin, pin + 1, "o o") for pin in range(1, target.pin_count, 2)]
    if target.kind == "tqfp":
        return [f"  {target.name}: pin 1 is at the dot, count counter-clockwise."]
    half = target.pin_count // 2
    sides = [_row(names, pin, target.pin_count + 1 - pin, "|       |") for pin in range(1, half + 1)]
    edge = " " * 11
    return [f"{edge}+--\\_/--+", *sides, f"{edge}+-------+"]


def _row(names: dict[int, str], left: int, right: int, middle: str) -> str:
    """Two pins that face each other, with their numbers."""
    return f"{names.get(left, ''):>7} {left:>2} {middle} {right:<2} {names.get(right, '')}"
