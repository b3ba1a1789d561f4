"""What the backups need of the wire: asked of the app, shown, stopped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from textual.message import Message
from textual.screen import Screen

from avrdeck.jobs.questions import Ask
from avrdeck.protocol.errors import UsageFault
from avrdeck.tui import messages
from avrdeck.tui.closing import Closing
from avrdeck.tui.controllers.backupjob import BackupJob
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.widgets.backupdetail import BackupDetail
from avrdeck.tui.widgets.backuplist import BackupList


class BackupJobs(Closing, Screen[None]):
    """One job at a time with the backup that is chosen, or with a new one."""

    @dataclass
    class Asked(Message):
        """The user wants a job on the wire: ``take``, ``compare`` or ``restore``."""

        screen: BackupJobs
        job: str

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.job: BackupJob | None = None
        self.told_at: Path | None = None
        self.moved = False

    @property
    def running(self) -> bool:
        """Whether a job is under way."""
        return self.job is not None and self.job.running

    @property
    def table(self) -> BackupList:
        """The list."""
        return self.query_one(BackupList)

    @property
    def detail(self) -> BackupDetail:
        """What stands below it."""
        return self.query_one(BackupDetail)

    def move(self) -> None:
        """Something is different: show it at the next look."""
        self.moved = True

    def ask(self, job: str) -> None:
        """Ask for a job, where there is a chip for it; else what is told of a backup stays."""
        if self.session.connected:
            self.post_message(self.Asked(self, job))
        else:
            fault = UsageFault("No programmer is connected", advice="Connect it with x on the deck.")
            self.post_message(messages.Failed(fault))

    async def run_job(self, what: str, ask: Ask) -> None:
        """Do what was asked, unless the screen was left; a fault is raised after the steps show it."""
        if self.left:
            return
        job = self.job = BackupJob(self.session, what, self.table.chosen, self.move)
        self.detail.run(job)
        await job.run(ask)
        if self.left:
            return
        if job.pair:
            self.detail.compare(job.pair)
        before = len(self.table.listed)
        await self.table.reload()
        if what == "take" and len(self.table.listed) > before:
            self.table.cursor = 0
        self.told_at = self.table.chosen

    def action_take(self) -> None:
        """Save the chip now."""
        self.ask("take")

    def action_restore(self) -> None:
        """Bring the chip back to the backup."""
        self.ask("restore")

    def action_skip(self) -> None:
        """Proceed without the rest of a running backup."""
        if self.job:
            self.job.skip.ask()
        self.move()

    async def action_leave(self) -> None:
        """Back to the deck; what runs is stopped first."""
        if self.running:
            await self.run_action("app.stop_job")
        else:
            self.dismiss(None)
