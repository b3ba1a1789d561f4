"""``console``: the verb that opens the line console."""

from __future__ import annotations

from dataclasses import replace

from avrdeck.commands.deck import Deck
from avrdeck.commands.session import Session
from avrdeck.commands.verb import verb


@verb("console")
async def console(deck: Deck) -> None:
    """Open a console in which the connection stays open between commands.

    The same commands, with history and completion; Ctrl-C stops the running one, Ctrl-D leaves
    programming mode and closes the port. Lines piped in run one by one until one fails.

    \b
    avrdeck console -P /dev/ttyACM0
    printf 'id\\nfuses\\n' | avrdeck console -P sim:
    """
    from avrdeck.console.loop import run

    await run(replace(deck, session=Session(keep=True)))
