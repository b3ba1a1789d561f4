"""Every frame on the wire: time, silence before it, bytes, meaning."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen

from avrdeck.jobs import tracing as job
from avrdeck.protocol.trace import TraceEvent
from avrdeck.tui.actions import Scope, bindings
from avrdeck.tui.closing import Closing
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.controllers.tracing import BadFilter, TraceLog, wanted
from avrdeck.tui.screens.dialogs import PromptScreen, Refusal
from avrdeck.tui.telling import Telling
from avrdeck.tui.views import status, trace
from avrdeck.tui.views.ink import Pen, Row
from avrdeck.tui.widgets.chrome import Footer, StatusBar
from avrdeck.tui.widgets.sheet import Sheet
from avrdeck.tui.widgets.tracelist import TraceList

FOLLOW_SECONDS = 0.1
FILTERS = "op:read_page dir:> reply:ok gap>5 at:0.2..0.4 hex:AC not …"


class TraceHead(Sheet):
    """The columns' names."""

    can_focus = False

    def paint(self, width: int) -> Sequence[Row]:
        """Above the frames."""
        return [trace.head(width)]


class FrameSheet(Sheet):
    """The frame under the cursor in full."""

    can_focus = False

    def __init__(self, screen: TraceScreen) -> None:
        super().__init__(id="frame")
        self._screen = screen

    def paint(self, width: int) -> Sequence[Row]:
        """See `views.trace`."""
        log, shown, programmer = self._screen.log_, self._screen.list.here, self._screen.session.programmer
        if shown is None:
            text = "Nothing passes the filter." if log.frames else "Nothing was sent yet."
            return [Pen(width).put(text, "muted", at=1).row()]
        reply = log.reply(shown) if shown.sent else None
        return trace.frame_rows(shown, reply, programmer.link.transport.baud if programmer else None, width)


class TraceScreen(Telling, Closing, Screen[None]):
    """The trace of the session, as it grows."""

    CSS_PATH = "trace.tcss"
    AUTO_FOCUS = "#trace-list"
    scope = Scope.TRACE
    BINDINGS = bindings(Scope.TRACE)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._grown = True
        self.log_ = self._listen()

    def _listen(self) -> TraceLog:
        return TraceLog(self.session.trace, self.session.part, self._grow)

    def _grow(self) -> None:
        self._grown = True

    def compose(self) -> ComposeResult:
        """Status, frames, the frame in full, footer."""
        yield StatusBar()
        with Vertical(id="trace-pane", classes="pane") as box:
            box.border_title = Content("Trace")
            yield TraceHead(id="trace-head")
            yield TraceList(self.log_)
        with Vertical(id="frame-pane", classes="pane") as box:
            box.border_title = Content("Frame")
            yield FrameSheet(self)
        yield Footer((Scope.TRACE,))

    @property
    def list(self) -> TraceList:
        """The frames."""
        return self.query_one(TraceList)

    def on_mount(self) -> None:
        """Take new frames ten times a second at most."""
        self.set_interval(FOLLOW_SECONDS, self._tick)
        self._tick()

    def on_unmount(self) -> None:
        """Stop listening."""
        self.log_.close()

    def _tick(self) -> None:
        """Show what came; what a chip's instructions mean is known once the chip is."""
        if self.session.part is not self.log_.part:
            self.log_.close()
            self.log_ = self._listen()
            self.list.use(self.log_)
        elif self._grown:
            self.list.load()
        else:
            return
        self._grown = False
        self.show()

    def on_trace_list_moved(self) -> None:
        """Show the frame under the cursor."""
        self.show()

    def show(self) -> None:
        """Show the frame under the cursor, and how many there are."""
        self.query_one(FrameSheet).repaint()
        here = self.list.here
        self.query_one("#frame-pane", Vertical).border_title = Content(
            f"Frame {here.number}" if here else "Frame"
        )
        pane = self.query_one("#trace-pane", Vertical)
        pane.border_subtitle = Content("● following" if self.list.follow else "○ follow off, f follows")
        narrow = self.size.width < trace.WIDE
        shown, all_ = len(self.list.shown), len(self.log_.frames)
        right: list[status.Group] = [((f"{shown} of {all_} frames", ""),)]
        if self.list.filter:
            right.insert(0, ((f"/ {self.list.filter}", "accent bold"),))
        self.query_one(StatusBar).show(status.left(self.session, narrow), right)

    def action_leave(self) -> None:
        """Back to where it was opened."""
        self.dismiss(None)

    def action_follow(self) -> None:
        """Stay at the newest frame, or stop."""
        self.list.follow = not self.list.follow
        self.list.load()
        self.show()

    def action_gap(self) -> None:
        """Go to the next long silence."""
        if not self.list.next_gap():
            self.notify(f"No silence of {trace.LONG_GAP * 1000:.0f} ms.", markup=False)

    def action_filter(self) -> None:
        """Show only some frames."""

        def take(text: str) -> object:
            try:
                wanted(text)
            except BadFilter as error:
                return Refusal(str(error))
            return text

        def use(text: object) -> None:
            if isinstance(text, str):
                self.list.sift(text)
                self.show()

        prompt = PromptScreen("Filter", take, self.list.filter, "empty shows all", FILTERS)
        self.app.push_screen(prompt, use)

    def action_copy(self) -> None:
        """Copy the frame."""
        here = self.list.here
        if here:
            frame = here.frame
            text = f"{here.time:.6f} {frame.direction.value} {trace.hex_text(frame.data)}  {frame.text}"
            self.app.copy_to_clipboard(text)
            self.notify("The frame is in the clipboard.", markup=False)

    def action_save(self) -> None:
        """Save the whole trace."""

        def take(text: str) -> object:
            path = Path(text).expanduser()
            if not text or path.exists():
                return Refusal("it exists: choose another name" if text else "type the file's name")
            return path

        async def done(path: object) -> None:
            if isinstance(path, Path):
                await self._save(path)

        note = "JSON lines, for avrdeck replay; as shown here when it ends in .txt"
        self.app.push_screen(PromptScreen("Save the trace as", take, "avrdeck.trace", note=note), done)

    async def _save(self, path: Path) -> None:
        """Write every event, or the frames that are shown as a ladder."""
        events, frames = list(self.session.trace.events), [one.frame for one in self.list.shown]
        try:
            await asyncio.to_thread(_write, path, events, frames)
        except OSError as error:
            self.notify(f"{path} cannot be written: {error.strerror}", severity="error", markup=False)
        else:
            self.notify(f"The trace is in {path}", markup=False)


def _write(path: Path, events: Sequence[TraceEvent], frames: Sequence[job.Frame]) -> None:
    lines = job.ladder(frames) if path.suffix.lower() == ".txt" else job.to_lines(events)
    with path.open("x", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)
