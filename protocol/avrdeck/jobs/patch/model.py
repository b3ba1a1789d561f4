"""A patch: bytes to change in a memory that was read; what writing it takes, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from avrdeck.boards.images import Image
from avrdeck.boards.models import BLANK, Part
from avrdeck.jobs.questions import Question, Topic
from avrdeck.protocol.target.memories import ranges


class Way(Enum):
    """How the bytes get into the chip."""

    BYTES = "byte by byte"
    """EEPROM: nothing but these bytes is touched."""
    PAGES = "pages over ISP"
    """Flash whose bits only go from 1 to 0: pages are written over what they hold."""
    ERASE = "chip erase"
    """Flash over ISP where a bit has to go from 0 to 1: all is read, erased and written back."""
    BOOTLOADER = "pages through the bootloader"
    """Flash through a bootloader, which erases page by page."""


@dataclass(frozen=True, slots=True)
class Span:
    """Neighbouring bytes that change, from byte address ``start`` on."""

    start: int
    old: bytes
    new: bytes

    @property
    def end(self) -> int:
        """Address after the last byte."""
        return self.start + len(self.new)

    @property
    def rises(self) -> int:
        """How many bits go from 0 to 1."""
        return sum((new & ~old).bit_count() for old, new in zip(self.old, self.new, strict=True))


@dataclass(frozen=True, slots=True)
class Patch:
    """``staged`` maps byte address to new byte; ``known`` is the whole memory as it was read."""

    memory: str
    known: bytes
    staged: Mapping[int, int]

    @property
    def wanted(self) -> bytes:
        """The whole memory as it shall be."""
        content = bytearray(self.known)
        for address, value in self.staged.items():
            content[address] = value
        return bytes(content)

    @property
    def spans(self) -> tuple[Span, ...]:
        """What changes, in ascending order."""
        wanted = self.wanted
        changed = sorted(at for at, value in self.staged.items() if value != self.known[at])
        return tuple(Span(a, self.known[a:b], wanted[a:b]) for a, b in ranges(changed))


@dataclass(frozen=True, slots=True)
class PatchPlan:
    """What writing a patch takes.

    ``image`` is what is sent, whole pages for flash. ``values`` are the fuse and lock bytes as they are,
    empty through a bootloader. ``eeprom_back``: the erase takes the EEPROM, it is put back. ``notes`` tell a
    person what will happen.
    """

    part: Part
    patch: Patch
    way: Way
    image: Image
    values: Mapping[str, int]
    eeprom_back: bool
    notes: tuple[str, ...]

    @property
    def contents(self) -> tuple[str, ...]:
        """The memories to save before: those that may be lost."""
        if self.way is not Way.ERASE:
            return (self.patch.memory,)
        return ("flash", "eeprom") if self.part.eeprom else ("flash",)

    @property
    def skippable(self) -> bool:
        """Whether the backup may be left out: before an erase it is what is written back."""
        return self.way is not Way.ERASE

    @property
    def lock_again(self) -> int | None:
        """The lock byte that an erase opens and that is written again; `None` where there is none."""
        lock = self.values.get("lock", BLANK)
        return lock if self.way is Way.ERASE and not self.part.lock.same(lock, BLANK) else None

    @property
    def question(self) -> Question:
        """What has to be confirmed."""
        count = sum(len(span.new) for span in self.patch.spans)
        how = ", with a chip erase" if self.way is Way.ERASE else ""
        bytes_ = f"{count} byte{'s' if count > 1 else ''}"
        text = f"Write {bytes_} of {self.patch.memory} into the {self.part.name}{how}?"
        return Question(Topic.CONFIRM, text, notes=self.notes)


@dataclass(frozen=True, slots=True)
class PatchReceipt:
    """What was done: the (start, end) ``ranges`` of bytes that changed, and the bytes sent for them.

    ``backup`` names the file with what the chip held before.
    """

    part: str
    memory: str
    ranges: tuple[tuple[int, int], ...]
    bytes_written: int
    erased: bool
    backup: str

    @property
    def changed(self) -> int:
        """How many bytes are others than before."""
        return sum(end - start for start, end in self.ranges)
