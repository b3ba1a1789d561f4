"""``help``: what a command does."""

from __future__ import annotations

import click

from avrdeck.commands.deck import Deck
from avrdeck.commands.verb import verb


@verb("help")
@click.argument("words", nargs=-1, metavar="[COMMAND...]")
async def help_(deck: Deck, words: tuple[str, ...]) -> None:
    """Show what a command does, or list all of them.

    \b
    help isp
    """
    from avrdeck.commands.tree import avrdeck

    command: click.Command = avrdeck
    context = click.Context(avrdeck, info_name="")
    for word in words:
        if not isinstance(command, click.Group):
            break
        _, found, _ = command.resolve_command(context, [word])
        if found is None:
            break
        command, context = found, click.Context(found, info_name=word, parent=context)
    text = command.get_help(context)
    deck.out.result(text, {"command": " ".join(words), "help": text})
