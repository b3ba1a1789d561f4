"""Staged bytes of flash or EEPROM into the chip: the job of `avrdeck.jobs.patch`, seen step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict

from avrdeck.boards.images import Image
from avrdeck.jobs.backup.estimate import in_words, read_seconds
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.course import Course
from avrdeck.jobs.events import Event
from avrdeck.jobs.inventory.model import Kind
from avrdeck.jobs.patch.model import Patch, PatchPlan, PatchReceipt, Way
from avrdeck.jobs.patch.planning import plan_patch
from avrdeck.jobs.patch.running import write_patch
from avrdeck.jobs.questions import Ask, Question
from avrdeck.protocol.errors import Fault, UsageFault
from avrdeck.protocol.programmer import Programmer
from avrdeck.tui.controllers.remembering import stop_noted
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.controllers.undertaking import Undertaking
from avrdeck.tui.views.memorymap import size_text
from avrdeck.tui.views.steps import Step

LOOK, BACKUP = "look", "backup"
MAX_NOTED = 50
"""Ranges kept in the chip's history."""


class Patching(Undertaking):
    """Writes what is staged over one memory of the chip on the deck."""

    def __init__(self, session: Session, memory: str, changed: Callable[[], object]) -> None:
        super().__init__(session, changed)
        found = session.maps[memory]
        self.patch = Patch(memory, bytes(found.data), dict(found.staged))
        self.plan: PatchPlan | None = None
        self.receipt: PatchReceipt | None = None

    @property
    def ready(self) -> bool:
        """See `Undertaking.ready`."""
        return self.plan is not None and self.receipt is None

    def check(self) -> None:
        """See `Undertaking.check`."""
        if self.receipt:
            raise UsageFault("These bytes are written", advice="Go back and stage others.")
        if not self.session.connected:
            raise UsageFault("No programmer is connected", advice="Connect it with x on the deck.")

    def refresh(self) -> None:
        """See `Undertaking.refresh`: the steps stay, as the chip was not touched."""
        self.plan_again()
        self.changed()

    async def look(self) -> None:
        """See what it will take; reads only, and keeps the reason where it cannot be."""
        self.check()
        async with self.session.lent("look") as programmer:
            await self._look(programmer)

    async def _look(self, programmer: Programmer) -> PatchPlan:
        self.lay_out([Step(LOOK, "Look", "the chip holds what was read")])
        try:
            self.plan = await plan_patch(programmer, self.patch, self.event)
        except Fault:
            self.log.fail()
            raise
        self.lay_out([Step(LOOK, "Look", "the chip holds what was read"), *_steps(self.plan, programmer)])
        self.log.finish(LOOK)
        self.changed()
        return self.plan

    async def run(self, ask: Ask) -> None:
        """Look again, ask, save, write, verify."""
        self.check()
        ask = self.asking(ask)

        async def asked(question: Question) -> str | None:
            answer = await ask(question)
            if question.granted_by(answer):
                self.log.begin(BACKUP)
            return answer

        with self.attempt():
            async with self.session.lent("write bytes", self.ledger) as programmer:
                plan = await self._look(programmer)
                self.session.maps[self.patch.memory].plan(plan.image)
                course, sighting = Course(), self.session.sighting
                event, wish = course.watching(self.event), self.skip.wish()
                async with stop_noted(sighting, Kind.WRITE, self.patch.memory, self.ledger, course):
                    self.receipt = await write_patch(
                        programmer, plan, Store(), asked, wish, event, self.ledger
                    )
                self._hold()
            await self.note(Kind.WRITE, _told(self.receipt), _kept(self.receipt))
        self.changed()

    def _hold(self) -> None:
        """The map shows what the chip holds now; nothing is staged any more."""
        found = self.session.maps[self.patch.memory]
        found.hold(Image.of(self.patch.wanted, memory=self.patch.memory))
        found.stage({})

    def event(self, event: Event) -> None:
        """Take what the job tells; before an erase nothing of the backup can be left out."""
        super().event(event)
        if self.plan and not self.plan.skippable:
            self.skip.running = ""


def _steps(plan: PatchPlan, programmer: Programmer) -> Iterator[Step]:
    sizes = {name: plan.part.size(name) for name in plan.contents}
    size, time = size_text(sum(sizes.values())), in_words(read_seconds(programmer, sizes))
    yield Step(BACKUP, "Backup", f"{' and '.join(sizes)}, {size}, {time}")
    memory = plan.patch.memory
    if plan.way is Way.ERASE:
        if plan.eeprom_back:
            yield Step("keep", "Read EEPROM", "a second time, to be sure")
        taken = "flash, EEPROM and lock bits" if plan.eeprom_back else "flash and lock bits"
        yield Step("erase", "Chip erase", taken)
    yield Step("write", f"Write {memory}", f"{plan.image.size} bytes, {plan.way.value}")
    yield Step("verify", f"Verify {memory}", "every byte is read back")
    if plan.eeprom_back:
        yield Step("eeprom", "EEPROM back", "what it held, verified")
    if plan.lock_again is not None:
        yield Step("lock", "Lock again", f"{plan.lock_again:02X}")


def _told(receipt: PatchReceipt) -> str:
    first = receipt.ranges[0][0]
    return f"{receipt.changed} bytes of {receipt.memory} from 0x{first:04X} on"


def _kept(receipt: PatchReceipt) -> dict[str, object]:
    return {**asdict(receipt), "ranges": [list(extent) for extent in receipt.ranges[:MAX_NOTED]]}
