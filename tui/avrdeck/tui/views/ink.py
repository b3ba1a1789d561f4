"""Rows of styled text, painted cell by cell. Pure: a role names a colour, the theme gives it.

A role is a colour (`ROLES`) and attributes, in any order: ``"warning bold"``, ``"reverse"``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import zip_longest
from typing import NamedTuple

from rich.cells import cell_len, chop_cells, get_character_cell_size

from avrdeck.boards.text import printable

ROLES = ("text", "muted", "disabled", "accent", "success", "warning", "error")
"""The colours that a role may name; ``text`` is meant where none is named."""
ATTRIBUTES = frozenset({"bold", "reverse", "underline"})
RULE = "─"


class Targets:
    """What clicks on a run mean that has a meaning of its own in each column."""

    def at(self, column: int) -> object:
        """What a click on the run's ``column`` means."""
        raise NotImplementedError


class Run(NamedTuple):
    """Text from ``column`` on. ``target`` is what a click on it means, or `Targets` of its columns."""

    column: int
    text: str
    role: str = ""
    target: object = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line; ``band`` paints it on the panel colour. ``cursor`` marks the row to keep in sight."""

    runs: tuple[Run, ...] = ()
    band: bool = False
    cursor: bool = False

    @property
    def text(self) -> str:
        """The line without colours, as a reader sees it."""
        width = max((run.column + cell_len(run.text) for run in self.runs), default=0)
        return "".join(text for text, _ in cells(self, width)).rstrip()


@dataclass
class Pen:
    """Builds one row of ``width`` columns from left to right."""

    width: int
    at: int = 0
    runs: list[Run] = field(default_factory=list)

    def put(self, text: str, role: str = "", *, at: int | None = None, target: object = None) -> Pen:
        """Write ``text`` at column ``at``, or where the last text ended."""
        column = self.at if at is None else at
        text = printable(text)
        self.runs.append(Run(column, text, role, target))
        self.at = column + (len(text) if text.isascii() else cell_len(text))
        return self

    def right(self, text: str, role: str = "", *, margin: int = 0, target: object = None) -> Pen:
        """Write ``text`` so that it ends ``margin`` columns before the right edge."""
        return self.put(text, role, at=self.width - margin - cell_len(printable(text)), target=target)

    def rule(self, *, margin: int = 1) -> Pen:
        """Draw a thin line from here to the right edge."""
        length = self.width - margin - self.at - 1
        return self.put(RULE * length, "disabled", at=self.at + 1) if length > 0 else self

    def row(self, *, band: bool = False, cursor: bool = False) -> Row:
        """The finished row."""
        return Row(tuple(self.runs), band, cursor)


def cells(row: Row, width: int) -> list[tuple[str, str]]:
    """The row as ``width`` columns of (text, role); a wide character leaves an empty text after it."""
    line: list[tuple[str, str]] = [(" ", "")] * width
    for run in row.runs:
        column = run.column
        for character in run.text:
            size = get_character_cell_size(character)
            if size == 0:
                if 0 < column <= width:  # an accent joins the letter before it
                    line[column - 1] = (line[column - 1][0] + character, line[column - 1][1])
            elif column >= 0 and column + size <= width:
                line[column] = (character, run.role)
                if size == 2:
                    line[column + 1] = ("", run.role)
            column += size
    return line


def grouped(line: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Neighbouring cells of one role joined."""
    groups: list[tuple[str, str]] = []
    for text, role in line:
        _join(groups, text, role)
    return groups


def _join(groups: list[tuple[str, str]], text: str, role: str) -> None:
    """Add a text, to the one before it if that has the same role."""
    if groups and groups[-1][1] == role:
        groups[-1] = (groups[-1][0] + text, role)
    else:
        groups.append((text, role))


def pieces(row: Row, width: int) -> list[tuple[str, str]]:
    """The row as neighbouring (text, role), ``width`` columns in all: what `cells` and `grouped` give.

    Runs of plain characters side by side, as most rows have them, are taken as they are.
    """
    found: list[tuple[str, str]] = []
    at = 0
    for run in row.runs:
        end = run.column + len(run.text)
        if run.column < at or end > width or not _plain(run.text):
            return grouped(cells(row, width))
        if run.column > at:
            _join(found, " " * (run.column - at), "")
        if run.text:
            _join(found, run.text, run.role)
        at = end
    if at < width:
        _join(found, " " * (width - at), "")
    return found


@lru_cache(4096)
def _plain(text: str) -> bool:
    """Whether every character takes one column."""
    return all(get_character_cell_size(character) == 1 for character in text)


def target_at(row: Row, column: int) -> object:
    """What a click on ``column`` means: the target of the uppermost text there."""
    for run in reversed(row.runs):
        if run.column <= column < run.column + cell_len(run.text) and run.target is not None:
            return run.target.at(column - run.column) if isinstance(run.target, Targets) else run.target
    return None


def clipped(text: str, width: int) -> str:
    """``text`` made safe to show and cut to ``width`` columns, with an ellipsis where it was cut."""
    text = printable(text)
    if cell_len(text) <= width:
        return text
    kept = ""
    for character in text:
        if cell_len(kept + character) >= width:
            break
        kept += character
    return f"{kept}…"


def wrapped(text: str, width: int) -> list[str]:
    """``text`` in lines of at most ``width`` columns."""
    return list(_wrapped(text, width))


@lru_cache(256)
def _wrapped(text: str, width: int) -> list[str]:
    from textwrap import wrap

    text, room = printable(text), max(width, 10)
    if text.isascii() or cell_len(text) <= len(text):
        return wrap(text, room) or [""]
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if cell_len(longer) <= room:
            lines[-1] = longer
        else:
            lines += chop_cells(word, room)
    return lines if lines[0] else lines[1:]


def heading(width: int, title: str, rest: str = "") -> Row:
    """A group's title with a thin line to the right edge."""
    pen = Pen(width).put(title, "muted", at=1)
    if rest:
        pen.put(f" {rest}")
    return pen.rule().row()


def joined(groups: Iterable[Sequence[Row]], height: int | None) -> list[Row]:
    """The groups that have rows, a blank line between them where ``height`` has room for all of these."""
    there = [group for group in groups if group]
    airy = height is None or sum(map(len, there)) + len(there) - 1 <= height
    painted: list[Row] = []
    for group in there:
        painted += [Row(), *group] if airy and painted else group
    return painted


def beside(left: Sequence[Row], right: Sequence[Row], column: int) -> list[Row]:
    """Two columns of rows as one, the second from ``column`` on."""
    return [
        Row(
            (*one.runs, *(run._replace(column=run.column + column) for run in other.runs)),
            cursor=one.cursor or other.cursor,
        )
        for one, other in zip_longest(left, right, fillvalue=Row())
    ]


def plain_text(rows: Iterable[Row]) -> str:
    """Rows as text, for the clipboard."""
    return "\n".join(row.text for row in rows)
