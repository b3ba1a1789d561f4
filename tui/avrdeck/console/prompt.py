"""The prompt at a terminal: history shared with the app, completion, colours, a toolbar."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.formatted_text import AnyFormattedText
from prompt_toolkit.history import History
from prompt_toolkit.patch_stdout import patch_stdout
from prompt_toolkit.styles import Style

from avrdeck.commands.deck import Deck
from avrdeck.console import history
from avrdeck.console.completion import TreeCompleter
from avrdeck.console.lexer import CommandLexer

STYLE = Style.from_dict(
    {
        "verb": "bold",
        "unknown": "underline",
        "number": "ansicyan",
        "option": "ansiyellow",
        "comment": "ansibrightblack",
        "bottom-toolbar": "noreverse",
    }
)


async def lines(deck: Deck) -> AsyncIterator[str]:
    """The lines the user types, one by one; a paste of several comes as several. Ends with Ctrl-D."""
    session: PromptSession[str] = PromptSession(
        history=SharedHistory(),
        completer=TreeCompleter(deck),
        complete_while_typing=False,
        lexer=CommandLexer(),
        auto_suggest=AutoSuggestFromHistory(),
        bottom_toolbar=lambda: toolbar(deck),
        style=STYLE,
    )
    while True:
        try:
            with patch_stdout(raw=True):
                text = await session.prompt_async("avrdeck> ")
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        for line in text.splitlines():
            yield line


class SharedHistory(History):
    """The history that the consoles share."""

    def load_history_strings(self) -> Iterable[str]:
        """Newest first."""
        return reversed(history.load())

    def store_string(self, string: str) -> None:
        """Keep a line."""
        history.remember(string)


def toolbar(deck: Deck) -> AnyFormattedText:
    """Connection, part, programming mode, staged edits, in a line."""
    programmer = deck.session.programmer
    if programmer is None:
        return f" {deck.settings.port or 'no port'}, not connected"
    transport = programmer.link.transport
    part = programmer.part.name if programmer.part else "unknown part"
    mode = "programming mode" if programmer.in_progmode else "running"
    staged = f", {len(deck.session.staged)} staged" if deck.session.staged else ""
    return f" {transport.name} {transport.baud}, {programmer.dialect.name}, {part}, {mode}{staged}"
