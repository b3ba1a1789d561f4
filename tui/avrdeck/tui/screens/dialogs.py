"""Small modal questions: one of a list, a text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.fuzzy import Matcher
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Input

from avrdeck.boards.text import printable
from avrdeck.tui.closing import Closing
from avrdeck.tui.telling import Telling
from avrdeck.tui.views.ink import Pen, Row, clipped
from avrdeck.tui.widgets.sheet import Sheet

SHOWN = 400
"""Options painted at most; more are found by typing."""


@dataclass(frozen=True, slots=True)
class Option:
    """One choice: its value, its name, and what there is to say about it."""

    value: object
    name: str
    note: str = ""
    current: bool = False


class Options(Sheet):
    """The options that fit what was typed."""

    can_focus = False

    def __init__(self, options: Sequence[Option]) -> None:
        super().__init__(id="options")
        self.all = tuple(options)
        self.fitting = self.all[:SHOWN]
        self.at = next((i for i, option in enumerate(self.fitting) if option.current), 0)

    def filter(self, text: str) -> None:
        """Show the options that fit ``text``, the best first."""
        if text.strip():
            matcher = Matcher(text.strip())
            scored = [(matcher.match(f"{option.name} {option.note}"), option) for option in self.all]
            best = sorted((pair for pair in scored if pair[0] > 0), key=lambda pair: -pair[0])
            self.fitting = tuple(option for _, option in best[:SHOWN])
        else:
            self.fitting = self.all[:SHOWN]
        self.at = 0
        self.repaint()

    def move(self, step: int) -> None:
        """Move the cursor."""
        self.at = max(0, min(self.at + step, len(self.fitting) - 1))
        self.repaint()

    def paint(self, width: int) -> Sequence[Row]:
        """A line an option."""
        if not self.fitting:
            return [Pen(width).put("nothing fits", "muted", at=2).row()]
        names = min(max(len(option.name) for option in self.fitting) + 2, width - 4)
        return [self._line(index, option, names, width) for index, option in enumerate(self.fitting)]

    def _line(self, index: int, option: Option, names: int, width: int) -> Row:
        here = index == self.at
        pen = Pen(width)
        pen.put("►" if here else " ", "accent bold", at=0, target=index)
        pen.put("✓" if option.current else " ", "success", target=index)
        pen.put(clipped(option.name, names), "bold" if here else "", at=2, target=index)
        if width - names > 6:
            pen.put(clipped(option.note, width - names - 3), "muted", at=2 + names, target=index)
        return pen.row(band=here, cursor=here)


class ChooseScreen(Telling, Closing, ModalScreen[object]):
    """Choose one of a list by arrows or by typing. Dismisses with its value, `None` when cancelled.

    ``free`` takes what was typed when nothing fits or when it is meant as it stands: it returns a
    value, or a text that says why not.
    """

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "cancel", priority=True),
        Binding("down,ctrl+n", "move(1)", "next", priority=True),
        Binding("up", "move(-1)", "previous", priority=True),
        Binding("pagedown", "move(10)", "page", priority=True),
        Binding("pageup", "move(-10)", "page", priority=True),
    ]

    def __init__(
        self,
        title: str,
        options: Sequence[Option],
        free: Callable[[str], object] | None = None,
        hint: str = "",
    ) -> None:
        super().__init__()
        self._title, self._options, self._free = title, options, free
        self._hint = hint or ("type to search" if free is None else "type to search, or a value of your own")

    def compose(self) -> ComposeResult:
        """The line that is typed and the list."""
        with Vertical(classes="dialog", id="choose") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = Content("enter takes it, esc leaves")
            yield Input(placeholder=self._hint, compact=True, id="choose-text")
            yield Options(self._options)

    @property
    def options(self) -> Options:
        """The list."""
        return self.query_one(Options)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow the list."""
        event.stop()
        self.options.filter(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take what is under the cursor, or what was typed."""
        event.stop()
        fitting = self.options.fitting
        exact = any(option.name.lower() == event.value.strip().lower() for option in fitting)
        if self._free and event.value.strip() and not exact:
            value = self._free(event.value.strip())
            if not isinstance(value, Refusal):
                self.dismiss(value)
                return
            if not fitting:
                self.query_one("#choose", Vertical).border_subtitle = Content(value.why)
                return
        if fitting:
            self.dismiss(fitting[self.options.at].value)

    def on_sheet_clicked(self, event: Sheet.Clicked) -> None:
        """Take what was clicked."""
        event.stop()
        if isinstance(event.target, int):
            self.dismiss(self.options.fitting[event.target].value)

    def action_move(self, step: int) -> None:
        """Move the cursor."""
        self.options.move(step)

    def action_cancel(self) -> None:
        """Choose nothing."""
        self.dismiss(None)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a typed value cannot be taken."""

    why: str


class PromptScreen(Telling, Closing, ModalScreen[object]):
    """Ask for a text. ``check`` makes a value of it or a `Refusal`. Dismisses with `None` when cancelled.

    What ``suggester`` suggests is taken with tab.
    """

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "cancel", priority=True),
        Binding("tab", "complete", "complete", priority=True),
    ]

    def __init__(
        self,
        title: str,
        check: Callable[[str], object],
        value: str = "",
        hint: str = "",
        note: str = "",
        *,
        suggester: Suggester | None = None,
    ) -> None:
        super().__init__()
        self._title, self._check, self._hint, self._note = title, check, hint, note
        self._value, self._suggester = printable(value), suggester

    def compose(self) -> ComposeResult:
        """One line to type."""
        with Vertical(classes="dialog", id="prompt") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = Content(self._note or "enter takes it, esc leaves")
            yield Input(
                self._value,
                placeholder=self._hint,
                compact=True,
                id="prompt-text",
                select_on_focus=True,
                suggester=self._suggester,
            )

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take it, or say why not."""
        event.stop()
        value = self._check(event.value.strip())
        if isinstance(value, Refusal):
            self.query_one("#prompt", Vertical).border_subtitle = Content(value.why)
        else:
            self.dismiss(value)

    async def action_complete(self) -> None:
        """Take what is suggested."""
        line = self.query_one(Input)
        whole = await self._suggester.get_suggestion(line.value) if self._suggester else None
        if whole:
            line.value = whole
            line.cursor_position = len(whole)

    def action_cancel(self) -> None:
        """Take nothing."""
        self.dismiss(None)
