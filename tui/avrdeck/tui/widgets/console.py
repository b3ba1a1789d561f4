"""Pane 4: the console, the same commands as on the command line."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice

from rich.segment import Segment
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.geometry import Size
from textual.message import Message
from textual.selection import Selection
from textual.strip import Strip
from textual.suggester import Suggester
from textual.widgets import Input, Static

from avrdeck.console import history
from avrdeck.tui.actions import Scope, bindings
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.views.ink import Pen, Row, cells, grouped
from avrdeck.tui.widgets.pane import Pane
from avrdeck.tui.widgets.sheet import Sheet

MAX_LINES = 100_000
"""Lines of output that are kept: an hour of busy work, in about 20 MB."""
MAX_HISTORY = 1000


class ConsoleLog(Sheet):
    """What commands said. Lines are painted when they come into sight, so their number costs nothing."""

    can_focus = False

    def __init__(self) -> None:
        super().__init__(id="console-log")
        self.lines: deque[tuple[str, str]] = deque(maxlen=MAX_LINES)
        self.found = ""
        self._widest = 0
        self._behind = False
        self._at_end, self._height = True, 0

    def write(self, text: str, role: str = "") -> None:
        """Add a line; the log stays at its end unless the user scrolled up."""
        text = Pen(0).put(text.expandtabs()).runs[0].text
        self.lines.append((text, role))
        self._widest = max(self._widest, len(text) + 2)
        if not self._behind:
            self._behind = True
            self.call_next(self._catch_up)

    def _catch_up(self) -> None:
        """Show the lines that came since the last look: a job may write hundreds at once."""
        self._behind = False
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
        self._widest = 0
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
        row = self._marked(text, pen.row())
        pieces = grouped(self._selected(cells(row, wide), line))
        strip = Strip([Segment(piece, self.ink(ink)) for piece, ink in pieces], wide)
        return strip.crop(x, x + width).apply_offsets(x, line)

    def _marked(self, text: str, row: Row) -> Row:
        """With what was searched for underlined."""
        if not self.found:
            return row
        pen = Pen(0, runs=list(row.runs))
        start = text.lower().find(self.found)
        while start >= 0:
            pen.put(text[start : start + len(self.found)], "accent bold underline", at=start + 2)
            start = text.lower().find(self.found, start + 1)
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

    def search(self, text: str) -> bool:
        """Mark every ``text`` and go to the last; whether there is one."""
        self.found = text.lower()
        self.refresh()
        for index in range(len(self.lines) - 1, -1, -1) if text else ():
            if self.found in self.lines[index][0].lower():
                self.scroll_to(y=max(index - self.size.height // 2, 0), animate=False, immediate=True)
                return True
        return False

    def text(self) -> str:
        """Every line, for the clipboard."""
        return "\n".join(f"> {text}" if role == "command" else f"  {text}" for text, role in self.lines)

    def last(self) -> tuple[str, str] | None:
        """The newest line."""
        return self.lines[-1] if self.lines else None

    def tail(self, count: int) -> list[str]:
        """The newest lines, for tests."""
        return [text for text, _ in islice(self.lines, max(len(self.lines) - count, 0), None)]


def completions(line: str, session: Session) -> list[tuple[str, str]]:
    """What the last word of ``line`` can become; the command tree is loaded with the first word typed."""
    from avrdeck.tui.controllers import console

    return console.completions(line, session)


class CommandSuggester(Suggester):
    """Ghost text behind the cursor: from the command tree, else from the history."""

    def __init__(self, session: Session, history: list[str]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._session, self._history = session, history

    async def get_suggestion(self, value: str) -> str | None:
        """The line as it would be completed."""
        if not value.strip():
            return None
        old = next((old for old in reversed(self._history) if old.startswith(value) and old != value), None)
        if old is None and value.rsplit(" ", maxsplit=1)[-1]:
            fits = completions(value, self._session)
            return _completed(value, fits[0][0]) if fits else None
        return old


def _common(words: list[str]) -> str:
    """What all words begin with."""
    shortest = min(words, key=len, default="")
    return next(
        (shortest[:n] for n in range(len(shortest), 0, -1) if all(w.startswith(shortest[:n]) for w in words)),
        "",
    )


def _completed(line: str, word: str) -> str:
    """``line`` with its last word made ``word``."""
    return line[: len(line) - len(line.rsplit(" ", maxsplit=1)[-1])] + word


class CommandLine(Input):
    """The line that is typed."""

    scope = Scope.CONSOLE
    BINDINGS = bindings(Scope.CONSOLE)

    def __init__(self, session: Session, history: list[str]) -> None:
        super().__init__(id="console-line", compact=True, suggester=CommandSuggester(session, history))

    @property
    def pane(self) -> ConsolePane:
        """The pane around it."""
        return next(node for node in self.ancestors if isinstance(node, ConsolePane))

    def action_history(self, step: int) -> None:
        """Another line of the history."""
        self.pane.recall(step)

    def action_complete(self) -> None:
        """Take the suggestion, or list what fits."""
        self.pane.complete()

    def action_leave(self) -> None:
        """Back to the pane before."""
        self.post_message(ConsolePane.Left())

    def action_clear(self) -> None:
        """Clear the output."""
        self.pane.log_sheet.clear()

    def action_search(self) -> None:
        """Search the output."""
        self.post_message(ConsolePane.SearchAsked())

    def action_copy(self) -> None:
        """Copy the selection in the line, else the whole output."""
        self.app.copy_to_clipboard(self.selected_text or self.pane.log_sheet.text())

    def action_scroll(self, pages: int) -> None:
        """Scroll the output."""
        sheet = self.pane.log_sheet
        sheet.scroll_relative(y=pages * max(sheet.size.height - 1, 1), animate=False, immediate=True)

    def on_focus(self, event: events.Focus) -> None:
        """Typing goes on where it stopped."""
        del event
        self.cursor_position = len(self.value)
        self.pane.load_history()


class ConsolePane(Pane):
    """The console."""

    number, name_text = 4, "Console"

    @dataclass
    class Entered(Message):
        """A line is to be run."""

        line: str

    @dataclass
    class Left(Message):
        """The user wants to leave the line."""

    @dataclass
    class SearchAsked(Message):
        """The user wants to search the output."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.history: list[str] = []
        self._place = 0
        self._loaded = False

    def compose(self) -> ComposeResult:
        """The output above, the line below."""
        yield ConsoleLog()
        with Horizontal(id="console-prompt"):
            yield Static("> ", id="console-mark", markup=False)
            yield CommandLine(self.session, self.history)

    @property
    def log_sheet(self) -> ConsoleLog:
        """The output."""
        return self.query_one(ConsoleLog)

    def entry(self) -> CommandLine:
        """See `Pane.entry`."""
        return self.query_one(CommandLine)

    def write(self, text: str, role: str = "") -> None:
        """Add a line of output."""
        self.log_sheet.write(text, role)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Run the line."""
        event.stop()
        line = event.value.strip()
        self.entry().value = ""
        if not line:
            return
        if not self.history or self.history[-1] != line:
            self.history.append(line)
            history.remember(line)
            del self.history[:-MAX_HISTORY]
        self._place = 0
        self.post_message(self.Entered(line))

    def load_history(self) -> None:
        """Take the history that the line console left, once."""
        if not self._loaded:
            self._loaded = True
            self.history[:0] = history.load()[-MAX_HISTORY:]

    def recall(self, step: int) -> None:
        """Show another line of the history; past the newest an empty one."""
        self._place = max(0, min(self._place - step, len(self.history)))
        line = self.entry()
        line.value = self.history[-self._place] if self._place else ""
        line.cursor_position = len(line.value)

    def complete(self) -> None:
        """Take the suggestion, or list what fits."""
        line = self.entry()
        fits = completions(line.value, self.session)
        common = _common([word for word, _ in fits])
        if len(common) > len(line.value.split(" ")[-1]):
            end = "" if len(fits) > 1 or common.endswith("=") else " "
            line.value = _completed(line.value, common) + end
            line.cursor_position = len(line.value)
            return
        for word, words in fits if len(fits) > 1 else ():
            self.write(f"{word:14} {words}", "muted")
