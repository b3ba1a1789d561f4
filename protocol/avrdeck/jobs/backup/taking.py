"""Reads a backup from a chip: what takes milliseconds always, flash and EEPROM as asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from avrdeck.boards.locks import memory_lock
from avrdeck.jobs.backup import blankness
from avrdeck.jobs.backup.estimate import in_words, read_seconds
from avrdeck.jobs.backup.identity import read_chip
from avrdeck.jobs.backup.model import ABSENCE_WORDS, CONTENTS, Absence, Backup, made_of, utc_now
from avrdeck.jobs.events import EventHandler, StepDone, StepStarted, unheard
from avrdeck.jobs.ledger import Ledger
from avrdeck.protocol.dialects import EepromAddress
from avrdeck.protocol.errors import Fault, TargetError
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import fuses, memories
from avrdeck.protocol.target.progress import Progress


def never() -> bool:
    """For callers where nobody can ask to skip."""
    return False


@dataclass(frozen=True, slots=True)
class Wish:
    """What to save.

    ``contents`` are those of flash and EEPROM to read. With ``unless_blank`` flash is sampled first
    and left out when it looks blank. ``twice`` reads both twice: STK500v1 has no checksum. ``skip``
    is asked between blocks; once it says yes, the memory being read and those to come are left out.
    """

    contents: tuple[str, ...] = CONTENTS
    unless_blank: bool = False
    twice: bool = False
    label: str = ""
    skip: Callable[[], bool] = never
    now: Callable[[], datetime] = utc_now


QUICK = Wish(contents=())
"""Fuses, lock, signature and serial number only."""


async def take(programmer: Programmer, wish: Wish | None = None, on_event: EventHandler = unheard) -> Backup:
    """A backup of the target, which is in programming mode. Only reads.

    Raises the fault that stopped it; `TargetError` when two reads of one memory disagree.
    """
    with Ledger().told():
        return await _Taker(programmer, wish or Wish(), on_event).run()


class _Skipped(Fault):
    """The user wants no more to be read; the line stays in sync."""


class _Taker:
    """One backup under way."""

    def __init__(self, programmer: Programmer, wish: Wish, on_event: EventHandler) -> None:
        self._programmer = programmer
        self._wish = wish
        self._on_event = on_event
        self._part = programmer.require_part()
        self._found: dict[str, bytes] = {}
        self._left_out: dict[str, Absence] = {}

    async def run(self) -> Backup:
        self._on_event(StepStarted("identity", "save fuses, lock bits and identity"))
        chip, rows = await read_chip(self._programmer)
        self._found |= rows
        values = await self._fuses()
        self._on_event(StepDone("identity", chip.text))
        await self._contents(values)
        wish = self._wish
        return made_of(chip, self._found, self._left_out, made=wish.now(), label=wish.label)

    async def _fuses(self) -> dict[str, int]:
        readable = self._programmer.dialect.reads_fuses
        values = await fuses.read_all(self._programmer) if readable else {}
        self._found |= {name: bytes([value]) for name, value in values.items()}
        self._left_out |= {name: Absence.UNREADABLE for name in self._part.fuses if name not in values}
        return values

    async def _contents(self, values: dict[str, int]) -> None:
        # EEPROM first: it is short, so that a skip costs flash only.
        there = [name for name in ("eeprom", "flash") if name == "flash" or self._part.eeprom]
        for name in there:
            reason = self._reason_against(name, values)
            if reason:
                self._left_out[name] = reason
        todo = {name: self._part.size(name) for name in there if name not in self._left_out}
        if self._wish.unless_blank and "flash" in todo and await self._is_blank(values):
            del todo["flash"]
        if not todo:
            return
        seconds = read_seconds(self._programmer, todo) * (2 if self._wish.twice else 1)
        size = sum(todo.values())
        self._on_event(
            StepStarted("contents", f"save {' and '.join(todo)}, {size} bytes, {in_words(seconds)}")
        )
        for name in todo:
            await self._read(name)
        missing = [f"{name} {ABSENCE_WORDS[self._left_out[name]]}" for name in todo if name in self._left_out]
        self._on_event(StepDone("contents", ", ".join(missing)))

    def _reason_against(self, name: str, values: Mapping[str, int]) -> Absence | None:
        """Why a memory cannot or shall not be read."""
        if name not in self._wish.contents or self._wish.skip():
            return Absence.SKIPPED
        if name == "eeprom" and self._programmer.dialect.eeprom_address is EepromAddress.NONE:
            return Absence.UNREADABLE
        if memory_lock(self._part, values).read_blocked:
            self._on_event(StepDone(name, f"{name} is locked against reading: it cannot be saved"))
            return Absence.LOCKED
        return None

    async def _is_blank(self, values: dict[str, int]) -> bool:
        try:
            blank = await blankness.looks_blank(self._programmer, values, self._heed)
        except _Skipped:
            self._left_out["flash"] = Absence.SKIPPED
            return True
        if blank:
            self._left_out["flash"] = Absence.BLANK
            self._on_event(
                StepDone("flash", "flash is blank at its reset vector, boot section and a sample of pages")
            )
        return blank

    async def _read(self, name: str) -> None:
        try:
            first = await memories.read(self._programmer, name, watch=self._watch)
            second = (
                await memories.read(self._programmer, name, watch=self._watch) if self._wish.twice else first
            )
        except _Skipped:
            self._left_out[name] = Absence.SKIPPED
            return
        if first != second:
            raise TargetError(
                f"{name} reads differently each time",
                detail="Such a backup would not bring the chip back.",
                advice="Shorten the wires, check GND, or slow SCK down.",
            )
        self._found[name] = first

    def _watch(self, progress: Progress) -> None:
        if progress.done < progress.total:
            self._heed(progress)
        self._on_event(progress)

    def _heed(self, progress: Progress) -> None:
        """Stop where the user wants no more."""
        del progress
        if self._wish.skip():
            raise _Skipped("Skipped")
