"""What burns leave in the inventory: a receipt, or where one stopped and which serial number it had."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from avrdeck.commands.burntext import burn_words, burnt_data
from avrdeck.commands.deck import Deck
from avrdeck.commands.output import fault_data
from avrdeck.commands.serialoptions import number_data
from avrdeck.jobs.backup.identity import Chip
from avrdeck.jobs.burn.job import Burnt, Keeping
from avrdeck.jobs.burn.journal import Entry
from avrdeck.jobs.inventory.book import Inventory
from avrdeck.jobs.inventory.model import Kind
from avrdeck.protocol.errors import Fault


def noting(deck: Deck, keeping: Keeping) -> Keeping:
    """The same, with a note for every burn that stops: its serial number is to be found."""
    return replace(keeping, stopped=partial(_stopped, deck))


async def noted_burn(deck: Deck, burnt: Burnt, port: str) -> None:
    """Note the receipt of a chip on ``port``; nobody is greeted."""
    text = burn_words(burnt.receipt.file, burnt.receipt.serial)
    await _note(deck, burnt.chip, port, burnt.receipt.after, text, burnt_data(burnt))


async def _stopped(deck: Deck, entry: Entry, fault: Fault) -> None:
    text = f"{burn_words(entry.plan.file_name, entry.plan.serial)}: stopped at {entry.step}"
    data = {"step": entry.step, **number_data(entry.plan.serial), "fault": fault_data(fault)}
    await _note(deck, entry.chip, entry.port, {}, text, data)


async def _note(
    deck: Deck, chip: Chip, port: str, fuses: Mapping[str, int], text: str, data: Mapping[str, object]
) -> None:
    def note() -> None:
        with Inventory() as inventory:
            known = inventory.sighted(chip, port, fuses).known
            inventory.record(known.id, Kind.BURN, text, data)

    try:
        await asyncio.to_thread(note)
    except Fault as fault:
        deck.out.note(f"The inventory was not updated: {fault}")
