"""Faults at every byte of a job on the virtual board: what the job says against what the chip holds."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from avrdeck.boards.images import Image
from avrdeck.jobs.burn import BurnPlan, burn
from avrdeck.protocol.errors import Fault
from avrdeck.protocol.simulator.faults import Fault as Injected
from avrdeck.protocol.simulator.faults import Kind
from avrdeck.protocol.transports.sim import SimTransport
from virtual import board, programmer_on

LOADER = Image.of(random.Random(7).randbytes(300), 0x7E00, "loader.hex")
PLAN = BurnPlan(LOADER, {"lfuse": 0xFF, "hfuse": 0xDE, "efuse": 0xFD}, 0xCF)
PATIENCE = 60.0
"""Simulated seconds that no job may outlast, whatever happens to it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one burn with one fault ended."""

    fault: Injected
    said: Fault | None
    as_planned: bool
    seconds: float

    @property
    def honest(self) -> bool:
        """Success only with the chip as planned; a fault says what the chip holds; and in time."""
        told = self.as_planned if self.said is None else bool(self.said.holds)
        return told and self.seconds < PATIENCE


async def burn_with(fault: Injected | None) -> tuple[SimTransport, Fault | None, float]:
    """Burn `PLAN` into a fresh virtual chip with one fault counted from the first byte of the burn."""
    wire = board()
    programmer = await programmer_on(wire)
    plan = wire.machine.faults
    if fault:
        base = plan.to_host if fault.to_host else plan.to_device
        plan.add(Injected(fault.kind, base + fault.index, fault.to_host, fault.mask, fault.delay_ns))
    began = wire.now()
    try:
        await burn(programmer, PLAN)
    except Fault as said:
        return wire, said, wire.now() - began
    return wire, None, wire.now() - began


async def outcome(fault: Injected) -> Outcome:
    """Burn with ``fault`` and compare."""
    wire, said, seconds = await burn_with(fault)
    return Outcome(fault, said, as_planned(wire), seconds)


def as_planned(wire: SimTransport) -> bool:
    """Whether the virtual chip holds `PLAN`, seen from inside."""
    cells = wire.machine.target.cells
    flash = bytes(cells.flash[LOADER.start : LOADER.end]) == LOADER.segments[0].data
    fuses = all(cells.fuses[name] & mask == value & mask for name, value, mask in _bytes())
    return flash and fuses and set(cells.flash[: LOADER.start]) == {0xFF}


def _bytes() -> Iterator[tuple[str, int, int]]:
    yield "lfuse", 0xFF, 0xFF
    yield "hfuse", 0xDE, 0xFF
    yield "efuse", 0xFD, 0x07
    yield "lock", 0xCF, 0x3F


async def every_fault(step: int = 1, offset: int = 0) -> list[Injected]:
    """Every kind of fault at every ``step``-th byte of a burn, both ways."""
    wire, _, _ = await burn_with(None)
    counts = {False: wire.machine.faults.to_device, True: wire.machine.faults.to_host}
    everything = [
        Injected(kind, index, to_host, mask=0x10, delay_ns=400_000_000)
        for to_host, count in counts.items()
        for index in range(count)
        for kind in Kind
    ]
    return everything[offset::step]
