"""The work on the chip: erase, fuses, flash, lock, each step verified and the fuses never left wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from avrdeck.boards.models import BLANK, Part
from avrdeck.jobs.burn.model import FUSE_ORDER, BurnPlan, BurnReceipt, check
from avrdeck.jobs.erasing import erase
from avrdeck.jobs.events import EventHandler, StepDone, StepStarted, unheard
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.pages import whole_pages
from avrdeck.jobs.serials.stamping import in_chip
from avrdeck.jobs.settling import agree, full, glance, settle, shown
from avrdeck.protocol.errors import Fault, PortError, TargetError, UsageFault, VerifyError
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import fuses, memories

UNLOCKING = "Check supply, wires and GND: going on begins with an erase, which takes lock bits back."


Begin = Callable[[], Awaitable[BurnPlan]]
"""Awaited when nothing is left but to erase: brings the plan, with its serial number where one is ordered."""


async def burn(
    programmer: Programmer,
    plan: BurnPlan,
    on_event: EventHandler = unheard,
    ledger: Ledger | None = None,
    begin: Begin | None = None,
) -> BurnReceipt:
    """Carry ``plan`` out on the target, which is in programming mode.

    Before it is changed ``begin`` is awaited. The chip is let go once in between, so that the flash is
    written under the new fuses. Raises the fault that stopped it, with what the chip holds by then;
    ``ledger`` knows that at any moment.
    """
    check(plan, programmer.require_part())
    ledger = ledger or Ledger()
    with ledger.told():
        burner = _Burner(programmer, plan, ledger, on_event, begin)
        try:
            return await burner.run()
        except (PortError, UsageFault):
            raise
        except Fault:
            await burner.make_safe()
            raise


class _Burner:
    """One burn under way."""

    def __init__(
        self,
        programmer: Programmer,
        plan: BurnPlan,
        ledger: Ledger,
        on_event: EventHandler,
        begin: Begin | None,
    ) -> None:
        self._start = begin
        self._programmer = programmer
        self._plan = plan
        self._ledger = ledger
        self._on_event = on_event
        self._part = programmer.require_part()
        self._repaired: dict[str, None] = {}
        self._disturbed = False
        self._seen = ledger.holds
        # What the fuses may be put back to after a fault, the best first; nothing before the erase.
        self._havens: list[Mapping[str, int]] = []

    async def run(self) -> BurnReceipt:
        before = await fuses.read_all(self._programmer)
        if self._start:
            self._plan = await self._start()
        known = {**before, **self._plan.fuse_bytes}
        wanted = {name: known[name] for name in FUSE_ORDER if name in known}
        await self._erase(before, wanted)
        await self._write_fuses(before, wanted)
        await self._write_flash()
        await self._write_eeprom()
        await self._write_lock()
        after = await self._confirm(wanted)
        await self._programmer.leave()
        image, serial = self._plan.content, self._plan.serial
        repaired = tuple(self._repaired)
        return BurnReceipt(self._part.name, image.file, image.size, before, after, repaired, serial)

    async def make_safe(self) -> None:
        """After a fault: see that no fuse byte is left with a value that nobody wanted, and tell what is."""
        for haven in self._havens:
            try:
                await settle(self._programmer, haven, disturbed=True)
                values = await fuses.read_all(self._programmer)
            except Fault:
                continue
            self._ledger.holds = f"{self._seen} It was looked at again: {shown(values)}."
            return

    async def _erase(self, before: Mapping[str, int], wanted: Mapping[str, int]) -> None:
        self._begin("erase", "erase the chip, which also unlocks it")
        self._holds("The chip is erased or partly so; its fuses are unchanged.")
        self._havens = [{name: before[name] for name in wanted if name in before}]
        await erase(self._programmer, before, self._plan.image.start)
        self._holds("The chip is erased, its fuses are unchanged.")
        self._end("erase", "blank and unlocked")

    async def _write_fuses(self, before: Mapping[str, int], wanted: Mapping[str, int]) -> None:
        changed = self._plan.changes(self._part, before)
        for name in changed:
            old = f"{before[name]:02X}" if name in before else "what it was"
            self._begin(name, f"write {name} {old} → {wanted[name]:02X}")
            self._holds(
                f"The chip is erased; {name} may be {old} or {wanted[name]:02X}. New fuses take effect when "
                "programming mode is left."
            )
            await self._write_fuse(name, wanted)
            self._end(name)
        self._havens.insert(0, wanted)
        if self._disturbed:
            # The write that was disturbed may have hit another byte than its own.
            await self._settle(wanted)
        self._holds("The chip is erased, its fuses are as planned, its flash is blank.")
        if changed:
            await self._take_effect(wanted)

    async def _write_fuse(self, name: str, wanted: Mapping[str, int]) -> None:
        try:
            await fuses.write(self._programmer, name, wanted[name])
        except PortError:
            raise
        except Fault:
            self._disturbed = True
            await self._settle({name: wanted[name]}, disturbed=True)

    async def _settle(self, wanted: Mapping[str, int], *, disturbed: bool = False) -> None:
        self._repaired |= dict.fromkeys(await settle(self._programmer, wanted, disturbed=disturbed))

    async def _take_effect(self, wanted: Mapping[str, int]) -> None:
        self._begin("restart", "let the new fuses take effect and find the chip again")
        self._havens = []
        try:
            await self._programmer.identify(self._part)
        except TargetError as error:
            error.advice = f"The new fuses may need a clock that is not there. {error.advice}"
            raise
        self._havens = [wanted]
        self._end("restart", "it answers under the new fuses")

    async def _write_flash(self) -> None:
        image = self._plan.content
        self._begin("flash", f"write {image.size} bytes of {self._plan.file_name} at 0x{image.start:04X}")
        self._holds("The chip's fuses are as planned, its flash is written in part, it is not locked.")
        await memories.write(self._programmer, image, erased=True, watch=self._on_event)
        self._end("flash")
        self._begin("verify", "verify flash")
        await memories.verify(self._programmer, whole_pages(image, self._part), watch=self._on_event)
        self._holds("The chip's fuses and flash are as planned, it is not locked.")
        self._end("verify", f"{image.size} bytes agree")

    async def _write_eeprom(self) -> None:
        """The serial number, where it goes there: before the lock bits, which may forbid it."""
        serial = self._plan.in_eeprom
        if serial is None:
            return
        self._begin("serial", f"write the serial number {serial.words}")
        if not await in_chip(self._programmer, serial):
            self._holds(
                "The chip's fuses and flash are as planned, its serial number may be there in part, "
                "it is not locked."
            )
            await memories.write(self._programmer, serial.image, erased=False, watch=self._on_event)
            await memories.verify(self._programmer, serial.image, watch=self._on_event)
        self._holds("The chip's fuses, flash and serial number are as planned, it is not locked.")
        self._end("serial")

    async def _write_lock(self) -> None:
        if self._plan.lock is None:
            return
        lock = full(self._part.lock, self._plan.lock)
        self._begin("lock", f"write lock {lock:02X} and read it back")
        done = "The chip's fuses and flash are as planned"
        self._holds(f"{done}; lock may be FF or {lock:02X}.", seen=f"{done}.")
        try:
            await fuses.write(self._programmer, "lock", lock)
        except VerifyError as failure:
            failure.advice = UNLOCKING
            raise
        self._end("lock")

    async def _confirm(self, wanted: Mapping[str, int]) -> Mapping[str, int]:
        """Every byte read once more; what is not as planned is put right where it can be, else told."""
        lock = BLANK if self._plan.lock is None else full(self._part.lock, self._plan.lock)
        values: Mapping[str, int] = await glance(self._programmer)
        if not _as_planned(self._part, values, {**wanted, "lock": lock}):
            await self._settle(wanted)
            values = await fuses.read_all(self._programmer)
        if "lock" in values and not agree(self._part.lock, values["lock"], lock):
            raise VerifyError(
                "lock",
                [(0, 1)],
                f"lock reads {values['lock']:02X} at the end, not {lock:02X}",
                advice=UNLOCKING,
            )
        self._holds("The chip is as planned.")
        return values

    def _holds(self, text: str, seen: str = "") -> None:
        """What the chip holds, and what of that is left to say once fuses and lock have been ``seen``."""
        self._ledger.holds = text
        self._seen = seen or text

    def _begin(self, step: str, text: str) -> None:
        self._on_event(StepStarted(step, text))

    def _end(self, step: str, text: str = "") -> None:
        self._on_event(StepDone(step, text))


def _as_planned(part: Part, values: Mapping[str, int], wanted: Mapping[str, int]) -> bool:
    """Whether every byte is as wanted, bits that ISP cannot write too: they prove that the chip is there."""
    return all(part.fuses[name].same(value, wanted[name]) for name, value in values.items() if name in wanted)
