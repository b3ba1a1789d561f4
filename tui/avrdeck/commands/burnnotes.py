"""What burns leave in the inventory: a receipt, or where one stopped and which serial number it had."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from avrdeck.boards.text import printable
from avrdeck.commands.burntext import burn_words, burnt_data
from avrdeck.commands.chronicle import noted_event
from avrdeck.commands.deck import Deck
from avrdeck.commands.output import fault_data
from avrdeck.commands.serialoptions import number_data
from avrdeck.jobs.burn.job import Burnt, Keeping
from avrdeck.jobs.burn.journal import Entry
from avrdeck.jobs.course import stop_text
from avrdeck.jobs.inventory.model import Kind
from avrdeck.protocol.errors import Fault


def noting(deck: Deck, keeping: Keeping) -> Keeping:
    """The same, with a note on the connected chip for every burn that stops: its number is to be found."""
    return replace(keeping, stopped=partial(_stopped, deck))


async def noted_burn(deck: Deck, burnt: Burnt) -> None:
    """Note the receipt of the connected chip."""
    text = burn_words(burnt.receipt.file, burnt.receipt.serial)
    await noted_event(deck, deck.session.sighting, Kind.BURN, text, burnt_data(burnt))


def stop_note(entry: Entry, fault: Fault) -> tuple[str, dict[str, object]]:
    """What is noted of a burn that ``fault`` stopped, for people and for programs."""
    words = burn_words(entry.plan.file_name, entry.plan.serial)
    text = printable(stop_text(words, entry.step, fault.holds, fault))
    number = number_data(entry.plan.serial)
    return text, {"stopped": True, "step": entry.step, **number, "fault": fault_data(fault)}


async def _stopped(deck: Deck, entry: Entry, fault: Fault) -> None:
    await noted_event(deck, deck.session.sighting, Kind.BURN, *stop_note(entry, fault))
