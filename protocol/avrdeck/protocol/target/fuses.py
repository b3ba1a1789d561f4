"""Fuse and lock bytes over ISP: believed only when read alike three times, verified when written."""

from __future__ import annotations

from avrdeck.boards.models import Fuse
from avrdeck.protocol import isp
from avrdeck.protocol.errors import TargetError, UsageFault, VerifyError
from avrdeck.protocol.programmer import AGREEING_READS, Programmer

UNREADABLE = 0x00
"""What firmware answers that does not pass instructions on. No chip that ISP reaches has all its
fuse and lock bits programmed: RSTDISBL or DWEN among them would have ended ISP."""


async def read(programmer: Programmer, name: str) -> int:
    """The byte ``name`` (``lfuse`` … ``lock``); bits that do not exist are 1.

    Raises `TargetError` when three reads disagree, `UsageFault` when the part has no such byte.
    """
    if not _fuse(programmer, name).readable:
        raise UsageFault(f"{name} of this part cannot be read over ISP")
    return (await _read(programmer, [name]))[name]


async def read_all(programmer: Programmer) -> dict[str, int]:
    """Every readable fuse byte and the lock byte, in the data sheet's order. Raises as `read`."""
    part = programmer.require_part()
    values = await _read(programmer, [name for name, fuse in part.fuses.items() if fuse.readable])
    raw = [value & part.fuses[name].used_mask for name, value in values.items()]
    if len(raw) > 1 and all(value == UNREADABLE for value in raw):
        raise TargetError(
            f"Fuses are not readable through {programmer.dialect.name}",
            detail="Every byte reads 00, which no chip in programming mode can hold.",
            advice="Connect an ISP programmer.",
        )
    return values


async def write(programmer: Programmer, name: str, value: int) -> None:
    """Write the byte ``name``, wait, and read it back under the mask of bits that ISP can change.

    Bits that do not exist are sent as 1. The new value takes effect when programming mode is left.
    Raises `VerifyError` when the chip holds something else.
    """
    fuse = _fuse(programmer, name)
    if not fuse.writable:
        raise UsageFault(f"{name} of this part cannot be written over ISP")
    value |= ~fuse.used_mask & 0xFF
    programmer.require(isp.encode(programmer.require_part(), f"{name}.write", data=value))
    before = programmer.fuses.get(name)
    # From here on it may hold it, even if nobody hears of it any more.
    programmer.fuses[name] = value
    await programmer.instruct(f"{name}.write", data=value, settle_us=fuse.write_us)
    if not fuse.readable:
        return
    compared = _writable_bits(fuse) & fuse.read_mask & fuse.used_mask
    if not (await programmer.instruct(f"{name}.read") ^ value) & compared:
        return
    found = await read(programmer, name)
    if (found ^ value) & compared:
        raise VerifyError(
            name,
            [(0, 1)],
            f"{name} was written as {value:02X} and reads back as {found:02X}",
            advice=_advice(programmer, name, before, found, value),
        )


def _advice(programmer: Programmer, name: str, before: int | None, found: int, value: int) -> str:
    """What to do about a byte that is not as it was written."""
    from avrdeck.boards.locks import ERASE, memory_lock, only_by_erase

    part = programmer.require_part()
    if name != "lock":
        if memory_lock(part, programmer.fuses).write_blocked:
            return f"The lock bits freeze the fuses. {ERASE}"
        return (
            "It takes effect when programming mode is left: write it again first, or restore the old value."
        )
    check = "" if found == before else "Check supply, wires and GND. "
    if only_by_erase(part, found, value):
        return f"{check}{ERASE}"
    return "Check supply, wires and GND, then write it again: lock bits that did not take still can."


async def _read(programmer: Programmer, names: list[str]) -> dict[str, int]:
    """All of ``names``, then all of them again: a disturbance hits different bytes."""
    part = programmer.require_part()
    frames = [isp.encode(part, f"{name}.read") for name in names]
    answers = await programmer.instruct_all(frames * AGREEING_READS)
    values = {}
    for index, name in enumerate(names):
        reads = [isp.answer(part, f"{name}.read", last) for last in answers[index :: len(names)]]
        if len(set(reads)) > 1:
            raise _unstable(name, reads)
        values[name] = reads[0] | ~part.fuses[name].used_mask & 0xFF
    programmer.fuses |= values
    return values


def _unstable(name: str, reads: list[int]) -> TargetError:
    shown = ", ".join(f"{value:02X}" for value in reads)
    return TargetError(
        f"{name} reads differently each time: {shown}",
        detail="Nothing is written to a target that cannot be read reliably.",
        advice="Shorten the wires, check GND, or slow SCK down.",
    )


def _writable_bits(fuse: Fuse) -> int:
    """The bits that a write over ISP can change; the chip protects SPIEN, or ISP could end itself."""
    spien = sum(bits.mask for bits in fuse.fields if bits.role == "spi_enable")
    return fuse.write_mask & ~spien


def _fuse(programmer: Programmer, name: str) -> Fuse:
    part = programmer.require_part()
    try:
        return part.fuses[name]
    except KeyError:
        there = ", ".join(part.fuses)
        raise UsageFault(f"{part.name} has no {name}", advice=f"It has {there}.") from None
