"""Wiring of programmers to targets: pin tables, levels, advice, and a drawing of it."""

from avrdeck.boards.wiring.drawing import draw
from avrdeck.boards.wiring.plan import Plan, UnknownWiringError, Wire, find_programmer, find_target, plan
from avrdeck.boards.wiring.tables import Programmer, Target, programmers, targets

__all__ = [
    "Plan",
    "Programmer",
    "Target",
    "UnknownWiringError",
    "Wire",
    "draw",
    "find_programmer",
    "find_target",
    "plan",
    "programmers",
    "targets",
]
