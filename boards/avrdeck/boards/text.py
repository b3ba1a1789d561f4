"""Text from files, made safe to show."""

from __future__ import annotations


def printable(text: str) -> str:
    """``text`` with control characters escaped, so that it cannot steer a terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
