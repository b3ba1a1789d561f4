"""Writes a patch: confirmed, saved before, written, verified; what an erase takes is put back."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace

from avrdeck.boards.images import Image, Segment
from avrdeck.boards.models import BLANK
from avrdeck.jobs import erasing
from avrdeck.jobs.backup.guarding import BEFORE_DESTROYING, Saved, save_first
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.backup.taking import Wish, never
from avrdeck.jobs.events import EventHandler, StepDone, StepStarted, unheard
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.patch.model import PatchPlan, PatchReceipt, Way
from avrdeck.jobs.patch.planning import NAME, insist_on_same
from avrdeck.jobs.questions import Ask, insist
from avrdeck.jobs.settling import keeping_fuses
from avrdeck.jobs.upload.pages import image_of, page_size
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import fuses, memories


async def write_patch(  # noqa: PLR0917 - called with the same names everywhere
    programmer: Programmer,
    plan: PatchPlan,
    store: Store,
    ask: Ask,
    wish: Wish = BEFORE_DESTROYING,
    on_event: EventHandler = unheard,
    ledger: Ledger | None = None,
) -> PatchReceipt:
    """Carry ``plan`` out on the target, which is in programming mode, after ``ask`` has confirmed it.

    What may be lost is saved into ``store`` first; ``wish.skip`` ends that where `PatchPlan.skippable`.
    Raises `Refused` without a confirmation, and the fault that stopped it, with what the chip holds by
    then; ``ledger`` knows it for whoever cancels.
    """
    writer = _Writer(programmer, plan, ledger or Ledger(), on_event)
    with writer.ledger.told():
        await insist(ask, plan.question)
        skip = wish.skip if plan.skippable else never
        wish = replace(wish, contents=plan.contents, unless_blank=False, skip=skip)
        return await writer.run(await save_first(programmer, store, wish=wish, on_event=on_event))


def _around(plan: PatchPlan) -> Image:
    """What to verify after a write in place: the bytes, and enough besides to see an erase by chance.

    That is the whole EEPROM, or the pages of flash where code begins.
    """
    patch, part = plan.patch, plan.part
    wanted = patch.wanted
    if patch.memory == "eeprom":
        return Image.of(wanted, file=NAME, memory="eeprom")
    size = page_size(part)
    begin = [0, len(wanted) - 1, *(each.start_byte for each in (part.boot.sections if part.boot else ()))]
    changed = [at for span in patch.spans for at in range(span.start, span.end)]
    starts = sorted({at - at % size for at in (*begin, *changed)})
    return image_of([(start, wanted[start : start + size]) for start in starts], NAME)


class _Writer:
    """One patch under way."""

    def __init__(
        self, programmer: Programmer, plan: PatchPlan, ledger: Ledger, on_event: EventHandler
    ) -> None:
        self.ledger = ledger
        self._programmer = programmer
        self._plan = plan
        self._on_event = on_event

    async def run(self, saved: Saved) -> PatchReceipt:
        plan = self._plan
        eeprom = await self._read_again(saved) if plan.way is Way.ERASE else b""
        async with keeping_fuses(self._programmer, plan.values) if plan.values else nullcontext():
            if plan.way is Way.ERASE:
                await self._erase_and_put_back(saved, eeprom)
            else:
                await self._write_in_place(saved)
        self.ledger.holds = f"The new bytes are in {plan.patch.memory}, verified. {saved.words}"
        return PatchReceipt(
            part=plan.part.name,
            memory=plan.patch.memory,
            ranges=tuple((span.start, span.end) for span in plan.patch.spans),
            bytes_written=plan.image.size,
            erased=plan.way is Way.ERASE,
            backup=saved.path.name,
        )

    async def _write_in_place(self, saved: Saved) -> None:
        memory, image = self._plan.patch.memory, self._plan.image
        self._begin("write", f"write {image.size} bytes of {memory}")
        self.ledger.holds = f"Some of the new bytes are in {memory}, nothing else has changed. {saved.words}"
        await memories.write(self._programmer, image, erased=False, watch=self._on_event)
        self._end("write")
        self.ledger.holds = f"{memory} was written and is not verified. {saved.words}"
        await self._verify(_around(self._plan))

    async def _erase_and_put_back(self, saved: Saved, eeprom: bytes) -> None:
        plan, programmer = self._plan, self._programmer
        self._begin("erase", "erase the chip")
        self.ledger.holds = f"The chip is erased or partly so; its fuses are unchanged. {saved.words}"
        await erasing.erase(programmer, plan.values)
        self._end("erase", "it is blank")
        self._begin("write", f"write {plan.image.size} bytes of flash back")
        self.ledger.holds = f"The chip was erased and flash is back in part. {saved.words}"
        await memories.write(programmer, plan.image, erased=True, watch=self._on_event)
        self._end("write")
        await self._verify(Image.of(plan.patch.wanted, file=NAME))
        if eeprom.strip(bytes([BLANK])):
            self.ledger.holds = f"Flash holds the new bytes, the EEPROM is back in part. {saved.words}"
            await self._put_eeprom_back(eeprom)
        await self._lock_again()

    async def _read_again(self, saved: Saved) -> bytes:
        """The EEPROM to be put back, as saved, once a second reading agrees, as that of flash must.

        Nothing else tells a disturbed byte.
        """
        insist_on_same("flash", saved.backup.memories["flash"], self._plan.patch.known)
        if not self._plan.eeprom_back:
            return b""
        content = saved.backup.memories["eeprom"]
        self._begin("keep", "read the EEPROM again")
        again = await memories.read(self._programmer, "eeprom", watch=self._on_event)
        insist_on_same("eeprom", again, content)
        self._end("keep", "both readings agree")
        return content

    async def _put_eeprom_back(self, content: bytes) -> None:
        whole = Image.of(content, file="what it held", memory="eeprom")
        self._begin("eeprom", "write the EEPROM back")
        wrong = await memories.differences(self._programmer, whole)
        todo = Image(whole.file, tuple(Segment(a, content[a:b]) for a, b in wrong), "eeprom")
        await memories.write(self._programmer, todo, erased=False, watch=self._on_event)
        await memories.verify(self._programmer, whole, self._on_event)
        self._end("eeprom", f"{todo.size} bytes written, {whole.size} agree")

    async def _lock_again(self) -> None:
        lock = self._plan.lock_again
        if lock is None:
            return
        self.ledger.holds = "All bytes are verified; the chip is not locked as before."
        self._begin("lock", f"write lock {lock:02X} again")
        await fuses.write(self._programmer, "lock", lock)
        self._end("lock", "reads back as written")

    async def _verify(self, image: Image) -> None:
        self._begin("verify", f"verify {image.memory}")
        await memories.verify(self._programmer, image, self._on_event)
        self._end("verify", f"{image.size} bytes agree")

    def _begin(self, step: str, text: str) -> None:
        self._on_event(StepStarted(step, text))

    def _end(self, step: str, text: str = "") -> None:
        self._on_event(StepDone(step, text))
