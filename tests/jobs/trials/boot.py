"""Uploads through bootloaders, from the reset of the board to the start of its sketch."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from avrdeck.boards.catalog import part
from avrdeck.boards.images import Image
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.session import close_programmer
from avrdeck.jobs.upload import bootloading
from avrdeck.jobs.upload.model import Plan
from avrdeck.jobs.upload.reaching import Way, reach_bootloader
from avrdeck.jobs.upload.touching import Surroundings
from avrdeck.protocol.simulator import optiboot
from avrdeck.protocol.simulator.bootchip import with_bootloader
from avrdeck.protocol.simulator.machine import Machine
from avrdeck.protocol.simulator.oscillator import UNO_CRYSTAL
from avrdeck.protocol.simulator.target import Target
from avrdeck.protocol.transports.base import Transport
from jobs.trials.model import Content, Stage, Trial, Work, cells_of
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


def upload(*, delta: bool) -> Work:
    """Reset the board, upload `NEW`, start it."""

    async def work(stage: Stage) -> object:
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
        receipt = await bootloading.upload(programmer, Plan(NEW, delta))
        await close_programmer(programmer)
        return receipt

    return work


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


TRIALS = {
    "Optiboot": trial(shipped("optiboot")),
    "Optiboot, delta": trial(shipped("optiboot"), delta=True),
    "Optiboot 4.4": trial(shipped("optiboot4")),
    "Optiboot 4.4, delta": trial(shipped("optiboot4"), delta=True),
    "ATmegaBOOT": trial(shipped("atmegaboot")),
    "picoboot": trial(with_picoboot),
    "deckboot": trial(shipped("deckboot")),
    "deckboot, delta": trial(shipped("deckboot"), delta=True),
    "deckboot of 256": trial(shipped("deckboot-256")),
    "deckboot of 256, delta": trial(shipped("deckboot-256"), delta=True),
}
