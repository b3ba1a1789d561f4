"""Burn, upload, backups: which keys are offered when, and a job that stopped is gone on with."""

from contextlib import suppress
from pathlib import Path

import pytest

from avrdeck.boards import images
from avrdeck.boards.images import Image
from avrdeck.jobs.burn.journal import Journals
from avrdeck.protocol.errors import InputFault
from avrdeck.protocol.target.progress import Operation, Progress
from avrdeck.tui.controllers.undertaking import Phase
from avrdeck.tui.palette import ActionProvider
from avrdeck.tui.screens.answer import AnswerScreen
from avrdeck.tui.screens.backups import BackupsScreen
from avrdeck.tui.screens.burn import BurnScreen
from avrdeck.tui.screens.fault import FaultScreen
from avrdeck.tui.screens.help import HelpScreen
from avrdeck.tui.screens.hexview import HexScreen
from avrdeck.tui.screens.upload import UploadScreen

LOADER = bytes(range(200))
TINY = "sim:?autoreset=no&part=attiny13"


@pytest.fixture
def loader(tmp_path: Path, monkeypatch) -> Path:
    """A bootloader's file, on a machine without cores."""
    monkeypatch.setattr("avrdeck.boards.boards_txt.places.usual", tuple)
    path = tmp_path / "loader.hex"
    images.save(Image.of(LOADER, 0x7E00), path)
    return path


async def offered(bench, *, yes: str = "", no: str = "") -> None:
    """Wait until the footer, which is painted ten times a second, has the keys ``yes`` and none of ``no``."""

    def as_wanted() -> bool:
        shown = bench.text("#footer")
        return all(word in shown for word in yes.split(", ")) and not any(
            word in shown for word in no.split(", ") if word
        )

    await bench.until(as_wanted)


async def planned(bench, loader: Path) -> BurnScreen:
    await bench.press("2", "b")
    screen = bench.app.screen
    assert isinstance(screen, BurnScreen)
    with suppress(InputFault):
        screen.burn.choose("uno", {})
    screen.burn.load(loader)
    return screen


async def answered(bench, answer: str) -> None:
    await bench.until(lambda: isinstance(bench.app.screen, AnswerScreen))
    await bench.press(f"TYPE:{answer}", "enter")


def at_first_write(bench, act) -> None:
    """Act with the first page of flash that is written, once."""
    take = bench.session.event

    def event(event) -> None:
        take(event)
        if isinstance(event, Progress) and (event.operation, event.memory) == (Operation.WRITE, "flash"):
            bench.session.event = take
            act()

    bench.session.event = event


def stop_while_writing(bench) -> None:
    at_first_write(bench, bench.app.action_stop_job)


async def interrupted(bench, loader: Path) -> BurnScreen:
    """A burn that was stopped in the middle of writing."""
    screen = await planned(bench, loader)
    stop_while_writing(bench)
    await bench.press("enter")
    await answered(bench, "yes")
    await bench.until(lambda: screen.burn.phase is Phase.FAILED)
    return screen


# -- which keys are offered -------------------------------------------------------------------------


async def test_a_burn_offers_only_what_can_be_done_now(deck, loader):
    async with deck() as bench:
        await bench.press("2", "b")
        await offered(bench, yes="esc deck, b board", no="loader, rehearse, enter, resume, backup, copy")
        await bench.press("escape")
        screen = await planned(bench, loader)
        await offered(bench, yes="b board, l loader, h rehearse, enter burn", no="resume, backup, copy")
        await bench.press("enter")
        await bench.until(lambda: isinstance(bench.app.screen, AnswerScreen))
        await bench.until(lambda: "esc stop" in screen.query_one("#footer").rows[0].text)
        assert "board" not in screen.query_one("#footer").rows[0].text
        await answered(bench, "yes")
        await bench.done()
        await offered(bench, yes="esc close, enter burn, c copy", no="rehearse, resume, backup, stop")


async def test_help_and_palette_leave_out_what_does_nothing_now(deck, loader):
    async with deck() as bench:
        await bench.press("2", "b")
        names = [str(hit.display) async for hit in ActionProvider(bench.app.screen).discover()]
        assert "Choose the board" in names
        assert "Burn as planned, after a confirmation" not in names
        await bench.press("question_mark")
        assert isinstance(bench.app.screen, HelpScreen)
        here = bench.text("#help-text").split("Everywhere")[0]
        assert "Choose the board." in here
        assert "running backup" not in here


async def test_skipping_is_offered_while_a_backup_runs_and_once(deck, loader):
    async with deck() as bench:
        screen = await planned(bench, loader)
        screen.burn.skip.running = "save flash"
        screen.burn.phase = Phase.RUNNING
        screen.move()
        await offered(bench, yes="esc stop, p skip backup", no="board, enter, copy")
        await bench.press("p")
        assert screen.burn.skip.wanted
        await offered(bench, yes="esc stop", no="backup")
        screen.burn.phase = Phase.PLANNING


async def test_over_isp_no_bootloader_is_reached_for(deck):
    async with deck(size=(200, 60)) as bench:
        await bench.press("2", "U")
        assert isinstance(bench.app.screen, UploadScreen)
        await offered(bench, yes="f file, i way", no="reset, speed, board, delta, enter")
        await bench.press("i")
        await offered(bench, yes="r reset, s speed, b board, d delta", no="enter")


async def test_backups_are_offered_what_can_be_done_with_the_one_under_the_cursor(deck):
    async with deck(TINY) as bench:
        await bench.press("v")
        await offered(bench, yes="esc deck, n new", no="restore, compare, delete, mark, backup")
        await bench.press("n")
        await bench.done()
        await offered(bench, yes="r restore, d compare, space mark, x delete", no="backup, stop")
        await bench.press("tab")
        await offered(bench, yes="esc backups", no="difference, new")


async def test_a_hex_view_offers_what_there_is_to_do(deck, tmp_path):
    images.save(Image.of(b"\x01\x02"), tmp_path / "other.hex")
    async with deck(TINY, size=(200, 60)) as bench:
        await bench.press("r")
        await bench.done()
        await bench.press("3", "enter")
        assert isinstance(bench.app.screen, HexScreen)
        await offered(bench, yes="esc back, e edit, d compare", no="match, difference, write, revert")
        await bench.press("e", "TYPE:00")
        await offered(bench, yes="esc end typing", no="edit, compare")
        await bench.press("escape", "d", f"TYPE:{tmp_path / 'other.hex'}", "enter")
        await offered(bench, yes="] difference, w write, u revert, e edit", no="match")
        await bench.press("slash", "TYPE:ff", "enter")
        await offered(bench, yes="n match")


# -- a burn that stopped ----------------------------------------------------------------------------


async def test_what_a_burn_left_half_done_is_told_after_the_app(deck, loader):
    async with deck() as bench:
        target = bench.machine.target
        screen = await planned(bench, loader)
        at_first_write(bench, bench.app.leave)
        await bench.press("enter")
        await answered(bench, "yes")
        await bench.until(lambda: not bench.app.is_running)
    assert screen.burn.phase is Phase.FAILED
    assert not target.in_reset
    assert "“burn” was stopped" in str(bench.app.parting)
    assert "flash" in bench.app.parting.holds


async def test_a_burn_that_was_stopped_is_gone_on_with(deck, loader):
    async with deck() as bench:
        screen = await interrupted(bench, loader)
        cells = bench.machine.target.cells
        assert cells.fuses["lock"] == 0xFF
        await bench.until(lambda: "r goes on from here" in bench.text("#job-sheet"))
        assert "stopped at step" in str(bench.app.screen.query_one("#job-pane").border_subtitle)
        await offered(bench, yes="r resume, enter burn, esc close")
        await bench.press("r")
        await bench.until(lambda: isinstance(bench.app.screen, AnswerScreen))
        assert "Go on burning loader.hex" in bench.text("#question-text")
        await answered(bench, "yes")
        await bench.done()
        assert screen.burn.phase is Phase.DONE
        assert bytes(cells.flash[0x7E00:0x7EC8]) == LOADER
        assert cells.fuses["lock"] == 0xCF
        assert not list(Journals().folder.glob("*.json"))
        await offered(bench, yes="esc close", no="resume")


async def test_it_is_gone_on_with_after_the_screen_was_left_and_without_a_board_chosen(deck, loader):
    async with deck() as bench:
        await interrupted(bench, loader)
        await bench.press("escape", "b")
        await bench.until(lambda: "r goes on with a burn that stopped" in bench.text("#job-sheet"))
        await bench.press("r")
        await answered(bench, "no")
        await bench.done()
        screen = bench.app.screen
        assert isinstance(screen, BurnScreen)
        assert screen.burn.phase is Phase.PLANNING, "a no leads back to the plan"
        await bench.press("r")
        await answered(bench, "yes")
        await bench.done()
        assert screen.burn.phase is Phase.DONE
        assert bench.machine.target.cells.fuses["lock"] == 0xCF


async def test_another_chip_has_nothing_to_go_on_with(deck, loader):
    async with deck() as bench:
        await interrupted(bench, loader)
        await bench.press("escape", "o", *["backspace"] * 40, "TYPE:sim:?autoreset=no&seed=9", "enter")
        await bench.done()
        await bench.press("2", "b", "r")
        await bench.done()
        assert isinstance(bench.app.screen, FaultScreen)
        assert "No burn of this chip was interrupted" in bench.text("#fault-text")


# -- the rest ---------------------------------------------------------------------------------------


async def test_a_job_is_stopped_from_whatever_screen_one_is_on(deck):
    async with deck() as bench:
        await bench.press("t")
        bench.app.run_job(bench.session.read_all())
        await bench.press("ctrl+x")
        await bench.done()
        assert bench.session.job is None
        assert not bench.session.maps["flash"].complete


async def test_where_a_boards_own_loader_cannot_be_used_deckboot_is_a_key_away(deck, loader, monkeypatch):
    def unusable(*_):
        raise InputFault("broken", advice="Name another file, or take deckboot, avrdeck's own bootloader.")

    monkeypatch.setattr("avrdeck.jobs.burn.choosing._loader", unusable)
    async with deck() as bench:
        await bench.press("2", "b", "b", "TYPE:arduino uno", "enter")
        await bench.until(lambda: isinstance(bench.app.screen, FaultScreen))
        told = " ".join(bench.text("#fault-text").split())
        assert "Name another file (l), or take deckboot (k), avrdeck's own bootloader." in told
        await bench.press("escape")
        await bench.until(lambda: "k takes deckboot" in bench.text("#job-sheet"))
        assert "Arduino" in bench.text("#job-sheet")
        monkeypatch.undo()
        await bench.press("k")
        await bench.until(lambda: "Loader  deckboot" in bench.text("#job-sheet"))


async def test_plan_steps_and_log_can_be_copied(deck, loader):
    async with deck(size=(80, 24)) as bench:
        screen = await planned(bench, loader)
        await bench.press("enter")
        await answered(bench, "yes")
        await bench.done()
        await bench.press("c")
        assert screen.burn.phase is Phase.DONE
        told = bench.app.clipboard
        assert told.startswith("Burn bootloader")
        assert "Erase and unlock" in told
        assert "200 bytes agree" in told, "the log too"


async def test_a_restoring_that_is_stopped_says_what_the_chip_holds(deck):
    async with deck("sim:?autoreset=no&part=atmega88pa&baud=500000") as bench:
        chip = bench.machine.target.cells
        chip.flash[:4] = b"\x01\x02\x03\x04"
        await bench.press("v", "n")
        await bench.done()
        chip.flash[:4] = b"\xff\xff\x00\x00"
        screen = bench.app.screen
        assert isinstance(screen, BackupsScreen)
        await bench.press("r")
        await bench.until(lambda: isinstance(bench.app.screen, AnswerScreen))
        stop_while_writing(bench)
        await bench.press("TYPE:yes", "enter")
        await bench.until(lambda: not screen.running)
        await bench.until(lambda: "The chip ─" in bench.text("#backup-outcome"))
        told = " ".join(bench.text("#backup-outcome").split())
        assert "Flash is written in part" in told
        assert "What it held before is in ATmega88P" in told
        assert bench.session.stale
        assert bench.session.job is None


async def test_after_a_restore_the_cursor_stays_with_what_was_restored(deck):
    """What was saved on the way becomes the newest: a second r must not bring that back."""
    async with deck(TINY) as bench:
        chip = bench.machine.target.cells
        chip.flash[:4] = b"\x01\x02\x03\x04"
        await bench.press("v", "n")
        await bench.done()
        screen = bench.app.screen
        restored = screen.table.chosen
        chip.flash[:4] = b"\x01\x02\x03\xff"
        await bench.press("r")
        await answered(bench, "yes")
        await bench.done()
        assert len(screen.table.listed) == 2
        assert screen.table.chosen == restored
        await bench.until(lambda: "Restored and verified" in bench.text("#backup-outcome"))
        await bench.press("up")
        await bench.until(lambda: "Restored" not in bench.text("#backup-outcome"))


async def test_the_map_beside_a_job_names_no_key_that_does_something_else_there(deck):
    async with deck() as bench:
        await bench.press("4")
        assert "not read: r reads it" in bench.text("#memory-map")
        await bench.press("escape", "2", "b")
        await bench.until(lambda: "- not read" in bench.text("#job-map"))
        assert "r reads it" not in bench.text("#job-map")
