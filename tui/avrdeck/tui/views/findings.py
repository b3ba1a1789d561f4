"""Findings as rows, and what a set of fuses adds up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from avrdeck.boards.labels import hz_label
from avrdeck.boards.models import Part
from avrdeck.boards.safety import Finding, Severity
from avrdeck.tui.draft import Draft
from avrdeck.tui.views.fuserows import place
from avrdeck.tui.views.ink import Pen, Row, clipped, heading, wrapped
from avrdeck.tui.views.status import clock_text

GRID_WIDTH = 72
"""From here on a finding's message stands beside its bits, below it under them."""
SUMMARY_WIDTH = 60
MARKS = {
    Severity.FATAL: ("× FATAL ", "error bold reverse"),
    Severity.RECOVERABLE: ("▲ RECOV", "warning bold"),
    Severity.WARNING: ("! WARN", "warning"),
    Severity.INFO: ("i INFO", "muted"),
}
NOUNS = {
    Severity.FATAL: ("fatal", "fatal"),
    Severity.RECOVERABLE: ("recoverable", "recoverable"),
    Severity.WARNING: ("warning", "warnings"),
    Severity.INFO: ("note", "notes"),
}


def counted(findings: Sequence[Finding]) -> str:
    """``1 fatal, 2 warnings``."""
    counts = Counter(found.severity for found in findings)
    words = [f"{n} {NOUNS[kind][n > 1]}" for kind, n in sorted(counts.items(), reverse=True)]
    return ", ".join(words) or "none"


def rows(findings: Sequence[Finding], part: Part, width: int) -> list[Row]:
    """The heading and every finding."""
    painted = [heading(width, "Findings", clipped(counted(findings), width - 12))]
    for found in findings:
        painted += _grid(found, part, width) if width >= GRID_WIDTH else _stacked(found, part, width)
    return painted


def _mark(pen: Pen, found: Finding) -> None:
    text, role = MARKS[found.severity]
    pen.put(text, role, at=1)


def where(found: Finding, part: Part) -> str:
    """The bits of a finding: ``hfuse 7``, ``efuse 2:0``."""
    fields = {f"{bits.memory}.{bits.name}": bits for bits in part.fields}
    places = [place(fields[name]) if name in fields else name for name in found.bits]
    return ", ".join(places[:2]) + (" …" if len(places) > 2 else "")


def advice(found: Finding) -> str:
    """What to do about it."""
    way_back = f"Way back: {found.recovery}" if found.recovery else ""
    return " ".join(text for text in (found.advice, way_back) if text)


def _grid(found: Finding, part: Part, width: int) -> list[Row]:
    column = 21
    message = wrapped(found.message, width - column - 6)
    pen = Pen(width)
    _mark(pen, found)
    pen.put(where(found, part)[: column - 11], "muted", at=10)
    pen.put(message[0], "bold" if found.severity is Severity.FATAL else "", at=column)
    pen.right(found.id, "disabled", margin=1)
    painted = [pen.row()]
    painted += [Pen(width).put(line, at=column).row() for line in message[1:]]
    for line in wrapped(advice(found), width - column - 2) if advice(found) else ():
        painted.append(Pen(width).put(line, "muted", at=column).row())
    return painted


def _stacked(found: Finding, part: Part, width: int) -> list[Row]:
    pen = Pen(width)
    _mark(pen, found)
    pen.put(where(found, part), "muted", at=10).right(found.id, "disabled", margin=1)
    painted = [pen.row()]
    role = "bold" if found.severity is Severity.FATAL else ""
    painted += [Pen(width).put(line, role, at=3).row() for line in wrapped(found.message, width - 4)]
    for line in wrapped(advice(found), width - 4) if advice(found) else ():
        painted.append(Pen(width).put(line, "muted", at=3).row())
    return painted


def summary(draft: Draft) -> list[tuple[str, str]]:
    """What the staged bytes add up to, as (label, text): clock, brown-out, boot section, EEPROM."""
    found = draft.decoded
    if found is None:
        return []
    lines = [("Clock", clock_text(found) or "as wired")]
    if found.bod:
        lines.append(("BOD", bod_text(found.bod, found.bod_volts)))
    if found.boot_start_byte is not None:
        lines.append(("Reset", f"boot 0x{found.boot_start_byte:04X}" if found.bootrst else "0x0000"))
    if found.eesave is not None:
        lines.append(("EEPROM", "kept" if found.eesave else "erased"))
    if found.max_sck_hz:
        lines.append(("SCK", f"≤ {hz_label(round(found.max_sck_hz, -3))}"))
    return lines


def bod_text(state: str, volts: float | None) -> str:
    """``2.7 V``, ``off``."""
    level = f"{volts:.1f} V" if volts is not None else ""
    return " ".join(word for word in (level, "" if state == "on" and level else state) if word)


def summary_row(draft: Draft, width: int) -> list[Row]:
    """The summary in as few rows as it needs; none in a narrow pane, whose neighbours say it too."""
    rows_: list[Row] = []
    if width < SUMMARY_WIDTH:
        return rows_
    pen = Pen(width, at=1)
    for label, text in summary(draft):
        length = len(label) + len(text) + 4
        if pen.at > 1 and pen.at + length > width:
            rows_.append(pen.row())
            pen = Pen(width, at=1)
        pen.put(f"{label} ", "muted").put(text).put("   ")
    return [*rows_, pen.row()] if pen.runs else rows_
