"""Brings a chip back to what a backup holds: save, erase, flash, EEPROM, fuses, lock, each verified."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from avrdeck.boards.images import Image, Segment
from avrdeck.jobs.backup.blankness import looks_blank
from avrdeck.jobs.backup.guarding import BEFORE_DESTROYING, Saved, save_first
from avrdeck.jobs.backup.planning import RestorePlan
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.backup.taking import Wish
from avrdeck.jobs.erasing import erase
from avrdeck.jobs.events import EventHandler, StepDone, StepStarted, unheard
from avrdeck.jobs.fuses import write_fuses
from avrdeck.jobs.ledger import UNCHANGED, Ledger
from avrdeck.jobs.questions import Ask, Question, Topic, confirmation, insist
from avrdeck.jobs.settling import keeping_fuses
from avrdeck.jobs.witnesses import ErasedByChance
from avrdeck.protocol.errors import Fault, TargetError
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import fuses, memories


@dataclass(frozen=True, slots=True)
class RestoreReceipt:
    """What was done, and the fuse and lock bytes read back. Sizes count the bytes that were written.

    ``saved`` is the file that holds what the chip was before, ``unsaved`` are the memories that are neither
    in it nor blank. ``fuses_reverted``: the user took the
    fuses back, and the lock bits were not written.
    """

    part: str
    backup: str
    saved: str
    erased: bool
    flash_bytes: int
    eeprom_bytes: int
    before: Mapping[str, int]
    after: Mapping[str, int]
    fuses_reverted: bool
    unsaved: tuple[str, ...] = ()


async def restore(
    programmer: Programmer,
    plan: RestorePlan,
    store: Store,
    ask: Ask,
    *,
    save_contents: bool = True,
    wish: Wish = BEFORE_DESTROYING,
    on_event: EventHandler = unheard,
    ledger: Ledger | None = None,
) -> RestoreReceipt:
    """Carry ``plan`` out on the target, which is in programming mode, after ``ask`` has confirmed it.

    The chip is saved into ``store`` first, without ``save_contents`` only its fuses, lock and
    identity; at the end it is let go. Raises `Refused` without a confirmation, and the fault that
    stopped it, with what the chip holds by then; ``ledger`` knows that for whoever cancels it.
    """
    part = plan.backup.chip.part
    ledger = ledger or Ledger()
    with ledger.told():
        await insist(ask, confirmation(f"Restore {plan.backup.name} into the {part}?", part, plan.findings))
        saved = await save_first(programmer, store, contents=save_contents, wish=wish, on_event=on_event)
        return await _Restorer(programmer, plan, saved, ledger, ask, on_event).run()


class _Restorer:
    """One restoration under way."""

    def __init__(  # noqa: PLR0917 - made in one place
        self,
        programmer: Programmer,
        plan: RestorePlan,
        saved: Saved,
        ledger: Ledger,
        ask: Ask,
        on_event: EventHandler,
    ) -> None:
        self._programmer = programmer
        self._plan = plan
        self._saved = saved
        self._ledger = ledger
        self._ask = ask
        self._on_event = on_event
        self._part = plan.backup.part
        self._restored: list[str] = []

    async def run(self) -> RestoreReceipt:
        plan, programmer = self._plan, self._programmer
        eeprom = await self._eeprom_to_keep() if plan.keep_eeprom else plan.eeprom
        if plan.flash is not None:
            await self._erase()
            await self._write_flash(plan.flash)
        eeprom_bytes = await self._write_eeprom(eeprom) if eeprom else 0
        reverted = not await self._write_fuses()
        if not reverted:
            await self._write_lock()
        after = await fuses.read_all(programmer)
        await programmer.leave()
        return RestoreReceipt(
            part=self._part.name,
            backup=plan.backup.name,
            saved=self._saved.path.name,
            erased=plan.erase,
            flash_bytes=plan.flash.size if plan.flash else 0,
            eeprom_bytes=eeprom_bytes,
            before=plan.before,
            after=after,
            fuses_reverted=reverted,
            unsaved=tuple(self._saved.lost),
        )

    async def _eeprom_to_keep(self) -> Image:
        self._begin("keep", "read the EEPROM, to write it back after the erase")
        content = await memories.read(self._programmer, "eeprom", watch=self._on_event)
        if content != await memories.read(self._programmer, "eeprom", watch=self._on_event):
            raise TargetError(
                "The EEPROM reads differently each time",
                advice="Shorten the wires, check GND, or slow SCK down.",
            )
        return Image.of(content, file="what it held", memory="eeprom")

    async def _erase(self) -> None:
        self._begin("erase", "erase the chip, which also unlocks it")
        self._holds("The chip is erased or partly so; its fuses are unchanged.")
        async with keeping_fuses(self._programmer, self._plan.before):
            await erase(self._programmer, self._plan.before)
        self._holds("The chip is erased, its fuses are unchanged.")

    async def _write_flash(self, flash: Image) -> None:
        if not flash.size:
            if not await looks_blank(self._programmer, dict(self._plan.before)):
                raise TargetError("Flash is not blank after the erase", advice="Restore again.")
        else:
            self._begin("flash", f"write {flash.size} bytes of flash")
            self._holds("Flash is written in part; fuses are unchanged, the chip is not locked.")
            await memories.write(self._programmer, flash, erased=True, watch=self._on_event)
            self._begin("verify", "verify flash")
            await memories.verify(self._programmer, flash, watch=self._on_event)
            self._end("verify", f"{flash.size} bytes agree")
        self._restored.append("flash")
        self._holds("Fuses are unchanged, the chip is not locked.")

    async def _write_eeprom(self, wanted: Image) -> int:
        """Write the bytes that differ, as EEPROM wears out, and verify all; how many those were."""
        programmer = self._programmer
        self._begin("eeprom", "compare the EEPROM and write what differs")
        wrong = await memories.differences(programmer, wanted, self._on_event)
        changed = Image(wanted.file, tuple(Segment(a, wanted.read(a, b - a)) for a, b in wrong), "eeprom")
        if changed.size:
            self._holds("EEPROM is written in part; fuses and lock are not yet.")
            await memories.write(programmer, changed, erased=False, watch=self._on_event)
            await memories.verify(programmer, wanted, watch=self._on_event)
        self._end("eeprom", f"{changed.size} bytes written, {wanted.size} bytes agree")
        self._restored.append("EEPROM")
        self._holds("Fuses and lock are not yet.")
        return changed.size

    async def _write_fuses(self) -> bool:
        """Write the fuse bytes as a transaction of their own; whether they stayed."""
        staged = {change.memory: change.new for change in self._plan.changes if change.memory != "lock"}
        if not staged:
            return True
        with self._counting_in("The fuses are unchanged.") as inner:
            receipt = await write_fuses(
                self._programmer, staged, self._consented, self._on_event, self._plan.context, inner
            )
        self._restored += staged if not receipt.reverted else []
        self._holds("The lock bits are not yet.")
        return not receipt.reverted

    async def _write_lock(self) -> None:
        staged = {change.memory: change.new for change in self._plan.changes if change.memory == "lock"}
        if not staged:
            return
        with self._counting_in("The lock bits are not written.") as inner:
            await write_fuses(
                self._programmer, staged, _only_confirmed, self._on_event, self._plan.context, inner
            )
        self._restored.append("lock")
        self._holds("Nothing is left to do.")

    @contextmanager
    def _counting_in(self, unchanged: str) -> Iterator[Ledger]:
        """A ledger for a fuse transaction; what it tells of the chip is added to what was restored before."""
        inner = Ledger()
        try:
            yield inner
        except asyncio.CancelledError:
            self._holds(inner.holds if inner.touched else unchanged)
            raise
        except Fault as fault:
            if isinstance(fault, ErasedByChance):
                self._restored.clear()
            self._holds(unchanged if fault.holds in {"", UNCHANGED} else fault.holds)
            fault.holds = self._ledger.holds
            raise

    async def _consented(self, question: Question) -> str | None:
        """The whole plan was confirmed; an undo is still to be asked for."""
        return await (_only_confirmed(question) if question.topic is Topic.CONFIRM else self._ask(question))

    def _holds(self, text: str) -> None:
        done = f"Restored so far: {', '.join(self._restored)}. " if self._restored else ""
        self._ledger.holds = f"{done}{text} {self._saved.words}"

    def _begin(self, step: str, text: str) -> None:
        self._on_event(StepStarted(step, text))

    def _end(self, step: str, text: str = "") -> None:
        self._on_event(StepDone(step, text))


async def _only_confirmed(question: Question) -> str | None:
    """Yes to what was confirmed before; lock bits cannot be undone."""
    return question.required if question.topic is Topic.CONFIRM else None
