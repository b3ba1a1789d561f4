"""Runs command lines in one session: for the consoles, for pasted lines, for scripts."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from dataclasses import replace

from avrdeck.commands.deck import Deck
from avrdeck.commands.faults import translated
from avrdeck.commands.remembering import Remembering
from avrdeck.commands.tree import avrdeck
from avrdeck.protocol.errors import Fault, UsageFault

_TOKEN = re.compile(r"""#.*|'.'(?=\s|$)|(?:"[^"]*"|[^\s"])+|\S""")
_VARIABLE = re.compile(r"\$(?:(\w{1,40})|\{(\w{1,40})\})", re.ASCII)
MAX_LINE = 10_000


def words(line: str) -> list[str]:
    """The words of ``line``: double quotes join, ``'U'`` is a character, ``#`` begins a comment.

    Raises `UsageFault` for a quote that does not close.
    """
    if len(line) > MAX_LINE:
        raise UsageFault(f"A line has {MAX_LINE} characters at most")
    found = []
    for token in _TOKEN.findall(line):
        if token.startswith("#"):
            break
        if token.count('"') % 2:
            raise UsageFault("A quote is not closed")
        found.append(token.replace('"', ""))
    return found


class Interpreter:
    """One session's commands, one after the other."""

    def __init__(self, deck: Deck) -> None:
        self.deck = replace(deck, out=Remembering(deck.out, deck.session))

    async def run_line(self, line: str) -> None:
        """Run one line; nothing happens for an empty one. Every failure is a `Fault`."""
        arguments = self._expanded(words(line))
        if not arguments:
            return
        if arguments[0] == "?" or arguments[-1] == "?":
            arguments = ["help", *(word for word in arguments if word != "?")]
        try:
            work = avrdeck.main(arguments, prog_name="", standalone_mode=False, obj=self.deck)
            if inspect.iscoroutine(work):
                await work
        except Exception as error:
            fault = translated(error)
            if fault is None or fault is error:
                raise
            raise fault from error

    async def run_lines(self, lines: Iterable[str], name: str, first: int = 1) -> None:
        """Run ``lines`` until one fails; its `Fault` begins with ``name`` and the line's number."""
        for number, line in enumerate(lines, first):
            try:
                await self.run_line(line)
            except Fault as fault:
                fault.title = f"{name}, line {number}: {fault.title}"
                raise

    def _expanded(self, found: list[str]) -> list[str]:
        def value(match: re.Match[str]) -> str:
            name = match[1] or match[2]
            if name not in self.deck.session.variables:
                raise UsageFault(f"There is no variable ${name}", advice="Set it with: let NAME VALUE.")
            return self.deck.session.variables[name]

        return [_VARIABLE.sub(value, word) for word in found]
