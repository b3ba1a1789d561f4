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
from avrdeck.tui.actions import Action, Scope, key_text
from avrdeck.tui.closing import Closing
from avrdeck.tui.views.ink import Pen, Row, clipped
from avrdeck.tui.widgets.sheet import Sheet

KEYS_AT, TEXT_AT = 3, 18


class HelpText(Sheet, can_focus=True):
    """The registry as a table: the keys that work ``here``, the narrowest scope first, then all others."""

    def __init__(
        self, here: Sequence[Scope], elsewhere: Sequence[Scope] = (), idle: Collection[str] = ()
    ) -> None:
        super().__init__(id="help-text")
        self.here, self.elsewhere, self.idle = here, elsewhere, idle

    def paint(self, width: int) -> Sequence[Row]:
        """A group a scope, without the actions that are ``idle``; each key is told where it works."""
        rows: list[Row] = []
        taken: set[str] = set()
        for scope in (*self.here, *self.elsewhere):
            rows += [Row()] if rows else []
            rows.append(Pen(width).put(scope.value.capitalize(), "bold", at=1).rule().row())
            shown = [action for action in actions.of(scope) if action.id not in self.idle]
            for action in shown:
                keys = [key for key in action.keys.split(",") if scope in self.elsewhere or key not in taken]
                if keys:
                    rows.append(_row(keys, action, width))
            if scope in self.here:
                taken |= {key for action in shown for key in action.keys.split(",")}
        return rows


def _row(keys: Sequence[str], action: Action, width: int) -> Row:
    text = clipped(" ".join(map(key_text, keys)), TEXT_AT - KEYS_AT - 1)
    pen = Pen(width).put(text, "accent bold", at=KEYS_AT)
    return pen.put(clipped(action.help, width - TEXT_AT), at=TEXT_AT).row()


class HelpScreen(Closing, ModalScreen[None]):
    """The help over whatever was there."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q,enter,f1", "leave", "close")]

    def __init__(self, scopes: Sequence[Scope]) -> None:
        super().__init__()
        self._here = scopes
        self._elsewhere = [scope for scope in Scope if scope not in scopes]

    def compose(self) -> ComposeResult:
        """The table."""
        with Vertical(id="help") as box:
            box.border_title = Content(f"Help: {self._here[0].value}")
            box.border_subtitle = Content("esc closes")
            below = self.app.screen_stack[-2]
            working = {action.id for action, _ in palette.working(below)}
            idle = {action.id for action, _ in palette.reachable(below)} - working
            yield HelpText(self._here, self._elsewhere, idle)

    def action_leave(self) -> None:
        """Close."""
        self.dismiss(None)
