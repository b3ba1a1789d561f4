"""Decides what writing a patch takes, and explains it. Only reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from avrdeck.boards.fuses import decode
from avrdeck.boards.images import Image
from avrdeck.boards.images.image import Piece, joined
from avrdeck.boards.locks import memory_lock
from avrdeck.boards.models import BLANK, MemoryLock, Part
from avrdeck.jobs.events import EventHandler, StepDone, StepStarted, unheard
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.patch.model import Patch, PatchPlan, Way
from avrdeck.jobs.upload.pages import image_of, page_size
from avrdeck.jobs.upload.room import room
from avrdeck.protocol.dialects import Reach
from avrdeck.protocol.errors import TargetError, UsageFault
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import fuses, memories

NAME = "the edited bytes"


async def plan_patch(programmer: Programmer, patch: Patch, on_event: EventHandler = unheard) -> PatchPlan:
    """Decide how ``patch`` gets into the target, which is in programming mode.

    Raises `UsageFault` where lock bits or the bootloader do not allow it, `TargetError` when the chip does
    not hold what was read of it.
    """
    part = programmer.require_part()
    if not patch.spans:
        raise UsageFault("No byte is staged", advice="Type over what is to change.")
    with Ledger().told():
        if programmer.dialect.reach is Reach.BOOTLOADER:
            plan = _through_bootloader(programmer, part, patch)
        else:
            plan = _over_isp(part, patch, await fuses.read_all(programmer))
        await _insist_on_known(programmer, plan, on_event)
        return plan


def _through_bootloader(programmer: Programmer, part: Part, patch: Patch) -> PatchPlan:
    name = programmer.dialect.name
    if patch.memory == "eeprom":
        notes = (f"{name} writes these bytes and no others.",)
        return PatchPlan(part, patch, Way.BYTES, _bytes(patch, even=True), {}, eeprom_back=False, notes=notes)
    end = room(part, programmer.dialect)
    if patch.spans[-1].end > end:
        raise UsageFault(
            f"The boot section begins at 0x{end:04X}, and {name} does not write over itself",
            advice="Take the bytes from there on back, or write them over ISP.",
        )
    image = _pages(patch, part)
    told = _counted(image.size // page_size(part), "page")
    notes = (f"{name} erases and writes {told}; the boot section is not touched.",)
    return PatchPlan(part, patch, Way.BOOTLOADER, image, {}, eeprom_back=False, notes=notes)


def _over_isp(part: Part, patch: Patch, values: Mapping[str, int]) -> PatchPlan:
    lock = memory_lock(part, values)
    if lock.read_blocked:
        raise UsageFault(
            f"The lock bits forbid reading ({_lock_text(values)}), so what is around the bytes is not known",
            advice="Write a whole image: that erases the chip first.",
        )
    if patch.memory == "eeprom":
        return _eeprom_over_isp(part, patch, values, lock)
    rises = sum(span.rises for span in patch.spans)
    if rises or lock.write_blocked:
        return _with_erase(part, patch, values, rises)
    image = _pages(patch, part)
    told = _counted(image.size // page_size(part), "page")
    notes = (
        f"Bits only go from 1 to 0: {told} written over, nothing is erased.",
        *_boot(part, patch, values),
    )
    return PatchPlan(part, patch, Way.PAGES, image, values, eeprom_back=False, notes=notes)


def _eeprom_over_isp(part: Part, patch: Patch, values: Mapping[str, int], lock: MemoryLock) -> PatchPlan:
    if lock.write_blocked:
        raise UsageFault(
            f"The lock bits forbid writing the EEPROM ({_lock_text(values)})",
            advice="Only a chip erase unlocks the chip.",
        )
    notes = ("Only these bytes are written; the rest of the EEPROM and flash stay.",)
    return PatchPlan(part, patch, Way.BYTES, _bytes(patch), values, eeprom_back=False, notes=notes)


def _with_erase(part: Part, patch: Patch, values: Mapping[str, int], rises: int) -> PatchPlan:
    why = (
        f"{_counted(rises, 'bit')} from 0 to 1, which over ISP only a chip erase can do"
        if rises
        else f"The lock bits forbid writing ({_lock_text(values)}): only a chip erase unlocks the chip"
    )
    notes = [f"{why}. All of flash is read, erased and written back with the new bytes."]
    eesave = decode(part, values, partial=True).eesave is True
    eeprom_back = part.eeprom is not None and not eesave
    if eesave:
        notes.append("EESAVE is programmed: the EEPROM stays.")
    elif eeprom_back:
        notes.append("The erase clears the EEPROM too: it is read before and written back.")
    if "lock" in values and not part.lock.same(values["lock"], BLANK):
        notes.append(f"The erase opens the lock: {values['lock']:02X} is written again at the end.")
    notes += _boot(part, patch, values)
    wanted, size = patch.wanted, page_size(part)
    blank = bytes([BLANK])
    pages = ((at, wanted[at : at + size]) for at in range(0, len(wanted), size))
    image = image_of([(at, page) for at, page in pages if page.strip(blank)], NAME)
    return PatchPlan(part, patch, Way.ERASE, image, values, eeprom_back=eeprom_back, notes=tuple(notes))


def _boot(part: Part, patch: Patch, values: Mapping[str, int]) -> Iterator[str]:
    """Say so when a bootloader is edited."""
    start = decode(part, values, partial=True).boot_start_byte
    inside = [at for at in patch.staged if start is not None and at >= start]
    if start is not None and inside:
        yield f"{_counted(len(inside), 'byte')} in the boot section, which begins at 0x{start:04X}."


def _counted(count: int, noun: str) -> str:
    """``1 page is``, ``3 pages are``."""
    verb = {"bit": ("has to go", "have to go")}.get(noun, ("is", "are"))
    return f"{count} {noun}{'s' if count > 1 else ''} {verb[count > 1]}"


def _pages(patch: Patch, part: Part) -> Image:
    """The flash pages with a byte that changes, whole."""
    wanted, size = patch.wanted, page_size(part)
    starts = sorted({at - at % size for span in patch.spans for at in range(span.start, span.end)})
    return image_of([(start, wanted[start : start + size]) for start in starts], NAME)


def _bytes(patch: Patch, *, even: bool = False) -> Image:
    """The bytes that change; with ``even`` from even addresses on, which is what words can address."""
    wanted = patch.wanted
    extents = [(span.start & ~1 if even else span.start, span.end) for span in patch.spans]
    return Image(NAME, joined(Piece(start, wanted[start:end]) for start, end in extents), "eeprom")


def _lock_text(values: Mapping[str, int]) -> str:
    return f"lock {values['lock']:02X}"


async def _insist_on_known(programmer: Programmer, plan: PatchPlan, on_event: EventHandler) -> None:
    """Raise `TargetError` unless the chip holds what was read where something changes."""
    patch = plan.patch
    on_event(StepStarted("look", f"see that {patch.memory} is as it was read"))
    segments = _pages(patch, plan.part).segments if patch.memory == "flash" else plan.image.segments
    for segment in segments:
        found = await memories.read(programmer, patch.memory, segment.start, len(segment.data), on_event)
        insist_on_same(patch.memory, found, patch.known[segment.start : segment.end], segment.start)
    on_event(StepDone("look", "it is"))


def insist_on_same(memory: str, found: bytes, known: bytes, start: int = 0) -> None:
    """Raise `TargetError` where ``found`` is not what was ``known`` to be there."""
    for address, (there, before) in enumerate(zip(found, known, strict=True), start):
        if there != before:
            raise TargetError(
                f"{memory} has changed since it was read: "
                f"0x{address:04X} holds {there:02X}, not {before:02X}",
                advice="Read it again; if that happens again, shorten the wires or slow SCK down.",
            )
