"""Burn and upload: the log, the receipt, the trace beside them, and backups that are left out in part."""

from contextlib import suppress
from pathlib import Path

import pytest
from textual import events

from avrdeck.boards import images
from avrdeck.boards.images import Image
from avrdeck.jobs.backup.model import Absence
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.events import StepDone, StepStarted
from avrdeck.protocol.errors import InputFault
from avrdeck.protocol.target.progress import Operation, Progress
from avrdeck.tui.controllers import steplog
from avrdeck.tui.controllers.steplog import StepLog
from avrdeck.tui.controllers.undertaking import Phase
from avrdeck.tui.screens.answer import AnswerScreen
from avrdeck.tui.screens.burn import BurnScreen
from avrdeck.tui.screens.trace import TraceScreen
from avrdeck.tui.screens.upload import UploadScreen
from avrdeck.tui.views.steps import Step
from avrdeck.tui.widgets.jobsheets import LogSheet

SMALL = "sim:?autoreset=no&part=atmega88pa"


async def answered(bench, answer: str = "yes") -> None:
    await bench.until(lambda: isinstance(bench.app.screen, AnswerScreen))
    await bench.press(f"TYPE:{answer}", "enter")


async def burning(bench) -> BurnScreen:
    """A burn of deckboot that was confirmed."""
    await bench.press("2", "b")
    screen = bench.app.screen
    assert isinstance(screen, BurnScreen)
    plan(screen)
    await bench.press("enter")
    await answered(bench)
    return screen


def plan(screen: BurnScreen) -> None:
    """Deckboot for an Uno, whatever cores this machine has."""
    with suppress(InputFault):
        screen.burn.choose("uno", {})
    screen.burn.take_deckboot()


def press_while_reading(bench, key: str, when=lambda: True) -> None:
    """Press a key with the first page that is read."""
    take = bench.session.event

    def event(event) -> None:
        take(event)
        if isinstance(event, Progress) and event.operation is Operation.READ and when():
            bench.session.event = take
            bench.app.post_message(events.Key(key, key))

    bench.session.event = event


# -- time and log -----------------------------------------------------------------------------------


def test_the_logs_clock_begins_with_what_happens_first(monkeypatch):
    """How long somebody looked at the plan is nobody's business."""
    clock = [100.0]
    monkeypatch.setattr(steplog, "now", lambda: clock[0])
    log = StepLog([Step("erase", "Erase")], lambda: None, grows=False)
    clock[0] = 160.0
    log.event(StepStarted("erase", "erase the chip"))
    clock[0] = 160.5
    log.event(StepDone("erase", "blank"))
    assert log.lines == [(0.0, "erase the chip"), (0.5, "blank")]


async def test_the_backups_time_does_not_count_the_question(deck, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(steplog, "now", lambda: clock[0])
    async with deck() as bench:
        await bench.press("2", "b")
        screen = bench.app.screen
        plan(screen)
        await bench.press("enter")
        await bench.until(lambda: isinstance(bench.app.screen, AnswerScreen))
        clock[0] = 3600.0
        await answered(bench)
        await bench.done()
        backup = screen.burn.log.find("backup")
        assert backup.seconds == 0.0
        assert backup.after.startswith("saved as ATmega328P"), "what came of it, not what was planned"


async def test_a_burn_ends_with_its_receipt(deck):
    async with deck() as bench:
        await burning(bench)
        await bench.done()
        told = " ".join(bench.text("#job-sheet").split())
        assert "made for 16 MHz, 115200 baud (UBRR 16, +2.1 %)" in told
        assert "✓ deckboot atmega328p-timeout is in the ATmega328P" in told
        assert "lfuse FF hfuse DE efuse FD lock CF" in told
        assert "what it held before is in ATmega328P" in told, "as the list of backups calls it"


async def test_the_log_is_scrolled_by_keys(deck):
    async with deck() as bench:
        await burning(bench)
        await bench.done()
        log = bench.app.screen.query_one(LogSheet)
        await bench.until(lambda: log.scroll_offset.y > 0)
        await bench.press("tab")
        assert log.has_focus
        await bench.press("home")
        await bench.until(lambda: log.scroll_offset.y == 0)
        bench.app.screen.move()
        await bench.pilot.pause(0.3)
        assert log.scroll_offset.y == 0, "what comes does not take it away from who reads"
        await bench.press("tab")
        await bench.until(lambda: log.scroll_offset.y > 0)


@pytest.mark.parametrize(("key", "title"), [("b", "Burn bootloader"), ("U", "Upload")])
async def test_at_80_columns_the_first_line_says_where_one_is(deck, key, title):
    async with deck(size=(80, 24)) as bench:
        await bench.press("2", key)
        await bench.until(lambda: f"{title} nothing is written yet" in bench.text("#job-sheet"))
        await bench.pilot.resize_terminal(120, 40)
        await bench.until(lambda: title not in bench.text("#job-sheet"))


async def test_the_trace_can_be_watched_while_a_job_runs(deck):
    async with deck(f"{SMALL}&baud=19200") as bench:
        bench.machine.target.cells.flash[:4] = b"\x01\x02\x03\x04"
        press_while_reading(bench, "t")
        await bench.press("v")
        backups = bench.app.screen
        await bench.press("n")
        await bench.until(lambda: isinstance(bench.app.screen, TraceScreen))
        screen = bench.app.screen
        await bench.done()
        await bench.until(lambda: screen.list.here is screen.log_.frames[-1])
        assert "esc back" in bench.text("#footer")
        await bench.press("escape")
        assert bench.app.screen is backups
        assert "Saved as" in bench.text("#backup-outcome")


# -- what of a backup is left out -------------------------------------------------------------------


def left_out() -> set[Absence]:
    newest = Store().listing()[0].header
    return set(newest.left_out.values())


async def test_a_burn_goes_on_without_the_rest_of_its_backup(deck):
    async with deck() as bench:
        chip = bench.machine.target.cells
        chip.flash[:4] = b"\x01\x02\x03\x04"
        press_while_reading(bench, "p")
        screen = await burning(bench)
        await bench.done()
        assert screen.burn.phase is Phase.DONE
        assert Absence.SKIPPED in left_out()
        assert chip.fuses["lock"] == 0xCF


async def test_an_upload_over_isp_goes_on_without_the_rest_of_its_backup(deck, tmp_path: Path):
    sketch = tmp_path / "sketch.hex"
    images.save(Image.of(b"\xff\x00" * 100), sketch)
    async with deck(f"{SMALL}&baud=19200") as bench:
        chip = bench.machine.target.cells
        chip.flash[:2] = b"\x00\x00"
        await bench.press("2", "U")
        screen = bench.app.screen
        assert isinstance(screen, UploadScreen)
        press_while_reading(bench, "p", lambda: screen.upload.skip.possible)
        await bench.press("f", f"TYPE:{sketch}", "enter", "enter")
        await answered(bench)
        await answered(bench)
        await bench.done()
        assert screen.upload.phase is Phase.DONE
        assert Absence.SKIPPED in left_out()
        assert bytes(chip.flash[:4]) == b"\xff\x00\xff\x00"


async def test_a_backup_is_taken_without_its_rest(deck):
    async with deck(f"{SMALL}&baud=19200") as bench:
        bench.machine.target.cells.flash[:4] = b"\x01\x02\x03\x04"
        press_while_reading(bench, "p")
        await bench.press("v", "n")
        await bench.done()
        assert Absence.SKIPPED in left_out()
        assert "Saved as" in bench.text("#backup-outcome")
