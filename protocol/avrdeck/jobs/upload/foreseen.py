"""What an upload will do, step by step, before anything is touched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from avrdeck.boards.models import Part
from avrdeck.jobs.upload.model import Plan
from avrdeck.jobs.upload.pages import page_size
from avrdeck.jobs.upload.reaching import Way
from avrdeck.jobs.upload.resetting import MEANS, Reset

SIGNATURE, BACKUP = "signature", "backup"


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One thing that will be done. ``step`` is the step of the events, the rest is for people."""

    step: str
    title: str
    text: str


def through_bootloader(plan: Plan, way: Way, part: Part | None = None) -> Iterator[Foreseen]:
    """The steps to a bootloader and of `bootloading.upload`; ``part`` is expected."""
    if way.how is Reset.TOUCH:
        yield Foreseen("reset", "Reset", MEANS[way.how])
    speeds = ", ".join(map(str, way.bauds))
    yield Foreseen("bootloader", "Bootloader", f"{speeds} baud" + (", in turn" if len(way.bauds) > 1 else ""))
    yield Foreseen(SIGNATURE, "Signature", f"the chip must be an {part.name}" if part else "which chip it is")
    if plan.delta:
        yield Foreseen("compare", "Compare", f"{_pages(plan, part)} with what is there")
    yield Foreseen("write", "Write flash", "the pages that differ" if plan.delta else _pages(plan, part))
    yield Foreseen("verify", "Verify flash", "every byte is read back")


def over_isp(plan: Plan, part: Part | None = None) -> Iterator[Foreseen]:
    """The steps of `over_isp.upload`; which of them are needed shows when the pages are compared."""
    named = f"{part.signature_text}, {part.name}" if part else "which chip it is"
    yield Foreseen(SIGNATURE, "Signature", named)
    yield Foreseen("compare", "Compare", f"{_pages(plan, part)} with what is there")
    yield Foreseen("bootloader", "Bootloader", "kept, where one is there")
    yield Foreseen(BACKUP, "Backup", "fuses; all of it before an erase")
    yield Foreseen("erase", "Chip erase", "where a 0 has to become 1")
    yield Foreseen("write", "Write flash", "the pages that differ; all after an erase")
    yield Foreseen("verify", "Verify flash", "every byte is read back")
    yield Foreseen("lock", "Lock again", "as before, with its bootloader")


def _pages(plan: Plan, part: Part | None) -> str:
    if part is None:
        return f"{plan.image.size} bytes"
    count = sum(1 for _ in plan.image.pages(page_size(part)))
    return f"{count} page{'s' * (count != 1)}"
