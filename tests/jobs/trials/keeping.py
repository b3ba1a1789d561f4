"""Jobs around backups, and those that only read: none of these may ever change a chip."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from avrdeck.boards.catalog import part
from avrdeck.boards.uid import Source
from avrdeck.jobs.backup.identity import Chip
from avrdeck.jobs.backup.model import Backup, made_of
from avrdeck.jobs.backup.planning import plan_restore
from avrdeck.jobs.backup.restoring import restore
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.backup.taking import Wish, take
from avrdeck.jobs.doctor.diagnosing import diagnose
from avrdeck.jobs.doctor.model import Patient, Report
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.session import close_programmer, identify
from avrdeck.protocol.errors import TargetError
from avrdeck.protocol.link import Link
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import memories
from avrdeck.protocol.transports.base import Transport
from jobs.trials.isp import PATIENCE, SMALL, job, used_small
from jobs.trials.model import Content, Stage, Trial, agree, untouched

DICE = random.Random(5)
KEPT = {
    "flash": DICE.randbytes(70).ljust(1024, b"\xff"),
    "eeprom": DICE.randbytes(12).ljust(64, b"\xff"),
    "lfuse": bytes([0x7A]),
    "hfuse": bytes([0xFB]),
    "lock": bytes([0xFE]),
}
CHIP = part(SMALL)
BACKUP = made_of(
    Chip(CHIP.name, CHIP.signature, Source.NONE, b""),
    {"signature": CHIP.signature, **KEPT},
    {},
    made=datetime(2026, 3, 1, tzinfo=UTC),
)


async def bring_back(stage: Stage) -> object:
    """Restore `BACKUP`."""
    plan = await plan_restore(stage.target, BACKUP)
    return await restore(stage.target, plan, Store(stage.place), agree, save_contents=False)


def brought_back(before: Content) -> Content:
    """What `BACKUP` says, without regard to what was there."""
    fuses = {name: data[0] for name, data in KEPT.items() if len(data) == 1}
    return Content(before.part, KEPT["flash"], KEPT["eeprom"], {**before.fuses, **fuses})


async def save(stage: Stage) -> object:
    """A backup with two reads of everything: a single one cannot see a flipped bit."""
    return await take(stage.target, Wish(twice=True))


def is_saved(before: Content, receipt: object) -> bool:
    """Whether a backup holds what the chip does."""
    assert isinstance(receipt, Backup)
    found = receipt.memories
    flash = found.get("flash") == before.flash and found.get("eeprom") == before.eeprom
    return flash and all(before.has(name, value) for name, value in receipt.fuses.items())


async def look(stage: Stage) -> object:
    """Open the port, identify the chip, let it go."""
    programmer = await Programmer.connect(Link(stage.wire))
    found = await identify(programmer)
    await close_programmer(programmer)
    return found


async def examine(stage: Stage) -> Report:
    """A doctor's visit; a diagnosis is no fault, so what is not healthy is made one here."""
    wire = stage.wire

    async def opener(port: str, baud: int) -> Transport:
        await wire.set_baud(baud)
        return wire

    report = await diagnose("bench", Patient(part(SMALL)), opener=opener)
    if not report.diagnosis.healthy:
        raise TargetError(report.diagnosis.title, holds="The chip is unchanged.")
    return report


async def read_pieces(stage: Stage) -> bytes:
    """A few bytes of flash and of EEPROM, as a dump reads them."""
    with Ledger().told():
        flash = await memories.read(stage.target, "flash", 0x12, 16)
        return flash + await memories.read(stage.target, "eeprom", 3, 5)


def names_the_chip(before: Content, receipt: object) -> bool:
    """Whether a healthy report has read the chip's fuses right."""
    assert isinstance(receipt, Report)
    shown = ", ".join(f"{name} {value:02X}" for name, value in before.fuses.items() if name != "lock")
    return any(check.seen == shown for check in receipt.checks)


TRIALS = {
    "restore": job(used_small, bring_back, brought_back),
    "backup": Trial(used_small, save, untouched, PATIENCE, right=is_saved),
    "read": job(used_small, read_pieces, untouched),
    "identify": Trial(used_small, look, untouched, PATIENCE, opens=True),
    "doctor": Trial(used_small, examine, untouched, PATIENCE, opens=True, right=names_the_chip),
}
