"""Faults at every byte of a job on the virtual board: what the job says against what the chip holds.

``python -m jobs.campaign`` in the tests folder tries every fault, ``python -m jobs.campaign 500`` that many
of each trial, drawn with a fixed seed. Time is virtual; what is left is the work of the processors.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from avrdeck.jobs.ledger import UNCHANGED
from avrdeck.protocol.errors import Fault
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.simulator.arduinoisp import SCK_HZ
from avrdeck.protocol.simulator.cells import Cells
from avrdeck.protocol.simulator.faults import Fault as Injected
from avrdeck.protocol.simulator.faults import Kind
from avrdeck.protocol.transports.sim import SimTransport
from jobs.trials import TRIALS, Trial
from virtual import programmer_on

PATIENCE = 60.0
"""Simulated seconds that no job may outlast, whatever happens to it."""
FLIPPED = (0x10, 0x20, 0x80)
"""The bits that FLIP inverts, one fault each."""
LATE_NS = 400_000_000
CHUNK = 50
SHOWN = 10
"""How many of those that went wrong are printed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one job with one fault ended, and what came of resuming it.

    ``bricked``: the chip does not answer ISP any more. ``true``: what was said of an unchanged chip holds.
    """

    fault: Injected | None
    said: str | None
    holds: str
    as_planned: bool
    true: bool
    bricked: bool
    resumed: bool
    seconds: float

    @property
    def honest(self) -> bool:
        """Success only with the chip as planned; a fault says what the chip holds; and in time."""
        told = self.as_planned if self.said is None else bool(self.holds) and self.true
        return told and self.seconds < PATIENCE

    @property
    def good(self) -> bool:
        """Honest, and in the end the chip is as planned."""
        return self.honest and self.resumed and not self.bricked


async def outcome(trial: Trial, fault: Injected | None) -> Outcome:
    """Run the trial's job with one fault, counted from its first byte, and resume it if it was stopped."""
    wire = trial.chip()
    programmer = await programmer_on(wire)
    before = _content(wire.machine.target.cells)
    _inject(wire, fault)
    began, said = wire.now(), None
    with tempfile.TemporaryDirectory() as place:
        try:
            await trial.work(programmer, Path(place))
        except Fault as stopped:
            said = stopped
        seconds = wire.now() - began
        unplanned = (
            said is not None and UNCHANGED in said.holds and _content(wire.machine.target.cells) != before
        )
        planned = trial.as_planned(wire)
        bricked = _let_go(wire)
        resumed = planned if said is None else not bricked and await _again(trial, wire, Path(place))
    return Outcome(
        fault,
        said and str(said),
        said.holds if said else "",
        planned,
        not unplanned,
        bricked,
        resumed,
        seconds,
    )


def _inject(wire: SimTransport, fault: Injected | None) -> None:
    plan = wire.machine.faults
    if fault:
        base = plan.to_host if fault.to_host else plan.to_device
        plan.add(Injected(fault.kind, base + fault.index, fault.to_host, fault.mask, fault.delay_ns))


def _content(cells: Cells) -> tuple[bytes, bytes, dict[str, int]]:
    return bytes(cells.flash), bytes(cells.eeprom), dict(cells.fuses)


def _let_go(wire: SimTransport) -> bool:
    """Unplug: the programmer lets go of the chip and its fuses take effect. Whether ISP has lost it."""
    wire.machine.vanished = False
    wire.machine.faults.faults.clear()
    wire.machine.reset_board()
    target = wire.machine.target
    target.power_cycle()
    return target.lockout(SCK_HZ) is not None


async def _again(trial: Trial, wire: SimTransport, place: Path) -> bool:
    """Connect anew and resume; whether the chip then is as planned."""
    programmer: Programmer = await programmer_on(wire)
    await trial.again(programmer, place)
    return trial.as_planned(wire)


async def every_fault(trial: Trial) -> list[Injected]:
    """Every kind of fault at every byte of the trial's job, both ways."""
    wire = trial.chip()
    programmer = await programmer_on(wire)
    plan = wire.machine.faults
    base = {False: plan.to_device, True: plan.to_host}
    with tempfile.TemporaryDirectory() as place:
        await trial.work(programmer, Path(place))
    counts = {False: plan.to_device - base[False], True: plan.to_host - base[True]}
    return [
        Injected(kind, index, to_host, mask, LATE_NS)
        for to_host, count in counts.items()
        for index in range(count)
        for kind, mask in _kinds()
    ]


def _kinds() -> Iterator[tuple[Kind, int]]:
    for kind in Kind:
        for mask in FLIPPED if kind is Kind.FLIP else (0,):
            yield kind, mask


async def sample(trial: Trial, size: int) -> list[Injected]:
    """``size`` of the trial's faults, always the same."""
    faults = await every_fault(trial)
    return random.Random(1).sample(faults, size) if 0 < size < len(faults) else faults


# --- all of them, by make faults -----------------------------------------------------------------------


def _some(name: str, faults: Sequence[Injected]) -> list[Outcome]:
    async def run() -> list[Outcome]:
        return [await outcome(TRIALS[name], fault) for fault in faults]

    return asyncio.run(run())


def main(size: int) -> int:
    """Try ``size`` faults of every trial, 0 for all, and print the figures; how many went wrong."""
    wrong = 0
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for name, trial in TRIALS.items():
            faults = asyncio.run(sample(trial, size))
            chunks = [faults[start : start + CHUNK] for start in range(0, len(faults), CHUNK)]
            outcomes = [one for some in pool.map(_some, [name] * len(chunks), chunks) for one in some]
            _print(name, outcomes)
            wrong += sum(not one.good for one in outcomes)
    return wrong


def _print(name: str, outcomes: Sequence[Outcome]) -> None:
    stopped = [one for one in outcomes if one.said]
    figures = {
        "got over": len(outcomes) - len(stopped),
        "told": len(stopped),
        "dishonest": sum(not one.honest for one in outcomes),
        "bricked": sum(one.bricked for one in outcomes),
        "not as planned after resuming": sum(not one.resumed for one in outcomes),
    }
    longest = max(one.seconds for one in outcomes)
    shown = ", ".join(f"{figure} {what}" for what, figure in figures.items())
    print(f"{name}: {len(outcomes)} faults: {shown}; longest {longest:.1f} s")  # noqa: T201 - the purpose
    for one in [one for one in outcomes if not one.good][:SHOWN]:
        print(f"    {one}")  # noqa: T201


if __name__ == "__main__":
    sys.exit(min(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0), 1))
