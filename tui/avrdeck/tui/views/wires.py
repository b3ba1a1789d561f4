"""The wiring of a programmer to a target as a drawing of boxes and lines."""

from __future__ import annotations

from collections.abc import Collection

from avrdeck.boards.wiring import Plan
from avrdeck.jobs.doctor.model import CAPACITOR
from avrdeck.tui.views.ink import Pen, Row, clipped

LEAST_WIRE, USUAL_WIRE = 12, 18
"""Columns between the two boxes."""
CAPACITOR_PINS = ("RESET", "GND")
OPEN, MISSING = "◄ open?", "◄ missing"


def rows(plan: Plan, width: int, named: Collection[str] = ()) -> list[Row]:
    """Both boards with their pins and the wires between them; a list where there is no room for boxes.

    What is ``named``, signals or `CAPACITOR`, is marked as perhaps open, or as missing.
    """
    left = max(len(name) for name in (*(wire.programmer for wire in plan.wires), *CAPACITOR_PINS)) + 4
    right = max(len(wire.target) for wire in plan.wires) + 4
    gap = min(width - left - right - 2, USUAL_WIRE)
    if gap < LEAST_WIRE:
        return _listed(plan, width, named)
    target = 1 + left + gap
    head = clipped(f"{plan.programmer.name}, {plan.programmer.volts:g} V", target - 2)
    title = Pen(width).put(head, "bold", at=1).put(clipped(plan.title, width - target - 1), "bold", at=target)
    painted = [title.row(), _edge(width, left, "┌┐").put(_line(right, "┌┐"), "muted", at=target).row()]
    for wire in plan.wires:
        pen = _pin(width, wire.programmer, left).put("─" * gap, "disabled").put("┤", "muted")
        words, role = f" {wire.signal} ", "accent"
        if wire.signal in named:
            words, role = f"{words}{OPEN} "[:gap], "error bold"
        pen.put(words, role, at=1 + left + (gap - len(words)) // 2)
        painted.append(pen.put(wire.target, at=target + 2).put("│", "muted", at=target + right - 1).row())
    if not plan.capacitor:
        return [*painted, _edge(width, left, "└┘").put(_line(right, "└┘"), "muted", at=target).row()]
    painted.append(_side(width, left).put(_line(right, "└┘"), "muted", at=target).row())
    return [*painted, *_capacitor(width, left, missing=CAPACITOR in named)]


def _capacitor(width: int, left: int, *, missing: bool) -> list[Row]:
    """The capacitor between RESET and GND of the programmer, and the end of its box."""
    reset, ground = CAPACITOR_PINS
    plus = _side(width, left).put("─┴─ +", "accent", at=left + 2).put("10 µF", "accent bold", at=left + 9)
    return [
        _pin(width, reset, left).put("──┐", "accent").row(),
        plus.put(f"   {MISSING}" * missing, "error bold").row(),
        _side(width, left).put("─┬─", "accent", at=left + 2).row(),
        _pin(width, ground, left).put("──┘", "accent").row(),
        _edge(width, left, "└┘").row(),
    ]


def _line(size: int, corners: str) -> str:
    return corners[0] + "─" * (size - 2) + corners[1]


def _edge(width: int, left: int, corners: str) -> Pen:
    """The upper or lower edge of the programmer's box."""
    return Pen(width).put(_line(left, corners), "muted", at=1)


def _side(width: int, left: int) -> Pen:
    """The programmer's box where it has no pin."""
    return Pen(width).put("│", "muted", at=1).put("│", "muted", at=left)


def _pin(width: int, name: str, left: int) -> Pen:
    """A pin of the programmer, where a wire begins."""
    return _side(width, left).put(name, at=left - 1 - len(name)).put("├", "muted", at=left)


def _listed(plan: Plan, width: int, named: Collection[str]) -> list[Row]:
    """A line a wire."""
    head = clipped(f"{plan.programmer.name} to {plan.title}", width - 2)
    painted = [Pen(width).put(head, "bold", at=1).row()]
    for wire in plan.wires:
        suspect = wire.signal in named
        pen = Pen(width).put(wire.signal, "error bold" if suspect else "accent", at=1)
        pen.put(clipped(wire.programmer, 20), at=8).put("─", "disabled", at=29)
        mark = f"  {OPEN}" * suspect
        pen.put(clipped(wire.target, width - 32 - len(mark)), at=31)
        painted.append(pen.put(mark, "error bold").row())
    if plan.capacitor:
        pen = Pen(width).put("10 µF", "accent bold", at=1).put("RESET (+)", at=8).put("─", "disabled", at=29)
        mark = f"  {MISSING}" * (CAPACITOR in named)
        pen.put(clipped("GND of the programmer", width - 32 - len(mark)), at=31)
        painted.append(pen.put(mark, "error bold").row())
    return painted
