"""Jobs to be disturbed: what they start from, what they do, how they are resumed, what must come of it."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from avrdeck.boards.images import Image
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.burn import BurnPlan
from avrdeck.jobs.burn.job import Keeping, carry_out, resume, unfinished
from avrdeck.jobs.burn.journal import Journals
from avrdeck.jobs.burn.outline import prepare
from avrdeck.jobs.fuses import write_fuses
from avrdeck.jobs.questions import Question, Topic
from avrdeck.jobs.writing import write_image
from avrdeck.protocol.errors import UsageFault
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.transports.sim import SimTransport
from virtual import board

PART = "atmega88pa"
"""Pages of 64 bytes: two of them make a short job with a boot section."""
LOADER = Image.of(random.Random(7).randbytes(100), 0x1F00, "loader.hex")
FUSES = {"lfuse": 0xFF, "hfuse": 0xDE, "efuse": 0xFA}
LOCK = 0xCF
PLAN = BurnPlan(LOADER, FUSES, LOCK, "ATmega88PA", f_cpu_hz=16_000_000, baud=115200)
APPLICATION = Image.of(random.Random(8).randbytes(200), 0, "app.hex")

Work = Callable[[Programmer, Path], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Trial:
    """A job on a fresh virtual chip. The path is a folder for what the job keeps."""

    chip: Callable[[], SimTransport]
    work: Work
    again: Work
    as_planned: Callable[[SimTransport], bool]


async def agree(question: Question) -> str | None:
    """Yes to everything but an undo."""
    return question.required if question.topic is Topic.CONFIRM else None


def used_chip() -> SimTransport:
    """A chip with an application, and old code where the loader goes."""
    wire = board(f"part={PART}")
    cells = wire.machine.target.cells
    cells.flash[: len(APPLICATION.segments[0].data)] = random.Random(9).randbytes(APPLICATION.size)
    cells.flash[0x1F00:0x1F10] = random.Random(10).randbytes(16)
    return wire


def keeping(place: Path) -> Keeping:
    return Keeping(Store(place), Journals(place / "burns"), contents=False)


async def burn_first(programmer: Programmer, place: Path) -> None:
    await carry_out(programmer, await prepare(programmer, PLAN), agree, keeping(place))


async def burn_again(programmer: Programmer, place: Path) -> None:
    """Resume; a burn that stopped before it had a journal is begun again."""
    try:
        entry = await unfinished(programmer, keeping(place))
    except UsageFault:
        await burn_first(programmer, place)
    else:
        await resume(programmer, entry, agree, keeping(place))


async def write_bytes(programmer: Programmer, place: Path) -> None:
    await write_fuses(programmer, FUSES, agree)


async def write_flash(programmer: Programmer, place: Path) -> None:
    await write_image(programmer, APPLICATION, erase=True)


def is_burnt(wire: SimTransport) -> bool:
    """Whether the whole chip is as the plan has it, seen from inside."""
    cells = wire.machine.target.cells
    lock = cells.part.lock.same(cells.fuses["lock"], LOCK)
    return lock and has_fuses(wire) and bytes(cells.flash) == LOADER.flat(len(cells.flash))


def has_fuses(wire: SimTransport) -> bool:
    cells = wire.machine.target.cells
    return all(cells.part.fuses[name].same(cells.fuses[name], value) for name, value in FUSES.items())


def has_application(wire: SimTransport) -> bool:
    flash = bytes(wire.machine.target.cells.flash)
    return flash == APPLICATION.flat(len(flash))


TRIALS = {
    "burn": Trial(used_chip, burn_first, burn_again, is_burnt),
    "fuse transaction": Trial(used_chip, write_bytes, write_bytes, has_fuses),
    "write with erase": Trial(used_chip, write_flash, write_flash, has_application),
}
