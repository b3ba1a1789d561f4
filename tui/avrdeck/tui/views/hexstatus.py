"""What the status line of a hex view says."""

from __future__ import annotations

from pathlib import Path

from avrdeck.boards.models import Part
from avrdeck.tui.hexmodel import HexModel
from avrdeck.tui.views.status import Group

MAX_SEARCH = 24
"""Columns of what was searched."""


def left(model: HexModel, part: Part | None) -> list[Group]:
    """Whose bytes they are, of which memory, beside what."""
    whose = model.source or (part.name if part else "")
    groups: list[Group] = [(("avrdeck", "bold"),)]
    groups.append(((whose, "bold"), (" hex ", "muted"), (model.memory, "bold")))
    if model.other:
        groups.append((("against ", "muted"), (Path(model.other.file).name, "")))
    return groups


def right(model: HexModel, search: str) -> list[Group]:
    """Matches of ``search``, differences, staged bytes."""
    groups: list[Group] = []
    if search:
        groups.append(((f"{len(model.matches)} × {search[:MAX_SEARCH]}", "accent"),))
    if model.differing:
        count = len(model.differing)
        words = f"≠ {model.different_bytes} B in {count} range{'s' * (count != 1)}"
        groups.append(((words, "warning bold"),))
    elif model.other:
        groups.append((("✓ ", "success"), ("no difference", "")))
    if model.staged:
        groups.append(((f"◆ {len(model.staged)} staged", "warning bold"),))
    return groups


def place(model: HexModel, address: int, *, editing: bool) -> str:
    """Where the cursor is: ``typing over, esc ends · difference 2 of 5 · 00F4 of 7FFF``."""
    index = model.difference_at(address)
    words = ["typing over, esc ends"] if editing else []
    if index is not None:
        words.append(f"difference {index + 1} of {len(model.differing)}")
    return " · ".join([*words, f"{address:04X} of {len(model.data) - 1:04X}"])
