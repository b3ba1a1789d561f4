"""The backups: a table, what the chosen one is, compared with the chip or another, restored step by step."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import Screen

from avrdeck.jobs.backup.model import CONTENTS
from avrdeck.jobs.backup.store import Listed
from avrdeck.jobs.questions import Ask
from avrdeck.protocol.errors import Fault
from avrdeck.tui import messages
from avrdeck.tui.actions import Action, Scope, bindings
from avrdeck.tui.closing import Closing
from avrdeck.tui.controllers import backing_up
from avrdeck.tui.controllers.backing_up import Pair
from avrdeck.tui.controllers.backupjob import BackupJob
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.offering import Offering
from avrdeck.tui.screens.dialogs import ConfirmScreen
from avrdeck.tui.screens.hexview import HexScreen
from avrdeck.tui.telling import Telling
from avrdeck.tui.views import status
from avrdeck.tui.widgets.backuplist import BackupList
from avrdeck.tui.widgets.chrome import Footer, StatusBar
from avrdeck.tui.widgets.outcome import Outcome

REPAINT_SECONDS = 0.1
LOW = 30
TITLES = {"take": "New backup", "compare": "Backup and chip", "restore": "Restore"}
"""What is told of, by the job."""


class BackupsScreen(Telling, Closing, Offering, Screen[None]):
    """Takes, compares, restores and deletes backups."""

    CSS_PATH = "lists.tcss"
    AUTO_FOCUS = "#backup-table"
    scope = Scope.BACKUPS
    BINDINGS = bindings(Scope.BACKUPS)

    @dataclass
    class Asked(Message):
        """The user wants a job on the wire: ``take``, ``compare`` or ``restore``."""

        screen: BackupsScreen
        job: str

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.job: BackupJob | None = None
        self._told_at: Path | None = None
        self._moved = False

    def compose(self) -> ComposeResult:
        """Status, table, what is told, footer."""
        yield StatusBar()
        with Vertical(classes="pane list-pane") as box:
            box.border_title = Content("Backups")
            yield BackupList()
        with Vertical(classes="pane detail-pane", id="backup-detail") as box:
            box.border_title = Content("Backup")
            yield Outcome()
        yield Footer((Scope.BACKUPS,), self._word)

    @property
    def running(self) -> bool:
        """Whether a job of this screen is under way."""
        return self.job is not None and self.job.running

    @property
    def table(self) -> BackupList:
        """The list."""
        return self.query_one(BackupList)

    @property
    def outcome(self) -> Outcome:
        """What stands below it."""
        return self.query_one(Outcome)

    async def on_mount(self) -> None:
        """List them, and show progress from now on."""
        self.set_interval(REPAINT_SECONDS, self._tick)
        await self.table.reload()
        self._describe()

    def _move(self) -> None:
        self._moved = True

    def _tick(self) -> None:
        if self._moved or self.running:
            self._moved = False
            self._show()

    def _show(self) -> None:
        self.outcome.repaint()
        self.query_one(Footer).repaint()
        narrow = self.size.width < 100
        self.query_one(StatusBar).show(status.left(self.session, narrow), status.right(self.session, narrow))

    def _title(self, text: str) -> None:
        self.query_one("#backup-detail", Vertical).border_title = Content(text)

    def on_resize(self, event: events.Resize) -> None:
        """What is told needs more room than the list."""
        self.set_class(event.size.height < LOW, "-low")

    # -- keys -------------------------------------------------------------

    def works(self, verb: str) -> bool:
        """See `Offering.works`: one thing at a time, and on a backup that can be used."""
        match verb:
            case "leave":
                return True
            case "skip":
                return self.job is not None and self.job.skip.possible
            case "take":
                return not self.running
            case "delete":
                return not self.running and self.table.here is not None
        return not self.running and self.table.chosen is not None

    @property
    def leaving(self) -> str:
        """See `Offering.leaving`."""
        return "stop" if self.running else ""

    def _word(self, action: Action) -> str:
        return (self.outcome if action.scope is Scope.COMPARED else self).word(action)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The keys are those of what has the focus."""
        inside = isinstance(event.widget, Outcome)
        self.query_one(Footer).show((Scope.COMPARED,) if inside else (Scope.BACKUPS,))

    def on_table_moved(self) -> None:
        """Tell what the backup is; the steps of a job stay until another backup is looked at."""
        if not self.running and self.table.chosen != self._told_at:
            self._describe()

    def on_outcome_left(self) -> None:
        """Back to the list."""
        self.table.focus()

    async def action_leave(self) -> None:
        """Back to the deck; what runs is stopped first."""
        if self.running:
            await self.run_action("app.stop_job")
        else:
            self.dismiss(None)

    # -- one backup -------------------------------------------------------

    def _describe(self) -> None:
        found, self._told_at = self.table.here, None
        self._title("Backup")
        self.outcome.describe(found)
        self._move()
        if found and found.header:
            self.run_worker(self._check(found), group="check", exclusive=True)

    async def _check(self, found: Listed) -> None:
        """Look at every byte of it."""
        backup, reason = None, ""
        try:
            backup = await backing_up.loaded(found.path)
        except Fault as fault:
            reason = getattr(fault, "reason", fault.title)
        if not self.left:
            self.outcome.checked(found, backup, reason)

    def action_mark(self) -> None:
        """Mark the backup, or take the mark away."""
        self.table.mark()

    def action_open(self) -> None:
        """Look at the bytes of the backup."""
        if path := self.table.chosen:
            self.run_worker(self._open(path), group="open", exclusive=True)

    async def _open(self, path: Path) -> None:
        try:
            backup = await backing_up.loaded(path)
        except Fault as fault:
            self.post_message(messages.Failed(fault))
            return
        memory = next((name for name in CONTENTS if name in backup.memories), None)
        if memory:
            self.app.push_screen(HexScreen(self.session, memory, model=backing_up.model(backup, memory)))
        else:
            self.notify("It holds neither flash nor EEPROM.", markup=False)

    def action_delete(self) -> None:
        """Delete the backup, after a confirmation."""
        found = self.table.here
        if found is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.run_worker(self._delete(found), group="delete")

        self.app.push_screen(ConfirmScreen(f"Delete {found.path.name}?", self.table.loss(found)), answered)

    async def _delete(self, found: Listed) -> None:
        try:
            await self.table.delete(found)
        except Fault as fault:
            self.post_message(messages.Failed(fault))
        if not self.left:
            self._describe()

    # -- two of them ------------------------------------------------------

    def action_compare(self) -> None:
        """Compare with the marked backup, else with the chip."""
        first, second = self.table.other, self.table.chosen
        if first and second:
            self.run_worker(self._compare(first, second), group="compare", exclusive=True)
        else:
            self.post_message(self.Asked(self, "compare"))

    async def _compare(self, first: Path, second: Path) -> None:
        try:
            self._compared(await backing_up.with_each_other(first, second))
        except Fault as fault:
            self.post_message(messages.Failed(fault))

    def _compared(self, pair: Pair) -> None:
        if self.left:
            return
        self._title(f"Backup and {pair.second_name}" if pair.with_chip else "Two backups")
        self.outcome.compare(pair)
        self.outcome.focus()

    def on_outcome_opened(self, event: Outcome.Opened) -> None:
        """Show the difference byte by byte: the first stands beneath the second, or beneath the chip."""
        pair, memory = event.pair, event.memory
        image = pair.image(memory)
        if pair.with_chip:
            self.session.maps[memory].compare(image)
            self.session.changed()
            screen = HexScreen(self.session, memory)
        else:
            model = backing_up.model(pair.second, memory)
            model.compare(image)
            screen = HexScreen(self.session, memory, model=model)
        screen.go_to_difference()
        self.app.push_screen(screen)

    # -- on the wire ------------------------------------------------------

    async def run_job(self, what: str, ask: Ask) -> None:
        """Do what was asked, unless the screen was left; a fault is raised after the steps show it."""
        if self.left:
            return
        job = self.job = BackupJob(self.session, what, self.table.chosen, self._move)
        self._title(TITLES[what])
        self.outcome.run(job)
        await job.run(ask)
        if self.left:
            return
        if job.pair:
            self._compared(job.pair)
        before = len(self.table.listed)
        await self.table.reload()
        if what == "take" and len(self.table.listed) > before:
            self.table.cursor = 0
        self._told_at = self.table.chosen

    def action_take(self) -> None:
        """Save the chip now."""
        self.post_message(self.Asked(self, "take"))

    def action_restore(self) -> None:
        """Bring the chip back to the backup."""
        self.post_message(self.Asked(self, "restore"))

    def action_skip(self) -> None:
        """Proceed without the rest of a running backup."""
        if self.job:
            self.job.skip.ask()
        self._move()
