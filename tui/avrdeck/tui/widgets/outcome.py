"""Under the list of backups: what the chosen one is, the steps of a job, or two of them compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.message import Message
from textual.reactive import reactive

from avrdeck.jobs.backup.comparing import Compared
from avrdeck.jobs.backup.model import Backup
from avrdeck.jobs.backup.store import Listed
from avrdeck.tui.actions import Scope, bindings
from avrdeck.tui.controllers.backing_up import Pair
from avrdeck.tui.controllers.backupjob import BackupJob
from avrdeck.tui.offering import Offering
from avrdeck.tui.views import backups, steps
from avrdeck.tui.views.ink import Pen, Row, heading, wrapped
from avrdeck.tui.views.steps import State
from avrdeck.tui.widgets.sheet import Sheet


class Outcome(Offering, Sheet, can_focus=True):
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
        self.job: BackupJob | None = None

    # -- what to show -----------------------------------------------------

    def describe(self, listed: Listed | None) -> None:
        """Show a backup, as far as its manifest tells."""
        self.listed, self.backup, self.problem = listed, None, ""
        self.pair = self.job = None
        self.repaint()

    def checked(self, listed: Listed, backup: Backup | None, problem: str = "") -> None:
        """Show that its every byte was looked at, if it is still the one that is shown."""
        if self.listed and self.listed.path == listed.path:
            self.backup, self.problem = backup, problem
            self.repaint()

    def run(self, job: BackupJob) -> None:
        """Show a job: its steps, and what came of it."""
        self.pair, self.job = None, job
        self.repaint()

    def compare(self, pair: Pair) -> None:
        """Show two contents side by side, the cursor on the first memory that differs and can be opened."""
        self.job, self.pair = None, pair
        memories = pair.comparison.memories
        differing = [n for n, one in enumerate(memories) if one.ranges and backups.openable(pair, one)]
        self.cursor = differing[0] if differing else 0
        self.repaint()

    def paint(self, width: int) -> Sequence[Row]:
        """The one of them that was told last."""
        if self.pair:
            return backups.compared(self.pair, self.cursor if self.has_focus else None, width)
        if self.job:
            return _job(self.job, width)
        return backups.details(self.listed, self.backup, self.problem, width) if self.listed else []

    # -- keys -------------------------------------------------------------

    def watch_cursor(self) -> None:
        """Show the cursor where it is."""
        self.repaint()

    def action_move(self, step: int) -> None:
        """The next memory, or the one before."""
        if self.pair:
            self.cursor = max(0, min(self.cursor + step, len(self.pair.comparison.memories) - 1))

    def works(self, verb: str) -> bool:
        """See `Offering.works`."""
        if verb == "open":
            return self.pair is not None and backups.openable(self.pair, self._here(self.pair))
        return verb != "move" or self.pair is not None

    def _here(self, pair: Pair) -> Compared:
        """The memory under the cursor."""
        return pair.comparison.memories[self.cursor]

    def action_open(self) -> None:
        """Open the memory's difference."""
        if self.pair:
            self.post_message(self.Opened(self.pair, self._here(self.pair).memory))

    def action_leave(self) -> None:
        """Back to the list."""
        self.post_message(self.Left())

    def on_sheet_clicked(self, event: Sheet.Clicked) -> None:
        """Go to the memory that was clicked; a second click opens it."""
        event.stop()
        if isinstance(event.target, int):
            again, self.cursor = event.target == self.cursor, event.target
            if again and self.works("open"):
                self.action_open()


def _job(job: BackupJob, width: int) -> list[Row]:
    """Its steps; once it is over, first what came of it: there may be no room for both."""
    painted, told = _steps(job, width), _told(job, width)
    above, below = (painted, told) if job.running else (told, painted)
    return [*above, Row(), *below] if above and below else [*above, *below]


def _steps(job: BackupJob, width: int) -> list[Row]:
    log, rows = job.log, list[Row]()
    for number, step in enumerate(log.steps, 1):
        rows += steps.step_rows(number, step, width, before=False)
        if step.state is State.NOW:
            rows += steps.progress_rows(log.progress, log.rate, log.seconds_left, width)
    return [*rows, *steps.skip_rows(width, wanted=job.skip.wanted)] if job.skip.running else rows


def _told(job: BackupJob, width: int) -> list[Row]:
    """What the chip holds, as long as that is not as planned; at the end what came of it."""
    if job.holds:
        title = heading(width, "If you stop now" if job.running else "The chip")
        return [title, *(Pen(width).put(line, at=1).row() for line in wrapped(job.holds, width - 2))]
    lines = wrapped(job.said, width - 2) if job.said else []
    return [Pen(width).put(line, "bold", at=1).row() for line in lines]
