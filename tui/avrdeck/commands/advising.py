"""Advice that names a command of avrdeck's, as it is typed where one sits in a console already."""

from __future__ import annotations

import re

from avrdeck.commands.tree import VERBS

COMMAND = re.compile(rf"\bavrdeck (?=({'|'.join(map(re.escape, VERBS))})\b)([^.;:,()]*)")
"""A command line within a text; its second group is what a console takes of it."""


def in_console(advice: str) -> str:
    """``advice`` for whoever types into a console, where a command has no ``avrdeck`` before it."""
    return COMMAND.sub(r"\2", advice)
