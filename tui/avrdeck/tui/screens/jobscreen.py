"""A screen for one job: its plan, then every step's state beside the memory map, and a log of events."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import Screen

from avrdeck.boards.images import ImageError
from avrdeck.commands.faults import translated
from avrdeck.protocol.errors import Fault, UsageFault
from avrdeck.tui import messages
from avrdeck.tui.actions import Scope
from avrdeck.tui.closing import Closing
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.controllers.undertaking import Phase, Undertaking
from avrdeck.tui.offering import Offering
from avrdeck.tui.telling import Telling
from avrdeck.tui.views import status
from avrdeck.tui.views.ink import plain_text
from avrdeck.tui.views.steps import State
from avrdeck.tui.widgets.chrome import Footer, StatusBar
from avrdeck.tui.widgets.jobsheets import LOG_HEIGHT, JobSheet, LogSheet, MapSheet

SIDE_WIDTH = 110
REPAINT_SECONDS = 0.1
COPIED_WIDTH = 100
LEAVING = {Phase.RUNNING: "stop", Phase.DONE: "close", Phase.FAILED: "close"}
"""What escape does, by how far the job is."""


class JobScreen(Telling, Closing, Offering, Screen[None]):
    """One job from the choice of what to do to its receipt."""

    CSS_PATH = "jobscreen.tcss"
    AUTO_FOCUS = "#job-sheet"
    title_text = ""
    scope: Scope

    @dataclass
    class Asked(Message):
        """The user wants the job to be done as planned."""

        job: Undertaking

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._moved = True

    @property
    def job(self) -> Undertaking:
        """What is planned and carried out here."""
        raise NotImplementedError

    def sheet(self) -> JobSheet:
        """The sheet that shows it."""
        raise NotImplementedError

    def move(self) -> None:
        """Something is different: show it at the next look."""
        self._moved = True

    def compose(self) -> ComposeResult:
        """Status, steps, map, log, footer."""
        yield StatusBar()
        with Horizontal(id="job"):
            with Vertical(id="job-pane", classes="pane") as box:
                box.border_title = Content(self.title_text)
                yield self.sheet()
            with Vertical(id="job-memory", classes="pane") as box:
                box.border_title = Content("Memory")
                yield MapSheet(self.session)
        with Vertical(id="job-log-pane", classes="pane") as box:
            box.border_title = Content("Log")
            yield LogSheet(self.job)
        yield Footer((self.scope,), self.word)

    def on_mount(self) -> None:
        """Show progress at most ten times a second."""
        self.set_interval(REPAINT_SECONDS, self._tick)
        self._tick()

    def on_resize(self, event: events.Resize) -> None:
        """The map needs room."""
        self.set_class(event.size.width < SIDE_WIDTH, "-narrow")
        self.set_class(event.size.height < LOG_HEIGHT, "-low")
        self.move()

    def _tick(self) -> None:
        if not self._moved and not self.job.running:
            return
        self._moved = False
        far, sheet_ = self._how_far(), self.query_one(JobSheet)
        sheet_.title, sheet_.far = (self.title_text, far) if self.has_class("-narrow") else ("", "")
        for sheet in (JobSheet, MapSheet, LogSheet, Footer):
            self.query_one(sheet).repaint()
        self.query_one("#job-pane", Vertical).border_subtitle = Content(far)
        narrow = self.size.width < 100
        bar = self.query_one(StatusBar)
        bar.show(status.left(self.session, narrow), status.right(self.session, narrow))

    def _how_far(self) -> str:
        listed = self.job.log.steps
        begun = sum(step.state is not State.WAITING for step in listed)
        if self.job.phase is Phase.PLANNING or not begun:
            return "nothing is written yet"
        if self.job.phase is Phase.DONE:
            return "done"
        failed = [number for number, step in enumerate(listed, 1) if step.state is State.FAILED]
        if failed:
            return f"stopped at step {failed[0]} of {len(listed)}"
        return f"step {begun} of {len(listed)}"

    def tell(self, error: Exception) -> None:
        """Show why something cannot be."""
        self.post_message(messages.Failed(translated(error) or UsageFault(str(error))))

    def works(self, verb: str) -> bool:
        """See `Offering.works`: while the job runs nothing is chosen, and it is not begun twice."""
        job = self.job
        match verb:
            case "leave" | "app.focus_next" | "app.trace":
                return True
            case "skip":
                return job.skip.possible
            case "start":
                return job.ready and not job.running
            case "copy":
                return job.over
        return not job.running

    @property
    def leaving(self) -> str:
        """See `Offering.leaving`."""
        return LEAVING.get(self.job.phase, "")

    def action_start(self) -> None:
        """Do it, after a confirmation."""
        try:
            self.job.check()
        except (Fault, ImageError) as error:
            self.tell(error)
        else:
            self.post_message(self.Asked(self.job))

    def action_skip(self) -> None:
        """Proceed without the rest of a running backup."""
        self.job.skip.ask()
        self.move()

    def action_copy(self) -> None:
        """Copy what was planned, done and logged."""
        sheets = (self.query_one(JobSheet), self.query_one(LogSheet))
        text = "\n\n".join(plain_text(sheet.paint(COPIED_WIDTH)) for sheet in sheets)
        self.app.copy_to_clipboard(f"{self.title_text}\n\n{text}")
        self.notify("Plan, steps and log are in the clipboard.", markup=False)

    async def action_leave(self) -> None:
        """Leave; what runs is stopped first."""
        if self.job.running:
            await self.run_action("app.stop_job")
        else:
            self.dismiss(None)
