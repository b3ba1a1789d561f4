"""What burns leave in the inventory: a receipt, or where one stopped and which serial number it had."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from avrdeck.commands.burntext import burn_words, burnt_data
from avrdeck.commands.chronicle import noted_event
from avrdeck.commands.deck import Deck
from avrdeck.commands.output import fault_data
from avrdeck.commands.serialoptions import number_data
from avrdeck.jobs.burn.job import Burnt, Keeping
from avrdeck.jobs.burn.journal import Entry
from avrdeck.jobs.inventory.model import Kind
from avrdeck.protocol.errors import Fault


def noting(deck: Deck, keeping: Keeping) -> Keeping:
    """The same, with a note on the connected chip for every burn that stops: its number is to be found."""
    return replace(keeping, stopped=partial(_stopped, deck))


async def noted_burn(deck: Deck, burnt: Burnt) -> None:
    """Note the receipt of the connected chip."""
    text = burn_words(burnt.receipt.file, burnt.receipt.serial)
    await noted_event(deck, deck.session.sighting, Kind.BURN, text, burnt_data(burnt))


async def _stopped(deck: Deck, entry: Entry, fault: Fault) -> None:
    text = f"{burn_words(entry.plan.file_name, entry.plan.serial)}: stopped at {entry.step}"
    data = {"step": entry.step, **number_data(entry.plan.serial), "fault": fault_data(fault)}
    await noted_event(deck, deck.session.sighting, Kind.BURN, text, data)
