"""No fault on the wire makes an upload claim a success that is none, or hang."""

import random

import pytest

from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.upload import bootloading, over_isp
from avrdeck.jobs.upload.model import Plan
from avrdeck.protocol.errors import Fault
from avrdeck.protocol.simulator.faults import Fault as Injected
from avrdeck.protocol.simulator.faults import Kind
from jobs.uploads import Bench, sketch
from virtual import board, programmer_on

SAMPLE = 40
PATIENCE = 60.0
OLD, NEW = sketch(900, seed=1), sketch(900, seed=2)


async def _yes(question: object) -> str:
    return "yes"


def _strike(plan, fault: Injected) -> None:
    base = plan.to_host if fault.to_host else plan.to_device
    plan.add(Injected(fault.kind, base + fault.index, fault.to_host, fault.mask, fault.delay_ns))


def _faults(to_device: int, to_host: int) -> list[Injected]:
    dice = random.Random(5)
    everything = [
        Injected(kind, index, back, mask=0x10, delay_ns=400_000_000)
        for back, count in ((False, to_device), (True, to_host))
        for index in range(count)
        for kind in Kind
    ]
    return dice.sample(everything, SAMPLE)


async def _through_bootloader(fault: Injected | None, delta: bool) -> tuple[Bench, Fault | None, float]:
    bench = Bench()
    bench.flash[:900] = OLD.segments[0].data
    programmer = await bench.identified()
    if fault:
        _strike(bench.machine.faults, fault)
    began = bench.seconds
    try:
        await bootloading.upload(programmer, Plan(NEW, delta))
    except Fault as said:
        return bench, said, bench.seconds - began
    return bench, None, bench.seconds - began


@pytest.mark.parametrize("delta", [False, True])
async def test_through_a_bootloader(delta: bool) -> None:
    boot = bytes(Bench().flash[0x7E00:])
    bench, said, _ = await _through_bootloader(None, delta)
    assert said is None
    ended = []
    for fault in _faults(1200, 1100):
        bench, said, seconds = await _through_bootloader(fault, delta)
        honest = bench.holds(NEW) if said is None else bool(said.holds)
        assert honest, (fault, said)
        assert seconds < PATIENCE, fault
        assert bytes(bench.flash[0x7E00:]) == boot, fault
        ended.append(said)
    assert any(ended)
    assert not all(ended)


async def test_an_interrupted_upload_is_finished_by_the_next() -> None:
    bench, said, _ = await _through_bootloader(Injected(Kind.DROP, 500), delta=False)
    assert said is not None
    assert "upload can be repeated" in said.holds
    programmer = await bench.identified()
    await bootloading.upload(programmer, Plan(NEW, delta=True))
    assert bench.holds(NEW)


async def test_over_isp(tmp_path) -> None:
    ended = []
    for number, fault in enumerate(_faults(2500, 2500)):
        wire = board("part=attiny13&baud=500000")
        cells = wire.machine.target.cells
        cells.flash[:900] = OLD.segments[0].data
        programmer = await programmer_on(wire)
        _strike(wire.machine.faults, fault)
        began, said = wire.now(), None
        try:
            store = Store(tmp_path / str(number))
            await over_isp.upload(programmer, Plan(NEW), store, _yes, save_contents=False)
        except Fault as raised:
            said = raised
        right = bytes(cells.flash[:900]) == NEW.segments[0].data
        assert right if said is None else bool(said.holds), (fault, said)
        assert wire.now() - began < PATIENCE, fault
        ended.append(said)
    assert any(ended)
    assert not all(ended)
