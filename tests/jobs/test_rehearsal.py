import random

import pytest

from avrdeck.boards.catalog import part
from avrdeck.boards.images import Image
from avrdeck.boards.safety import Fitted, Xtal1
from avrdeck.jobs.burn import BurnPlan
from avrdeck.jobs.burn.outline import Outline, outline
from avrdeck.jobs.burn.rehearsal import assumptions, rehearse
from avrdeck.protocol.simulator.target import Lockout

FACTORY = {"lfuse": 0x62, "hfuse": 0xD9, "efuse": 0xFF, "lock": 0xFF}
UNO = {"lfuse": 0xFF, "hfuse": 0xDE, "efuse": 0xFD}
LOADER = Image.of(random.Random(7).randbytes(500), 0x7E00, "loader.hex")


def planned(fuse_bytes: dict[str, int], before: dict[str, int] = FACTORY, **facts: int) -> Outline:
    plan = BurnPlan(LOADER, fuse_bytes, 0xCF, "ATmega328P", "Uno", **facts)
    return outline(plan, part("ATmega328P"), before)


async def test_without_a_word_about_xtal1_both_possibilities_are_played() -> None:
    without, with_crystal = await rehearse(planned(UNO))
    assert not without.good
    assert without.lockout is Lockout.NO_CLOCK
    assert without.fault is not None
    assert without.fault.holds == "The chip is erased, its fuses are as planned, its flash is blank."
    assert with_crystal.good
    assert with_crystal.values == {**UNO, "lock": 0xCF}
    assert with_crystal.cpu_hz == 16_000_000
    assert 0 < with_crystal.seconds < 5


async def test_a_chip_that_runs_on_a_crystal_has_one() -> None:
    (played,) = await rehearse(planned(UNO, {**FACTORY, "lfuse": 0xFF}))
    assert played.good
    assert str(played.assumption.xtal) == "16000000"


async def test_a_fuse_that_ends_isp_shows_in_the_rehearsal() -> None:
    (played,) = await rehearse(planned({"hfuse": 0x5E}), Xtal1(Fitted.NOTHING))
    assert not played.good
    assert played.lockout is Lockout.RSTDISBL
    assert played.values["hfuse"] == 0x5E


async def test_what_the_plan_does_not_name_stays_as_the_chip_has_it() -> None:
    (played,) = await rehearse(planned({"hfuse": 0xDE}, {**FACTORY, "efuse": 0xFC}), Xtal1(Fitted.NOTHING))
    assert played.values == {"lfuse": 0x62, "hfuse": 0xDE, "efuse": 0xFC, "lock": 0xCF}


async def test_what_is_in_the_flash_now_is_played_too() -> None:
    (played,) = await rehearse(planned(UNO), Xtal1(Fitted.CRYSTAL, 16_000_000), flash=b"\x00" * 1000)
    assert played.good


@pytest.mark.parametrize(
    ("told", "before", "expected"),
    [
        (Xtal1(Fitted.CRYSTAL), 0x62, ["8000000"]),
        (Xtal1(Fitted.CRYSTAL, 12_000_000), 0x62, ["12000000"]),
        (Xtal1(Fitted.CLOCK, 1_000_000), 0x62, ["ext1000000"]),
        (Xtal1(Fitted.NOTHING), 0x62, ["none"]),
        (None, 0x62, ["none", "8000000"]),
        (None, 0xE0, ["ext8000000"]),
        (None, 0xF9, ["900000"]),
    ],
)
def test_what_is_taken_to_be_on_xtal1(told: Xtal1 | None, before: int, expected: list[str]) -> None:
    made = planned(UNO, {**FACTORY, "lfuse": before}, f_cpu_hz=8_000_000)
    assert [str(each.xtal) for each in assumptions(made, told)] == expected
