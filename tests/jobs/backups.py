"""Chips with content, and backups of them, for the tests of backups."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from avrdeck.boards.catalog import part
from avrdeck.boards.uid import Source
from avrdeck.jobs.backup.identity import Chip
from avrdeck.jobs.backup.model import Absence, Backup, made_of
from avrdeck.jobs.questions import Question, Topic
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.transports.sim import SimTransport
from virtual import board, programmer_on

MADE = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TINY = "attiny13"
"""1 KiB of flash and 64 bytes of EEPROM: whole chips are read and written in no time."""


def wired(options: str = f"part={TINY}", seed: int = 7) -> SimTransport:
    """A virtual board whose chip holds random flash and EEPROM."""
    wire = board(options)
    cells = wire.machine.target.cells
    dice = random.Random(seed)
    cells.flash[:] = dice.randbytes(len(cells.flash))
    cells.eeprom[:] = dice.randbytes(len(cells.eeprom))
    return wire


async def chip_on(options: str = f"part={TINY}", seed: int = 7) -> tuple[SimTransport, Programmer]:
    """The same with a programmer whose target is identified."""
    wire = wired(options, seed)
    return wire, await programmer_on(wire)


def a_backup(
    name: str = "ATtiny13",
    serial: bytes = b"LOT123\x01\x02\x03\x04",
    *,
    left_out: dict[str, Absence] | None = None,
    made: datetime = MADE,
    label: str = "",
    seed: int = 1,
) -> Backup:
    """A full backup of a made-up chip."""
    chip = part(name)
    dice = random.Random(seed)
    memories = {"signature": chip.signature, "flash": dice.randbytes(chip.flash.size)}
    if chip.eeprom:
        memories["eeprom"] = dice.randbytes(chip.eeprom.size)
    memories |= {fuse: bytes([known.factory or 0xFF]) for fuse, known in chip.fuses.items()}
    for absent in left_out or {}:
        memories.pop(absent, None)
    source = Source.UNDOCUMENTED if len(set(serial)) > 1 else Source.ALL_EQUAL if serial else Source.NONE
    identity = Chip(chip.name, chip.signature, source, serial)
    return made_of(identity, memories, left_out or {}, made=made, label=label)


async def agree(question: Question) -> str | None:
    """Yes to everything but an undo."""
    return question.required if question.topic is Topic.CONFIRM else None
