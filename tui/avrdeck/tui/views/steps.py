"""The steps of a job as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from avrdeck.tui.views.ink import Pen, Row, clipped


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


def rows(steps: Sequence[Step], width: int) -> list[Row]:
    """A line a step."""
    return [row for number, step in enumerate(steps, 1) for row in step_rows(number, step, width)]


def step_rows(number: int, step: Step, width: int) -> list[Row]:
    """The step's line."""
    sign, title = SIGNS[step.state]
    wide = width >= 64
    before_at, after_at = (24, 36) if wide else (20, 28)
    pen = Pen(width).put(step.state.value, sign, at=1).put(f"{number:2}", "disabled", at=3)
    pen.put(clipped(step.title, before_at - 7), title, at=6)
    if step.before:
        pen.put(clipped(step.before, after_at - before_at - 3), "muted", at=before_at)
        pen.put("→", "warning" if step.state is State.NOW else "disabled", at=after_at - 2)
    at = after_at if step.before or wide else before_at
    time = duration(step.seconds) if step.seconds is not None else ""
    room = width - at - len(time) - 2
    pen.put(clipped(step.after, room), "" if step.state is not State.SKIPPED else "disabled", at=at)
    if step.note and pen.at + 3 + len(step.note) + len(time) + 2 <= width:
        pen.put(f"   {step.note}", "muted")
    if time:
        pen.right(time, "muted", margin=1)
    return [pen.row(band=step.state is State.NOW, cursor=step.state is State.NOW)]


def duration(seconds: float) -> str:
    """``58 ms``, ``1.2 s``, ``2:05``."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def bar(pen: Pen, share: float, columns: int) -> None:
    """A progress bar, its empty part dotted."""
    full = round(max(0.0, min(share, 1.0)) * columns)
    pen.put("▄" * full, "accent").put("·" * (columns - full), "disabled")
