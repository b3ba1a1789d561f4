"""The backups: a table, what the chosen one is, compared with the chip or another, restored step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import Screen

from avrdeck.jobs.backup.model import CONTENTS, Backup
from avrdeck.jobs.backup.store import Listed
from avrdeck.jobs.questions import Ask
from avrdeck.protocol.errors import Fault
from avrdeck.tui import messages
from avrdeck.tui.actions import Scope, bindings
from avrdeck.tui.controllers import backing_up
from avrdeck.tui.controllers.backing_up import Pair
from avrdeck.tui.controllers.beside import name_of
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.controllers.skipping import Skip
from avrdeck.tui.controllers.steplog import StepLog
from avrdeck.tui.hexmodel import HexModel
from avrdeck.tui.pages import UNPAGED
from avrdeck.tui.screens.dialogs import ConfirmScreen
from avrdeck.tui.screens.hexview import HexScreen
from avrdeck.tui.telling import Telling
from avrdeck.tui.views import backups, status
from avrdeck.tui.widgets.chrome import Footer, StatusBar
from avrdeck.tui.widgets.outcome import Outcome
from avrdeck.tui.widgets.table import Column, Table

COLUMNS = (
    Column("  made (UTC)", 18),
    Column("part", 13),
    Column("label or serial", 22),
    Column("holds", 34, from_width=90),
    Column("id", 8, from_width=90),
)
REPAINT_SECONDS = 0.1
LOW = 30


class BackupsScreen(Telling, Screen[None]):
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
        self.listed: Sequence[Listed] = ()
        self.marked: Path | None = None
        self.skip = Skip()
        self._moved = False

    def compose(self) -> ComposeResult:
        """Status, table, what is told, footer."""
        yield StatusBar()
        with Vertical(classes="pane list-pane") as box:
            box.border_title = Content("Backups")
            yield Table(COLUMNS, "No backup yet: n takes one.", id="backup-table")
        with Vertical(classes="pane detail-pane", id="backup-detail") as box:
            box.border_title = Content("Backup")
            yield Outcome()
        yield Footer((Scope.BACKUPS,))

    @property
    def table(self) -> Table:
        """The list."""
        return self.query_one(Table)

    @property
    def outcome(self) -> Outcome:
        """What stands below it."""
        return self.query_one(Outcome)

    async def on_mount(self) -> None:
        """List them, and show progress from now on."""
        self.set_interval(REPAINT_SECONDS, self._tick)
        await self._reload()
        self._describe()

    async def _reload(self) -> None:
        self.listed = await backing_up.listing()
        self._list()

    def _list(self) -> None:
        if not self.is_attached:  # left while a job ran, or while the files were looked at
            return
        self.table.show([backups.texts(each, marked=each.path == self.marked) for each in self.listed])
        self._show()

    def _move(self) -> None:
        self._moved = True

    def _tick(self) -> None:
        if self._moved or self.session.job:
            self._moved = False
            self._show()

    def _show(self) -> None:
        self.outcome.repaint()
        narrow = self.size.width < 100
        self.query_one(StatusBar).show(status.left(self.session, narrow), status.right(self.session, narrow))

    def _title(self, text: str) -> None:
        self.query_one("#backup-detail", Vertical).border_title = Content(text)

    def on_resize(self, event: events.Resize) -> None:
        """What is told needs more room than the list."""
        self.set_class(event.size.height < LOW, "-low")

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The keys are those of what has the focus."""
        inside = isinstance(event.widget, Outcome)
        self.query_one(Footer).show((Scope.COMPARED,) if inside else (Scope.BACKUPS,))

    # -- one backup -------------------------------------------------------

    @property
    def under_cursor(self) -> Listed | None:
        """The line under the cursor."""
        at = self.table.cursor
        return self.listed[at] if at < len(self.listed) else None

    @property
    def chosen(self) -> Path | None:
        """The backup under the cursor, if it is one that can be used."""
        found = self.under_cursor
        return found.path if found and found.header else None

    def on_table_moved(self) -> None:
        """Tell what the backup is; while a job runs its steps stay."""
        if self.session.job is None:
            self._describe()

    def _describe(self) -> None:
        found = self.under_cursor
        self._title("Backup")
        self.outcome.describe(found)
        if found and found.header:
            self.run_worker(self._check(found), group="check", exclusive=True)

    async def _check(self, found: Listed) -> None:
        """Look at every byte of it."""
        try:
            self.outcome.checked(found, await backing_up.loaded(found.path))
        except Fault as fault:
            self.outcome.checked(found, None, getattr(fault, "reason", fault.title))

    def action_mark(self) -> None:
        """Mark the backup, or take the mark away."""
        self.marked = None if self.chosen == self.marked else self.chosen
        self._list()

    def action_open(self) -> None:
        """Look at the bytes of the backup."""
        if self.chosen:
            self.run_worker(self._open(self.chosen), group="open", exclusive=True)

    async def _open(self, path: Path) -> None:
        try:
            backup = await backing_up.loaded(path)
        except Fault as fault:
            self.post_message(messages.Failed(fault))
            return
        memory = next((name for name in CONTENTS if name in backup.memories), None)
        if memory:
            self.app.push_screen(HexScreen(self.session, memory, model=_model(backup, memory)))
        else:
            self.notify("It holds neither flash nor EEPROM.", markup=False)

    def action_delete(self) -> None:
        """Delete the backup, after a confirmation."""
        found = self.under_cursor
        if found is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.run_worker(self._delete(found), group="delete")

        self.app.push_screen(ConfirmScreen(f"Delete {found.path.name}?", self._loss(found)), answered)

    def _loss(self, found: Listed) -> str:
        """What deleting it means."""
        if found.header is None:
            return "It is damaged and cannot be restored anyway."
        others = [each.header for each in self.listed if each.header and each is not found]
        chip = found.header.chip
        left = sum(chip.same(header.chip) is not False for header in others)
        return (
            f"{left} other{'s' * (left != 1)} of this chip or kind stay."
            if left
            else "It is the only one of this chip."
        )

    async def _delete(self, found: Listed) -> None:
        try:
            await backing_up.delete(found.path)
        except Fault as fault:
            self.post_message(messages.Failed(fault))
        if self.marked == found.path:
            self.marked = None
        await self._reload()
        self._describe()

    # -- two of them ------------------------------------------------------

    def action_compare(self) -> None:
        """Compare with the marked backup, else with the chip."""
        if self.chosen and self.marked and self.marked != self.chosen:
            self.run_worker(self._compare(self.marked, self.chosen), group="compare", exclusive=True)
        else:
            self._ask_for("compare")

    async def _compare(self, first: Path, second: Path) -> None:
        try:
            self._compared(await backing_up.with_each_other(first, second))
        except Fault as fault:
            self.post_message(messages.Failed(fault))

    def _compared(self, pair: Pair) -> None:
        if not self.is_attached:
            return
        self._title(f"Backup and {pair.second_name}" if pair.with_chip else "Two backups")
        self.outcome.compare(pair)
        self.outcome.focus()

    def on_outcome_left(self) -> None:
        """Back to the list."""
        self.table.focus()

    def on_outcome_opened(self, event: Outcome.Opened) -> None:
        """Show the difference byte by byte: the first stands beneath the second, or beneath the chip."""
        pair, memory = event.pair, event.memory
        image = pair.image(memory)
        if pair.with_chip:
            self.session.maps[memory].compare(image)
            self.session.changed()
            screen = HexScreen(self.session, memory)
        else:
            model = _model(pair.second, memory)
            model.compare(image)
            screen = HexScreen(self.session, memory, model=model)
        screen.go_to_difference()
        self.app.push_screen(screen)

    # -- on the wire ------------------------------------------------------

    async def run_job(self, job: str, ask: Ask) -> None:
        """Do what was asked, unless the screen was left; a fault is raised after the steps show it."""
        if not self.is_attached:
            return
        log, path, outcome = StepLog([], self._move), self.chosen, self.outcome
        self._title("Chip and backup")
        outcome.run(log, self.skip)
        try:
            if job == "take":
                outcome.say(await backing_up.take_now(self.session, outcome.take, self.skip))
            elif path and job == "compare":
                self._compared(await backing_up.with_chip(self.session, path, outcome.take))
            elif path:
                outcome.say(await backing_up.restored(self.session, path, ask, outcome.take, self.skip))
        except BaseException:
            log.fail()
            raise
        finally:
            self.skip.running = ""
            self._move()
        log.end()
        await self._reload()

    def _ask_for(self, job: str) -> None:
        if job == "take" or self.chosen:
            self.post_message(self.Asked(self, job))

    def action_take(self) -> None:
        """Save the chip now."""
        self._ask_for("take")

    def action_restore(self) -> None:
        """Bring the chip back to the backup."""
        self._ask_for("restore")

    def action_skip(self) -> None:
        """Proceed without the rest of a running backup."""
        if not self.skip.ask():
            self.notify("No backup is running that could be left out.", markup=False)

    def action_leave(self) -> None:
        """Back to the deck."""
        self.dismiss(None)


def _model(backup: Backup, memory: str) -> HexModel:
    """The bytes of a backup, to be looked at."""
    page_size = backup.part.flash.page_size or UNPAGED
    return HexModel(memory, backup.memories[memory], page_size, source=name_of(backup.header))
