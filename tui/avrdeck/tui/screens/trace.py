"""Every frame on the wire: time, silence before it, bytes, meaning."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from rich.segment import Segment
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.screen import Screen
from textual.strip import Strip

from avrdeck.jobs import tracing as job
from avrdeck.tui.actions import Scope, bindings
from avrdeck.tui.closing import Closing
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.controllers.tracing import BadFilter, Shown, TraceLog, wanted
from avrdeck.tui.screens.dialogs import PromptScreen, Refusal
from avrdeck.tui.telling import Telling
from avrdeck.tui.views import status
from avrdeck.tui.views.ink import Pen, Row, cells, clipped, grouped
from avrdeck.tui.widgets.chrome import Footer, StatusBar
from avrdeck.tui.widgets.sheet import Sheet

LONG_GAP = 0.02
"""Seconds of silence that `n` goes to."""
FOLLOW_SECONDS = 0.1
LONG_REPLY = 18
"""Bytes of a reply from which on only their number is shown."""


class TraceList(Sheet, can_focus=True):
    """The frames that pass the filter; only those in sight are painted."""

    cursor: reactive[int] = reactive(0)
    follow: reactive[bool] = reactive(True)

    def __init__(self, log: TraceLog) -> None:
        super().__init__(id="trace-list")
        self.log_ = log
        self.filter = ""
        self.shown: list[Shown] = []
        self._counted = 0

    def load(self) -> None:
        """Take the frames that came since the last time."""
        if len(self.log_.frames) < self._counted or not self._counted:
            self.shown, self._counted = [], 0
        test = wanted(self.filter)
        self.shown += [frame for frame in self.log_.frames[self._counted :] if test(frame)]
        self._counted = len(self.log_.frames)
        self.virtual_size = Size(1, len(self.shown))
        if self.follow:
            self.cursor = max(len(self.shown) - 1, 0)
        self.refresh()

    def use(self, text: str) -> None:
        """Filter by ``text``."""
        self.filter, self._counted = text, 0
        self.load()
        self.cursor = min(self.cursor, max(len(self.shown) - 1, 0))

    @property
    def here(self) -> Shown | None:
        """The frame under the cursor."""
        return self.shown[self.cursor] if self.cursor < len(self.shown) else None

    def watch_cursor(self) -> None:
        """Keep the cursor in sight."""
        self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False, force=True, immediate=True)
        self.refresh()
        if isinstance(self.screen, TraceScreen):
            self.screen.moved()

    def repaint(self) -> None:
        """Nothing is kept painted."""
        self.virtual_size = Size(1, len(self.shown))
        self.refresh()

    def on_key(self, event: events.Key) -> None:
        """Move; moving up stops following."""
        page = max(self.size.height - 1, 1)
        steps = {"up": -1, "k": -1, "down": 1, "j": 1, "pageup": -page, "pagedown": page}
        last = max(len(self.shown) - 1, 0)
        goals = {"home": 0, "end": last, **{key: self.cursor + step for key, step in steps.items()}}
        if event.key in goals:
            self.cursor = max(0, min(goals[event.key], last))
            self.follow = self.cursor == last and self.follow
            event.stop()
            event.prevent_default()

    def next_gap(self) -> bool:
        """Go to the next long silence; whether there is one."""
        count = len(self.shown)
        for index in (*range(self.cursor + 1, count), *range(min(self.cursor, count))):
            if self.shown[index].gap >= LONG_GAP:
                self.follow = False
                self.cursor = index
                return True
        return False

    def render_line(self, y: int) -> Strip:
        """One line of what is in sight."""
        width = self.scrollable_content_region.width
        line = self.scroll_offset.y + y
        if not 0 <= line < len(self.shown):
            return Strip([Segment(" " * width, self.ink(""))], width)
        row = frame_row(self.shown[line], width, here=line == self.cursor)
        pieces = grouped(cells(row, width))
        return Strip([Segment(text, self.ink(role, band=row.band)) for text, role in pieces], width)

    def on_click(self, event: events.Click) -> None:
        """Go to the frame that was clicked."""
        place = event.get_content_offset(self)
        if place and self.scroll_offset.y + place.y < len(self.shown):
            self.follow = False
            self.cursor = self.scroll_offset.y + place.y


def frame_row(shown: Shown, width: int, *, here: bool) -> Row:
    """A frame's line: commands bold, replies muted, long silences marked."""
    long = shown.gap >= LONG_GAP
    pen = Pen(width).put("►" if here else " ", "accent bold", at=1)
    pen.put(f"{shown.time:9.3f}", "muted", at=2)
    if shown.gap:
        pen.put(f"{shown.gap * 1000:9.1f}", "warning bold" if long else "muted", at=12)
    cells_ = min(5, max(0, round(math.log10(max(shown.gap * 1000, 0.1)) * 1.5 + 1.5)))
    if width >= 100:
        pen.put("▄" * cells_, "warning" if long else "disabled", at=22)
    at = 29 if width >= 100 else 23
    pen.put("→" if shown.sent else "←", "accent" if shown.sent else "muted", at=at)
    room = 24 if width >= 100 else 15
    data = shown.frame.data
    text = data.hex(" ").upper()
    if len(text) > room:
        text = f"{data[: (room - 6) // 3].hex(' ').upper()} .. {data[-1]:02X}"
    pen.put(text, "" if shown.sent else "muted", at=at + 2)
    pen.at = at + room + 4
    _meaning(pen, shown)
    return pen.row(band=here)


def _meaning(pen: Pen, shown: Shown) -> None:
    """A command's name and what it asks; what a reply brought."""
    text = shown.frame.text
    if shown.sent:
        name, _, rest = text.partition(" ")
        pen.put(name, "bold").put(clipped(f" {rest}", pen.width - pen.at), "muted")
    elif text == "OK":
        pen.put("ok", "success")
    elif len(shown.frame.data) > LONG_REPLY:
        pen.put("ok ", "success").put(f"{len(shown.frame.data) - 2} bytes", "muted")
    else:
        bad = text.startswith(("no reply", "FAILED", "NOSYNC", "UNKNOWN", "NODEVICE"))
        if not bad:
            pen.put("ok ", "success")
        pen.put(clipped(text, pen.width - pen.at), "warning bold" if bad else "")


class TraceHead(Sheet):
    """The columns' names."""

    can_focus = False

    def paint(self, width: int) -> Sequence[Row]:
        """Above the columns of `frame_row`."""
        wide = width >= 100
        pen = Pen(width).put("time s", "disabled", at=5).put("gap ms", "disabled", at=15)
        pen.put("bytes", "disabled", at=31 if wide else 25).put("meaning", "disabled", at=57 if wide else 42)
        return [pen.row()]


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
        self.log_ = TraceLog(session.trace, session.part, self._grow)

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
        if self._grown:
            self._grown = False
            self.list.load()
            self.moved()

    def moved(self) -> None:
        """Show the frame under the cursor."""
        if not self.query(FrameSheet):
            return
        self.query_one(FrameSheet).repaint()
        pane = self.query_one("#trace-pane", Vertical)
        pane.border_subtitle = Content("● following" if self.list.follow else "○ follow off, f follows")
        narrow = self.size.width < 100
        shown, all_ = len(self.list.shown), len(self.log_.frames)
        right: list[status.Group] = [((f"{shown} of {all_} frames", ""),)]
        if self.list.filter:
            right.insert(0, ((f"/ {self.list.filter}", "accent bold"),))
        self.query_one(StatusBar).show(status.left(self.session, narrow), right)

    def action_leave(self) -> None:
        """Back to the deck."""
        self.dismiss(None)

    def action_follow(self) -> None:
        """Stay at the newest frame, or stop."""
        self.list.follow = not self.list.follow
        self.list.load()
        self.moved()

    def action_gap(self) -> None:
        """Go to the next long silence."""
        if not self.list.next_gap():
            self.notify(f"No silence of {LONG_GAP * 1000:.0f} ms.", markup=False)

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
                self.list.use(text)
                self.moved()

        hint = "op:read_page  dir:>  gap>5  at:0.2..0.4  hex:AC  not …"
        self.app.push_screen(PromptScreen("Filter", take, self.list.filter, hint, "empty shows all"), use)

    def action_copy(self) -> None:
        """Copy the frame."""
        here = self.list.here
        if here:
            data = here.frame.data.hex(" ").upper()
            text = f"{here.time:.6f} {here.frame.direction.value} {data}  {here.frame.text}"
            self.app.copy_to_clipboard(text)
            self.notify("The frame is in the clipboard.", markup=False)

    def action_save(self) -> None:
        """Save the whole trace, one JSON object a line."""

        def take(text: str) -> object:
            path = Path(text).expanduser()
            if not text or path.exists():
                return Refusal("it exists: choose another name" if text else "type the file's name")
            try:
                path.write_text(
                    "".join(f"{line}\n" for line in job.to_lines(self.session.trace.events)), "utf-8"
                )
            except OSError as error:
                return Refusal(f"it cannot be written: {error.strerror}")
            return path

        def done(path: object) -> None:
            if path:
                self.notify(f"The trace is in {path}", markup=False)

        self.app.push_screen(PromptScreen("Save the trace as", take, "avrdeck.trace"), done)


class FrameSheet(Sheet):
    """The frame under the cursor in full."""

    can_focus = False

    def __init__(self, trace: TraceScreen) -> None:
        super().__init__(id="frame")
        self._trace = trace

    def paint(self, width: int) -> Sequence[Row]:
        """Meaning, size, bytes."""
        here = self._trace.list.here
        if here is None:
            return [Pen(width).put("Nothing was sent yet.", "muted", at=1).row()]
        arrow = "sent" if here.sent else "came"
        head = Pen(width).put(clipped(here.frame.text, width - 32), "bold", at=1)
        head.right(f"{len(here.frame.data)} bytes {arrow} at {here.time:.4f} s", "muted", margin=1)
        per_row = max((width - 2) // 3, 8)
        data = here.frame.data
        rows = [head.row()]
        starts = range(0, min(len(data), per_row * 2), per_row)
        return [
            *rows,
            *(Pen(width).put(data[start : start + per_row].hex(" ").upper(), at=1).row() for start in starts),
        ]
