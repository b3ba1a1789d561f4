"""A job to be disturbed: what it starts from, what it does, how it is resumed, what must come of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from avrdeck.boards.images import Image
from avrdeck.boards.models import Part
from avrdeck.jobs.backup.identity import Chip
from avrdeck.jobs.backup.model import Backup, made_of
from avrdeck.jobs.questions import Question, Topic
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.simulator.cells import Cells
from avrdeck.protocol.simulator.machine import Machine
from avrdeck.protocol.transports.sim import SimTransport

SHOWN = 4
"""How many wrong bytes are worth printing."""


@dataclass(frozen=True, slots=True)
class Content:
    """All that a chip holds. ``fuses`` has the lock byte too."""

    part: Part
    flash: bytes
    eeprom: bytes
    fuses: Mapping[str, int]

    @classmethod
    def of(cls, machine: Machine) -> Self:
        """What the chip of ``machine`` holds now, seen from inside."""
        cells = cells_of(machine)
        return cls(cells.part, bytes(cells.flash), bytes(cells.eeprom), dict(cells.fuses))

    def same(self, other: Content) -> bool:
        """Whether both agree in every byte, and in every fuse bit that exists."""
        return (self.flash, self.eeprom) == (other.flash, other.eeprom) and all(
            self.has(name, value) for name, value in other.fuses.items()
        )

    def against(self, other: Content) -> str:
        """Where both differ, in words; ``other`` is what shall be."""
        pairs = (("flash", self.flash, other.flash), ("eeprom", self.eeprom, other.eeprom))
        found = [
            f"{name} {at:#06x} {there:02X} not {wanted:02X}"
            for name, now, then in pairs
            for at, (there, wanted) in enumerate(zip(now, then, strict=True))
            if there != wanted
        ]
        bytes_ = [
            f"{name} {self.fuses[name]:02X} not {value:02X}"
            for name, value in other.fuses.items()
            if not self.has(name, value)
        ]
        return ", ".join([*found[:SHOWN], *bytes_])

    def has(self, name: str, value: int) -> bool:
        """Whether a fuse or the lock byte has ``value``, in the bits that exist."""
        return self.part.fuses[name].same(self.fuses[name], value)

    def with_fuses(self, **values: int) -> Content:
        """The same with other fuse bytes."""
        return replace(self, fuses={**self.fuses, **values})

    def erased(self) -> Content:
        """What a chip erase leaves."""
        blank = replace(self.without_eeprom(), flash=bytes([0xFF]) * len(self.flash))
        return blank.with_fuses(lock=0xFF)

    def without_eeprom(self) -> Content:
        """The same with blank EEPROM."""
        return replace(self, eeprom=bytes([0xFF]) * len(self.eeprom))

    def backup(self) -> Backup:
        """A full backup of it."""
        part = self.part
        rest = {name: bytes([value]) for name, value in self.fuses.items()}
        memories = {"signature": part.signature, "flash": self.flash, "eeprom": self.eeprom, **rest}
        chip = Chip(part.name, part.signature)
        return made_of(chip, memories, {}, made=datetime(2026, 3, 1, tzinfo=UTC))

    def written(self, *images: Image) -> Content:
        """The same with ``images`` in its memories."""
        found = {"flash": bytearray(self.flash), "eeprom": bytearray(self.eeprom)}
        for image in images:
            for segment in image.segments:
                found[image.memory][segment.start : segment.end] = segment.data
        return replace(self, flash=bytes(found["flash"]), eeprom=bytes(found["eeprom"]))


@dataclass(slots=True)
class Stage:
    """One run of a trial. ``machine`` is the board that is disturbed, ``place`` a folder for the job's files.

    ``programmer`` is connected and has identified its target, unless the trial's job does that itself.
    ``bystanders`` are boards that must end as planned whatever happens to the other.
    """

    machine: Machine
    place: Path
    before: Content
    programmer: Programmer | None = None
    bystanders: list[Machine] = field(default_factory=list)

    @property
    def target(self) -> Programmer:
        """The programmer that is there."""
        assert self.programmer is not None
        return self.programmer

    @property
    def wire(self) -> SimTransport:
        """The port, opened anew; it is on the same board."""
        return SimTransport(self.machine, "bench")


Work = Callable[[Stage], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Trial:
    """A job on a fresh virtual board.

    ``work`` brings a receipt or raises a fault; ``again`` is what a person does after that fault, the same by
    default. ``plan`` is what the chip shall hold in the end, after what it held before. ``patience`` are the
    virtual seconds that the job may take, disturbed once. ``opens``: it connects by itself. ``restorable``: a
    backup can help where ``again`` alone does not. ``same`` compares the plan with the chip of a job that
    succeeded, ``enough`` with that of one that was done again; ``right`` judges the receipt.
    """

    machine: Callable[[], Machine]
    work: Work
    plan: Callable[[Content], Content]
    patience: float
    again: Work | None = None
    opens: bool = False
    restorable: bool = True
    same: Callable[[Content, Content], bool] = Content.same
    enough: Callable[[Content, Content], bool] = Content.same
    right: Callable[[Content, object], bool] = lambda before, receipt: True


def cells_of(machine: Machine) -> Cells:
    """The contents of the chip on a board that has one."""
    assert machine.target is not None
    return machine.target.cells


def untouched(before: Content) -> Content:
    """The plan of a job that only reads."""
    return before


async def agree(question: Question) -> str | None:
    """Yes to everything but an undo."""
    return question.required if question.topic is Topic.CONFIRM else None
