"""avrdeck without a verb and without the app: what is behind the port.

On ``sim:`` that is a demonstration: deckboot is burned into the virtual Uno first.
"""

from __future__ import annotations

from dataclasses import replace

from avrdeck.boards.boards import find
from avrdeck.boards.deckboot import Entry, Wish, made_for, variant
from avrdeck.boards.models import Part
from avrdeck.commands.deck import Deck
from avrdeck.commands.identity import as_data, described
from avrdeck.jobs.burn import BurnPlan, burn
from avrdeck.protocol.target import fuses

VIRTUAL_PORT = "sim:"
DEMO_BOARD = "uno"


async def show(deck: Deck) -> None:
    """Say who answers and what the chip holds; on ``sim:``, after burning a bootloader into it."""
    if deck.settings.port is None:
        deck = replace(deck, settings=replace(deck.settings, port=VIRTUAL_PORT))
    async with deck.target() as programmer:
        part = programmer.require_part()
        if deck.port == VIRTUAL_PORT:
            deck.out.note(f"Burning deckboot, avrdeck's own bootloader, into a virtual {part.name}:")
            await burn(programmer, _demonstration(part), deck.out.event)
            await programmer.enter()
        values = await fuses.read_all(programmer) if programmer.dialect.reads_fuses else {}
        deck.out.result(described(programmer, part, values), as_data(programmer, part, values))


def _demonstration(part: Part) -> BurnPlan:
    board = find(DEMO_BOARD)
    return BurnPlan(made_for(variant(part, Entry.TIMEOUT), Wish()), board.fuses, board.lock)
