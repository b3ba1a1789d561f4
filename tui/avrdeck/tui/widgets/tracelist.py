"""The frames of a trace that pass the filter; only those in sight are painted."""

from __future__ import annotations

from rich.segment import Segment
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from avrdeck.tui.controllers.tracing import Shown, TraceLog, wanted
from avrdeck.tui.views import trace
from avrdeck.tui.views.ink import pieces
from avrdeck.tui.widgets.sheet import Sheet


class TraceList(Sheet, can_focus=True):
    """Follows the newest frame unless the user went to another."""

    cursor: reactive[int] = reactive(0)
    follow: reactive[bool] = reactive(True)

    class Moved(Message):
        """Another frame is under the cursor."""

    def __init__(self, log: TraceLog) -> None:
        super().__init__(id="trace-list")
        self.log_ = log
        self.filter = ""
        self.shown: list[Shown] = []
        self._taken = 0

    def use(self, log: TraceLog) -> None:
        """Show another log, or the same anew."""
        self.log_ = log
        self.shown, self._taken = [], 0
        self.load()

    def sift(self, text: str) -> None:
        """Filter by ``text``; the cursor goes to what is next to where it was."""
        before = self.here
        self.filter = text
        self.use(self.log_)
        if before and not self.follow:
            after = (at for at, one in enumerate(self.shown) if one.number >= before.number)
            self.cursor = next(after, max(len(self.shown) - 1, 0))

    def load(self) -> None:
        """Take the frames that came since the last time; those that the log forgot go."""
        test = wanted(self.filter)
        self.shown += [frame for frame in self.log_.since(self._taken) if test(frame)]
        self._taken = self.log_.total
        kept = self.log_.total - len(self.log_.frames)
        gone = next((at for at, one in enumerate(self.shown) if one.number > kept), len(self.shown))
        del self.shown[:gone]
        self.virtual_size = Size(1, len(self.shown))
        last = max(len(self.shown) - 1, 0)
        self.cursor = last if self.follow else min(max(self.cursor - gone, 0), last)
        self.refresh()

    @property
    def here(self) -> Shown | None:
        """The frame under the cursor."""
        return self.shown[self.cursor] if self.cursor < len(self.shown) else None

    def watch_cursor(self) -> None:
        """Keep the cursor in sight."""
        self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False, force=True, immediate=True)
        self.refresh()
        self.post_message(self.Moved())

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
            if self.shown[index].gap >= trace.LONG_GAP:
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
        row = trace.frame_row(self.shown[line], width, here=line == self.cursor)
        parts = pieces(row, width)
        return Strip([Segment(text, self.ink(role, band=row.band)) for text, role in parts], width)

    def on_click(self, event: events.Click) -> None:
        """Go to the frame that was clicked."""
        place = event.get_content_offset(self)
        if place and self.scroll_offset.y + place.y < len(self.shown):
            self.follow = False
            self.cursor = self.scroll_offset.y + place.y
