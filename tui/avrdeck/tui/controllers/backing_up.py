"""Backups: listed, taken, compared with the chip or with each other, restored, deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from avrdeck.boards.images import Image
from avrdeck.commands.backing_up import header_data
from avrdeck.commands.restoring import plan_text
from avrdeck.jobs.backup import files
from avrdeck.jobs.backup.comparing import Comparison, compare
from avrdeck.jobs.backup.model import CONTENTS, Backup
from avrdeck.jobs.backup.planning import RestorePlan, plan_restore
from avrdeck.jobs.backup.removing import remove
from avrdeck.jobs.backup.restoring import RestoreReceipt, restore
from avrdeck.jobs.backup.store import Listed, Store
from avrdeck.jobs.backup.taking import Wish, take
from avrdeck.jobs.course import Course
from avrdeck.jobs.events import EventHandler
from avrdeck.jobs.inventory.model import Kind
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.questions import Ask, Question, Topic
from avrdeck.protocol.errors import Fault, Refused
from avrdeck.tui import messages
from avrdeck.tui.controllers.beside import name_of
from avrdeck.tui.controllers.remembering import noted, stop_noted
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.controllers.skipping import Skip
from avrdeck.tui.hexmodel import HexModel
from avrdeck.tui.pages import map_of

CHIP = "the chip"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two contents side by side; without a ``second_name`` of a file the second is the chip on the deck."""

    first: Backup
    second: Backup
    comparison: Comparison
    second_name: str = CHIP

    @property
    def first_name(self) -> str:
        """What to call the first."""
        return name_of(self.first.header)

    @property
    def with_chip(self) -> bool:
        """Whether the second is the chip."""
        return self.second_name == CHIP

    def image(self, memory: str) -> Image:
        """The first one's memory, to hold beside the second's."""
        return replace(self.first.image(memory), file=self.first_name)


async def listing() -> Sequence[Listed]:
    """Every backup, the newest first."""
    return await asyncio.to_thread(Store().listing)


async def loaded(path: Path) -> Backup:
    """A backup, every byte checked; raises `BadBackup`."""
    return await asyncio.to_thread(files.load, path)


def model(backup: Backup, memory: str) -> HexModel:
    """The bytes of a backup, to be looked at."""
    found, source = map_of(backup.part, memory), name_of(backup.header)
    return HexModel(memory, backup.memories[memory], found.page_size, source=source, paged=found.paged)


async def delete(path: Path) -> None:
    """Delete a backup of ours; raises as `remove`."""
    await asyncio.to_thread(remove, Store(), path)


async def take_now(session: Session, on_event: EventHandler, skip: Skip) -> str:
    """Save everything the chip holds, under the label it has; what came of it in a sentence."""
    async with session.lent("backup") as programmer:
        backup = await take(programmer, skip.wish(Wish()), on_event)
        sighting = session.sighting
        if sighting and backup.chip.distinct:
            backup = files.relabelled(backup, sighting.known.label)
        store = Store()
        known = await asyncio.to_thread(store.holding, backup.header)
        if known:
            return f"The same is in {known.name} already."
        added: Path = await asyncio.to_thread(store.add, backup)
    await _note(session, Kind.BACKUP, added.name, header_data(backup.header))
    return f"Saved as {added.name}."


async def with_chip(session: Session, path: Path, on_event: EventHandler) -> Pair:
    """A backup and the chip, of which only what the backup holds is read; the deck takes that over."""
    backup = await loaded(path)
    contents = tuple(name for name in CONTENTS if name in backup.memories)
    async with session.lent("compare") as programmer:
        found = await take(programmer, Wish(contents=contents), on_event)
    for memory in contents:
        pages = session.maps.get(memory)
        if pages and memory in found.memories:
            pages.reset()
            pages.append(found.memories[memory])
    if session.draft:
        session.edit(session.draft.reread(found.fuses))
    return Pair(backup, found, compare(backup, found))


async def with_each_other(first: Path, second: Path) -> Pair:
    """Two backups; raises `BadBackup`."""
    left, right = await loaded(first), await loaded(second)
    return Pair(left, right, compare(left, right), name_of(right.header))


async def restored(  # noqa: PLR0917 - called in one place
    session: Session, path: Path, ask: Ask, on_event: EventHandler, skip: Skip, ledger: Ledger
) -> str:
    """Bring the chip back to a backup, after ``ask``; what came of it in a sentence."""
    backup = await loaded(path)
    async with session.lent("restore", ledger) as programmer:
        plan = await plan_restore(programmer, backup)
        if plan.empty:
            return "The chip holds that already."
        notes = tuple(line.strip() for line in plan_text(plan).splitlines()[1:])

        questions: list[Question] = []

        async def asked(question: Question) -> str | None:
            questions.append(question)
            told = replace(question, notes=notes) if question.topic is Topic.CONFIRM else question
            return await ask(told)

        if plan.flash:
            session.maps["flash"].plan(plan.flash)
        course = Course()
        event, wish = course.watching(on_event), skip.wish()
        try:
            async with stop_noted(session.sighting, Kind.RESTORE, path.name, ledger, course):
                receipt = await restore(
                    programmer, plan, Store(), asked, wish=wish, on_event=event, ledger=ledger
                )
        except Refused:
            if questions:
                return "Nothing was written."
            raise
        _hold(session, plan)
        await programmer.identify(session.part)
    if session.draft:
        session.edit(session.draft.reverted().reread(receipt.after))
    await _note(session, Kind.RESTORE, path.name, asdict(receipt))
    return _told(receipt)


def _hold(session: Session, plan: RestorePlan) -> None:
    """The maps show what the chip holds now."""
    for memory, image in (("flash", plan.flash), ("eeprom", plan.eeprom)):
        pages = session.maps.get(memory)
        if pages and image is not None:
            pages.reset()
            pages.append(image.flat(pages.size))
    if plan.erase and plan.eeprom is None and not plan.keep_eeprom and "eeprom" in session.maps:
        session.maps["eeprom"].reset()


def _told(receipt: RestoreReceipt) -> str:
    ended = " except for fuses and lock, which you took back" if receipt.fuses_reverted else ""
    return f"Restored and verified{ended}. What the chip held before is in {receipt.saved}."


async def _note(session: Session, kind: Kind, text: str, receipt: Mapping[str, object]) -> None:
    """Keep it in the chip's history, which must not stop what is done already."""
    try:
        await noted(session.sighting, kind, text, receipt)
    except Fault as fault:
        session.post(messages.Failed(fault))
