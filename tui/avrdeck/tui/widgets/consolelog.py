"""What commands said: the output of the console pane."""

from __future__ import annotations

from collections import deque
from itertools import islice
from time import monotonic

from rich.segment import Segment
from textual.geometry import Size
from textual.selection import Selection
from textual.strip import Strip

from avrdeck.tui.views.ink import Pen, Row, cells, grouped
from avrdeck.tui.widgets.pane import REPAINT_SECONDS
from avrdeck.tui.widgets.sheet import Sheet

MAX_LINES = 100_000
"""Lines of output that are kept: an hour of busy work, in about 20 MB."""

NOWHERE = -1
"""In place of a line's number."""


class ConsoleLog(Sheet):
    """What commands said. Lines are painted when they come into sight, so their number costs nothing."""

    can_focus = False

    def __init__(self) -> None:
        super().__init__(id="console-log")
        self.lines: deque[tuple[str, str]] = deque(maxlen=MAX_LINES)
        self.found = ""
        self.match = NOWHERE
        self._widest = 0
        self._behind, self._caught_up = False, 0.0
        self._at_end, self._height = True, 0

    def write(self, text: str, role: str = "") -> None:
        """Add a line; the log stays at its end unless the user scrolled up."""
        text = Pen(0).put(text.expandtabs()).runs[0].text
        self.lines.append((text, role))
        self._widest = max(self._widest, len(text) + 2)
        if not self._behind:
            self._behind = True
            wait = self._caught_up + REPAINT_SECONDS - monotonic()
            if wait > 0:
                self.set_timer(wait, self.catch_up)
            else:
                self.call_next(self.catch_up)

    def catch_up(self) -> None:
        """Show the lines that came since the last look: a job may write hundreds a second."""
        if not self._behind:
            return
        self._behind, self._caught_up = False, monotonic()
        self.virtual_size = Size(max(self._widest, 1), len(self.lines))
        self._stay()
        self.refresh()

    def _stay(self) -> None:
        if self._at_end:
            self.scroll_end(animate=False, immediate=True, force=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Whether the user stays at the end; what a change of size does to the offset is not the user's."""
        super().watch_scroll_y(old_value, new_value)
        if self.size.height == self._height:
            self._at_end = new_value >= self.max_scroll_y - 1

    def on_resize(self) -> None:
        """Stay at the end, also when the pane was out of sight."""
        self._stay()
        self._height = self.size.height

    def clear(self) -> None:
        """Forget every line."""
        self.lines.clear()
        self._widest, self.match = 0, NOWHERE
        self.virtual_size = Size(1, 0)
        self.scroll_home(animate=False, immediate=True, force=True)
        self.refresh()

    def repaint(self) -> None:
        """Nothing is kept painted."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of what is in sight."""
        width = self.scrollable_content_region.width
        x, top = self.scroll_offset
        line = top + y
        if not 0 <= line < len(self.lines):
            return Strip([Segment(" " * width, self.ink(""))], width)
        text, role = self.lines[line]
        wide = max(self._widest, width)
        pen = Pen(wide)
        if role == "command":
            pen.put("> ", "accent bold").put(text, "bold")
        else:
            pen.put("  ").put(text, role)
        row = self._marked(text, pen.row(), "reverse" if line == self.match else "underline")
        pieces = grouped(self._selected(cells(row, wide), line))
        strip = Strip([Segment(piece, self.ink(ink)) for piece, ink in pieces], wide)
        return strip.crop(x, x + width).apply_offsets(x, line)

    def _marked(self, text: str, row: Row, how: str) -> Row:
        """With what was searched for marked."""
        if not self.found:
            return row
        pen = Pen(0, runs=list(row.runs))
        start = text.lower().find(self.found.lower())
        while start >= 0:
            pen.put(text[start : start + len(self.found)], f"accent bold {how}", at=start + 2)
            start = text.lower().find(self.found.lower(), start + 1)
        return pen.row()

    def _selected(self, line: list[tuple[str, str]], y: int) -> list[tuple[str, str]]:
        """With the selection reversed."""
        selection = self.text_selection
        span = selection.get_span(y) if selection else None
        if span is None:
            return line
        start, end = span
        end = len(line) if end == -1 else end
        return [
            (text, f"{role} reverse") if start <= column < end else (text, role)
            for column, (text, role) in enumerate(line)
        ]

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text, for the clipboard."""
        return selection.extract("\n".join("  " + text for text, _ in self.lines)), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Show what is selected."""
        del selection
        self.refresh()

    def search(self, text: str) -> str:
        """Mark every ``text`` and go to the last, again and again to the one before.

        Says which of how many lines with it that is; nothing where there is none.
        """
        again, self.found, wanted = text == self.found, text, text.lower()
        places = [n for n, (line, _) in enumerate(self.lines) if wanted in line.lower()] if text else []
        before = [n for n in places if n < self.match] if again else []
        self.match = (before or places or [NOWHERE])[-1]
        self.refresh()
        if not places:
            return ""
        self.scroll_to(y=max(self.match - self.size.height // 2, 0), animate=False, immediate=True)
        return f"line {places.index(self.match) + 1} of {len(places)} with {text}"

    def text(self) -> str:
        """Every line, for the clipboard."""
        return "\n".join(f"> {text}" if role == "command" else f"  {text}" for text, role in self.lines)

    def last(self) -> tuple[str, str] | None:
        """The newest line."""
        return self.lines[-1] if self.lines else None

    def tail(self, count: int) -> list[str]:
        """The newest lines, for tests."""
        return [text for text, _ in islice(self.lines, max(len(self.lines) - count, 0), None)]
