"""Hex edits that are written to the chip, in each of the ways there are."""

from __future__ import annotations

from collections.abc import Mapping

from avrdeck.boards.images import Image
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.patch.model import Patch
from avrdeck.jobs.patch.planning import plan_patch
from avrdeck.jobs.patch.running import write_patch
from jobs.trials.isp import holding_sketch, job
from jobs.trials.model import Content, Stage, Trial, Work, agree

IN_EEPROM = {2: 0x5A, 3: 0xA5, 0x20: 0x01}
CLEARING = {5: 0x00, 40: 0x00}
"""Bytes of two pages."""
RISING = {5: 0xFF, 40: 0x5A}


def edit(memory: str, staged: Mapping[int, int]) -> Work:
    """Write ``staged`` over what was read of ``memory`` before."""

    async def work(stage: Stage) -> object:
        known = stage.before.flash if memory == "flash" else stage.before.eeprom
        plan = await plan_patch(stage.target, Patch(memory, known, staged))
        return await write_patch(stage.target, plan, Store(stage.place), agree)

    return work


def edited(before: Content, memory: str, staged: Mapping[int, int]) -> Content:
    """The chip with ``staged`` in ``memory``."""
    return before.written(*(Image.of(bytes([value]), at, "", memory) for at, value in staged.items()))


def trial(memory: str, staged: Mapping[int, int]) -> Trial:
    """A hex edit of a chip with a sketch."""
    return job(holding_sketch, edit(memory, staged), lambda before: edited(before, memory, staged))


TRIALS = {
    "edit EEPROM": trial("eeprom", IN_EEPROM),
    "edit flash": trial("flash", CLEARING),
    "edit with erase": trial("flash", RISING),
}
