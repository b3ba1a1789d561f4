"""Jobs through ArduinoISP on a chip that it holds in reset."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from avrdeck.boards.images import Image
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.burn import BurnPlan
from avrdeck.jobs.burn.job import Keeping, carry_out, resume, unfinished
from avrdeck.jobs.burn.journal import Journals
from avrdeck.jobs.burn.outline import prepare
from avrdeck.jobs.fuses import write_fuses
from avrdeck.jobs.serials.counter import Counter
from avrdeck.jobs.serials.order import Order, Place
from avrdeck.jobs.serials.recipe import Kind, Recipe
from avrdeck.jobs.serials.stamping import Stamp, stamp_chip
from avrdeck.jobs.session import close_programmer
from avrdeck.jobs.upload import over_isp
from avrdeck.jobs.upload.model import Plan
from avrdeck.jobs.writing import erase_chip, write_image
from avrdeck.protocol.errors import UsageFault
from avrdeck.protocol.simulator.machine import Machine
from jobs.trials.model import Content, Stage, Trial, Work, agree, cells_of
from virtual import board

BIG = "atmega88pa"
"""Pages of 64 bytes: two of them make a short job with a boot section."""
SMALL = "attiny13"
"""Pages of 32 bytes, 64 bytes of EEPROM: whole chips take little time."""
BOOT = 0x1F00
LOADER = Image.of(random.Random(7).randbytes(100), BOOT, "loader.hex")
APPLICATION = Image.of(random.Random(8).randbytes(100), 0, "app.hex")
SKETCH = Image.of(random.Random(9).randbytes(90), 0, "blink.hex")
CLEARED = Image.of(bytes(40) + SKETCH.segments[0].data[40:], 0, "blink.hex")
"""`SKETCH` with bits cleared in two pages: a difference that needs no erase."""
NUMBERS = Image.of(b"serial no. 17", 0x0D, "numbers.eep", "eeprom")
FUSES = {"lfuse": 0xFF, "hfuse": 0xDE, "efuse": 0xFA}
LOCK = 0xCF
LOCKING = {"lfuse": 0xE2, "lock": LOCK}
PATIENCE = 30.0
PLAN = BurnPlan(LOADER, FUSES, LOCK, "ATmega88PA", f_cpu_hz=16_000_000, baud=115200)
STAMP = Stamp(b"SN-000017", 0x11)
SERIAL = Place("eeprom", 0x1F0)
STAMPED = Image.of(STAMP.data, STAMP.address, "the serial number", "eeprom")


def used(part: str) -> Machine:
    """A chip with an application, EEPROM content, and old code at the end of its flash."""
    machine = board(f"part={part}").machine
    cells, dice = cells_of(machine), random.Random(1)
    cells.flash[:80] = dice.randbytes(80)
    cells.flash[BOOT % len(cells.flash) :][:16] = dice.randbytes(16)
    cells.eeprom[:8] = dice.randbytes(8)
    return machine


def used_big() -> Machine:
    """An ATmega88PA in use."""
    return used(BIG)


def used_small() -> Machine:
    """An ATtiny13 in use."""
    return used(SMALL)


def empty() -> Machine:
    """An ATtiny13 with blank flash and a little in its EEPROM."""
    machine = board(f"part={SMALL}").machine
    cells_of(machine).eeprom[:8] = b"old data"
    return machine


def with_loader() -> Machine:
    """An ATmega88PA as a board maker ships it: application, bootloader, locked boot section."""
    machine = used(BIG)
    cells = cells_of(machine)
    cells.flash[BOOT : BOOT + LOADER.size] = LOADER.segments[0].data
    cells.fuses.update(efuse=0xFE, lock=LOCK)
    return machine


def holding_sketch() -> Machine:
    """A chip that holds `SKETCH`."""
    machine = empty()
    cells_of(machine).flash[: SKETCH.size] = SKETCH.segments[0].data
    return machine


def session(job: Work) -> Work:
    """``job`` and then the end of the session, however it came to that, which lets the chip go."""

    async def work(stage: Stage) -> object:
        try:
            return await job(stage)
        finally:
            await close_programmer(stage.target)

    return work


def job(
    machine: Callable[[], Machine],
    work: Work,
    plan: Callable[[Content], Content],
    again: Work | None = None,
    enough: Callable[[Content, Content], bool] = Content.same,
) -> Trial:
    """A trial of ``work`` in a session of its own."""
    resumed = again and session(again)
    return Trial(machine, session(work), plan, PATIENCE, resumed, enough=enough)


# --- fuses, flash, EEPROM ----------------------------------------------------------------------------------


async def write_bytes(stage: Stage) -> object:
    """All fuse bytes."""
    return await write_fuses(stage.target, FUSES, agree)


async def write_lock(stage: Stage) -> object:
    """One fuse byte and the lock bits."""
    return await write_fuses(stage.target, LOCKING, agree)


async def erase(stage: Stage) -> None:
    """Chip erase."""
    await erase_chip(stage.target)


async def write_erased(stage: Stage) -> None:
    """Flash after a chip erase."""
    await write_image(stage.target, APPLICATION, erase=True)


async def write_flash(stage: Stage) -> None:
    """Flash that is blank."""
    await write_image(stage.target, SKETCH)


async def write_eeprom(stage: Stage) -> None:
    """A few EEPROM bytes."""
    await write_image(stage.target, NUMBERS)


async def stamp(stage: Stage) -> None:
    """A serial number."""
    await stamp_chip(stage.target, STAMP)


async def stamp_again(stage: Stage) -> None:
    """A serial number over what an interrupted stamp has left."""
    await stamp_chip(stage.target, replace(STAMP, overwrite=True))


# --- burns and uploads -------------------------------------------------------------------------------------


def keeping(stage: Stage) -> Keeping:
    """Backups and journals in the stage's folder."""
    return Keeping(Store(stage.place), Journals(stage.place / "burns"), contents=False)


async def burn(stage: Stage) -> object:
    """Burn `PLAN`."""
    return await carry_out(stage.target, await prepare(stage.target, PLAN), agree, keeping(stage))


async def burn_again(stage: Stage, first: Work = burn) -> object:
    """Resume; a burn that stopped before it had a journal is begun again."""
    try:
        entry = await unfinished(stage.target, keeping(stage))
    except UsageFault:
        return await first(stage)
    return await resume(stage.target, entry, agree, keeping(stage))


def burnt(before: Content) -> Content:
    """`PLAN` on an erased chip."""
    return before.erased().written(LOADER).with_fuses(**FUSES, lock=LOCK)


async def burn_numbered(stage: Stage) -> object:
    """Burn `PLAN` with the next number of a counter in the EEPROM."""
    order = Order(Recipe(Kind.NUMBER, Counter(stage.place / "counter")), SERIAL)
    outline = await prepare(stage.target, replace(PLAN, order=order))
    return await carry_out(stage.target, outline, agree, keeping(stage))


async def number_again(stage: Stage) -> object:
    """Resume with the same number; a burn that is begun again takes another."""
    return await burn_again(stage, burn_numbered)


def numbered(before: Content, number: int = 1) -> Content:
    """`PLAN` with that number."""
    serial = Image.of(number.to_bytes(4, "little"), SERIAL.address, "", "eeprom")
    return burnt(before).written(serial)


def has_a_number(planned: Content, now: Content) -> bool:
    """Whether the chip is as planned, with one of the numbers that a burn and its repetition can take."""
    return any(numbered(planned, number).same(now) for number in (1, 2))


def upload(image: Image) -> Work:
    """Upload ``image`` over ISP."""

    async def work(stage: Stage) -> object:
        store = Store(stage.place)
        return await over_isp.upload(stage.target, Plan(image), store, agree, save_contents=False)

    return work


def reloaded(before: Content) -> Content:
    """`APPLICATION` on an erased chip that got its bootloader and its lock bits back."""
    return before.erased().written(APPLICATION, LOADER).with_fuses(lock=LOCK)


TRIALS = {
    "fuses": job(used_big, write_bytes, lambda before: before.with_fuses(**FUSES)),
    "fuse and lock": job(used_big, write_lock, lambda before: before.with_fuses(**LOCKING)),
    "erase": job(used_small, erase, Content.erased),
    "write with erase": job(used_small, write_erased, lambda before: before.erased().written(APPLICATION)),
    "write flash": job(empty, write_flash, lambda before: before.written(SKETCH)),
    "write EEPROM": job(empty, write_eeprom, lambda before: before.written(NUMBERS)),
    "stamp": job(empty, stamp, lambda before: before.written(STAMPED), again=stamp_again),
    "burn": job(used_big, burn, burnt, again=burn_again),
    "burn with number": job(used_big, burn_numbered, numbered, again=number_again, enough=has_a_number),
    "upload over ISP": job(with_loader, upload(APPLICATION), reloaded),
    "same over ISP": job(holding_sketch, upload(SKETCH), lambda before: before),
    "delta over ISP": job(holding_sketch, upload(CLEARED), lambda before: before.written(CLEARED)),
}
