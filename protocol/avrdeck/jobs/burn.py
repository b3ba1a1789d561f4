"""Burn a bootloader: erase, unlock, fuses, flash, lock, each step verified."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

from avrdeck.boards.images import Image
from avrdeck.boards.models import Part
from avrdeck.jobs.events import EventHandler, StepDone, StepStarted, unheard
from avrdeck.jobs.ledger import Ledger
from avrdeck.protocol.errors import TargetError, UsageFault
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import fuses, memories

FUSE_ORDER = ("efuse", "hfuse", "lfuse", "fuse")
"""The byte that chooses the clock last: a wrong one is the likeliest to end the session."""


@dataclass(frozen=True, slots=True)
class BurnPlan:
    """What the chip shall hold. Fuse bytes that are not named keep their value.

    ``lock`` is written last, `None` leaves the chip unlocked.
    """

    image: Image
    fuse_bytes: Mapping[str, int] = field(default_factory=dict)
    lock: int | None = None


@dataclass(frozen=True, slots=True)
class BurnReceipt:
    """What the chip holds now, read back: ``before`` and ``after`` by fuse and lock byte."""

    part: str
    file: str
    bytes_written: int
    before: Mapping[str, int]
    after: Mapping[str, int]


async def burn(programmer: Programmer, plan: BurnPlan, on_event: EventHandler = unheard) -> BurnReceipt:
    """Carry ``plan`` out on the target, which is in programming mode.

    The chip is let go once in between, so that the flash is written under the new fuses. Raises the
    fault that stopped it, with what the chip holds by then.
    """
    check(plan, programmer.require_part())
    ledger = Ledger()
    with ledger.told():
        return await _Burner(programmer, plan, ledger, on_event).run()


def check(plan: BurnPlan, part: Part) -> None:
    """Raise `UsageFault` for a plan that cannot be carried out on ``part``."""
    named = [*plan.fuse_bytes, *(["lock"] if plan.lock is not None else [])]
    for name in named:
        if name not in part.fuses:
            raise UsageFault(f"{part.name} has no {name}", advice=f"It has {', '.join(part.fuses)}.")
    if plan.image.memory != "flash":
        raise UsageFault("A bootloader lives in flash", advice="Give a file with flash content.")


class _Burner:
    """One burn under way."""

    def __init__(
        self, programmer: Programmer, plan: BurnPlan, ledger: Ledger, on_event: EventHandler
    ) -> None:
        self._programmer = programmer
        self._plan = plan
        self._ledger = ledger
        self._on_event = on_event
        self._part = programmer.require_part()

    async def run(self) -> BurnReceipt:
        before = await fuses.read_all(self._programmer)
        await self._erase()
        changed = await self._write_fuses(before)
        if changed:
            await self._take_effect()
        await self._write_flash()
        await self._write_lock()
        after = await fuses.read_all(self._programmer)
        await self._programmer.leave()
        return BurnReceipt(self._part.name, self._plan.image.file, self._plan.image.size, before, after)

    async def _erase(self) -> None:
        self._begin("erase", "erase the chip, which also unlocks it")
        self._ledger.holds = "The chip is erased or partly so; its fuses are unchanged."
        await self._programmer.chip_erase()
        lock = await fuses.read(self._programmer, "lock") if self._part.lock.readable else None
        if lock is not None and not self._part.lock.same(lock, 0xFF):
            raise TargetError(
                f"The chip is still locked after the erase: lock reads {lock:02X}",
                advice="Check the supply voltage, then try again.",
            )
        self._end("erase", "blank and unlocked")

    async def _write_fuses(self, before: Mapping[str, int]) -> bool:
        """Write the bytes that differ; whether there was any."""
        changed = []
        for name in (name for name in FUSE_ORDER if name in self._plan.fuse_bytes):
            wanted = self._plan.fuse_bytes[name]
            found = before[name] if name in before else await fuses.read(self._programmer, name)
            if self._part.fuses[name].same(found, wanted):
                continue
            self._begin(name, f"write {name} {found:02X} → {wanted:02X}")
            self._ledger.holds = f"The chip is erased; {name} may be {found:02X} or {wanted:02X}."
            await fuses.write(self._programmer, name, wanted)
            self._end(name)
            changed.append(name)
        self._ledger.holds = "The chip is erased, its fuses are as planned, its flash is blank."
        return bool(changed)

    async def _take_effect(self) -> None:
        self._begin("restart", "let the new fuses take effect and find the chip again")
        try:
            await self._programmer.identify(self._part)
        except TargetError as error:
            error.advice = f"The new fuses may need a clock that is not there. {error.advice}"
            raise
        self._end("restart", "it answers under the new fuses")

    async def _write_flash(self) -> None:
        image = self._plan.image
        name = PurePath(image.file).name
        self._begin("flash", f"write {image.size} bytes of {name} at {image.start:#06x}")
        self._ledger.holds = (
            "The chip's fuses are as planned, its flash is written in part, it is not locked."
        )
        await memories.write(self._programmer, image, erased=True, watch=self._on_event)
        self._end("flash")
        self._begin("verify", "verify flash")
        await memories.verify(self._programmer, image, watch=self._on_event)
        self._ledger.holds = "The chip's fuses and flash are as planned, it is not locked."
        self._end("verify", f"{image.size} bytes agree")

    async def _write_lock(self) -> None:
        if self._plan.lock is None:
            return
        self._begin("lock", f"write lock {self._plan.lock:02X}")
        await fuses.write(self._programmer, "lock", self._plan.lock)
        self._ledger.holds = "The chip is as planned."
        self._end("lock")

    def _begin(self, step: str, text: str) -> None:
        self._on_event(StepStarted(step, text))

    def _end(self, step: str, text: str = "") -> None:
        self._on_event(StepDone(step, text))
