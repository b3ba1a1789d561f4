"""What the words of a line are, for whoever colours it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from avrdeck.commands.tree import FACES, VERBS

_WORDS = re.compile(r"(\s+)|(#.*)|(\S+)")
_NUMBER = re.compile(r"(0x)?[0-9a-f]{1,8}|0b[01]+|\d+d|\{.*\}|'.'", re.IGNORECASE)


def kinds(line: str) -> Iterator[tuple[str, str]]:
    """The pieces of ``line`` with their kind: ``verb unknown option number comment``, or none."""
    first = True
    for space, comment, word in _WORDS.findall(line):
        if space:
            yield "", space
        elif comment:
            yield "comment", comment
        else:
            yield _kind(word, first=first), word
            first = False


def _kind(word: str, *, first: bool) -> str:
    if first:
        return "verb" if word in VERBS or word in FACES or word == "?" else "unknown"
    if word.startswith("-"):
        return "option"
    return "number" if _NUMBER.fullmatch(word) else ""
