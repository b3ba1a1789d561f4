"""Whatever comes down the line, and whenever power goes, the loader stays and answers."""

from __future__ import annotations

import random

import pytest
from cuts import CASES, survive
from deckboot_rig import Host, Loader, loader, loaders, rig
from hostile import KINDS, endure

pytestmark = pytest.mark.usefixtures("bench")

SECONDS = 1
TEN_MINUTES = 600
IN_STEP = b"\x14\x10"
STEP = 2_003
every_image = pytest.mark.parametrize("one", loaders(), ids=lambda one: one.variant.name)


@pytest.mark.parametrize("kind", KINDS)
@every_image
def test_hostile_bytes(one: Loader, kind: str) -> None:
    assert endure(one, kind, SECONDS).seconds >= SECONDS


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
@every_image
def test_ten_minutes_of_hostile_bytes(one: Loader, kind: str) -> None:
    """`python tests/deckboot/hostile.py` does the same and tells what came of it."""
    endured = endure(one, kind, TEN_MINUTES)
    assert endured.seconds >= TEN_MINUTES
    assert endured.erased or kind == "noise"


def test_noise_on_the_line() -> None:
    """One byte in fifty is hit, both ways: pages may be wrong, the loader is not."""
    one = loader()
    with rig(one, noise=0.02) as bench:
        host = Host(bench)
        host.reset()
        dice = random.Random(1)
        for _ in range(40):
            host(b"0 U" + dice.randbytes(2) + b" ", 0.02)
            host(b"d\x00\x80F" + dice.randbytes(128) + b" ", 0.06)
        bench.control.ask("noise 0")
        host.enter()
        assert bench.dump().device_flash[one.variant.start :] == one.section


@pytest.mark.parametrize("name", CASES)
def test_a_power_cut_during_a_page_write(name: str) -> None:
    survived = survive(CASES[name], STEP)
    assert survived.moments >= survived.cycles // STEP
    assert survived.torn > survived.moments // 5


@pytest.mark.long
@pytest.mark.parametrize("name", CASES)
def test_a_power_cut_at_any_cycle_of_a_page_write(name: str) -> None:
    """`python tests/deckboot/cuts.py` does the same and tells how many there were."""
    assert survive(CASES[name], 1).torn > 0
