"""What outlives a session: backups before anything is destroyed, and the inventory of chips seen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from avrdeck.boards.text import printable
from avrdeck.jobs.backup.guarding import Saved, save_first
from avrdeck.jobs.backup.identity import Chip
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.course import Course, stop_text
from avrdeck.jobs.events import EventHandler
from avrdeck.jobs.inventory.book import Inventory
from avrdeck.jobs.inventory.model import Kind, Sighting
from avrdeck.jobs.ledger import Ledger
from avrdeck.protocol.errors import Fault
from avrdeck.protocol.programmer import Programmer
from avrdeck.tui.controllers.session import Session


def chip_of(session: Session) -> Chip | None:
    """The chip on the deck, as far as it is known."""
    part, identity = session.part, session.identity
    if part is None:
        return None
    if identity is None:
        return Chip(part.name, part.signature)
    return Chip(part.name, part.signature, identity.source, identity.serial)


async def back_up(programmer: Programmer, on_event: EventHandler, *, contents: bool) -> Saved:
    """Save what the chip holds; without ``contents`` fuses, lock bits and identity only."""
    return await save_first(programmer, Store(), contents=contents, on_event=on_event)


async def sighted(chip: Chip, port: str, fuses: Mapping[str, int]) -> Sighting | None:
    """Note that a chip is there, and what is known of it; `None` where its serial number is out of reach."""
    return None if chip.unread else await asyncio.to_thread(_sighted, chip, port, dict(fuses))


async def noted(sighting: Sighting | None, kind: Kind, text: str, receipt: Mapping[str, object]) -> None:
    """Note what was done to the chip of ``sighting``. Raises the inventory's `Fault`."""
    if sighting:
        await asyncio.to_thread(_noted, sighting, kind, text, receipt)


@asynccontextmanager
async def stop_noted(
    sighting: Sighting | None, kind: Kind, what: str, ledger: Ledger, course: Course
) -> AsyncIterator[None]:
    """Within the block ``what`` is done, heard by ``course``. Stopped by a fault or by the user, it is noted.

    Of a chip that is unchanged nothing is noted; a fault of the inventory hides none of the job.
    """
    try:
        yield
    except (Fault, asyncio.CancelledError) as error:
        if ledger.touched:
            fault = error if isinstance(error, Fault) else None
            holds = fault.holds if fault and fault.holds else ledger.words
            text = printable(stop_text(what, course.words, holds, fault))
            with suppress(Fault):
                await noted(sighting, kind, text, {"stopped": True, "step": course.words, "holds": holds})
        raise


async def noted_fuses(sighting: Sighting, values: Mapping[str, int]) -> None:
    """Note the fuse bytes that the chip of ``sighting`` has now. Raises the inventory's `Fault`."""
    await asyncio.to_thread(_noted_fuses, sighting, dict(values))


def _noted_fuses(sighting: Sighting, values: dict[str, int]) -> None:
    with Inventory() as inventory:
        inventory.fuses(sighting.known.id, values, sighting.port)


def _noted(sighting: Sighting, kind: Kind, text: str, receipt: Mapping[str, object]) -> None:
    with Inventory() as inventory:
        inventory.record(sighting.known.id, kind, text, receipt, sighting.port)


def _sighted(chip: Chip, port: str, fuses: dict[str, int]) -> Sighting:
    with Inventory() as inventory:
        return inventory.sighted(chip, port, fuses)
