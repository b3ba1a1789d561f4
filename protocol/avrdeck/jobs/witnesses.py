"""Bytes that tell whether a chip was erased by chance: one wrong bit makes a chip erase of a fuse write."""

from __future__ import annotations

from avrdeck.boards.models import BLANK
from avrdeck.protocol import isp
from avrdeck.protocol.errors import TargetError
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import fuses

EEPROM_BYTES = 4
"""How many bytes of the EEPROM are looked at, from its beginning."""


class ErasedByChance(TargetError):
    """Flash and EEPROM are not what they were, and nobody wanted that."""


async def witnesses(programmer: Programmer) -> bytes:
    """What is where code and data begin: reset vector, boot sections, last word, first bytes of EEPROM.

    Where the lock bits forbid reading, these are the same whatever happens.
    """
    part = programmer.require_part()
    sections = part.boot.sections if part.boot else ()
    words = {0, part.flash.size_words - 1, *(each.start_byte // 2 for each in sections)}
    if part.flash.needs_extended_address:
        words = {0}
    frames = [isp.encode(part, "flash.read_hi", word) for word in sorted(words)]
    if part.eeprom and isp.supports(part, "eeprom.read"):
        frames += [isp.encode(part, "eeprom.read", address) for address in range(EEPROM_BYTES)]
    return await programmer.instruct_all(frames)


async def insist_on(programmer: Programmer, before: bytes) -> None:
    """Raise `ErasedByChance` unless the `witnesses` are as ``before``, or a lock bit is programmed.

    A chip erase takes lock bits back, and those that are there may forbid reading.
    """
    if await witnesses(programmer) != before and await _unlocked(programmer):
        raise ErasedByChance(
            "A disturbed line has made a chip erase of a fuse write",
            advice="Shorten the wires and check GND, then bring flash and EEPROM back: avrdeck restore.",
        )


async def _unlocked(programmer: Programmer) -> bool:
    lock = programmer.require_part().fuses["lock"]
    return not lock.readable or lock.same(await fuses.read(programmer, "lock"), BLANK)
