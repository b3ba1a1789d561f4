"""What outlives a session: backups before anything is destroyed, and the inventory of chips seen."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from avrdeck.boards.models import Part
from avrdeck.boards.uid import Identity
from avrdeck.jobs.backup.guarding import Saved, save_first
from avrdeck.jobs.backup.identity import Chip
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.events import EventHandler
from avrdeck.jobs.inventory.book import Inventory
from avrdeck.jobs.inventory.model import Kind, Sighting
from avrdeck.protocol.programmer import Programmer


async def back_up(programmer: Programmer, on_event: EventHandler, *, contents: bool) -> Saved:
    """Save what the chip holds; without ``contents`` fuses, lock bits and identity only."""
    return await save_first(programmer, Store(), contents=contents, on_event=on_event)


async def sighted(part: Part, identity: Identity, port: str, fuses: Mapping[str, int]) -> Sighting:
    """Note that a chip is there, and what is known of it."""
    chip = Chip(part.name, part.signature, identity.source, identity.serial)
    return await asyncio.to_thread(_sighted, chip, port, dict(fuses))


async def noted(sighting: Sighting | None, kind: Kind, text: str, receipt: Mapping[str, object]) -> None:
    """Note what was done to the chip of ``sighting``. Raises the inventory's `Fault`."""
    if sighting:
        await asyncio.to_thread(_noted, sighting.known.id, kind, text, receipt)


async def noted_fuses(sighting: Sighting, values: Mapping[str, int]) -> None:
    """Note the fuse bytes that the chip of ``sighting`` has now. Raises the inventory's `Fault`."""
    await asyncio.to_thread(_noted_fuses, sighting.known.id, dict(values))


def _noted_fuses(chip: int, values: dict[str, int]) -> None:
    with Inventory() as inventory:
        inventory.fuses(chip, values)


def _noted(chip: int, kind: Kind, text: str, receipt: Mapping[str, object]) -> None:
    with Inventory() as inventory:
        inventory.record(chip, kind, text, receipt)


def _sighted(chip: Chip, port: str, fuses: dict[str, int]) -> Sighting:
    with Inventory() as inventory:
        return inventory.sighted(chip, port, fuses)
