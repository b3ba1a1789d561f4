"""The lower half of the backups: its title, and the byte by byte look at what it shows."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from avrdeck.jobs.backup.store import Listed
from avrdeck.protocol.errors import Fault
from avrdeck.tui.controllers import backing_up
from avrdeck.tui.controllers.backing_up import Pair
from avrdeck.tui.controllers.backupjob import BackupJob
from avrdeck.tui.widgets.outcome import Outcome

TITLES = {"take": "New backup", "compare": "Backup and chip", "restore": "Restore"}
"""What is told of, by the job."""


class BackupDetail(Vertical):
    """Tells of one backup, of a job under way or over, or of two contents side by side."""

    def __init__(self) -> None:
        super().__init__(id="backup-detail", classes="pane detail-pane")

    def compose(self) -> ComposeResult:
        """What is told."""
        yield Outcome()

    def on_mount(self) -> None:
        """Nothing is told yet."""
        self.call("Backup")

    @property
    def outcome(self) -> Outcome:
        """What is told."""
        return self.query_one(Outcome)

    def call(self, title: str) -> None:
        """Give it a title."""
        self.border_title = Content(title)

    def describe(self, found: Listed | None) -> None:
        """Tell what a backup is, and whether its every byte is as it was saved."""
        self.call("Backup")
        self.outcome.describe(found)
        if found and found.header:
            self.run_worker(self._check(found), group="check", exclusive=True)

    async def _check(self, found: Listed) -> None:
        backup, reason = None, ""
        try:
            backup = await backing_up.loaded(found.path)
        except Fault as fault:
            reason = getattr(fault, "reason", fault.title)
        if self.is_attached:
            self.outcome.checked(found, backup, reason)

    def run(self, job: BackupJob) -> None:
        """Tell of a job."""
        self.call(TITLES[job.what])
        self.outcome.run(job)

    def compare(self, pair: Pair) -> None:
        """Show two contents side by side, and take the keys."""
        self.call(f"Backup and {pair.second_name}" if pair.with_chip else "Two backups")
        self.outcome.compare(pair)
        self.outcome.focus()
