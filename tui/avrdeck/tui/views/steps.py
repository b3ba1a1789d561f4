"""The steps of a job as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from rich.cells import cell_len

from avrdeck.boards.text import printable
from avrdeck.jobs.events import Countdown
from avrdeck.protocol.target.progress import Progress
from avrdeck.tui.views.ink import Pen, Row, clipped, wrapped


class State(Enum):
    """How far a step is; the value is its sign."""

    WAITING = "○"
    NOW = "►"
    DONE = "✓"
    FAILED = "×"
    SKIPPED = "-"


SIGNS = {
    State.WAITING: ("muted", "muted"),
    State.NOW: ("accent bold", "bold"),
    State.DONE: ("success", "muted"),
    State.FAILED: ("error bold", "error bold"),
    State.SKIPPED: ("disabled", "disabled"),
}


@dataclass
class Step:
    """One step. ``before`` and ``after`` say what it changes, ``note`` how; ``seconds`` is what it took."""

    key: str
    title: str
    after: str = ""
    before: str = ""
    note: str = ""
    state: State = State.WAITING
    seconds: float | None = None
    began: float | None = None


WIDE = 64
BEFORE_AND_AFTER = {True: (24, 36), False: (20, 28)}
"""Columns of what a step changes and into what, by whether there is much room."""


def header(width: int) -> Row:
    """What the columns of `step_rows` are."""
    before_at, after_at = BEFORE_AND_AFTER[width >= WIDE]
    pen = Pen(width).put("step", "disabled", at=6).put("before", "disabled", at=before_at)
    return pen.put("after", "disabled", at=after_at).right("time", "disabled", margin=1).row()


def rows(steps: Sequence[Step], width: int) -> list[Row]:
    """A line a step."""
    return [row for number, step in enumerate(steps, 1) for row in step_rows(number, step, width)]


def step_rows(number: int, step: Step, width: int, *, before: bool = True) -> list[Row]:
    """The step's lines; without ``before`` no step of the job says what it changes from."""
    sign, title = SIGNS[step.state]
    before_at, after_at = BEFORE_AND_AFTER[width >= WIDE]
    pen = Pen(width).put(step.state.value, sign, at=1).put(f"{number:2}", "disabled", at=3)
    pen.put(clipped(step.title, before_at - 7), title, at=6)
    time = duration(step.seconds) if step.seconds is not None else ""
    end = width - len(time) - 2
    at, after = after_at, step.after
    if step.before and before_at + cell_len(step.before) < after_at - 2:
        pen.put(step.before, "muted", at=before_at)
        pen.put("→", "warning" if step.state is State.NOW else "disabled", at=after_at - 2)
    elif step.before:
        at, after = before_at, f"{step.before} → {step.after}"
    elif not before or width < WIDE or after_at + cell_len(printable(after)) > end:
        at = before_at
    role = "disabled" if step.state is State.SKIPPED else ""
    first, *more = wrapped(after, end - at)
    pen.put(first, role, at=at)
    if step.note and not more and pen.at + 3 + cell_len(printable(step.note)) <= end:
        pen.put(f"   {step.note}", "muted")
    if time:
        pen.right(time, "muted", margin=1)
    now = step.state is State.NOW
    rest = [Pen(width).put(line, role, at=at).row(band=now) for line in more]
    return [pen.row(band=now, cursor=now), *rest]


def countdown_rows(countdown: Countdown | None, width: int) -> list[Row]:
    """What the person has to do with the board, and in how many seconds."""
    if countdown is None:
        return []
    seconds = f" {countdown.seconds} s " if countdown.seconds else " now "
    pen = Pen(width).put(seconds, "warning bold reverse", at=6)
    return [pen.put(f" {clipped(countdown.text, width - pen.at - 2)}", "bold").row()]


def progress_rows(progress: Progress | None, rate: float | None, left: float | None, width: int) -> list[Row]:
    """How far a transfer is: a bar, then bytes, ``rate`` in bytes a second, and the seconds ``left``."""
    if progress is None:
        return []
    share = progress.done / progress.total if progress.total else 1.0
    pen = Pen(width, at=6)
    bar(pen, share, max(width - 16, 10))
    pen.right(f"{share:.0%}", "bold", margin=1)
    line = Pen(width).put(f"{progress.done} of {progress.total} bytes", at=6)
    if rate:
        line.put(f"   {rate / 1024:.2f} KiB/s")
    if left is not None:
        line.put(f"   {duration(left)} left", "bold")
    return [pen.row(), line.row()]


def skip_rows(width: int, *, wanted: bool) -> list[Row]:
    """The key that leaves out the rest of a running backup, or that it was pressed."""
    pen = Pen(width, at=6)
    if wanted:
        return [pen.put("the rest of the backup is left out", "warning").row()]
    return [pen.put("p", "accent bold").put(" proceeds without the rest of the backup", "muted").row()]


def duration(seconds: float) -> str:
    """``58 ms``, ``1.2 s``, ``2:05``."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def bar(pen: Pen, share: float, columns: int) -> None:
    """A progress bar, its empty part dotted."""
    full = round(max(0.0, min(share, 1.0)) * columns)
    pen.put("▄" * full, "accent").put("·" * (columns - full), "disabled")
