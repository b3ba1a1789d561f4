"""The frame of a pane as rows: its title above, words on its lower edge."""

from __future__ import annotations

from functools import lru_cache

from rich.cells import cell_len

from avrdeck.tui.views.ink import Pen, Row, clipped

THIN, HEAVY = tuple("┌─┐│└┘"), tuple("┏━┓┃┗┛")
BESIDE = 6
"""Columns of an edge that are left beside its words: corners, a bit of line, blanks."""


@lru_cache(64)
def rows(width: int, title: str, subtitle: str, *, active: bool) -> tuple[Row, Row, Row]:
    """The upper edge, a line between, and the lower edge; heavy where the focus is. Their runs fill them."""
    left, level, right, upright, low_left, low_right = HEAVY if active else THIN
    edge = "accent" if active else "disabled"
    title, subtitle = _words(title, width), _words(subtitle, width)
    upper, lower = Pen(width).put(left, edge), Pen(width).put(low_left, edge)
    if title:
        upper.put(level, edge).put(title, "accent bold" if active else "muted")
    upper.put(level * (width - 1 - upper.at), edge).put(right, edge)
    if subtitle:
        lower.put(level * (width - 3 - cell_len(subtitle)), edge)
        lower.put(subtitle, "accent" if active else "muted")
    lower.put(level * (width - 1 - lower.at), edge).put(low_right, edge)
    between = Pen(width).put(upright, edge).put(" " * (width - 2)).put(upright, edge)
    return upper.row(), between.row(), lower.row()


def _words(text: str, width: int) -> str:
    return f" {clipped(text, width - BESIDE)} " if text and width > BESIDE else ""
