"""Colours for what is being typed."""

from __future__ import annotations

import re
from collections.abc import Callable

from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.lexers import Lexer

from avrdeck.commands.tree import FACES, VERBS

_WORDS = re.compile(r"(\s+)|(#.*)|(\S+)")
_NUMBER = re.compile(r"(0x)?[0-9a-f]{1,8}|0b[01]+|\d+d|\{.*\}|'.'", re.IGNORECASE)


class CommandLexer(Lexer):
    """Verbs, options, numbers and comments."""

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """See prompt_toolkit."""
        return lambda number: _styled(document.lines[number])


def _styled(line: str) -> StyleAndTextTuples:
    styled: StyleAndTextTuples = []
    first = True
    for space, comment, word in _WORDS.findall(line):
        if space:
            styled.append(("", space))
        elif comment:
            styled.append(("class:comment", comment))
        else:
            styled.append((_style(word, first=first), word))
            first = False
    return styled


def _style(word: str, *, first: bool) -> str:
    if first:
        return "class:verb" if word in VERBS or word in FACES or word == "?" else "class:unknown"
    if word.startswith("-"):
        return "class:option"
    return "class:number" if _NUMBER.fullmatch(word) else ""
