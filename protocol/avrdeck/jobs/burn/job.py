"""A burn from the question to the receipt: confirmed, saved, journalled; resumed when it was interrupted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from avrdeck.boards.models import BLANK
from avrdeck.jobs.backup.blankness import samples
from avrdeck.jobs.backup.guarding import BEFORE_DESTROYING, Saved, save_first
from avrdeck.jobs.backup.identity import Chip, read_chip
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.backup.taking import Wish
from avrdeck.jobs.burn.journal import Entry, Journals, begun
from avrdeck.jobs.burn.model import BurnReceipt
from avrdeck.jobs.burn.outline import Outline, prepare
from avrdeck.jobs.burn.running import burn
from avrdeck.jobs.events import Event, EventHandler, StepDone, StepStarted, unheard
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.questions import Ask, confirmation, insist
from avrdeck.protocol.errors import Fault, InputFault, UsageFault
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import memories

RESUME = "Then go on from here: avrdeck burn --resume."
STAMPED = ("serial", "lock")
"""From these steps on the serial number may be in EEPROM in part."""


async def _untold(entry: Entry, fault: Fault) -> None:
    del entry, fault


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where backups and journals are kept. Without ``contents`` flash and EEPROM are not saved.

    ``wish`` says what is saved of them, and when no more of it is wanted. ``stopped`` is told of a burn that
    a fault has stopped, as far as it had come.
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

    A serial number is made when the backup is there, just before the erase, and from then on it is this
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
        if plan.order:
            plan = plan.numbered(await plan.order.issue(saved.backup.chip, on_event))
        record = _Record(
            keeping.journals,
            Entry(plan, saved.backup.chip, programmer.link.transport.name, saved=saved.path.name),
        )
        await asyncio.to_thread(record.begin)
    try:
        receipt = await burn(programmer, plan, record.watching(on_event), ledger)
    except Fault as fault:
        fault.holds = f"{fault.holds} {saved.words}"
        spent = plan.serial.spent if plan.serial else ""
        fault.advice = f"{fault.advice} {RESUME} {spent}".strip()
        await keeping.stopped(record.entry, fault)
        raise
    await asyncio.to_thread(keeping.journals.remove, record.entry)
    return Burnt(saved.backup.chip, receipt, saved)


class _Record:
    """Keeps the journal of a burn up to date."""

    def __init__(self, journals: Journals, entry: Entry) -> None:
        self.entry = entry
        self._journals = journals

    def begin(self) -> None:
        """Before the erase it has to be there; raises `InputFault`."""
        self._note("erase")

    def watching(self, on_event: EventHandler) -> EventHandler:
        """A handler that notes each step and hands all events on."""

        def watch(event: Event) -> None:
            if isinstance(event, StepStarted) and event.step != self.entry.step:
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
