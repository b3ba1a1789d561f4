"""``completion``: completion for the user's shell."""

from __future__ import annotations

import click

from avrdeck.commands.deck import Deck
from avrdeck.commands.verb import verb


@verb("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
async def completion(deck: Deck, shell: str) -> None:
    """Print the completion script for a shell.

    \b
    avrdeck completion bash >> ~/.bashrc
    avrdeck completion zsh >> ~/.zshrc
    avrdeck completion fish > ~/.config/fish/completions/avrdeck.fish
    """
    from click.shell_completion import get_completion_class

    from avrdeck.commands.tree import avrdeck

    kind = get_completion_class(shell)
    if kind is not None:
        source = kind(avrdeck, {}, "avrdeck", "_AVRDECK_COMPLETE").source()
        deck.out.result(source, {"shell": shell, "script": source})
