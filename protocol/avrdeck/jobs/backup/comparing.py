"""Where two backups differ, or a backup and a chip."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from avrdeck.boards.models import MEMORY_NAMES
from avrdeck.jobs.backup.model import Backup, Header
from avrdeck.jobs.backup.taking import Wish, take
from avrdeck.jobs.events import EventHandler, unheard
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target.memories import ranges


class Verdict(StrEnum):
    """How a memory compares."""

    SAME = "same"
    DIFFERENT = "different"
    ONLY_FIRST = "only in the first"
    ONLY_SECOND = "only in the second"


@dataclass(frozen=True, slots=True)
class Compared:
    """One memory. ``ranges`` are the (start, end) byte addresses that differ, ends exclusive.

    ``values`` are the two bytes of a fuse or lock byte that differs.
    """

    memory: str
    verdict: Verdict
    ranges: tuple[tuple[int, int], ...] = ()
    values: tuple[int, int] | None = None

    @property
    def bytes_differ(self) -> int:
        """How many bytes differ."""
        return sum(end - start for start, end in self.ranges)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two contents side by side. ``same_chip`` is `None` where serial numbers cannot tell."""

    first: Header
    second: Header
    same_chip: bool | None
    memories: tuple[Compared, ...]

    @property
    def equal(self) -> bool:
        """Whether every memory that both hold is the same, and both hold the same ones."""
        return all(each.verdict is Verdict.SAME for each in self.memories)


def compare(first: Backup, second: Backup) -> Comparison:
    """Compare what can be written: flash, EEPROM, fuses and lock, under the mask of bits that exist."""
    named = [name for name in MEMORY_NAMES if name in first.memories or name in second.memories]
    compared = tuple(_memory(first, second, name) for name in named if name not in first.part.rows)
    return Comparison(first.header, second.header, first.chip.same(second.chip), compared)


async def compare_with_chip(
    programmer: Programmer, backup: Backup, on_event: EventHandler = unheard
) -> Comparison:
    """Compare ``backup`` with the target, which comes second; only what the backup holds is read."""
    contents = tuple(name for name in ("flash", "eeprom") if name in backup.memories)
    found = await take(programmer, Wish(contents=contents), on_event)
    return compare(backup, found)


def _memory(first: Backup, second: Backup, name: str) -> Compared:
    left, right = first.memories.get(name), second.memories.get(name)
    if left is None or right is None:
        return Compared(name, Verdict.ONLY_SECOND if left is None else Verdict.ONLY_FIRST)
    fuse = first.part.fuses.get(name)
    if fuse:
        same_part = first.chip.signature == second.chip.signature
        if fuse.same(left[0], right[0]) if same_part else left == right:
            return Compared(name, Verdict.SAME)
        return Compared(name, Verdict.DIFFERENT, ((0, 1),), (left[0], right[0]))
    wrong = [at for at in range(max(len(left), len(right))) if left[at : at + 1] != right[at : at + 1]]
    return Compared(name, Verdict.DIFFERENT if wrong else Verdict.SAME, tuple(ranges(wrong)))
