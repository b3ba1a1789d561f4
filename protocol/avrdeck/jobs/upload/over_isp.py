"""Upload over ISP, where only a chip erase turns a 0 into a 1: so it is erased only if that has to be.

Without an erase only the pages that differ are written, whatever `Plan.delta` says: to program a page with
what it holds changes nothing in it, and what lies around the image in it has been read but once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from avrdeck.boards.fuses import decode
from avrdeck.boards.images import Image
from avrdeck.boards.locks import memory_lock
from avrdeck.boards.models import BLANK, MemoryLock, Part
from avrdeck.jobs.backup.guarding import BEFORE_DESTROYING, save_first
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.backup.taking import Wish
from avrdeck.jobs.erasing import erase
from avrdeck.jobs.events import EventHandler, StepDone, StepStarted, unheard
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.pages import Ready, whole_pages
from avrdeck.jobs.questions import Ask, Question, Topic, insist
from avrdeck.jobs.settling import keeping_fuses
from avrdeck.jobs.upload.model import Plan, UploadReceipt, verified
from avrdeck.jobs.upload.pages import Page, compare, image_of, laid_anew, page_size
from avrdeck.protocol.errors import TargetError
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import fuses, memories


@dataclass(frozen=True, slots=True)
class _Before:
    """The chip as it was: its bytes, and the bootloader that an erase would take, if there is one."""

    values: Mapping[str, int]
    bootloader: Image | None
    lock: MemoryLock


async def upload(
    programmer: Programmer,
    plan: Plan,
    store: Store,
    ask: Ask,
    on_event: EventHandler = unheard,
    *,
    save_contents: bool = True,
    wish: Wish = BEFORE_DESTROYING,
    ledger: Ledger | None = None,
    ready: Ready | None = None,
) -> UploadReceipt:
    """Write ``plan`` into the identified target and verify it.

    Where a bit has to go from 0 to 1 the chip is erased, after ``ask`` allowed it and a backup is in
    ``store`` as ``wish`` says; a bootloader and its lock bits are put back. Raises `Refused`,
    `TargetError`, `VerifyError`; every fault says what the chip holds, and ``ledger`` does so all the time.
    ``ready`` brings the image as it shall be, see `Ready`.
    """
    ledger = ledger or Ledger()
    job = _Uploader(programmer, plan, store, ask, on_event, ledger=ledger, ready=ready)
    with ledger.told():
        receipt = await job.run(wish, contents=save_contents)
        ledger.holds = f"{plan.image.file} is in flash, verified."
        return receipt


class _Uploader:
    """One upload under way."""

    def __init__(
        self,
        programmer: Programmer,
        plan: Plan,
        store: Store,
        ask: Ask,
        on_event: EventHandler,
        *,
        ledger: Ledger,
        ready: Ready | None,
    ) -> None:
        self.ledger = ledger
        self._programmer = programmer
        self._image = plan.image
        self._ready = ready
        self._store = store
        self._ask = ask
        self._on_event = on_event
        self._part = programmer.require_part()

    async def run(self, wish: Wish, *, contents: bool) -> UploadReceipt:
        values = await fuses.read_all(self._programmer)
        lock = memory_lock(self._part, values)
        pages = [] if lock.read_blocked else await self._compare()
        if lock.read_blocked or _only_erased(pages, lock):
            return await self._with_erase(await self._look(values, lock), wish, contents=contents)
        if not (self._ready or any(page.differs for page in pages)):
            return self._receipt(0, 0)
        saved = await save_first(self._programmer, self._store, contents=False, on_event=self._on_event)
        if await self._made_ready():
            pages = await laid_anew(self._programmer, pages, self._image)
            if _only_erased(pages, lock):
                return await self._with_erase(await self._look(values, lock), wish, contents=contents)
        chosen = [(page.start, page.wanted) for page in pages if page.differs]
        healed = 0
        if chosen:
            todo = image_of(chosen, self._image.file)
            await self._write(todo, erased=False)
            healed = await verified(self._programmer, todo, self._image.size, self._on_event)
        return replace(self._receipt(len(chosen), healed), backup=saved.path.name)

    async def _made_ready(self) -> bool:
        """Let the image become what it shall be, before the first write; whether it may have changed."""
        if self._ready is None:
            return False
        self._image, self._ready = await self._ready(), None
        return True

    async def _compare(self) -> list[Page]:
        image = self._image
        self._on_event(StepStarted("compare", f"compare flash with {image.file}"))
        pages = await compare(self._programmer, image, self._on_event, until_erase=True)
        changed = sum(page.differs for page in pages)
        told = f"{changed} of {len(pages)} pages differ"
        if any(page.needs_erase for page in pages):
            told = "bits have to go from 0 to 1, which only a chip erase can do: everything is written"
        self._on_event(StepDone("compare", told))
        return pages

    async def _look(self, values: Mapping[str, int], lock: MemoryLock) -> _Before:
        """What an erase would take with it."""
        start = bootloader_start(self._part, values)
        if start is None or lock.read_blocked or self._image.end > start:
            return _Before(values, None, lock)
        self._on_event(StepStarted("bootloader", f"look for a bootloader at 0x{start:04X}"))
        content = await self._read_twice(start)
        used = bool(content.strip(bytes([BLANK])))
        self._on_event(StepDone("bootloader", "it will be put back" if used else "none is there"))
        return _Before(values, Image.of(content, start) if used else None, lock)

    async def _read_twice(self, start: int) -> bytes:
        """Flash from ``start`` on, which an erase will take; raises `TargetError` when reads disagree."""
        content = await memories.read(self._programmer, "flash", start, watch=self._on_event)
        if content != await memories.read(self._programmer, "flash", start, watch=self._on_event):
            raise TargetError(
                f"Flash from 0x{start:04X} on reads differently each time",
                detail="A bootloader may be there, and would be put back wrong.",
                advice="Shorten the wires, check GND, then try again.",
            )
        return content

    async def _with_erase(self, before: _Before, wish: Wish, *, contents: bool) -> UploadReceipt:
        programmer = self._programmer
        await insist(self._ask, Question(Topic.CONFIRM, self._question(before)))
        saved = await save_first(
            programmer, self._store, contents=contents, wish=wish, on_event=self._on_event
        )
        await self._made_ready()
        image = self._image
        self._on_event(StepStarted("erase", "erase the chip"))
        self.ledger.holds = f"The chip is erased or partly so; its fuses are unchanged. {saved.words}"
        async with keeping_fuses(programmer, before.values):
            await erase(programmer, before.values, image.start)
        self._on_event(StepDone("erase"))
        whole = whole_pages(_joined(image, before.bootloader), self._part)
        self.ledger.holds = f"The chip was erased and {image.file} is in flash in part. {saved.words}"
        await self._write(whole, erased=True)
        healed = await verified(programmer, whole, image.size, self._on_event)
        if before.bootloader:
            await self._lock_again(before.values)
        receipt = self._receipt(sum(1 for _ in image.pages(page_size(self._part))), healed)
        kept = before.bootloader is not None
        return replace(
            receipt,
            erased=True,
            kept_bootloader=kept,
            backup=saved.path.name,
            unsaved=tuple(saved.lost),
        )

    def _question(self, before: _Before) -> str:
        keeps_eeprom = decode(self._part, before.values, partial=True).eesave
        effects = ["EEPROM stays" if keeps_eeprom else "EEPROM goes too"] if self._part.eeprom else []
        if before.bootloader:
            effects.append("the bootloader is put back")
        if before.lock.write_blocked and not before.bootloader:
            effects.append("the lock bits go")
        return f"Erase the {self._part.name} to write {self._image.file}? " + ", ".join(effects) + "."

    async def _write(self, image: Image, *, erased: bool) -> None:
        self._on_event(StepStarted("write", f"write {image.size} bytes of flash"))
        if not erased:
            self.ledger.holds = f"{image.file} is in flash in part, and not verified."
        await memories.write(self._programmer, image, erased=erased, watch=self._on_event)
        self.ledger.holds = f"{image.file} was written and is not verified."
        self._on_event(StepDone("write"))

    async def _lock_again(self, values: Mapping[str, int]) -> None:
        lock = values.get("lock", BLANK)
        if self._part.lock.same(lock, BLANK):
            return
        self.ledger.holds = "Sketch and bootloader are verified; the chip is not locked as before."
        self._on_event(StepStarted("lock", f"write lock {lock:02X} again"))
        # A disturbed line can make another byte of the lock byte's instruction.
        async with keeping_fuses(self._programmer, values):
            await fuses.write(self._programmer, "lock", lock)
        self._on_event(StepDone("lock"))

    def _receipt(self, written: int, healed: int) -> UploadReceipt:
        image = self._image
        return UploadReceipt(
            part=self._part.name,
            file=image.file,
            through=self._programmer.dialect.name,
            size=image.size,
            pages=sum(1 for _ in image.pages(page_size(self._part))),
            pages_written=written,
            healed=healed,
        )


def _only_erased(pages: list[Page], lock: MemoryLock) -> bool:
    """Whether what the pages shall hold can only be written after a chip erase."""
    refused = lock.write_blocked and any(page.differs for page in pages)
    return refused or any(page.needs_erase for page in pages)


def bootloader_start(part: Part, values: Mapping[str, int]) -> int | None:
    """The byte from which on flash is kept as a bootloader's, by the fuse bytes; `None` where none can be."""
    meaning = decode(part, values, partial=True)
    return meaning.boot_start_byte if meaning.bootrst or (part.boot and part.boot.fixed) else None


def _joined(image: Image, bootloader: Image | None) -> Image:
    """Both in one; the bootloader begins where the image has ended."""
    if bootloader is None:
        return image
    first, last = image.segments, bootloader.segments
    if first and first[-1].end == last[0].start:
        data = [(segment.start, segment.data) for segment in (*first, *last)]
        return image_of(data, image.file)
    return replace(image, segments=(*first, *last))
