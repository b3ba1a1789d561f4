"""What is foreseen of an upload is what happens, in that order."""

from pathlib import Path

import pytest

from avrdeck.boards.catalog import part
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.events import Event, StepDone, StepStarted
from avrdeck.jobs.ledger import UNCHANGED, Ledger
from avrdeck.jobs.questions import Question
from avrdeck.jobs.upload import bootloading, foreseen, over_isp
from avrdeck.jobs.upload.model import Plan
from avrdeck.jobs.upload.reaching import Way
from avrdeck.jobs.upload.resetting import MEANS, Reset
from jobs.uploads import Bench, sketch
from virtual import board, programmer_on

OF_A_BACKUP = {"identity", "contents"}
M328P = part("ATmega328P")


async def yes(question: Question) -> str:
    return "yes"


def happened(events: list[Event]) -> list[str]:
    """The steps as they came, each once."""
    steps = [event.step for event in events if isinstance(event, StepStarted | StepDone)]
    return [step for step in dict.fromkeys(steps) if step not in OF_A_BACKUP]


def in_order(steps: list[str], planned: list[str]) -> bool:
    """Whether the steps are planned ones, in the planned order."""
    return [step for step in planned if step in steps] == steps


@pytest.mark.parametrize("how", [Reset.DTR, Reset.TOUCH], ids=str)
@pytest.mark.parametrize("delta", [False, True], ids=["whole", "delta"])
async def test_through_a_bootloader(how: Reset, delta: bool) -> None:
    bench = Bench("dialect=optiboot" + ("&autoreset=touch" if how is Reset.TOUCH else ""))
    plan, ledger = Plan(sketch(300), delta), Ledger()
    programmer = await bench.identified(how)
    await bootloading.upload(programmer, plan, bench.heard.append, ledger)
    planned = [one.step for one in foreseen.through_bootloader(plan, Way("bench", how), M328P)]
    assert in_order(happened(bench.heard), planned)
    assert set(planned) - set(happened(bench.heard)) == {foreseen.SIGNATURE}
    assert ledger.holds == "blink.hex is in flash, verified; the bootloader is unchanged."


@pytest.mark.parametrize("filled", [False, True], ids=["blank", "filled"])
@pytest.mark.parametrize("loader", [False, True], ids=["bare", "with a bootloader"])
async def test_over_isp(filled: bool, loader: bool, tmp_path: Path) -> None:
    wire = board("part=atmega168&baud=500000")
    cells = wire.machine.target.cells
    if filled:
        cells.flash[:3000] = sketch(3000, seed=8).segments[0].data
    if loader:
        cells.flash[0x3E00:] = sketch(512, seed=9).segments[0].data
        cells.fuses.update(efuse=0xFC, lock=0xCF)
    plan, events, ledger = Plan(sketch(300)), [], Ledger()
    assert ledger.holds == UNCHANGED
    programmer = await programmer_on(wire)
    await over_isp.upload(programmer, plan, Store(tmp_path), yes, events.append, ledger=ledger)
    planned = [one.step for one in foreseen.over_isp(plan, part("ATmega168"))]
    assert in_order(happened(events), planned)
    assert ("erase" in happened(events)) is filled
    assert ("lock" in happened(events)) is (filled and loader)
    assert ledger.holds == "blink.hex is in flash, verified."


def test_the_plan_is_in_words() -> None:
    plan = Plan(sketch(300))
    told = {one.step: one.text for one in foreseen.through_bootloader(plan, Way("bench"), M328P)}
    assert told["bootloader"] == "115200, 57600, 19200 baud, in turn"
    assert told["signature"] == "the chip must be an ATmega328P"
    assert told["write"] == "3 pages"
    told = {one.step: one.text for one in foreseen.through_bootloader(plan, Way("bench", baud=9600))}
    assert (told["bootloader"], told["write"]) == ("9600 baud", "300 bytes")
    one = next(one for one in foreseen.over_isp(Plan(sketch(20), delta=True), M328P) if one.step == "compare")
    assert one.text == "1 page with what is there"
    assert set(MEANS) == set(Reset)
