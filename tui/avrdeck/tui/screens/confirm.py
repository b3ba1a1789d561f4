"""A question of yes or no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from avrdeck.tui.closing import Closing
from avrdeck.tui.views.ink import Pen, Row, wrapped
from avrdeck.tui.widgets.sheet import Sheet


class ConfirmScreen(Closing, ModalScreen[bool]):
    """A question of yes or no; enter alone is no."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "yes"),
        Binding("n,escape,enter", "answer(False)", "no"),
    ]

    def __init__(self, question: str, detail: str = "") -> None:
        super().__init__()
        self._question, self._detail = question, detail

    def compose(self) -> ComposeResult:
        """The question."""
        with Vertical(classes="dialog", id="confirm") as box:
            box.border_title = Content("Sure?")
            yield Question(self._question, self._detail)

    def action_answer(self, yes: bool) -> None:
        """Answer."""
        self.dismiss(yes)


class Question(Sheet, can_focus=True):
    """The text of a question and its two keys."""

    def __init__(self, question: str, detail: str) -> None:
        super().__init__(id="question")
        self._question, self._detail = question, detail

    def paint(self, width: int) -> Sequence[Row]:
        """The question, what is to say about it, the keys."""
        rows = [Pen(width).put(line, "bold", at=1).row() for line in wrapped(self._question, width - 2)]
        if self._detail:
            rows += [Pen(width).put(line, "muted", at=1).row() for line in wrapped(self._detail, width - 2)]
        keys = Pen(width).put("y", "accent bold", at=1).put(" yes   ", "muted")
        return [*rows, Row(), keys.put("n", "accent bold").put(" no", "muted").row()]
