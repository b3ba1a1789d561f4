"""A command of the tree: an async function on a `Deck`, with the options that every command shares."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import click

from avrdeck.commands import completions
from avrdeck.commands.settings import Settings

Work = Coroutine[Any, Any, None]

SHARED_OPTIONS = (
    click.Option(
        ["-P", "--port"],
        metavar="PORT",
        shell_complete=completions.ports,
        help="Serial port, socket:// or rfc2217://host:port, or sim: (virtual).",
    ),
    click.Option(["-b", "--baud"], type=click.IntRange(50, 4_000_000), metavar="BAUD", help="Line speed."),
    click.Option(
        ["-p", "--part"],
        metavar="PART",
        shell_complete=completions.parts,
        help="Expected part, such as atmega328p or m328p.",
    ),
    click.Option(["--json"], is_flag=True, help="Print one JSON object."),
    click.Option(["--yes", "-y"], is_flag=True, help="Answer questions with yes."),
    click.Option(
        ["--force-fatal"], metavar="PART", help="Type the part's name beforehand, for what ISP cannot undo."
    ),
)
"""Taken before or after the verb; after wins."""
_NAMES = frozenset(option.name for option in SHARED_OPTIONS)


class Verb(click.Command):
    """A command whose callback is ``async def verb(deck, …)``.

    Invoking it returns the coroutine: the command line runs it in a loop of its own, the consoles
    await it in theirs.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - click's own signature
        super().__init__(*args, **kwargs)
        self.params = [*self.params, *SHARED_OPTIONS]

    def invoke(self, ctx: click.Context) -> Work:
        """The work to be awaited."""
        from avrdeck.commands.deck import deck_of

        shared = {name: ctx.params.pop(name) for name in list(ctx.params) if name in _NAMES}
        deck = deck_of(ctx)
        if self.callback is None:
            raise TypeError(f"{self.name} has no callback")
        work: Work = ctx.invoke(self.callback, deck.refined(Settings(**shared)), **ctx.params)
        return work


def verb(name: str) -> Callable[[Callable[..., Work]], Verb]:
    """Make a `Verb` of an async function; its docstring is the help."""
    return click.command(name, cls=Verb)


class Branch(click.Group):
    """A verb with verbs of its own, as in ``fuse set``."""

    def verb(self, name: str) -> Callable[[Callable[..., Work]], Verb]:
        """Make a `Verb` of an async function and hang it here."""

        def hang(function: Callable[..., Work]) -> Verb:
            made = verb(name)(function)
            self.add_command(made)
            return made

        return hang


def branch(name: str, text: str) -> Branch:
    """A `Branch` without verbs yet; ``text`` is its help."""
    return Branch(name, help=text)
