"""Under the list of backups: what the chosen one is, the steps of a job, or two of them compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.message import Message
from textual.reactive import reactive

from avrdeck.jobs.backup.model import Backup
from avrdeck.jobs.backup.store import Listed
from avrdeck.jobs.events import Event, StepStarted
from avrdeck.tui.actions import Scope, bindings
from avrdeck.tui.controllers.backing_up import Pair
from avrdeck.tui.controllers.skipping import Skip
from avrdeck.tui.controllers.steplog import StepLog
from avrdeck.tui.views import backups, steps
from avrdeck.tui.views.ink import Pen, Row, wrapped
from avrdeck.tui.views.steps import State, Step
from avrdeck.tui.widgets.sheet import Sheet

TITLES = {
    "identity": "Identity, fuses",
    "contents": "Memories",
    "backup": "Backup",
    "keep": "Keep EEPROM",
    "erase": "Chip erase",
    "flash": "Write flash",
    "verify": "Verify flash",
    "eeprom": "EEPROM",
    "restart": "Leave, re-enter",
    "revert": "Undo",
}
"""Steps by name, as far as they have one; what they say stands beside it."""


class Outcome(Sheet, can_focus=True):
    """Shows the last of what it was told; the cursor walks over compared memories."""

    scope = Scope.COMPARED
    BINDINGS = bindings(Scope.COMPARED)
    cursor: reactive[int] = reactive(0)

    @dataclass
    class Opened(Message):
        """The user wants to see the difference of a memory."""

        pair: Pair
        memory: str

    @dataclass
    class Left(Message):
        """The user wants back to the list."""

    def __init__(self) -> None:
        super().__init__(id="backup-outcome")
        self.listed: Listed | None = None
        self.backup: Backup | None = None
        self.problem = ""
        self.pair: Pair | None = None
        self.job: StepLog | None = None
        self.skip: Skip | None = None
        self.said = ""

    # -- what to show -----------------------------------------------------

    def describe(self, listed: Listed | None) -> None:
        """Show a backup, as far as its manifest tells."""
        self.listed, self.backup, self.problem, self.pair, self.job, self.said = (
            listed,
            None,
            "",
            None,
            None,
            "",
        )
        self.repaint()

    def checked(self, listed: Listed, backup: Backup | None, problem: str = "") -> None:
        """Show that its every byte was looked at, if it is still the one that is shown."""
        if self.listed and self.listed.path == listed.path:
            self.backup, self.problem = backup, problem
            self.repaint()

    def run(self, log: StepLog, skip: Skip) -> None:
        """Show the steps of a job."""
        self.pair, self.said, self.job, self.skip = None, "", log, skip
        self.repaint()

    def take(self, event: Event) -> None:
        """What a job tells; a step that was not foreseen is added under its name."""
        if self.job is None or self.skip is None:
            return
        self.skip.watch(event)
        if isinstance(event, StepStarted) and event.step not in self.job.keys:
            title = TITLES.get(event.step, f"Write {event.step}")
            self.job.steps.append(Step(event.step, title, event.text))
        self.job.event(event)

    def say(self, text: str) -> None:
        """Show what came of it, below the steps."""
        self.said = text
        self.repaint()

    def compare(self, pair: Pair) -> None:
        """Show two contents side by side, the cursor on the first memory that differs and can be opened."""
        self.job, self.said, self.pair = None, "", pair
        memories = pair.comparison.memories
        differing = [n for n, one in enumerate(memories) if one.ranges and backups.openable(pair, one)]
        self.cursor = differing[0] if differing else 0
        self.repaint()

    def paint(self, width: int) -> Sequence[Row]:
        """The one of them that was told last."""
        if self.pair:
            return backups.compared(self.pair, self.cursor if self.has_focus else None, width)
        if self.job:
            return [*self._steps(self.job, width), *self._said(width)]
        if self.listed:
            return [*backups.details(self.listed, self.backup, self.problem, width), *self._said(width)]
        return self._said(width)

    def _steps(self, log: StepLog, width: int) -> list[Row]:
        rows: list[Row] = []
        for number, step in enumerate(log.steps, 1):
            rows += steps.step_rows(number, step, width, before=False)
            if step.state is State.NOW:
                rows += steps.progress_rows(log.progress, log.rate, log.seconds_left, width)
        if self.skip and self.skip.running:
            rows += steps.skip_rows(width, wanted=self.skip.wanted)
        return rows

    def _said(self, width: int) -> list[Row]:
        lines = wrapped(self.said, width - 2) if self.said else []
        return [Row(), *(Pen(width).put(line, "bold", at=1).row() for line in lines)] if lines else []

    # -- keys -------------------------------------------------------------

    def watch_cursor(self) -> None:
        """Show the cursor where it is."""
        self.repaint()

    def on_focus(self) -> None:
        """Show the cursor, once it is known that the focus is here."""
        self.call_after_refresh(self.repaint)

    def on_blur(self) -> None:
        """Hide the cursor."""
        self.call_after_refresh(self.repaint)

    def action_move(self, step: int) -> None:
        """The next memory, or the one before."""
        if self.pair:
            self.cursor = max(0, min(self.cursor + step, len(self.pair.comparison.memories) - 1))

    def action_open(self) -> None:
        """Open the memory's difference."""
        if self.pair is None:
            return
        one = self.pair.comparison.memories[self.cursor]
        if backups.openable(self.pair, one):
            self.post_message(self.Opened(self.pair, one.memory))
        else:
            self.notify(f"{one.memory} is told in full here.", markup=False)

    def action_leave(self) -> None:
        """Back to the list."""
        self.post_message(self.Left())

    def on_sheet_clicked(self, event: Sheet.Clicked) -> None:
        """Go to the memory that was clicked; a second click opens it."""
        event.stop()
        if isinstance(event.target, int):
            again, self.cursor = event.target == self.cursor, event.target
            if again:
                self.action_open()
