"""The fuse transaction: diff, findings, steps, confirmation, undo window, receipt."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from avrdeck.tui.actions import Scope, bindings
from avrdeck.tui.closing import Closing
from avrdeck.tui.controllers.fusewrite import FuseWrite, Phase
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.draft import Draft
from avrdeck.tui.offering import Offering
from avrdeck.tui.views import findings, fusediff, steps
from avrdeck.tui.views.ink import Pen, Row, heading, joined
from avrdeck.tui.widgets.sheet import Sheet

AROUND = 5
"""Lines of the screen that are the frame's: its edges, a blank line, and the deck's that remain in sight."""
TYPING = 3
"""Lines of the place for the part's name."""


class TransactionSheet(Sheet, can_focus=True):
    """Diff, findings and steps, in ``room`` lines; what has none can be scrolled to."""

    def __init__(self, job: FuseWrite) -> None:
        super().__init__(id="transaction")
        self.job = job
        self.room = 0

    def paint(self, width: int) -> Sequence[Row]:
        """The three, close together where there is little room."""
        job = self.job
        found = findings.rows(job.plan.findings, job.draft.part, width)
        told = [heading(width, "Steps"), *steps.rows(job.log.steps, width)]
        return joined([fusediff.rows(job.draft, width), found, told], self.room)


class NowSheet(Sheet):
    """What to do now. It stays in sight whatever there is above it."""

    can_focus = False

    def __init__(self, job: FuseWrite) -> None:
        super().__init__(id="transaction-now")
        self.job = job

    def paint(self, width: int) -> Sequence[Row]:
        """The keys of this moment, or what became of it."""
        job = self.job
        pen = Pen(width, at=1)
        match job.phase:
            case Phase.CONFIRM if job.fatal:
                text = "ISP alone cannot undo this. Type the part's name to allow it:"
                return [heading(width, "Confirm"), pen.put(text).row()]
            case Phase.CONFIRM:
                keys = [("w", "write"), ("c", "copy as avrdude -U"), ("esc", "cancel, nothing written")]
            case Phase.UNDO:
                keys = [("u", "undo: put the old values back"), ("enter", "keep: they take effect")]
            case Phase.DONE:
                done = "The old values are back." if job.receipt and job.receipt.reverted else _receipt(job)
                return [pen.put("✓ ", "success").put(done).row(), _keys(width, [("esc", "close")])]
            case Phase.FAILED:
                return [_keys(width, [("esc", "close")])]
            case _:
                return [pen.put("…", "muted").row()]
        return [_keys(width, keys)]


def _receipt(job: FuseWrite) -> str:
    receipt = job.receipt
    if receipt is None or not receipt.changes:
        return "The chip held that already; nothing was written."
    values = "  ".join(f"{name} {value:02X}" for name, value in receipt.after.items())
    return f"In effect: {values}"


def _keys(width: int, keys: Sequence[tuple[str, str]]) -> Row:
    pen = Pen(width, at=1)
    for key, word in keys:
        pen.put(key, "accent bold").put(f" {word}   ", "muted")
    return pen.row()


class FuseWriteScreen(Closing, Offering, ModalScreen[None]):
    """The transaction over the dimmed deck. Opening it reads the chip; nothing is written before a yes."""

    CSS_PATH = "fusewrite.tcss"
    AUTO_FOCUS = ""
    scope = Scope.WRITE
    BINDINGS = bindings(Scope.WRITE)

    def __init__(self, session: Session, draft: Draft) -> None:
        super().__init__()
        self.job = FuseWrite(session, draft, self._moved)

    def compose(self) -> ComposeResult:
        """The sheet, and the line where the part's name is typed."""
        with Vertical(id="write", classes="fatal" if self.job.fatal else "") as box:
            box.border_title = Content(f"Write fuses, {self.job.draft.part.name}")
            yield TransactionSheet(self.job)
            yield NowSheet(self.job)
            with Horizontal(id="write-name"):
                yield Static("► ", markup=False, id="write-mark")
                yield Input(compact=True, id="write-input", placeholder=self.job.draft.part.name)
                yield Static("", markup=False, id="write-left")

    def on_mount(self) -> None:
        """Show where it is."""
        self.query_one(TransactionSheet).focus()
        self._moved()

    def on_resize(self) -> None:
        """Share the room out anew."""
        self._moved()

    def _moved(self) -> None:
        if self.left or not self.query("#write-left"):  # the last of its widgets is not there yet
            return
        sheet, now = self.query_one(TransactionSheet), self.query_one(NowSheet)
        typing = self.job.phase is Phase.CONFIRM and self.job.fatal
        now.repaint()
        room = self.size.height - AROUND - len(now.rows) - typing * TYPING
        sheet.room = max(room, 1)
        sheet.styles.max_height = sheet.room
        sheet.repaint()
        if self.job.phase not in {Phase.READING, Phase.CONFIRM}:
            sheet.scroll_end(animate=False, immediate=True, force=True)
        self.query_one("#write", Vertical).border_subtitle = Content(self.job.holds)
        self.query_one("#write-name").display = typing
        line = self.query_one(Input)
        if typing and not line.has_focus:
            line.focus()
        elif not typing and line.has_focus:
            sheet.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say what is still missing of the name."""
        event.stop()
        name, typed = self.job.draft.part.name, event.value
        good = name.lower().startswith(typed.lower())
        left = f"{name[len(typed) :]} to go" if good else "not this part"
        self.query_one("#write-left", Static).update(
            "enter writes" if typed.lower() == name.lower() else left
        )

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Write when the name is right."""
        event.stop()
        if self.job.question and self.job.question.granted_by(event.value):
            self.job.answer(event.value)

    def works(self, verb: str) -> bool:
        """See `Offering.works`."""
        match verb:
            case "write":
                return self.job.phase is Phase.CONFIRM and not self.job.fatal
            case "undo" | "latch":
                return self.job.phase is Phase.UNDO
        return True

    def action_scroll(self, pages: int) -> None:
        """Show more, while a name is typed too."""
        sheet = self.query_one(TransactionSheet)
        step = pages * max(sheet.size.height - 1, 1)
        sheet.scroll_relative(y=step, animate=False, immediate=True, force=True)

    def action_write(self) -> None:
        """Write, where a yes is enough."""
        self.job.confirm()

    def action_undo(self) -> None:
        """Put the old values back."""
        self.job.undo()

    def action_latch(self) -> None:
        """Let the new values take effect."""
        self.job.keep()

    def action_copy(self) -> None:
        """Copy the bytes as avrdude arguments."""
        self.app.copy_to_clipboard(self.job.plan.avrdude)
        self.notify(self.job.plan.avrdude, title="Copied", markup=False)

    async def action_leave(self) -> None:
        """Leave without writing, or once it is over; while it writes the screen stays."""
        match self.job.phase:
            case Phase.READING:
                await self.run_action("app.stop_job")
                self.dismiss(None)
            case Phase.CONFIRM:
                self.job.answer(None)
                self.dismiss(None)
            case Phase.DONE | Phase.FAILED:
                self.dismiss(None)
            case Phase.UNDO:
                self.notify("u undoes, enter keeps: the new bytes wait for an answer.", markup=False)
            case _:
                self.notify("Fuses are being written; this takes a moment.", markup=False)
