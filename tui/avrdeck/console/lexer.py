"""Colours for what is being typed."""

from __future__ import annotations

from collections.abc import Callable

from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.lexers import Lexer

from avrdeck.console.words import kinds


class CommandLexer(Lexer):
    """Verbs, options, numbers and comments."""

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """See prompt_toolkit."""
        return lambda number: _styled(document.lines[number])


def _styled(line: str) -> StyleAndTextTuples:
    return [(f"class:{kind}" if kind else "", text) for kind, text in kinds(line)]
