"""Pane 4: the console, the same commands as on the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from avrdeck.console import history
from avrdeck.tui.actions import Scope, bindings
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.widgets.consolelog import ConsoleLog
from avrdeck.tui.widgets.pane import Pane
from avrdeck.tui.widgets.suggesting import CommandColours, CommandSuggester, completed, completions

MAX_HISTORY = 1000


def _common(words: list[str]) -> str:
    """What all words begin with."""
    shortest = min(words, key=len, default="")
    return next(
        (shortest[:n] for n in range(len(shortest), 0, -1) if all(w.startswith(shortest[:n]) for w in words)),
        "",
    )


class CommandLine(Input):
    """The line that is typed."""

    scope = Scope.CONSOLE
    BINDINGS = bindings(Scope.CONSOLE)

    def __init__(self, session: Session, history: list[str], tell: Callable[[str], None]) -> None:
        super().__init__(
            id="console-line",
            compact=True,
            suggester=CommandSuggester(session, history, tell),
            highlighter=CommandColours(lambda: self.app.theme),
        )

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

    async def action_interrupt(self) -> None:
        """Stop what runs, as in any terminal; else copy."""
        if self.pane.session.job and not self.selected_text:
            await self.run_action("app.stop_job")
        else:
            self.action_copy()

    def action_scroll(self, pages: int) -> None:
        """Scroll the output."""
        sheet = self.pane.log_sheet
        sheet.scroll_relative(y=pages * max(sheet.size.height - 1, 1), animate=False, immediate=True)

    def on_focus(self, event: events.Focus) -> None:
        """Typing goes on where it stopped."""
        del event
        self.cursor_position = len(self.value)
        self.pane.load()


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
        self._told = ""

    @property
    def subtitle(self) -> str:
        """What the suggestion is, or where the search has come to."""
        return self._told if self.active else ""

    def tell(self, text: str) -> None:
        """Say it on the lower edge, until the line changes."""
        self._told = text
        self.label()

    def compose(self) -> ComposeResult:
        """The output above, the line below."""
        yield ConsoleLog()
        with Horizontal(id="console-prompt"):
            yield Static("> ", id="console-mark", markup=False)
            yield CommandLine(self.session, self.history, self.tell)

    @property
    def log_sheet(self) -> ConsoleLog:
        """The output."""
        return self.query_one(ConsoleLog)

    def entry(self) -> CommandLine:
        """See `Pane.entry`."""
        return self.query_one(CommandLine)

    def write(self, text: str, role: str = "") -> None:
        """Add a line of output; what a job says after the end of the app goes nowhere."""
        for log in self.query(ConsoleLog):
            log.write(text, role)

    def on_input_changed(self, event: Input.Changed) -> None:
        """An empty line becomes nothing."""
        event.stop()
        if not event.value:
            self.tell("")

    def search(self, text: str) -> bool:
        """Go to the last line with ``text``, the next time to the one before; whether there is one."""
        found = self.log_sheet.search(text)
        self.tell(found)
        return bool(found)

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

    def load(self) -> None:
        """Take the history that the line console left, once; and let no letter wait for the command tree."""
        if not self._loaded:
            self._loaded = True
            self.history[:0] = history.load()[-MAX_HISTORY:]
            self.call_after_refresh(completions, "help", self.session)

    def refresh_session(self) -> None:
        """See `Pane.refresh_session`. A command that is over has said all that it says."""
        super().refresh_session()
        self.log_sheet.catch_up()

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
            line.value = completed(line.value, common) + end
            line.cursor_position = len(line.value)
            return
        for word, words in fits if len(fits) > 1 else ():
            self.write(f"{word:14} {words}", "muted")
