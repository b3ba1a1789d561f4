import random

import pytest

from avrdeck.boards.images import Image
from avrdeck.jobs.burn import BurnPlan, burn
from avrdeck.jobs.events import Event, StepDone, StepStarted
from avrdeck.protocol.errors import Fault, SyncError, TargetError, UsageFault, VerifyError
from avrdeck.protocol.target.progress import Progress
from virtual import board, programmer_on

LOADER = Image.of(random.Random(7).randbytes(512), 0x7E00, "loader.hex")
PLAN = BurnPlan(LOADER, {"lfuse": 0xFF, "hfuse": 0xDE, "efuse": 0xFD}, 0xCF)


async def test_the_chip_holds_the_plan() -> None:
    wire = board()
    wire.machine.target.cells.flash[:4] = b"old!"
    programmer = await programmer_on(wire)
    receipt = await burn(programmer, PLAN)
    cells = wire.machine.target.cells
    assert bytes(cells.flash[0x7E00:]) == LOADER.segments[0].data
    assert set(cells.flash[:0x7E00]) == {0xFF}
    assert receipt.before == {"lfuse": 0x62, "hfuse": 0xD9, "efuse": 0xFF, "lock": 0xFF}
    assert receipt.after == {"lfuse": 0xFF, "hfuse": 0xDE, "efuse": 0xFD, "lock": 0xCF}
    assert not programmer.in_progmode
    await programmer.identify()


async def test_the_clock_comes_last_of_the_fuses_and_the_lock_last_of_all() -> None:
    events: list[Event] = []
    await burn(await programmer_on(board()), PLAN, events.append)
    assert [event.step for event in events if isinstance(event, StepStarted)] == [
        "erase", "efuse", "hfuse", "lfuse", "restart", "flash", "verify", "lock",
    ]  # fmt: skip
    assert {event.step for event in events if isinstance(event, StepDone)} >= {"verify", "lock"}
    assert any(isinstance(event, Progress) for event in events)


async def test_fuses_that_are_right_are_not_written() -> None:
    programmer = await programmer_on(board())
    await burn(programmer, PLAN)
    await programmer.identify()
    events: list[Event] = []
    await burn(programmer, PLAN, events.append)
    started = [event.step for event in events if isinstance(event, StepStarted)]
    assert started == ["erase", "flash", "verify", "lock"]


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        (BurnPlan(LOADER, {"fuse": 0x62}), "ATmega328P has no fuse"),
        (BurnPlan(Image.of(b"x", memory="eeprom")), "lives in flash"),
    ],
)
async def test_a_plan_that_cannot_be_is_refused_untouched(plan: BurnPlan, says: str) -> None:
    wire = board()
    programmer = await programmer_on(wire)
    wire.machine.target.cells.flash[0] = 0x12
    with pytest.raises(UsageFault, match=says):
        await burn(programmer, plan)
    assert wire.machine.target.cells.flash[0] == 0x12


async def test_a_crystal_that_is_missing_shows_when_the_fuses_take_effect() -> None:
    wire = board("xtal=none")
    programmer = await programmer_on(wire)
    with pytest.raises(TargetError, match="No target answers") as caught:
        await burn(programmer, PLAN)
    assert "clock that is not there" in caught.value.advice
    assert caught.value.holds == "The chip is erased, its fuses are as planned, its flash is blank."


async def test_a_page_that_does_not_take_is_a_verify_error_that_says_what_is_there() -> None:
    wire = board()
    programmer = await programmer_on(wire)

    def wear_out(event: Event) -> None:
        if isinstance(event, StepStarted) and event.step == "verify":
            wire.machine.target.cells.flash[0x7E10] ^= 1

    with pytest.raises(VerifyError, match=r"differs from loader\.hex in 1 of 512 bytes") as caught:
        await burn(programmer, PLAN, wear_out)
    assert "not locked" in caught.value.holds


async def test_a_programmer_that_resets_in_the_middle_is_noticed() -> None:
    wire = board()
    programmer = await programmer_on(wire)
    flashed = 0

    def reset(event: Event) -> None:
        nonlocal flashed
        if isinstance(event, Progress) and not flashed:
            flashed = 1
            wire.machine.reset_board()

    with pytest.raises(Fault) as caught:
        await burn(programmer, PLAN, reset)
    assert isinstance(caught.value, SyncError)
    assert "flash is written in part" in caught.value.holds
