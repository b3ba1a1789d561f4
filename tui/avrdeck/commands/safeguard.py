"""The backup that every command takes before it destroys something."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import click

from avrdeck.boards.images import Image
from avrdeck.boards.models import BLANK
from avrdeck.commands.chronicle import noted_sighting
from avrdeck.commands.deck import Deck
from avrdeck.jobs.ledger import Ledger
from avrdeck.protocol.programmer import Programmer

Callback = TypeVar("Callback", bound=Callable[..., Any])


def backup_option(command: Callback) -> Callback:
    """``--no-backup``, for commands that would save flash and EEPROM first."""
    option = click.option(
        "--no-backup", is_flag=True, help="Save only fuses, lock bits and identity first, not the memories."
    )
    return option(command)


async def save_before(deck: Deck, programmer: Programmer, *, contents: bool) -> None:
    """Save the chip as it is, without ``contents`` fuses, lock bits and identity only, and note it.

    Raises what kept it from being saved: then nothing may be destroyed.
    """
    from avrdeck.commands.skipping import skipping
    from avrdeck.jobs.backup.guarding import save_first
    from avrdeck.jobs.backup.store import Store
    from avrdeck.jobs.guard import insist_on_isp

    insist_on_isp(programmer, "erase the chip or write its fuses")
    with skipping(deck) as skip:
        saved = await save_first(programmer, Store(), contents=contents, wish=skip.wish, on_event=skip.event)
    await noted_sighting(deck, saved.backup.chip, saved.backup.fuses)


async def save_overwritten(deck: Deck, programmer: Programmer, image: Image) -> None:
    """Save the EEPROM, with fuses, lock bits and identity, where ``image`` goes over other data; and note it.

    Raises as `save_before`.
    """
    from avrdeck.jobs.backup.guarding import save_first
    from avrdeck.jobs.backup.store import Store
    from avrdeck.jobs.backup.taking import Wish
    from avrdeck.protocol.target import memories

    lost = False
    with Ledger().told():
        for segment in image.segments:
            there = await memories.read(programmer, "eeprom", segment.start, len(segment.data))
            pairs = zip(there, segment.data, strict=True)
            lost = lost or any(old not in {BLANK, new} for old, new in pairs)
    if lost:
        wish = Wish(contents=("eeprom",))
        saved = await save_first(
            programmer, await asyncio.to_thread(Store), wish=wish, on_event=deck.out.event
        )
        await noted_sighting(deck, saved.backup.chip, saved.backup.fuses)
