"""A job's question over whatever is on the screen: its text, its findings, and the word that means yes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input

from avrdeck.boards.models import Part
from avrdeck.jobs.questions import Question, Topic
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
        """The question in bold, its findings, the word to type."""
        question = self.question
        rows = [Pen(width).put(line, "bold", at=1).row() for line in wrapped(question.text, width - 2)]
        if question.findings and self.part:
            rows += [Row(), *findings.rows(question.findings, self.part, width)]
        rows.append(Row())
        if question.fatal:
            words = f"ISP alone cannot undo this. Type {question.required} to allow it:"
        elif question.topic is Topic.UNDO:
            words = "Type yes to put the old values back, enter keeps the new ones:"
        else:
            words = "Type yes to go on:"
        return [*rows, Pen(width).put(words, at=1).row()]


class AnswerScreen(ModalScreen[str | None]):
    """Dismisses with what was typed, `None` when cancelled."""

    CSS_PATH = "answer.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "cancel", priority=True)]

    def __init__(self, question: Question, part: Part | None = None) -> None:
        super().__init__()
        self.question, self.part = question, part

    def compose(self) -> ComposeResult:
        """The question above, the line below."""
        with Vertical(id="answer", classes="fatal" if self.question.fatal else "") as box:
            box.border_title = Content("Question")
            box.border_subtitle = Content("esc: no")
            yield QuestionText(self.question, self.part)
            yield Input(compact=True, id="answer-text")

    def on_mount(self) -> None:
        """The answer is typed at once."""
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer."""
        event.stop()
        self.dismiss(event.value)

    def action_cancel(self) -> None:
        """Do not answer."""
        self.dismiss(None)
