"""Text for a terminal of 80 columns: tables, wrapped lines, and words that are cut where they do not fit."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from textwrap import TextWrapper

WIDTH = 80
GAP = "  "


def cells(text: str) -> int:
    """How many columns ``text`` takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1


def cut(text: str, width: int) -> str:
    """``text``, with its end replaced by … where it is longer than ``width`` columns."""
    if cells(text) <= width:
        return text
    kept, room = "", width - 1
    for char in text[:WIDTH]:
        room -= _cells(char)
        if room < 0:
            break
        kept += char
    return f"{kept}…"


def table(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> list[str]:
    """A line a row, columns aligned; those in ``right`` at their right edge."""
    widths = [max(map(cells, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        padded = []
        for position, (text, width) in enumerate(zip(row, widths, strict=True)):
            space = " " * (width - cells(text))
            padded.append(space + text if position in right else text + space)
        lines.append(GAP.join(padded).rstrip())
    return lines


def wrapped(text: str, first: str = "", rest: str | None = None) -> list[str]:
    """``text`` in lines after ``first``; the further ones after ``rest``, by default as far in."""
    indent = " " * cells(first) if rest is None else rest
    fill = TextWrapper(WIDTH, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False)
    return fill.wrap(text) or [first.rstrip()]


def labelled(rows: Sequence[tuple[str, str]]) -> list[str]:
    """Lines of a label and what it says, which is wrapped beside it."""
    width = max(cells(label) for label, _ in rows) + len(GAP)
    return [line for label, text in rows for line in wrapped(text, f"{label:{width}}")]


def size_text(size: int) -> str:
    """A size in bytes for people: ``32 KiB``, ``64 B``."""
    return f"{size // 1024} KiB" if size and size % 1024 == 0 else f"{size} B"


def bit_picture(mask: int, byte: int | None = None) -> str:
    """The bits of ``mask`` in their places, ``..11 1010``: those of ``byte``, or x where there is none."""
    places = range(7, -1, -1)
    symbols = "x" * 8 if byte is None else f"{byte:08b}"
    shown = "".join(symbols[7 - place] if mask >> place & 1 else "." for place in places)
    return f"{shown[:4]} {shown[4:]}"
