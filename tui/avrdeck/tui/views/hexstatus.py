"""What a hex view says of its bytes: in the status line, and of the one under the cursor."""

from __future__ import annotations

from pathlib import Path

from avrdeck.boards.models import Part
from avrdeck.tui.hexmodel import MAX_MATCHES, HexModel
from avrdeck.tui.views.ink import Pen, Row, clipped
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


def right(model: HexModel) -> list[Group]:
    """Matches of what was searched, differences, staged bytes."""
    groups: list[Group] = []
    if model.sought:
        count = len(model.matches)
        more = "+" if count == MAX_MATCHES else ""
        groups.append(((f"{count}{more} × {clipped(model.sought, MAX_SEARCH)}", "accent"),))
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


def readings(model: HexModel, address: int, width: int) -> list[Row]:
    """What the byte under the cursor is, in several readings."""
    byte = model.byte(address)
    page = f" page {address // model.page_size}" if model.paged else ""
    rows = [Pen(width).put("At ", "muted", at=1).put(f"{address:04X}{page}").rule().row()]
    signed = byte - 256 if byte > 127 else byte
    pen = Pen(width).put("u8 ", "muted", at=1).put(f"{byte:<5}").put("i8 ", "muted").put(f"{signed:<6}")
    rows.append(pen.put("bits ", "muted").put(f"{byte >> 4:04b} {byte & 15:04b}").row())
    if address + 1 < len(model.data):
        word = byte | model.byte(address + 1) << 8
        pen = Pen(width).put("u16 ", "muted", at=1).put(f"{word:<6}").put("word ", "muted").put(f"{word:04X}")
        if model.memory == "flash":
            pen.put("   at word ", "muted").put(f"{address // 2:04X}")
        rows.append(pen.row())
    return rows
