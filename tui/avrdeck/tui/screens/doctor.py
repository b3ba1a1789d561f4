"""The doctor: what is tried on the port, who answers, what is the matter, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import Screen

from avrdeck.tui.actions import Scope, bindings
from avrdeck.tui.closing import Closing
from avrdeck.tui.controllers.doctoring import Examination
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.offering import Offering
from avrdeck.tui.screens.wiring import WiringScreen
from avrdeck.tui.telling import Telling
from avrdeck.tui.views import doctor, status
from avrdeck.tui.views.ink import Row, plain_text
from avrdeck.tui.widgets.chrome import Footer, StatusBar
from avrdeck.tui.widgets.sheet import Sheet

SIDE_WIDTH = 100
REPORT_WIDTH = 80
REPAINT_SECONDS = 0.1


class FindingsSheet(Sheet, can_focus=True):
    """What is tried and what was found; what to do as well where that has no pane of its own."""

    def __init__(self, examination: Examination) -> None:
        super().__init__(id="doctor-findings")
        self.examination = examination
        self.alone = False

    def paint(self, width: int) -> Sequence[Row]:
        """See `views.doctor`."""
        return (doctor.brief if self.alone else doctor.rows)(self.examination, width)


class AdviceSheet(Sheet, can_focus=True):
    """What to do."""

    def __init__(self, examination: Examination) -> None:
        super().__init__(id="doctor-advice")
        self.examination = examination

    def paint(self, width: int) -> Sequence[Row]:
        """See `views.doctor`."""
        return doctor.advice(self.examination, width)


class DoctorScreen(Telling, Closing, Offering, Screen[None]):
    """One port under examination. What it needs of the wire is asked of the app."""

    CSS_PATH = "doctor.tcss"
    AUTO_FOCUS = "#doctor-findings"
    scope = Scope.DOCTOR
    BINDINGS = bindings(Scope.DOCTOR)

    @dataclass
    class Asked(Message):
        """The user wants another look."""

        examination: Examination

    @dataclass
    class Chosen(Message):
        """The user wants to connect at the speed that was found."""

        baud: int

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.examination = Examination(session, self._move)
        self._moved = True

    def _move(self) -> None:
        self._moved = True

    def compose(self) -> ComposeResult:
        """Status, findings, advice, footer."""
        yield StatusBar()
        with Horizontal(id="doctor"):
            with Vertical(id="doctor-pane", classes="pane") as box:
                box.border_title = Content("Doctor")
                yield FindingsSheet(self.examination)
            with Vertical(id="doctor-side", classes="pane") as box:
                box.border_title = Content("What to do")
                yield AdviceSheet(self.examination)
        yield Footer((Scope.DOCTOR,), self.word)

    def on_mount(self) -> None:
        """Show what is tried at most ten times a second."""
        self.set_interval(REPAINT_SECONDS, self._tick)
        self._tick()

    def on_resize(self, event: events.Resize) -> None:
        """Advice needs room beside the findings."""
        narrow = event.size.width < SIDE_WIDTH
        self.set_class(narrow, "-narrow")
        self.query_one(FindingsSheet).alone = narrow
        self._move()

    def _tick(self) -> None:
        if not self._moved:
            return
        self._moved = False
        for sheet in (FindingsSheet, AdviceSheet, Footer):
            self.query_one(sheet).repaint()
        report = self.examination.report
        words = doctor.effort_text(report) if report else "read only"
        self.query_one("#doctor-pane", Vertical).border_subtitle = Content(words)
        narrow = self.size.width < SIDE_WIDTH
        right: list[status.Group] = [((f"{status.SPINNER} doctor, read only", "accent bold"),)]
        if not self.examination.running:
            right = [(("doctor, read only", "muted"),)]
        self.query_one(StatusBar).show(status.left(self.session, narrow), right)

    def works(self, verb: str) -> bool:
        """See `Offering.works`."""
        examination = self.examination
        match verb:
            case "again":
                return not examination.running
            case "connect":
                return examination.reachable
            case "copy":
                return examination.report is not None
            case "sketch":
                return bool(examination.sketch)
        return True

    @property
    def leaving(self) -> str:
        """See `Offering.leaving`."""
        return "stop" if self.examination.running else ""

    def action_again(self) -> None:
        """Look again."""
        self.post_message(self.Asked(self.examination))

    def action_connect(self) -> None:
        """Connect to what was found."""
        report = self.examination.report
        if report and report.found:
            self.post_message(self.Chosen(report.found.baud))
            self.dismiss(None)

    def action_wiring(self) -> None:
        """Show the wiring that should be."""
        report = self.examination.report
        named = (report.wires.programmer.id,) if report else ()
        self.app.push_screen(WiringScreen(self.session, *named))

    def action_sketch(self) -> None:
        """Copy the line for the ArduinoISP sketch."""
        self.app.copy_to_clipboard(self.examination.sketch)
        self.notify(self.examination.sketch, title="Copied", markup=False)

    def action_copy(self) -> None:
        """Copy the whole report."""
        self.app.copy_to_clipboard(plain_text(doctor.report_rows(self.examination, REPORT_WIDTH)))
        self.notify("The report is in the clipboard.", markup=False)

    async def action_leave(self) -> None:
        """Back to the deck; a look that runs is stopped first."""
        if self.examination.running:
            await self.run_action("app.stop_job")
        else:
            self.dismiss(None)
