"""Verification that says what kind of wrong it found.

A byte that reads wrong is read again: STK500v1 has no checksum, so the line can lie as well as the chip.
"""

from __future__ import annotations

from dataclasses import dataclass

from avrdeck.boards.images import Image, Segment
from avrdeck.boards.models import BLANK
from avrdeck.protocol.errors import VerifyError
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import memories
from avrdeck.protocol.target.memories import ranges
from avrdeck.protocol.target.progress import ProgressHandler, unwatched

SHOWN_RANGES = 4


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A range of wrong bytes, from ``start`` up to ``end``, as `seen` in two reads.

    ``unerased`` counts the bits that read 0 where 1 is wanted, ``unwritten`` those the other way round.
    ``steady``: both reads brought the same, so it is in the chip; else the line is noisy.
    """

    start: int
    end: int
    unerased: int
    unwritten: int
    steady: bool

    def __str__(self) -> str:
        last = self.end - 1
        where = f"0x{self.start:04X}" if last == self.start else f"0x{self.start:04X} to 0x{last:04X}"
        counts = [
            f"{count} bits {what}"
            for count, what in ((self.unerased, "0 instead of 1"), (self.unwritten, "1 instead of 0"))
            if count
        ]
        return f"{where}: {', '.join(counts)}" + ("" if self.steady else ", and different at the next read")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What two reads say. ``healed`` counts bytes that were wrong once and right the second time."""

    wrong: tuple[Mismatch, ...] = ()
    healed: int = 0


async def examine(programmer: Programmer, image: Image, watch: ProgressHandler = unwatched) -> Verdict:
    """Read what ``image`` defines, and what was wrong once more."""
    found = await memories.differences(programmer, image, watch)
    if not found:
        return Verdict()
    suspects = Image(
        image.file,
        tuple(Segment(start, image.read(start, end - start)) for start, end in found),
        image.memory,
    )
    first = await _read(programmer, suspects)
    second = await _read(programmer, suspects)
    wanted = {at: want for part in suspects.segments for at, want in enumerate(part.data, part.start)}
    wrong = [at for at, want in wanted.items() if second[at] != want]
    mismatches = tuple(
        _mismatch(start, end, wanted, first, second)
        for steady in (True, False)
        for start, end in ranges(at for at in wrong if (first[at] == second[at]) is steady)
    )
    return Verdict(tuple(sorted(mismatches, key=lambda each: each.start)), len(wanted) - len(wrong))


async def insist(programmer: Programmer, image: Image, watch: ProgressHandler = unwatched) -> int:
    """Raise `VerifyError` unless the chip holds ``image``; how many bytes needed a second read."""
    verdict = await examine(programmer, image, watch)
    if verdict.wrong:
        raise failure(image, verdict)
    return verdict.healed


def failure(image: Image, verdict: Verdict) -> VerifyError:
    """The fault for a verdict with wrong bytes."""
    count = sum(each.end - each.start for each in verdict.wrong)
    shown = "; ".join(str(each) for each in verdict.wrong[:SHOWN_RANGES])
    more = len(verdict.wrong) - SHOWN_RANGES
    return VerifyError(
        image.memory,
        [(each.start, each.end) for each in verdict.wrong],
        f"{image.memory} differs from {image.file or 'the image'} in {count} of {image.size} bytes",
        detail=f"{shown}{f'; {more} more ranges' if more > 0 else ''}.",
        advice=_advice(verdict),
    )


def _advice(verdict: Verdict) -> str:
    if not all(each.steady for each in verdict.wrong):
        return "The reads disagree: the line or the supply is noisy. Shorten the wires, check GND, try again."
    stayed = "0: what was there is not erased" if any(each.unerased for each in verdict.wrong) else "1"
    return f"Bits stayed {stayed}. Lock bits may protect these pages, or the supply is weak: write again."


async def _read(programmer: Programmer, image: Image) -> dict[int, int]:
    """The bytes of the image's places by address."""
    found: dict[int, int] = {}
    for segment in image.segments:
        data = await memories.read(programmer, image.memory, segment.start, len(segment.data))
        found.update(enumerate(data, segment.start))
    return found


def _mismatch(
    start: int, end: int, wanted: dict[int, int], first: dict[int, int], second: dict[int, int]
) -> Mismatch:
    places = range(start, end)
    return Mismatch(
        start,
        end,
        unerased=sum((wanted[at] & ~second[at] & BLANK).bit_count() for at in places),
        unwritten=sum((second[at] & ~wanted[at] & BLANK).bit_count() for at in places),
        steady=all(first[at] == second[at] for at in places),
    )
