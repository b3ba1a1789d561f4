"""Chip erase with proof: the lock bits are gone, or what held something is blank; fuses are untouched.

An instruction that a disturbed line has changed is answered as if it were the one that was meant: it may
have erased nothing, and one wrong bit makes it a fuse write. An erase clears everything or nothing, the lock
bits last (data sheets, "Chip Erase"), so one byte that was not blank before tells whether there was one.
"""

from __future__ import annotations

from collections.abc import Mapping

from avrdeck.boards.fuses import UnknownSemantics, decode
from avrdeck.boards.models import BLANK, Part
from avrdeck.jobs.settling import glance, shown
from avrdeck.protocol import isp
from avrdeck.protocol.errors import TargetError
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import memories


async def erase(programmer: Programmer, values: Mapping[str, int], *also: int) -> None:
    """Erase the chip; look at the lock byte, at the places where code begins and at addresses ``also``.

    Where these have nothing to show the first byte of EEPROM is looked at, unless EESAVE keeps it.
    ``values`` are the fuse bytes as they were read before. A chip that was unlocked and blank in all those
    places has nothing to show afterwards. Raises `TargetError` when the erase did not take place, or hit a
    fuse: then those must be put right before programming mode is left.
    """
    part = programmer.require_part()
    places = _places(part, also)
    locked = not part.lock.same(values.get("lock", BLANK), BLANK)
    # What a locked chip answers for its flash is not what it holds.
    told = places if locked else await _written(programmer, places)
    data = not (locked or told) and await _data(programmer, values)
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
    for at in await _written(programmer, told):
        raise TargetError(
            f"Flash is not blank after the erase: there is something at 0x{at:04X}",
            advice="Check the supply voltage, then try again.",
        )
    if data and await _data(programmer, values):
        raise TargetError(
            "The EEPROM is not blank after the erase: there is something at 0x0000",
            advice="Check the supply voltage, then try again.",
        )
    programmer.fuses |= found


async def _data(programmer: Programmer, values: Mapping[str, int]) -> bool:
    """Whether the first byte of EEPROM is one that an erase would clear."""
    part = programmer.require_part()
    try:
        kept = decode(part, values, partial=True).eesave
    except UnknownSemantics:
        return False
    if kept or not part.eeprom or not isp.supports(part, "eeprom.read"):
        return False
    return await programmer.instruct_all([isp.encode(part, "eeprom.read", 0)]) != bytes([BLANK])


def _places(part: Part, also: tuple[int, ...]) -> list[int]:
    """The bytes to look at: of the reset vector, of every possible boot section, of the last word, ``also``.

    The high byte of each word: hardly an instruction that code begins with has 0xFF there.
    """
    sections = part.boot.sections if part.boot else ()
    last = part.flash.size - 1
    starts = (0, last, *also, *(each.start_byte for each in sections))
    return sorted({min(start | 1, last) for start in starts})


async def _written(programmer: Programmer, places: list[int]) -> list[int]:
    """Those of the ``places`` that are not blank."""
    part = programmer.require_part()
    if part.flash.needs_extended_address:
        found = [(await memories.read(programmer, "flash", at, 1))[0] for at in places]
    else:
        halves = ("flash.read_lo", "flash.read_hi")
        frames = [isp.encode(part, halves[at % 2], at // 2) for at in places]
        found = list(await programmer.instruct_all(frames))
    return [at for at, value in zip(places, found, strict=True) if value != BLANK]
