"""Faults on the line at every step of a restoring: what the job says against what the chip holds."""

from __future__ import annotations

import os
import random
import tempfile
from dataclasses import dataclass
from pathlib import Path

from avrdeck.jobs.backup.planning import plan_restore
from avrdeck.jobs.backup.restoring import restore
from avrdeck.jobs.backup.store import Store
from avrdeck.protocol.errors import Fault
from avrdeck.protocol.simulator.faults import Fault as Injected
from avrdeck.protocol.simulator.faults import Kind
from avrdeck.protocol.transports.sim import SimTransport
from jobs.backups import a_backup, agree, chip_on
from virtual import programmer_on

BACKUP = a_backup()
PATIENCE = 60.0
"""Simulated seconds that no restoring may outlast, whatever happens to it."""
SAMPLE = int(os.environ.get("AVRDECK_FAULTS", "10"))
"""How many faults to try, 0 for all of them."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one restoring with one fault ended, and whether the next one brought the chip to the backup."""

    fault: Injected | None
    said: Fault | None
    as_planned: bool
    finished: bool
    seconds: float

    @property
    def honest(self) -> bool:
        """Success only with the chip as planned; a fault says what the chip holds; and in time."""
        told = self.as_planned if self.said is None else bool(self.said.holds)
        return told and self.finished and self.seconds < PATIENCE


async def outcome(injected: Injected | None) -> tuple[Outcome, SimTransport]:
    """Restore `BACKUP` into a chip of other content with one fault, counted from the first byte of it."""
    wire, programmer = await chip_on()
    wire.machine.target.cells.fuses["lfuse"] = 0x62
    if injected:
        plan = wire.machine.faults
        base = plan.to_host if injected.to_host else plan.to_device
        plan.add(
            Injected(injected.kind, base + injected.index, injected.to_host, injected.mask, injected.delay_ns)
        )
    began = wire.now()
    said: Fault | None = None
    with tempfile.TemporaryDirectory() as place:
        store = Store(Path(place))
        try:
            await restore(programmer, await plan_restore(programmer, BACKUP), store, agree)
        except Fault as fault:
            said = fault
        seconds = wire.now() - began
        done = as_planned(wire)
        finished = done if said is None else await again(wire, store)
    return Outcome(injected, said, done, finished, seconds), wire


async def again(wire: SimTransport, store: Store) -> bool:
    """Plug in again and restore once more; whether the chip then holds the backup."""
    wire.machine.vanished = False
    wire.machine.faults.faults.clear()
    wire.machine.reset_board()
    programmer = await programmer_on(wire)
    await restore(programmer, await plan_restore(programmer, BACKUP), store, agree)
    return as_planned(wire)


def as_planned(wire: SimTransport) -> bool:
    """Whether the virtual chip holds `BACKUP`, seen from inside."""
    cells = wire.machine.target.cells
    fuses = all(
        BACKUP.part.fuses[name].same(cells.fuses[name], value) for name, value in BACKUP.fuses.items()
    )
    return cells.flash == BACKUP.memories["flash"] and cells.eeprom == BACKUP.memories["eeprom"] and fuses


async def every_fault() -> list[Injected]:
    """Every kind of fault at every byte of a restoring, both ways."""
    before, _ = await chip_on()
    _, wire = await outcome(None)
    plan, base = wire.machine.faults, before.machine.faults
    counts = {False: plan.to_device - base.to_device, True: plan.to_host - base.to_host}
    return [
        Injected(kind, index, to_host, mask=0x10, delay_ns=400_000_000)
        for to_host, count in counts.items()
        for index in range(count)
        for kind in Kind
    ]


async def test_a_restoring_without_faults_is_as_planned() -> None:
    result, _ = await outcome(None)
    assert result.said is None
    assert result.as_planned


async def test_no_fault_on_the_wire_ends_in_a_success_that_is_none() -> None:
    """A seeded sample; AVRDECK_FAULTS=0 runs all of them."""
    faults = await every_fault()
    chosen = random.Random(1).sample(faults, SAMPLE) if SAMPLE else faults
    outcomes = [(await outcome(fault))[0] for fault in chosen]
    said = sum(each.said is not None for each in outcomes)
    print(f"\n{len(outcomes)} of {len(faults)} faults: {said} told, {len(outcomes) - said} got over")  # noqa: T201 - the figures are wanted
    assert [each for each in outcomes if not each.honest] == []
    assert said
