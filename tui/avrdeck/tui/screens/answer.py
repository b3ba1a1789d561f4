"""A job's question over whatever is on the screen: its text, its findings, and the word that means yes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from avrdeck.boards.models import Part
from avrdeck.jobs.questions import Question, Topic
from avrdeck.tui.closing import Closing
from avrdeck.tui.views import findings
from avrdeck.tui.views.ink import Pen, Row, wrapped
from avrdeck.tui.widgets.sheet import Sheet


class QuestionText(Sheet):
    """The question and what is to be known before it is answered."""

    can_focus = False

    def __init__(self, question: Question, part: Part | None) -> None:
        super().__init__(id="question-text")
        self.question, self.part = question, part

    def paint(self, width: int) -> Sequence[Row]:
        """The question in bold, its notes and findings."""
        question = self.question
        rows = [Pen(width).put(line, "bold", at=1).row() for line in wrapped(question.text, width - 2)]
        for note in question.notes:
            first, *rest = wrapped(note, width - 4)
            rows.append(Pen(width).put("·", "accent bold", at=1).put(first, at=3).row())
            rows += [Pen(width).put(line, at=3).row() for line in rest]
        if question.findings and self.part:
            rows += [Row(), *findings.rows(question.findings, self.part, width)]
        return rows


def _asked(question: Question) -> str:
    """What to type."""
    if question.fatal:
        return f"ISP alone cannot undo this. Type {question.required} to allow it:"
    if question.topic is Topic.UNDO:
        return "Type yes to put the old values back, enter keeps the new ones:"
    return "Type yes to go on:"


class AnswerScreen(Closing, ModalScreen[str | None]):
    """Dismisses with what was typed, `None` when cancelled."""

    CSS_PATH = "answer.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "cancel", priority=True),
        Binding("pagedown", "scroll(1)", "more", priority=True),
        Binding("pageup", "scroll(-1)", "back", priority=True),
    ]

    def __init__(self, question: Question, part: Part | None = None) -> None:
        super().__init__()
        self.question, self.part = question, part

    def compose(self) -> ComposeResult:
        """The question above, the line below."""
        with Vertical(id="answer", classes="fatal" if self.question.fatal else "") as box:
            box.border_title = Content("Question")
            box.border_subtitle = Content("esc: no")
            yield QuestionText(self.question, self.part)
            yield Static(_asked(self.question), markup=False, id="answer-words")
            yield Input(compact=True, id="answer-text")

    def on_mount(self) -> None:
        """The answer is typed at once."""
        self.query_one(Input).focus()
        self.call_after_refresh(self._tell_of_more)

    def _tell_of_more(self) -> None:
        """Say how to read on where the text is longer than the window."""
        text = self.query_one(QuestionText)
        if text.max_scroll_y:
            self.query_one("#answer", Vertical).border_subtitle = Content("pgdn: more   esc: no")

    def action_scroll(self, pages: int) -> None:
        """Read on, or back."""
        text = self.query_one(QuestionText)
        text.scroll_relative(y=pages * max(text.size.height - 1, 1), animate=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer."""
        event.stop()
        self.dismiss(event.value)

    def action_cancel(self) -> None:
        """Do not answer."""
        self.dismiss(None)
