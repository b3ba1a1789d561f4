"""What comes too late for a screen, because another is on top of it or it was left, does no harm."""

from pathlib import Path

import pytest

from avrdeck.boards import images
from avrdeck.boards.images import Image
from avrdeck.protocol.errors import UsageFault
from avrdeck.protocol.simulator.faults import Fault as Strike
from avrdeck.protocol.simulator.faults import Kind
from avrdeck.tui.controllers import beside
from avrdeck.tui.palette import Palette
from avrdeck.tui.screens.deck import DeckScreen
from avrdeck.tui.screens.dialogs import ChooseScreen
from avrdeck.tui.screens.fault import FaultScreen
from avrdeck.tui.screens.fusewrite import FuseWriteScreen
from avrdeck.tui.screens.help import HelpScreen
from avrdeck.tui.screens.trace import TraceScreen


@pytest.mark.parametrize(
    ("key", "kind"),
    [("ctrl+p", Palette), ("o", ChooseScreen), ("question_mark", HelpScreen), ("t", TraceScreen)],
)
async def test_a_fault_that_comes_between_a_key_and_its_effect_stays_to_be_read(deck, key, kind):
    async with deck() as bench:
        await bench.press("2", key)
        screen = bench.app.screen
        assert isinstance(screen, kind)
        bench.app.tell(UsageFault("It came meanwhile"))
        screen.dismiss()
        await bench.pilot.pause()
        assert isinstance(bench.app.screen, FaultScreen), "nobody has read it"
        await bench.press("escape")
        assert bench.app.screen is screen
        await bench.press("escape")
        assert isinstance(bench.app.screen, DeckScreen)


async def test_a_screen_that_is_closed_already_closes_no_other(deck):
    async with deck() as bench:
        await bench.press("2", "t", "question_mark")
        trace, screen = bench.app.screen_stack[-2:]
        screen.dismiss()
        screen.dismiss()
        await bench.pilot.pause()
        assert bench.app.screen is trace


async def test_a_memory_is_compared_all_the_same_when_its_hex_view_was_left(
    deck, tmp_path: Path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    images.save(Image.of(b"other"), Path("o.hex"))
    async with deck("sim:?autoreset=no&part=attiny13") as bench:
        await bench.press("r")
        await bench.done()
        await bench.press("3", "enter")
        screen, pages = bench.app.screen, bench.session.maps["flash"]
        await bench.press("escape")
        beside.ask(bench.app, bench.session, pages, screen._compared)
        await bench.until(lambda: isinstance(bench.app.screen, ChooseScreen))
        await bench.press("TYPE:o.hex", "enter")
        assert isinstance(bench.app.screen, DeckScreen)
        assert pages.other.read(0, 5) == b"other"


async def test_a_backup_that_was_checked_after_its_list_was_left_is_told_nobody(deck):
    async with deck("sim:?autoreset=no&part=attiny13") as bench:
        await bench.press("v", "n")
        await bench.done()
        screen = bench.app.screen
        found, detail = screen.table.here, screen.detail
        await bench.press("escape")
        await bench.until(lambda: not screen.children)
        await detail._check(found)
        await screen.run_job("take", bench.app.ask)
        assert bench.app.is_running


async def test_a_fuse_write_that_fails_before_all_of_its_screen_is_there_shows_the_fault(deck):
    async with deck() as bench:
        bench.session.edit(bench.session.draft.put_all({"hfuse": 0xD1}))
        screen = FuseWriteScreen(bench.session, bench.session.draft)
        await bench.app.push_screen(screen)
        await screen.query_one("#write-name").remove()
        bench.machine.faults.add(Strike(Kind.VANISH, bench.machine.faults.to_device))
        bench.app.run_job(screen.job.run())
        await bench.until(lambda: isinstance(bench.app.screen, FaultScreen))


async def test_nothing_of_a_screen_that_was_left_listens_for_another_theme(deck):
    async with deck() as bench:
        listening = bench.app.theme_changed_signal._subscriptions
        before = set(listening)
        for key in ("t", "b", "v", "o", "question_mark"):
            await bench.press("2", key)
            assert set(listening) > before
            await bench.press("escape")
            await bench.until(lambda: set(listening) == before)
