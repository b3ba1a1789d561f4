"""The backups: a table, what the chosen one is, compared with the chip or another, restored step by step."""

from __future__ import annotations

from pathlib import Path

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from avrdeck.jobs.backup.store import Listed
from avrdeck.protocol.errors import Fault
from avrdeck.tui import messages
from avrdeck.tui.actions import Action, Scope, bindings
from avrdeck.tui.controllers import backing_up
from avrdeck.tui.offering import Offering
from avrdeck.tui.screens import backupbytes
from avrdeck.tui.screens.backupjobs import BackupJobs
from avrdeck.tui.screens.confirm import ConfirmScreen
from avrdeck.tui.telling import Telling
from avrdeck.tui.views import status
from avrdeck.tui.widgets.backupdetail import BackupDetail
from avrdeck.tui.widgets.backuplist import BackupList
from avrdeck.tui.widgets.chrome import Footer, StatusBar
from avrdeck.tui.widgets.outcome import Outcome

REPAINT_SECONDS = 0.1
LOW = 30


class BackupsScreen(Telling, Offering, BackupJobs):
    """Takes, compares, restores and deletes backups."""

    CSS_PATH = "lists.tcss"
    AUTO_FOCUS = "#backup-table"
    scope = Scope.BACKUPS
    BINDINGS = bindings(Scope.BACKUPS)

    def compose(self) -> ComposeResult:
        """Status, table, what is told, footer."""
        yield StatusBar()
        with Vertical(classes="pane list-pane") as box:
            box.border_title = Content("Backups")
            yield BackupList()
        yield BackupDetail()
        yield Footer((Scope.BACKUPS,), self._word)

    async def on_mount(self) -> None:
        """List them, and show progress from now on."""
        self.set_interval(REPAINT_SECONDS, self._tick)
        await self.table.reload()
        self._describe()

    def _tick(self) -> None:
        if self.moved or self.running:
            self.moved = False
            self._show()

    def _show(self) -> None:
        self.detail.outcome.repaint()
        self.query_one(Footer).repaint()
        narrow = self.size.width < 100
        self.query_one(StatusBar).show(status.left(self.session, narrow), status.right(self.session, narrow))

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
        return (self.detail.outcome if action.scope is Scope.COMPARED else self).word(action)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The keys are those of what has the focus."""
        inside = isinstance(event.widget, Outcome)
        self.query_one(Footer).show((Scope.COMPARED,) if inside else (Scope.BACKUPS,))

    def on_table_moved(self) -> None:
        """Tell what the backup is; the steps of a job stay until another backup is looked at."""
        if not self.running and self.table.chosen != self.told_at:
            self._describe()

    def on_outcome_left(self) -> None:
        """Back to the list."""
        self.table.focus()

    # -- one backup -------------------------------------------------------

    def _describe(self) -> None:
        self.told_at = None
        self.detail.describe(self.table.here)
        self.move()

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
        screen = backupbytes.content(self.session, backup)
        if screen:
            self.app.push_screen(screen)
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
            self.ask("compare")

    async def _compare(self, first: Path, second: Path) -> None:
        try:
            pair = await backing_up.with_each_other(first, second)
        except Fault as fault:
            self.post_message(messages.Failed(fault))
        else:
            if not self.left:
                self.detail.compare(pair)

    def on_outcome_opened(self, event: Outcome.Opened) -> None:
        """Show the difference byte by byte."""
        self.app.push_screen(backupbytes.difference(self.session, event.pair, event.memory))
