"""A burn from the question to the receipt: confirmed, saved, journalled; resumed when it was interrupted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

from avrdeck.boards.models import BLANK
from avrdeck.jobs.backup.blankness import samples
from avrdeck.jobs.backup.guarding import BEFORE_DESTROYING, Saved, save_first
from avrdeck.jobs.backup.identity import Chip, read_chip
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.backup.taking import Wish
from avrdeck.jobs.burn.journal import Entry, Journals, begun
from avrdeck.jobs.burn.model import BurnPlan, BurnReceipt
from avrdeck.jobs.burn.outline import Outline, prepare
from avrdeck.jobs.burn.running import burn
from avrdeck.jobs.events import Event, EventHandler, StepDone, StepStarted, unheard
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.questions import Ask, confirmation, insist
from avrdeck.jobs.serials.numbering import Numbering
from avrdeck.jobs.threads import to_its_end
from avrdeck.protocol.errors import Cancelled, Fault, InputFault, UsageFault
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import memories

RESUME = "Then go on from here: avrdeck burn --resume."
STOPPED = "The burn was stopped"
STAMPED = ("serial", "lock")
"""From these steps on the serial number may be in EEPROM in part."""


async def _untold(entry: Entry, fault: Fault) -> None:
    del entry, fault


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where backups and journals are kept. Without ``contents`` flash and EEPROM are not saved.

    ``wish`` says what is saved of them, and when no more of it is wanted. ``stopped`` is told of a burn that
    a fault has stopped, or its user, as far as it had come.
    """

    store: Store = field(default_factory=Store)
    journals: Journals = field(default_factory=Journals)
    contents: bool = True
    wish: Wish = BEFORE_DESTROYING
    stopped: Callable[[Entry, Fault], Awaitable[None]] = _untold


@dataclass(frozen=True, slots=True)
class Burnt:
    """A burn that ended well: the chip, what it holds, and what it held before."""

    chip: Chip
    receipt: BurnReceipt
    saved: Saved


async def carry_out(  # noqa: PLR0917 - called with the same names everywhere
    programmer: Programmer,
    outline: Outline,
    ask: Ask,
    keeping: Keeping,
    on_event: EventHandler = unheard,
    ledger: Ledger | None = None,
) -> Burnt:
    """Do what ``outline`` says, after ``ask`` has confirmed it. At the end the chip is let go.

    A serial number is taken when the backup is there, right before the erase, and from then on it is this
    chip's: resuming writes the same one, and a burn that is begun anew gets another.

    Raises `Refused` without a confirmation, and the fault that stopped it, with what the chip holds by then
    and how to get on; ``ledger`` knows what it holds for whoever cancels it.
    """
    name = outline.part.name
    text = f"Erase the {name} and burn {outline.plan.file_name}?"
    return await _confirmed(programmer, outline, ask, keeping, on_event, ledger or Ledger(), text)


async def unfinished(programmer: Programmer, keeping: Keeping) -> Entry:
    """The burn of this very chip that did not end; raises `UsageFault` when there is none."""
    with Ledger().told():
        chip, _ = await read_chip(programmer)
        entry = await asyncio.to_thread(keeping.journals.load, chip, programmer.link.transport.name)
        if entry is None:
            raise UsageFault(
                f"No burn of this chip was interrupted, as far as is known: {chip.text}",
                advice="Burn it from the beginning.",
            )
        return entry


async def resume(  # noqa: PLR0917 - as `carry_out`
    programmer: Programmer,
    entry: Entry,
    ask: Ask,
    keeping: Keeping,
    on_event: EventHandler = unheard,
    ledger: Ledger | None = None,
) -> Burnt:
    """Bring a chip to the plan of ``entry``, from what it really holds now. Raises as `carry_out`.

    Fuse bytes that are right are left alone and the backup is not repeated when nothing came into the chip
    since. Flash is erased again in any case: that takes milliseconds and is the only proof that a disturbed
    line has left nothing between the pages.
    """
    ledger = ledger or Ledger()
    plan = entry.plan
    if plan.serial and entry.step in STAMPED:
        plan = replace(plan, serial=replace(plan.serial, overwrite=True))
    outline = await prepare(programmer, plan)
    with ledger.told():
        ours = entry.begun and await _holds_nothing_else(programmer, outline)
    right = [
        name for name in entry.plan.fuse_bytes if name not in entry.plan.changes(outline.part, outline.before)
    ]
    found = ["flash blank or burned in part" if ours else "flash with something else in it"]
    found += [f"{name} as planned" for name in right]
    if plan.serial:
        found.append(f"its serial number is {plan.serial.text}")
    stopped = f"the burn of {entry.plan.file_name} stopped at: {entry.step or 'the backup'}"
    on_event(StepDone("resume", f"{stopped}; the chip has {', '.join(found)}"))
    if ours:
        keeping = replace(keeping, contents=False)
    text = f"Go on burning {entry.plan.file_name} into the {outline.part.name}, with an erase?"
    return await _confirmed(programmer, outline, ask, keeping, on_event, ledger, text)


async def _confirmed(  # noqa: PLR0917 - as `carry_out`
    programmer: Programmer,
    outline: Outline,
    ask: Ask,
    keeping: Keeping,
    on_event: EventHandler,
    ledger: Ledger,
    text: str,
) -> Burnt:
    with ledger.told():
        await insist(ask, confirmation(text, outline.part.name, outline.findings))
        saved = await save_first(
            programmer, keeping.store, contents=keeping.contents, wish=keeping.wish, on_event=on_event
        )
    plan = replace(outline.plan, part=outline.part.name)
    entry = Entry(plan, saved.backup.chip, programmer.link.transport.name, saved=saved.path.name)
    record = _Record(keeping.journals, entry)
    number = None
    if plan.order and outline.sample:
        number = Numbering(plan.order, entry.chip, outline.sample, ledger, on_event)
    try:
        begin = partial(record.begin, number)
        receipt = await burn(programmer, plan, record.watching(on_event), ledger, begin)
    except Fault as fault:
        if record.entry.begun:
            fault.holds = f"{fault.holds} {saved.words}"
            fault.advice = f"{fault.advice} {record.advice}".strip()
            await keeping.stopped(record.entry, fault)
        raise
    except asyncio.CancelledError:
        if record.entry.begun:
            ledger.holds = f"{ledger.holds} {saved.words}"
            stopped = Cancelled(STOPPED, holds=ledger.holds, advice=record.advice)
            await keeping.stopped(record.entry, stopped)
        raise
    await asyncio.to_thread(keeping.journals.remove, record.entry)
    return Burnt(entry.chip, receipt, saved)


class _Record:
    """Keeps the journal of a burn up to date, from its beginning on."""

    def __init__(self, journals: Journals, entry: Entry) -> None:
        self.entry = entry
        self._journals = journals

    @property
    def advice(self) -> str:
        """How to go on when it stops."""
        serial = self.entry.plan.serial
        return f"{RESUME} {serial.spent if serial else ''}".strip()

    async def begin(self, number: Numbering | None) -> BurnPlan:
        """Before the erase the journal has to be there, with the serial number; raises `InputFault`.

        Without a journal the number goes back: nothing was written, and nothing will resume with it.
        """
        try:
            await self._begin(number)
        except BaseException:
            if number and not self.entry.begun:
                await number.give_back()
            raise
        return self.entry.plan

    async def _begin(self, number: Numbering | None) -> None:
        entry = begun(self.entry, "erase")
        if number:
            entry = replace(entry, plan=entry.plan.numbered(await number.take()))

        def save() -> None:
            self._journals.save(entry)
            self.entry = entry

        await to_its_end(save)

    def watching(self, on_event: EventHandler) -> EventHandler:
        """A handler that notes each step and hands all events on."""

        def watch(event: Event) -> None:
            if self.entry.begun and isinstance(event, StepStarted) and event.step != self.entry.step:
                # What the journal has is enough to resume: a full disk must not stop a burn half way.
                with suppress(InputFault):
                    self._note(event.step)
            on_event(event)

        return watch

    def _note(self, step: str) -> None:
        self.entry = begun(self.entry, step)
        self._journals.save(self.entry)


async def _holds_nothing_else(programmer: Programmer, outline: Outline) -> bool:
    """Whether flash has, as far as looked at, nothing but bytes that the burn itself may have written."""
    image = outline.plan.content
    for start, size in samples(outline.part, dict(outline.before)):
        content = await memories.read(programmer, "flash", start, size)
        wanted = image.read(start, size)
        if any(found not in {BLANK, byte} for found, byte in zip(content, wanted, strict=True)):
            return False
    return True
