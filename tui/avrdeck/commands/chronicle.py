"""What commands note in the inventory. A fault there is told and stops nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TypeVar

from avrdeck.boards.text import printable
from avrdeck.commands.deck import Deck
from avrdeck.jobs.backup.identity import Chip, read_chip
from avrdeck.jobs.inventory.book import Inventory
from avrdeck.jobs.inventory.model import Kind, Sighting
from avrdeck.protocol.errors import Fault, TargetError
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import fuses as access

T = TypeVar("T")


async def noted_sighting(
    deck: Deck, chip: Chip, fuses: Mapping[str, int], *, greet: bool = True
) -> Sighting | None:
    """Note that ``chip`` is there with these fuse bytes, and greet it, unless this connection has done so.

    `None` when the inventory cannot be used, and for a chip whose serial number is out of reach: what would
    be noted of it belongs to nobody.
    """
    session = deck.session
    if session.sighting and session.sighting.known.chip == chip:
        return session.sighting
    if chip.unread:
        return None

    def note(inventory: Inventory) -> Sighting:
        return inventory.sighted(chip, deck.port, fuses)

    sighting = await _noted(deck, note)
    if sighting:
        session.sighting, session.noted = sighting, dict(fuses)
        if greet and sighting.greeting:
            deck.out.note(printable(sighting.greeting))
    return sighting


async def noted_chip(deck: Deck, programmer: Programmer, *, greet: bool = True) -> Sighting | None:
    """Note the chip behind ``programmer`` as `noted_sighting` does, after reading what that takes."""
    try:
        chip, _ = await read_chip(programmer)
        unread = programmer.dialect.reads_fuses and not programmer.fuses
        values = await access.read_all(programmer) if unread else programmer.fuses
    except TargetError as fault:
        deck.out.note(f"The inventory was not updated: {fault}")
        return None
    return await noted_sighting(deck, chip, values, greet=greet)


async def noted_fuses(deck: Deck, values: Mapping[str, int]) -> None:
    """Note that the chip of this connection now has these fuse bytes, and its others as they were."""
    session = deck.session
    if session.sighting is None or values.items() <= session.noted.items():
        return
    sighting, session.noted = session.sighting, {**session.noted, **values}

    def note(inventory: Inventory) -> bool:
        return inventory.fuses(sighting.known.id, session.noted, sighting.port)

    await _noted(deck, note)


async def noted_event(
    deck: Deck, sighting: Sighting | None, kind: Kind, text: str, receipt: Mapping[str, object]
) -> None:
    """Note what was done to the chip of ``sighting``."""
    if sighting is None:
        return

    def note(inventory: Inventory) -> None:
        inventory.record(sighting.known.id, kind, text, receipt, sighting.port)

    await _noted(deck, note)


async def _noted(deck: Deck, note: Callable[[Inventory], T]) -> T | None:
    """Do ``note`` in a thread, as another process may hold the inventory for a while."""

    def run() -> T:
        with Inventory() as inventory:
            return note(inventory)

    try:
        return await asyncio.to_thread(run)
    except Fault as fault:
        deck.out.note(f"The inventory was not updated: {fault}")
        return None
