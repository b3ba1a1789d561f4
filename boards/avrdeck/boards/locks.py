"""Lock bits: what they forbid a programmer, and what only a chip erase takes back.

A lock bit is programmed from 1 to 0, and nothing but a chip erase sets it back. Mode 2 of the memory lock
freezes the fuses, mode 3 all other lock bits too (data sheets, "Program And Data Memory Lock Bits").
"""

from __future__ import annotations

from collections.abc import Mapping

from avrdeck.boards.models import MemoryLock, Part

ERASE = "Chip erase unlocks; flash is lost, EEPROM too unless EESAVE is programmed."


def memory_lock(part: Part, values: Mapping[str, int]) -> MemoryLock:
    """What the lock byte among ``values`` forbids; nothing where it is not known.

    A combination that no mode has counts as mode 3.
    """
    bits = part.role("memory_lock")
    if bits is None or bits.memory not in values:
        return MemoryLock(write_blocked=False, read_blocked=False)
    known = bits.meaning(bits.get(values[bits.memory]))
    if known and isinstance(known.meaning, MemoryLock):
        return known.meaning
    return MemoryLock(write_blocked=True, read_blocked=True)


def only_by_erase(part: Part, found: int, wanted: int) -> bool:
    """Whether it takes a chip erase to make the lock byte ``wanted`` that reads ``found``."""
    lock = part.lock
    too_many = ~found & wanted & lock.used_mask
    return bool(too_many) or memory_lock(part, {lock.name: found}).read_blocked
