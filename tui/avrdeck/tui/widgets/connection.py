"""Pane 1: the port, the programmer and the target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.message import Message
from textual.reactive import reactive

from avrdeck.tui.actions import Scope, bindings
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.views import connection
from avrdeck.tui.views.connection import Line
from avrdeck.tui.views.ink import Row
from avrdeck.tui.widgets.pane import Pane
from avrdeck.tui.widgets.sheet import Sheet


class ConnectionForm(Sheet, can_focus=True):
    """The lines of the connection, with a cursor over those that can be chosen."""

    scope = Scope.CONNECTION
    BINDINGS = bindings(Scope.CONNECTION)
    line: reactive[int] = reactive(0, repaint=False)

    @dataclass
    class Asked(Message):
        """The user wants to choose the value of a line."""

        line: Line

    def __init__(self, session: Session) -> None:
        super().__init__(id="connection-form")
        self.session = session

    def paint(self, width: int) -> Sequence[Row]:
        """See `views.connection`."""
        return connection.rows(self.session, self._here if self.has_focus else None, width, self.size.height)

    @property
    def _lines(self) -> tuple[Line, ...]:
        return connection.lines(self.session)

    @property
    def _here(self) -> Line:
        """The line under the cursor: the last one where that is there no more."""
        return self._lines[min(self.line, len(self._lines) - 1)]

    def watch_line(self) -> None:
        """Show the cursor where it is."""
        self.repaint()

    def watch_has_focus(self, _has_focus: bool) -> None:
        """Show the cursor or hide it, in the paint in which the frame changes."""
        self.repaint()

    def action_move(self, step: int) -> None:
        """Move the cursor."""
        self.line = (self._lines.index(self._here) + step) % len(self._lines)

    def action_choose(self) -> None:
        """Choose the value under the cursor."""
        self.post_message(self.Asked(self._here))

    def on_sheet_clicked(self, event: Sheet.Clicked) -> None:
        """Choose what was clicked."""
        event.stop()
        if isinstance(event.target, Line):
            self.line = self._lines.index(event.target)
            self.action_choose()


class ConnectionPane(Pane):
    """The connection."""

    number, name_text = 1, "Connection"

    def compose(self) -> ComposeResult:
        """The form alone."""
        yield ConnectionForm(self.session)

    def entry(self) -> ConnectionForm:
        """See `Pane.entry`."""
        return self.query_one(ConnectionForm)

    def refresh_session(self) -> None:
        """See `Pane.refresh_session`."""
        super().refresh_session()
        self.entry().repaint()
