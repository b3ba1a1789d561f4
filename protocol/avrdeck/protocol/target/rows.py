"""The signature row: signature, oscillator calibration, and the bytes that tell chips apart."""

from __future__ import annotations

from avrdeck.protocol import isp
from avrdeck.protocol.errors import TargetError, UsageFault
from avrdeck.protocol.programmer import Programmer


async def read(programmer: Programmer, name: str) -> bytes:
    """The whole of a row memory (``signature``, ``calibration``, ``prodsig``, ``sernum``).

    Read twice; raises `TargetError` when the reads disagree, `UsageFault` when the part has no such
    memory or ISP cannot read it.
    """
    part = programmer.require_part()
    row = part.rows.get(name)
    op = "prodsig.read" if name == "sernum" else f"{name}.read"
    if row is None or not row.readable or not isp.supports(part, op):
        raise UsageFault(f"{part.name} has no {name} that ISP can read")
    if not programmer.dialect.carries_out(isp.encode(part, op)):
        raise UsageFault(f"{name} cannot be read through {programmer.dialect.name}, a bootloader")
    frames = [isp.encode(part, op, row.offset + index) for index in range(row.size)]
    first, second = await programmer.instruct_all(frames), await programmer.instruct_all(frames)
    if first != second:
        raise TargetError(f"{name} reads differently each time", advice="Shorten the wires or slow SCK down.")
    return first
