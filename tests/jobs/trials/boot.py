"""Uploads through bootloaders, from the reset of the board to the start of its sketch."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import replace

from avrdeck.boards.catalog import part
from avrdeck.boards.images import Image
from avrdeck.jobs.backup.taking import QUICK, take
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.session import close_programmer
from avrdeck.jobs.upload import bootloading
from avrdeck.jobs.upload.model import Plan
from avrdeck.jobs.upload.reaching import Way, reach_bootloader
from avrdeck.jobs.upload.touching import Surroundings
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.simulator import optiboot
from avrdeck.protocol.simulator.bootchip import with_bootloader
from avrdeck.protocol.simulator.machine import Machine
from avrdeck.protocol.simulator.oscillator import UNO_CRYSTAL
from avrdeck.protocol.simulator.target import Target
from avrdeck.protocol.target import memories
from avrdeck.protocol.transports.base import Transport
from jobs.trials.model import Content, Stage, Trial, Work, cells_of, untouched
from jobs.uploads import Answering
from virtual import board

PART = "atmega88pa"
OLD = Image.of(random.Random(11).randbytes(150), 0, "blink.hex")
NEW = Image.of(OLD.segments[0].data[:70] + random.Random(12).randbytes(80), 0, "blink.hex")
"""Three pages of 64 bytes, of which two differ from `OLD`."""
PAGES = 192
PATIENCE = 30.0


def with_sketch(machine: Machine) -> Machine:
    """The board with `OLD` in its flash."""
    cells_of(machine).flash[: OLD.size] = OLD.segments[0].data
    return machine


def shipped(dialect: str) -> Callable[[], Machine]:
    """A board with that bootloader and a sketch."""
    return lambda: with_sketch(board(f"dialect={dialect}&part={PART}").machine)


def with_picoboot() -> Machine:
    """A board whose bootloader answers for its version as picoboot does."""
    cells = with_bootloader(part(PART), 0, UNO_CRYSTAL, b"\0\0", optiboot.ROOM)
    firmware = Answering(Target(cells, UNO_CRYSTAL))
    return with_sketch(Machine(firmware, firmware.nominal_baud))


async def reached(stage: Stage) -> Programmer:
    """Reset the board and identify its chip through the bootloader."""
    wire = stage.wire

    async def opened(port: str, baud: int) -> Transport:
        stage.machine.host_baud = baud
        return wire

    async def slept(seconds: float) -> None:
        await wire.sleep(seconds)

    around = Surroundings(opened, lambda port: {"bench"}, slept)
    with Ledger().told():
        baud = stage.machine.firmware.nominal_baud
        programmer = await reach_bootloader(Way("bench", baud=baud), around=around)
        await programmer.identify(part(PART))
    return programmer


def through(job: Callable[[Programmer], Awaitable[object]]) -> Work:
    """``job`` through the bootloader, and the end of the session, which starts the sketch."""

    async def work(stage: Stage) -> object:
        programmer = await reached(stage)
        try:
            return await job(programmer)
        finally:
            await close_programmer(programmer)

    return work


def upload(*, delta: bool) -> Work:
    """Reset the board, upload `NEW`, start it."""

    async def job(programmer: Programmer) -> object:
        return await bootloading.upload(programmer, Plan(NEW, delta))

    return through(job)


async def read_only(programmer: Programmer) -> None:
    """What only reads: a comparison with a file, a few bytes, fuses and identity."""
    with Ledger().told():
        await memories.verify(programmer, OLD)
        await memories.read(programmer, "flash", 0x12, 16)
    await take(programmer, QUICK)


def kept(planned: Content, now: Content) -> bool:
    """Whether all is there but the page that a misheard read may have cost, which no reading brings back."""
    return same(planned, now, 0)


def same(planned: Content, now: Content, size: int = PAGES) -> bool:
    """Whether the sketch's pages, the bootloader and all but flash are right.

    What lies beyond is not planned: a page that is there already and goes to a wrong address leaves no trace
    that an upload could see.
    """
    boot = now.part.boot
    assert boot is not None
    start = boot.sections[-1].start_byte
    kept = now.flash[:size] == planned.flash[:size] and now.flash[start:] == planned.flash[start:]
    return kept and replace(now, flash=planned.flash).same(planned)


def enough(planned: Content, now: Content) -> bool:
    """The same of the sketch alone: a difference leaves alone what lies beside it in its last page."""
    return same(planned, now, NEW.size)


def trial(machine: Callable[[], Machine], *, delta: bool = False) -> Trial:
    """An upload of `NEW` through the bootloader of ``machine``."""
    return Trial(
        machine,
        upload(delta=delta),
        lambda before: before.written(NEW),
        PATIENCE,
        opens=True,
        restorable=False,
        same=same,
        enough=enough,
    )


def reading(machine: Callable[[], Machine], enough: Callable[[Content, Content], bool]) -> Trial:
    """`read_only` through the bootloader of ``machine``; ``enough`` must be left of the chip by a fault."""
    return Trial(
        machine, through(read_only), untouched, PATIENCE, opens=True, restorable=False, enough=enough
    )


TRIALS = {
    "Optiboot": trial(shipped("optiboot")),
    "Optiboot, delta": trial(shipped("optiboot"), delta=True),
    "Optiboot 4.4": trial(shipped("optiboot4")),
    "Optiboot 4.4, delta": trial(shipped("optiboot4"), delta=True),
    "ATmegaBOOT": trial(shipped("atmegaboot")),
    "picoboot": trial(with_picoboot),
    "read through Optiboot": reading(shipped("optiboot"), kept),
    "read through Optiboot 4.4": reading(shipped("optiboot4"), kept),
    "read through ATmegaBOOT": reading(shipped("atmegaboot"), Content.same),
    "read through picoboot": reading(with_picoboot, kept),
    "read through deckboot": reading(shipped("deckboot"), Content.same),
    "read through deckboot of 256": reading(shipped("deckboot-256"), kept),
    "deckboot": trial(shipped("deckboot")),
    "deckboot, delta": trial(shipped("deckboot"), delta=True),
    "deckboot of 256": trial(shipped("deckboot-256")),
    "deckboot of 256, delta": trial(shipped("deckboot-256"), delta=True),
}
