"""The backups: a table, what the chosen one is compared with, and restoring it step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import Screen

from avrdeck.jobs.backup.store import Listed
from avrdeck.jobs.questions import Ask
from avrdeck.tui.actions import Scope, bindings
from avrdeck.tui.controllers import backing_up
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.controllers.steplog import StepLog
from avrdeck.tui.views import status, steps
from avrdeck.tui.views.ink import Pen, Row, wrapped
from avrdeck.tui.widgets.chrome import Footer, StatusBar
from avrdeck.tui.widgets.sheet import Sheet
from avrdeck.tui.widgets.table import Column, Table

COLUMNS = (
    Column("made (UTC)", 16),
    Column("part", 13),
    Column("label or serial", 22),
    Column("holds", 34, from_width=90),
    Column("file", 20, from_width=110),
)
REPAINT_SECONDS = 0.1


class Progress(Sheet):
    """What was said last: a comparison, or the steps of a job."""

    can_focus = False

    def __init__(self) -> None:
        super().__init__(id="backup-progress")
        self.text: Sequence[str] = ()
        self.log_: StepLog | None = None

    def paint(self, width: int) -> Sequence[Row]:
        """Steps while a job runs, else the text."""
        rows = steps.rows(self.log_.steps, width) if self.log_ else []
        lines = [line for text in self.text for line in wrapped(text, width - 2)]
        return [*rows, *(Pen(width).put(line, at=1).row() for line in lines)]


class BackupsScreen(Screen[None]):
    """Takes, compares and restores backups."""

    CSS_PATH = "lists.tcss"
    AUTO_FOCUS = "#backup-table"
    scope = Scope.BACKUPS
    BINDINGS = bindings(Scope.BACKUPS)

    @dataclass
    class Asked(Message):
        """The user wants a job of this screen: ``take``, ``compare`` or ``restore``."""

        screen: BackupsScreen
        job: str

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.listed: Sequence[Listed] = ()
        self._moved = False

    def compose(self) -> ComposeResult:
        """Status, table, what was said, footer."""
        yield StatusBar()
        with Vertical(classes="pane list-pane") as box:
            box.border_title = Content("Backups")
            yield Table(COLUMNS, "No backup yet: n takes one.", id="backup-table")
        with Vertical(classes="pane detail-pane") as box:
            box.border_title = Content("Chip and backup")
            yield Progress()
        yield Footer((Scope.BACKUPS,))

    async def on_mount(self) -> None:
        """List them, and show progress from now on."""
        self.set_interval(REPAINT_SECONDS, self._tick)
        await self._reload()

    async def _reload(self) -> None:
        self.listed = await backing_up.listing()
        self.query_one(Table).show([backing_up.texts(each) for each in self.listed])
        self._show()

    def _move(self) -> None:
        self._moved = True

    def _tick(self) -> None:
        if self._moved or self.session.job:
            self._moved = False
            self._show()

    def _show(self) -> None:
        self.query_one(Progress).repaint()
        narrow = self.size.width < 100
        self.query_one(StatusBar).show(status.left(self.session, narrow), status.right(self.session, narrow))

    @property
    def chosen(self) -> Path | None:
        """The backup under the cursor."""
        at = self.query_one(Table).cursor
        return self.listed[at].path if at < len(self.listed) and self.listed[at].header else None

    async def run_job(self, job: str, ask: Ask) -> None:
        """Do what was asked; a fault is raised after the steps show it."""
        sheet = self.query_one(Progress)
        log = StepLog([], self._move)
        sheet.log_, sheet.text = log, ()
        path = self.chosen
        try:
            if job == "take":
                sheet.text = [f"Saved as {(await backing_up.take_now(self.session, log.event)).name}"]
            elif path and job == "compare":
                sheet.text = await backing_up.compared(self.session, path, log.event)
            elif path:
                receipt = await backing_up.restored(self.session, path, ask, log.event)
                words = "The chip holds that already." if receipt is None else f"Restored from {path.name}."
                sheet.text = [words]
        except BaseException:
            log.fail()
            raise
        finally:
            self._move()
        log.end()
        await self._reload()

    def _ask_for(self, job: str) -> None:
        if job == "take" or self.chosen:
            self.post_message(self.Asked(self, job))

    def action_take(self) -> None:
        """Save the chip now."""
        self._ask_for("take")

    def action_compare(self) -> None:
        """Compare the chip with the backup."""
        self._ask_for("compare")

    def action_restore(self) -> None:
        """Bring the chip back to the backup."""
        self._ask_for("restore")

    def action_leave(self) -> None:
        """Back to the deck."""
        self.dismiss(None)
