import random

import pytest

from avrdeck.boards.images import Image
from avrdeck.jobs.burn import BurnPlan, burn
from avrdeck.jobs.burn.running import UNLOCKING
from avrdeck.jobs.events import Event, StepDone, StepStarted
from avrdeck.protocol.errors import Fault, SyncError, TargetError, UsageFault, VerifyError
from avrdeck.protocol.simulator.arduinoisp import SCK_HZ
from avrdeck.protocol.simulator.cells import Cells
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


async def test_a_fuse_write_that_noise_has_changed_is_put_right_before_it_takes_effect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wire = board()
    programmer = await programmer_on(wire)
    cells, noise = wire.machine.target.cells, iter([0x80])
    write_fuse = type(cells).write_fuse

    def disturbed(self: Cells, name: str, value: int) -> None:
        write_fuse(self, name, value ^ (next(noise, 0) if name == "hfuse" else 0))

    monkeypatch.setattr(type(cells), "write_fuse", disturbed)
    receipt = await burn(programmer, PLAN)
    assert receipt.repaired == ("hfuse",)
    assert receipt.after["hfuse"] == 0xDE
    assert wire.machine.target.lockout(SCK_HZ) is None


async def test_a_fuse_byte_that_never_takes_is_put_back_and_the_chip_still_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wire = board()
    programmer = await programmer_on(wire)
    cells = wire.machine.target.cells
    write_fuse = type(cells).write_fuse

    def worn(self: Cells, name: str, value: int) -> None:
        write_fuse(self, name, 0x5E if (name, value) == ("hfuse", 0xDE) else value)

    monkeypatch.setattr(type(cells), "write_fuse", worn)
    with pytest.raises(VerifyError, match="hfuse was written as DE and reads back as 5E") as caught:
        await burn(programmer, PLAN)
    assert "It was looked at again: lfuse 62, hfuse D9, efuse FF, lock FF." in caught.value.holds
    wire.machine.target.power_cycle()
    assert wire.machine.target.lockout(SCK_HZ) is None


async def test_an_erase_that_became_a_fuse_write_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = board()
    programmer = await programmer_on(wire)
    cells = wire.machine.target.cells
    monkeypatch.setattr(type(cells), "erase", lambda self, keep_eeprom: self.write_fuse("lfuse", 0))
    with pytest.raises(TargetError, match="The erase was disturbed: the fuses now read lfuse 00"):
        await burn(programmer, PLAN)
    assert cells.fuses["lfuse"] == 0x62


async def test_a_bit_lost_behind_the_image_in_its_last_page_is_found() -> None:
    wire = board()
    programmer = await programmer_on(wire)

    def wear_out(event: Event) -> None:
        if isinstance(event, StepStarted) and event.step == "verify":
            wire.machine.target.cells.flash[0x7E70] ^= 1

    with pytest.raises(VerifyError, match=r"differs from short\.hex in 1 of 128 bytes"):
        await burn(programmer, BurnPlan(Image.of(b"\x01\x02", 0x7E00, "short.hex")), wear_out)


async def test_success_is_not_believed_before_every_byte_was_read_once_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wire = board()
    programmer = await programmer_on(wire)
    cells = wire.machine.target.cells

    def late_harm(event: Event) -> None:
        if isinstance(event, StepDone) and event.step == "lock":
            cells.fuses["lock"] = 0xC3

    with pytest.raises(VerifyError, match="lock reads C3 at the end, not CF") as caught:
        await burn(programmer, PLAN, late_harm)
    assert caught.value.advice == UNLOCKING


async def test_lock_bits_that_went_wrong_are_taken_back_by_going_on(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = board()
    programmer = await programmer_on(wire)
    monkeypatch.setattr(Cells, "write_lock", lambda cells, value: cells.fuses.update(lock=0xC3))
    with pytest.raises(VerifyError, match="lock was written as CF and reads back as C3") as caught:
        await burn(programmer, PLAN)
    assert caught.value.advice == UNLOCKING
    monkeypatch.undo()
    assert (await burn(programmer, PLAN)).after["lock"] == 0xCF
