"""What the console pane makes of a line that is typed: its colours, and what it may become."""

from __future__ import annotations

from collections.abc import Callable

from rich.highlighter import Highlighter
from rich.style import Style
from rich.text import Text
from textual.suggester import Suggester

from avrdeck.tui import themes
from avrdeck.tui.controllers.session import Session

INKS = {"verb": ("text", True), "option": ("accent", False), "comment": ("muted", False)}
"""Colour of a word by its kind, and whether it is bold; all others are as they are."""


def completions(line: str, session: Session) -> list[tuple[str, str]]:
    """What the last word of ``line`` can become; the command tree is loaded with the first look."""
    from avrdeck.tui.controllers import console

    return console.completions(line, session)


def completed(line: str, word: str) -> str:
    """``line`` with its last word made ``word``."""
    return line[: len(line) - len(line.rsplit(" ", maxsplit=1)[-1])] + word


class CommandSuggester(Suggester):
    """Ghost text behind the cursor: from the history, else a command; ``tell`` takes what it is."""

    def __init__(self, session: Session, history: list[str], tell: Callable[[str], None]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._session, self._history, self._tell = session, history, tell

    async def get_suggestion(self, value: str) -> str | None:
        """The line as it would be completed."""
        whole, told = self._found(value)
        self._tell(told)
        return whole

    def _found(self, value: str) -> tuple[str | None, str]:
        if not value.strip():
            return None, ""
        old = next((old for old in reversed(self._history) if old.startswith(value) and old != value), None)
        if old is not None:
            return old, "from the history"
        fits = completions(value, self._session) if value.rsplit(" ", maxsplit=1)[-1] else []
        if not fits:
            return None, ""
        word, note = fits[0]
        return completed(value, word), f"{word}: {note}" if note else ""


class CommandColours(Highlighter):
    """Verb, options and comment of a line, in the colours of the theme."""

    def __init__(self, theme: Callable[[], str]) -> None:
        self._theme = theme

    def highlight(self, text: Text) -> None:
        """Colour the words where they stand."""
        from avrdeck.console.words import kinds

        at, inks = 0, themes.inks(self._theme())
        for kind, word in kinds(text.plain):
            if kind in INKS:
                colour, bold = INKS[kind]
                text.stylize(Style(color=inks.of[colour], bold=bold), at, at + len(word))
            at += len(word)
