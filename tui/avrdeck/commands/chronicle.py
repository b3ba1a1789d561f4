"""What commands note in the inventory. A fault there is told and stops nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from avrdeck.boards.text import printable
from avrdeck.commands.deck import Deck
from avrdeck.jobs.backup.identity import Chip
from avrdeck.jobs.inventory.book import Inventory
from avrdeck.jobs.inventory.model import Kind, Sighting
from avrdeck.protocol.errors import Fault


async def noted_sighting(deck: Deck, chip: Chip, fuses: Mapping[str, int]) -> Sighting | None:
    """Note that ``chip`` is there and greet it; `None` when the inventory cannot be used."""

    def note() -> Sighting:
        with Inventory() as inventory:
            return inventory.sighted(chip, deck.port, fuses)

    try:
        sighting = await asyncio.to_thread(note)
    except Fault as fault:
        deck.out.note(f"The inventory was not updated: {fault}")
        return None
    if sighting.greeting:
        deck.out.note(printable(sighting.greeting))
    return sighting


async def noted_event(
    deck: Deck,
    sighting: Sighting | None,
    kind: Kind,
    text: str,
    receipt: Mapping[str, object],
    *,
    fuses: Mapping[str, int] | None = None,
) -> None:
    """Note what was done to the chip of ``sighting``, and the ``fuses`` that it has after it."""
    if sighting is None:
        return

    def note() -> None:
        with Inventory() as inventory:
            inventory.record(sighting.known.id, kind, text, receipt)
            if fuses:
                inventory.fuses(sighting.known.id, fuses)

    try:
        await asyncio.to_thread(note)
    except Fault as fault:
        deck.out.note(f"The inventory was not updated: {fault}")
