"""Chip erase with proof: the lock bits are gone, flash is blank where code begins, the fuses are untouched.

An instruction that a disturbed line has changed is answered as if it were the one that was meant: it may
have erased nothing, and one wrong bit makes it a fuse write.
"""

from __future__ import annotations

from collections.abc import Mapping

from avrdeck.boards.models import BLANK, Part
from avrdeck.jobs.settling import glance, shown
from avrdeck.protocol import isp
from avrdeck.protocol.errors import TargetError
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import memories


async def erase(programmer: Programmer, values: Mapping[str, int], *also: int) -> None:
    """Erase the chip; look at the lock byte, at the places where code begins and at addresses ``also``.

    ``values`` are the fuse bytes as they were read before. Raises `TargetError` when the erase did not take
    place, or hit one of these: then they must be put right before programming mode is left.
    """
    part = programmer.require_part()
    await programmer.chip_erase()
    found = await glance(programmer)
    if "lock" in found and not part.lock.same(found["lock"], BLANK):
        raise TargetError(
            f"The chip is still locked after the erase: lock reads {found['lock']:02X}",
            advice="Check the supply voltage, then try again.",
        )
    changed = {name: found[name] for name in values if name in found and name != "lock"}
    if any(not part.fuses[name].same(values[name], value) for name, value in changed.items()):
        raise TargetError(
            f"The erase was disturbed: the fuses now read {shown(changed)}",
            advice="Shorten the wires and check GND, then try again.",
        )
    for start, value in await _first_opcodes(programmer, _witnesses(part, also)):
        if value != BLANK:
            raise TargetError(
                f"Flash is not blank after the erase: there is something at {start:#06x}",
                advice="Check the supply voltage, then try again.",
            )


def _witnesses(part: Part, also: tuple[int, ...]) -> list[int]:
    """The reset vector, every possible boot section, the last word, and ``also``, as byte addresses."""
    sections = part.boot.sections if part.boot else ()
    last = part.flash.size - 2
    return sorted(
        {min(start & ~1, last) for start in (0, last, *also, *(each.start_byte for each in sections))}
    )


async def _first_opcodes(programmer: Programmer, places: list[int]) -> list[tuple[int, int]]:
    """The high byte of the word at each place: hardly an instruction that code begins with has 0xFF there."""
    part = programmer.require_part()
    if part.flash.needs_extended_address:
        return [(start, (await memories.read(programmer, "flash", start, 2))[1]) for start in places]
    frames = [isp.encode(part, "flash.read_hi", start // 2) for start in places]
    return list(zip(places, await programmer.instruct_all(frames), strict=True))
