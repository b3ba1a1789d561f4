"""A job that was stopped in the app is in its chip's history: what was done, how far, what the chip holds."""

import asyncio

import pytest

from avrdeck.boards import images
from avrdeck.boards.images import Image
from avrdeck.jobs.course import Course
from avrdeck.jobs.events import StepStarted, unheard
from avrdeck.jobs.inventory.book import Inventory
from avrdeck.jobs.inventory.model import Kind
from avrdeck.jobs.ledger import Ledger
from avrdeck.protocol.errors import Fault, TargetError
from avrdeck.tui.controllers.remembering import stop_noted
from tui.test_job_screens import LOADER, answered, interrupted, stop_while_writing


def noted(bench):
    """The stops in the history of the chip on the deck."""
    with Inventory() as inventory:
        history = inventory.history(bench.session.sighting.known.id)
    return [each for each in history if each.data.get("stopped")]


async def test_a_stopped_burn_is_in_the_history(deck, tmp_path, monkeypatch):
    monkeypatch.setattr("avrdeck.boards.boards_txt.places.usual", tuple)
    loader = tmp_path / "loader.hex"
    images.save(Image.of(LOADER, 0x7E00), loader)
    async with deck() as bench:
        await interrupted(bench, loader)
        (stop,) = noted(bench)
        assert stop.kind == Kind.BURN
        assert stop.text.startswith(
            "loader.hex: stopped at flash. The chip's fuses are as planned, its flash is"
        )


async def test_a_stopped_restore_is_in_the_history(deck):
    async with deck("sim:?autoreset=no&part=atmega88pa&baud=500000") as bench:
        chip = bench.machine.target.cells
        chip.flash[:4] = b"\x01\x02\x03\x04"
        await bench.press("v", "n")
        await bench.done()
        chip.flash[:4] = b"\xff\xff\x00\x00"
        screen = bench.app.screen
        await bench.press("r")
        stop_while_writing(bench)
        await answered(bench, "yes")
        await bench.until(lambda: not screen.running)
        (stop,) = noted(bench)
        assert stop.kind == Kind.RESTORE
        assert ": stopped at write " in stop.text
        assert "Flash is written in part" in stop.text


@pytest.mark.parametrize("ending", [TargetError("It does not answer"), asyncio.CancelledError()])
@pytest.mark.parametrize("touched", [True, False])
async def test_only_a_chip_that_may_be_changed_has_it_in_its_history(deck, ending, touched):
    async with deck() as bench:
        sighting, ledger, course = bench.session.sighting, Ledger(), Course()

        async def work() -> None:
            async with stop_noted(sighting, Kind.FUSE_WRITE, "lfuse E2", ledger, course):
                course.watching(unheard)(StepStarted("lfuse", "write lfuse 62 → E2"))
                ledger.holds = "lfuse may be 62 or E2." if touched else ledger.holds
                raise ending

        with pytest.raises(type(ending)):
            await work()
        why = f" ({ending.title})" if isinstance(ending, Fault) else ""
        told = f"lfuse E2: stopped at write lfuse 62 → E2{why}. lfuse may be 62 or E2."
        assert [each.text for each in noted(bench)] == ([told] if touched else [])
