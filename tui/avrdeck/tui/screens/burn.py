"""Burn a bootloader: choose the board, see the plan, run it with every step's state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import Screen

from avrdeck.boards.images import ImageError
from avrdeck.boards.labels import hz_label
from avrdeck.commands.faults import translated
from avrdeck.protocol.errors import Fault, UsageFault
from avrdeck.tui import messages
from avrdeck.tui.actions import Scope, bindings
from avrdeck.tui.controllers import choices
from avrdeck.tui.controllers.burning import Burn, Phase
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.screens.dialogs import ChooseScreen, PromptScreen, Refusal
from avrdeck.tui.views import findings, memorymap, status, steps
from avrdeck.tui.views.ink import Pen, Row, clipped, heading, wrapped
from avrdeck.tui.views.steps import State
from avrdeck.tui.widgets.chrome import Footer, StatusBar
from avrdeck.tui.widgets.sheet import Sheet

SIDE_WIDTH = 110
REPAINT_SECONDS = 0.1


class BurnSheet(Sheet, can_focus=True):
    """The plan, its steps, and what the chip holds if one stops now."""

    def __init__(self, burn: Burn) -> None:
        super().__init__(id="burn-sheet")
        self.burn = burn

    def paint(self, width: int) -> Sequence[Row]:
        """Board and file, steps, progress, findings."""
        burn = self.burn
        rows = [*self._chosen(width), Row()]
        for number, step in enumerate(burn.log.steps, 1):
            rows += steps.step_rows(number, step, width)
            if step.state is State.NOW and burn.log.progress:
                rows += self._progress(width)
        if burn.log.steps:
            title = "The chip" if burn.phase is not Phase.RUNNING else "If you stop now"
            rows += [Row(), heading(width, title)]
            rows += [Pen(width).put(line, at=1).row() for line in wrapped(burn.ledger.holds, width - 2)]
        if burn.outline and burn.phase is Phase.PLANNING:
            rows += [Row(), *findings.rows(burn.outline.findings, burn.outline.part, width)]
        return [*rows, *self._rehearsed(width), Row(), self._next(width)]

    def _rehearsed(self, width: int) -> list[Row]:
        """How the burn went on virtual chips, one for everything that may be at XTAL1."""
        rows = [Row(), heading(width, "Rehearsal", "on a virtual chip")] if self.burn.rehearsals else []
        for one in self.burn.rehearsals:
            bad = not one.good
            pen = Pen(width).put("× " if bad else "✓ ", "error bold" if bad else "success", at=1)
            pen.put(clipped(f"{one.assumption.xtal}, {one.assumption.why}: ", width - 20), "muted")
            words = (
                one.fault.title
                if one.fault
                else one.lockout.value
                if one.lockout
                else "as planned"
                if one.good
                else "not as planned"
            )
            rows.append(pen.put(clipped(words, width - pen.at - 1)).row())
            rows.append(Pen(width).put(f"{steps.duration(one.seconds)} on the wire", "muted", at=3).row())
        return rows

    def _chosen(self, width: int) -> list[Row]:
        choice = self.burn.choice
        pen = Pen(width).put("Board", "muted", at=1)
        if choice is None:
            return [pen.put("not chosen: ", "muted", at=9).put("b", "accent bold").put(" chooses one").row()]
        plan = choice.plan
        clock = f"  {hz_label(plan.f_cpu_hz)}" if plan.f_cpu_hz else ""
        baud = f"  {plan.baud} baud" if plan.baud else ""
        rows = [pen.put(plan.board or "by hand", "bold", at=9).put(f"{clock}{baud}", "muted").row()]
        pen = Pen(width).put("Loader", "muted", at=1).put(plan.file_name, at=9)
        pen.put(f"  {plan.image.size} B at 0x{plan.image.start:04X}", "muted").put(" ✓", "success")
        rows.append(pen.row())
        for note in choice.notes:
            rows += [Pen(width).put(line, "muted", at=9).row() for line in wrapped(note, width - 10)]
        return rows

    def _progress(self, width: int) -> list[Row]:
        log = self.burn.log
        progress = log.progress
        if progress is None:
            return []
        share = progress.done / progress.total if progress.total else 1.0
        pen = Pen(width, at=6)
        steps.bar(pen, share, max(width - 16, 10))
        pen.right(f"{share:.0%}", "bold", margin=1)
        line = Pen(width).put(f"{progress.done} of {progress.total} bytes", at=6)
        if log.rate:
            line.put(f"   {log.rate / 1024:.2f} KiB/s")
        if log.seconds_left is not None:
            line.put(f"   {steps.duration(log.seconds_left)} left", "bold")
        return [pen.row(), line.row()]

    def _next(self, width: int) -> Row:
        pen = Pen(width, at=1)
        match self.burn.phase:
            case Phase.PLANNING if self.burn.choice:
                pen.put("enter", "accent bold").put(" burns, after a confirmation   ", "muted")
                return pen.put("h", "accent bold").put(" rehearses on a virtual chip", "muted").row()
            case Phase.RUNNING:
                return pen.put("esc", "accent bold").put(" stops at a safe place", "muted").row()
            case Phase.DONE if self.burn.receipt:
                after = "  ".join(f"{name} {value:02X}" for name, value in self.burn.receipt.after.items())
                return pen.put("✓ ", "success").put(after, "bold").row()
        return pen.row()


class BurnMap(Sheet):
    """The memory map beside the steps."""

    can_focus = False

    def __init__(self, session: Session) -> None:
        super().__init__(id="burn-map")
        self.session = session

    def paint(self, width: int) -> Sequence[Row]:
        """The same map as the deck's."""
        return memorymap.rows(self.session, None, width)


class BurnLog(Sheet):
    """What happened, the newest last."""

    can_focus = False

    def __init__(self, burn: Burn) -> None:
        super().__init__(id="burn-log")
        self.burn = burn

    def paint(self, width: int) -> Sequence[Row]:
        """A line an event."""
        lines = self.burn.log.lines
        return [
            Pen(width).put(f"{at:8.3f}", "muted", at=1).put(clipped(text, width - 13), at=12)
            .row(cursor=index == len(lines) - 1)
            for index, (at, text) in enumerate(lines)
        ]  # fmt: skip


class BurnScreen(Screen[None]):
    """One burn from the choice of the board to the receipt."""

    CSS_PATH = "burn.tcss"
    AUTO_FOCUS = "#burn-sheet"
    scope = Scope.BURN
    BINDINGS = bindings(Scope.BURN)

    @dataclass
    class Asked(Message):
        """The user wants to burn as planned."""

        burn: Burn

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._moved = True
        self.burn = Burn(session, self._move)

    def _move(self) -> None:
        self._moved = True

    def compose(self) -> ComposeResult:
        """Status, steps, map, log, footer."""
        yield StatusBar()
        with Horizontal(id="burn"):
            with Vertical(id="burn-pane", classes="pane") as box:
                box.border_title = Content("Burn bootloader")
                yield BurnSheet(self.burn)
            with Vertical(id="burn-memory", classes="pane") as box:
                box.border_title = Content("Memory")
                yield BurnMap(self.session)
        with Vertical(id="burn-log-pane", classes="pane") as box:
            box.border_title = Content("Log")
            yield BurnLog(self.burn)
        yield Footer((Scope.BURN,))

    def on_mount(self) -> None:
        """Show progress at most ten times a second."""
        self.set_interval(REPAINT_SECONDS, self._tick)
        self._tick()

    def on_resize(self, event: events.Resize) -> None:
        """The map needs room."""
        self.set_class(event.size.width < SIDE_WIDTH, "-narrow")
        self.set_class(event.size.height < 30, "-low")
        self._moved = True

    def _tick(self) -> None:
        if not self._moved and self.burn.phase is not Phase.RUNNING:
            return
        self._moved = False
        for sheet in (BurnSheet, BurnMap, BurnLog):
            self.query_one(sheet).repaint()
        done = sum(step.state is not State.WAITING for step in self.burn.log.steps)
        pane = self.query_one("#burn-pane", Vertical)
        pane.border_subtitle = Content(
            f"step {done} of {len(self.burn.log.steps)}" if done else "nothing is written yet"
        )
        narrow = self.size.width < 100
        bar = self.query_one(StatusBar)
        bar.show(status.left(self.session, narrow), status.right(self.session, narrow))

    def action_board(self) -> None:
        """Choose the board."""
        if self.burn.phase is not Phase.RUNNING:
            self.app.push_screen(ChooseScreen("Board", choices.board_options()), self._chosen)

    def _chosen(self, value: object) -> None:
        if isinstance(value, tuple):
            self.app.call_later(self._choose, *value)

    def _choose(self, name: str, menu: dict[str, str]) -> None:
        try:
            self.burn.choose(name, menu)
        except (Fault, ImageError, LookupError) as error:
            self._tell(error)
        self._moved = True

    def _tell(self, error: Exception) -> None:
        fault = translated(error) or UsageFault(str(error))
        self.post_message(messages.Failed(fault))

    def action_file(self) -> None:
        """Choose the bootloader's file."""

        def take(text: str) -> object:
            try:
                self.burn.load(Path(text).expanduser())
            except ImageError as error:
                return Refusal(f"{error.title}: {error.what}")
            except Fault as fault:
                return Refusal(fault.title)
            return text

        if self.burn.phase is not Phase.RUNNING:
            self.app.push_screen(PromptScreen("Bootloader", take, hint="file.hex or .elf"))

    def action_start(self) -> None:
        """Burn, after a confirmation."""
        if self.burn.phase is Phase.RUNNING:
            return
        try:
            self.burn.check()
        except Fault as error:
            self._tell(error)
        else:
            self.post_message(self.Asked(self.burn))

    def action_rehearse(self) -> None:
        """Play the burn on a virtual chip."""
        if self.burn.phase is not Phase.RUNNING and self.burn.outline:
            self.run_worker(self.burn.rehearse(), group="rehearsal", exclusive=True)

    async def action_leave(self) -> None:
        """Leave; a running burn is stopped first."""
        if self.burn.phase is Phase.RUNNING:
            await self.run_action("app.stop_job")
        else:
            self.dismiss(None)
