"""What the keys do: those of the place the user came from first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from avrdeck.tui import actions, palette
from avrdeck.tui.actions import Scope, key_text
from avrdeck.tui.closing import Closing
from avrdeck.tui.views.ink import Pen, Row, clipped
from avrdeck.tui.widgets.sheet import Sheet

KEYS_AT, TEXT_AT = 3, 18


class HelpText(Sheet, can_focus=True):
    """The registry as a table."""

    def __init__(self, scopes: Sequence[Scope], idle: Collection[str] = ()) -> None:
        super().__init__(id="help-text")
        self.scopes, self.idle = scopes, idle

    def paint(self, width: int) -> Sequence[Row]:
        """A group a scope, without the actions that are ``idle``."""
        rows: list[Row] = []
        for scope in self.scopes:
            rows += [Row()] if rows else []
            rows.append(Pen(width).put(scope.value.capitalize(), "bold", at=1).rule().row())
            for action in (one for one in actions.of(scope) if one.id not in self.idle):
                keys = " ".join(key_text(key) for key in action.keys.split(","))
                pen = Pen(width).put(clipped(keys, TEXT_AT - KEYS_AT - 1), "accent bold", at=KEYS_AT)
                rows.append(pen.put(clipped(action.help, width - TEXT_AT), at=TEXT_AT).row())
        return rows


class HelpScreen(Closing, ModalScreen[None]):
    """The help over whatever was there."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q,enter,f1", "leave", "close")]

    def __init__(self, scopes: Sequence[Scope]) -> None:
        super().__init__()
        rest = [scope for scope in Scope if scope not in scopes]
        self._scopes = [*scopes, *rest]

    def compose(self) -> ComposeResult:
        """The table."""
        with Vertical(id="help") as box:
            box.border_title = Content(f"Help: {self._scopes[0].value}")
            box.border_subtitle = Content("esc closes")
            below = self.app.screen_stack[-2]
            working = {action.id for action, _ in palette.working(below)}
            idle = {action.id for action, _ in palette.reachable(below)} - working
            yield HelpText(self._scopes, idle)

    def action_leave(self) -> None:
        """Close."""
        self.dismiss(None)
