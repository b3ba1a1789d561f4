"""A gang's rows: painted over on a terminal, a line a step elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from avrdeck.boards.text import printable
from avrdeck.commands.outlets import Outlet
from avrdeck.commands.output import Output, PartialFault, TextOutput, fault_data
from avrdeck.jobs.gang import Row, Standing
from avrdeck.jobs.ledger import UNCHANGED
from avrdeck.protocol.errors import Cancelled

T = TypeVar("T")
REPAINT_SECONDS = 0.1
"""Repainting more often slows the wire of a remote terminal."""
BAR_CELLS = 16
PORT_CELLS = 24
SIGNS = {
    Standing.CONNECTING: "…",
    Standing.WORKING: "►",
    Standing.DONE: "✓",
    Standing.FAILED: "✗",
}


class GangFault(PartialFault):
    """Some ports failed."""


class GangStopped(PartialFault, Cancelled):
    """The user stopped it before all ports were over."""


@dataclass(frozen=True, slots=True)
class Wording(Generic[T]):
    """How the result of a port is told: in ``words``, and as ``data`` for programs.

    ``advice`` is what to do about chips that were changed and not brought to the end.
    """

    words: Callable[[T], str]
    data: Callable[[T], dict[str, object]]
    advice: str = ""


class Lines:
    """A line whenever a port begins another step or is over."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._told: dict[str, tuple[Standing, str]] = {}

    def show(self, row: Row[Any]) -> None:
        """Tell what is new of ``row``."""
        new = row.standing, row.step
        if self._told.get(row.port) != new:
            self._told[row.port] = new
            self._out.note(f"  {SIGNS[row.standing]} {printable(row.port)}: {_words(row)}")

    def end(self) -> None:
        """Nothing is left open."""


class Table:
    """All rows, painted over in place."""

    def __init__(self, stream: Outlet) -> None:
        self._stream = stream
        self._rows: dict[str, Row[Any]] = {}
        self._height = 0
        self._painted = 0.0

    def show(self, row: Row[Any]) -> None:
        """Take ``row`` in, and paint unless the last painting is too fresh."""
        old = self._rows.get(row.port)
        self._rows[row.port] = row
        now = time.monotonic()
        if old is None or old.standing is not row.standing or now - self._painted >= REPAINT_SECONDS:
            self._painted = now
            self._paint()

    def end(self) -> None:
        """Paint the last state."""
        if self._rows:
            self._paint()

    def _paint(self) -> None:
        width = shutil.get_terminal_size().columns - 1
        up = f"\x1b[{self._height}F" if self._height else ""
        lines = [f"\x1b[2K{row_text(row)[:width]}\n" for row in self._rows.values()]
        self._stream.write(up + "".join(lines))
        self._stream.flush()
        self._height = len(lines)


def view(out: Output) -> Lines | Table:
    """What suits the output: a table where it is a terminal of its own."""
    errors = Outlet(sys.stderr)
    return Table(errors) if isinstance(out, TextOutput) and errors.isatty() else Lines(out)


def row_text(row: Row[Any]) -> str:
    """``► /dev/ttyACM0  ████░░░░  52%  ATmega328P L0B6KJ-69-08-26  write 512 bytes``."""
    share = row.done / row.total if row.total else float(row.standing is Standing.DONE)
    full = round(share * BAR_CELLS)
    bar = "█" * full + "░" * (BAR_CELLS - full)
    return f"{SIGNS[row.standing]} {printable(row.port):{PORT_CELLS}} {bar} {share:4.0%}  {_words(row)}"


def tell(out: Output, rows: Sequence[Row[T]], wording: Wording[T], *, stopped: bool) -> None:
    """The rows as the result; raises a `PartialFault` with every row when one has failed or was stopped."""
    text, told = table_text(rows, wording.words), {"ports": rows_data(rows, wording.data)}
    failed = [row.fault for row in rows if row.fault]
    advice = wording.advice if any(fault.holds not in {"", UNCHANGED} for fault in failed) else ""
    if stopped:
        title = f"Stopped, with {len(rows) - len(failed)} of {len(rows)} ports done"
        raise GangStopped(title, told, detail=text, advice=advice)
    if failed:
        raise GangFault(f"{len(failed)} of {len(rows)} ports failed", told, detail=text, advice=advice)
    out.result(text, told)


def table_text(rows: Sequence[Row[T]], words: Callable[[T], str]) -> str:
    """The rows when they are over, each with what ``words`` says of its result or with its fault."""

    def told(row: Row[T]) -> str:
        return str(row.fault) if row.fault or row.result is None else words(row.result)

    return "\n".join(f"{SIGNS[row.standing]} {printable(row.port):{PORT_CELLS}} {told(row)}" for row in rows)


def rows_data(rows: Sequence[Row[T]], data: Callable[[T], dict[str, object]]) -> list[dict[str, object]]:
    """Every row for programs: what ``data`` says of its result, or its fault."""

    def told(row: Row[T]) -> dict[str, object]:
        if row.result is not None:
            return {"port": row.port, "fault": None, **data(row.result)}
        fault = fault_data(row.fault) if row.fault else None
        return {"port": row.port, "fault": fault, "chip": row.chip, "serial_number": row.serial or None}

    return [told(row) for row in rows]


def _words(row: Row[Any]) -> str:
    serial = f"No. {printable(row.serial)}" if row.serial else ""
    if row.fault:
        step = row.fault.title
    else:
        step = "done" if row.standing is Standing.DONE else row.step or row.standing.value
    return "  ".join(text for text in (row.chip, serial, step) if text)
