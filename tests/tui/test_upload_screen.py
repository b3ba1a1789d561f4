"""The upload screen: nothing is touched without a yes, and what the chip holds is told at every end."""

import asyncio
import random
import zipfile
from pathlib import Path

import pytest

from avrdeck.boards import images
from avrdeck.boards.images import Image
from avrdeck.jobs.events import Countdown, StepStarted
from avrdeck.jobs.inventory.book import Inventory
from avrdeck.jobs.inventory.model import Kind
from avrdeck.jobs.upload.resetting import Reset
from avrdeck.protocol.target.progress import Operation, Progress
from avrdeck.protocol.transports import sim
from avrdeck.protocol.transports.sim import SimTransport
from avrdeck.tui import messages
from avrdeck.tui.controllers.undertaking import Phase
from avrdeck.tui.screens.answer import AnswerScreen
from avrdeck.tui.screens.deck import DeckScreen
from avrdeck.tui.screens.dialogs import ChooseScreen
from avrdeck.tui.screens.fault import FaultScreen
from avrdeck.tui.screens.upload import UploadScreen
from avrdeck.tui.views.steps import State

BOOT = 0x7E00
OPTIBOOT = "sim:?dialect=optiboot"
HOSTILE = "[red]bl\u202eink\u6f22e\u0301\x1b[2J.hex"


def sketch(size: int = 1500, seed: int = 5) -> bytes:
    return random.Random(seed).randbytes(size)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "blink.hex"
    images.save(Image.of(sketch()), path)
    return path


class Opened(list[SimTransport]):
    """Every virtual port that is opened, with ``content`` in flash."""

    content = b""


@pytest.fixture
def opened(monkeypatch) -> Opened:
    """Every virtual port that is opened from now on."""
    wires = Opened()
    honest = sim.open_sim

    def opening(url: str = "sim:", baud: int | None = None) -> SimTransport:
        wire = honest(url, baud)
        wire.machine.target.cells.flash[: len(wires.content)] = wires.content
        wires.append(wire)
        return wire

    monkeypatch.setattr(sim, "open_sim", opening)
    return wires


async def planned(bench, file: Path, *keys: str) -> UploadScreen:
    """The upload screen with a file and what the keys choose."""
    await bench.press("1", "U")
    screen = bench.app.screen
    assert isinstance(screen, UploadScreen)
    await bench.press("f", f"TYPE:{file}", "enter", *keys)
    assert bench.app.screen is screen
    return screen


async def answered(bench, answer: str) -> None:
    await bench.until(lambda: isinstance(bench.app.screen, AnswerScreen))
    await bench.press(f"TYPE:{answer}", "enter")


async def begun(bench, file: Path, *keys: str) -> UploadScreen:
    """The same, and yes to the first question."""
    screen = await planned(bench, file, *keys)
    await bench.press("enter")
    await answered(bench, "yes")
    return screen


async def shows(bench, text: str) -> None:
    """Wait until the sheet says it: it is painted ten times a second."""
    await bench.until(lambda: text in bench.text("#job-sheet"))


def flash(bench) -> bytes:
    return bytes(bench.machine.target.cells.flash)


# --- over ISP --------------------------------------------------------------------------------------


async def test_over_isp_it_asks_erases_keeps_the_bootloader_and_shows_the_receipt(deck, file, tmp_path):
    async with deck() as bench:
        cells = bench.machine.target.cells
        cells.flash[:3000] = sketch(3000, 8)
        cells.flash[BOOT : BOOT + 500] = sketch(500, 9)
        cells.fuses["hfuse"] = 0xDE
        await bench.press("r")
        await bench.done()
        screen = await planned(bench, file)
        await shows(bench, "over ISP  by ArduinoISP")
        before = flash(bench)
        await bench.press("enter")
        await answered(bench, "yes")
        await bench.until(lambda: isinstance(bench.app.screen, AnswerScreen))
        assert flash(bench) == before, "the comparison only reads"
        assert "Erase the ATmega328P" in bench.text("#question-text")
        await answered(bench, "yes")
        await bench.done()
        assert screen.upload.phase is Phase.DONE
        assert flash(bench)[:1500] == sketch()
        assert flash(bench)[BOOT : BOOT + 500] == sketch(500, 9)
        await shows(bench, "✓ blink.hex is in the ATmega328P, 1500 bytes verified")
        shown = bench.text("#job-sheet")
        assert "its bootloader is back" in shown
        assert "nothing is written" not in shown
        assert {step.state for step in screen.upload.log.steps} <= {State.DONE, State.SKIPPED}
        assert bytes(bench.session.maps["flash"].data) == flash(bench), "the map shows what the chip holds"
        (backup,) = (tmp_path / "data" / "backups").glob("*.zip")
        assert zipfile.is_zipfile(backup)
        with Inventory() as inventory:
            told = [each.kind for each in inventory.history(bench.session.sighting.known.id)]
        assert Kind.UPLOAD in told
        assert bench.session.connected
        await bench.press("escape")
        assert isinstance(bench.app.screen, DeckScreen)


@pytest.mark.parametrize("yeses", [0, 1], ids=["at once", "before the erase"])
async def test_a_no_leads_back_to_the_plan_and_nothing_was_written(deck, file, yeses):
    async with deck() as bench:
        bench.machine.target.cells.flash[:3000] = sketch(3000, 8)
        before = flash(bench)
        screen = await planned(bench, file)
        await bench.press("enter")
        for _ in range(yeses):
            await answered(bench, "yes")
        await answered(bench, "no")
        await bench.done()
        assert screen.upload.phase is Phase.PLANNING
        assert flash(bench) == before
        assert not bench.seen(messages.Failed)
        assert isinstance(bench.app.screen, UploadScreen)
        await shows(bench, "The chip is unchanged.")


async def test_over_isp_only_the_pages_that_differ_are_written(deck, file):
    async with deck() as bench:
        cells = bench.machine.target.cells
        cells.flash[:1500] = sketch()
        cells.flash[130] = 0xFF
        screen = await planned(bench, file, "d")
        assert not screen.upload.delta, "nothing to choose over ISP"
        await bench.press("enter")
        await answered(bench, "yes")
        await bench.done()
        assert screen.upload.receipt.pages_written == 1
        assert flash(bench)[:1500] == sketch()
        await shows(bench, "1 of 12 pages written")


# --- through the bootloader ------------------------------------------------------------------------


async def test_through_the_bootloader_the_sketch_goes_in_and_the_port_is_closed(deck, file, opened):
    async with deck(OPTIBOOT) as bench:
        screen = await planned(bench, file)
        await shows(bench, "through the bootloader")
        await bench.press("enter")
        await bench.until(lambda: isinstance(bench.app.screen, AnswerScreen))
        assert bench.session.connected, "nothing is touched before the answer"
        await answered(bench, "yes")
        await bench.done()
        assert screen.upload.phase is Phase.DONE
        cells = opened[-1].machine.target.cells
        assert bytes(cells.flash[:1500]) == sketch()
        await shows(bench, "The sketch runs now, and the port is closed.")
        await shows(bench, "Optiboot 8.3 answers at 115200 baud")
        assert not bench.session.connected
        assert not bench.seen(messages.PortLost), "it was let go, not lost"
        assert bytes(bench.session.maps["flash"].data[:1500]) == sketch()


async def test_delta_writes_only_the_pages_that_differ(deck, file, opened):
    opened.content = sketch()[:130] + bytes([~sketch()[130] & 0xFF]) + sketch()[131:]
    async with deck(OPTIBOOT) as bench:
        screen = await planned(bench, file, "d")
        await shows(bench, "only those that differ")
        await bench.press("enter")
        await answered(bench, "yes")
        await bench.done()
        assert screen.upload.receipt.pages_written == 1
        assert bytes(opened[-1].machine.target.cells.flash[:1500]) == sketch()


async def test_a_board_that_says_nothing_is_one_fault_and_can_be_tried_again(deck, file):
    async with deck(OPTIBOOT) as bench:
        assert bench.session.connected
        screen = await begun(bench, file, "s", "TYPE:57600", "enter")
        await bench.done()
        assert isinstance(bench.app.screen, FaultScreen)
        assert "No bootloader answers" in bench.text("#fault-text")
        assert len(bench.app.screen_stack) == 3, "one modal"
        assert not bench.seen(messages.PortLost)
        assert not bench.session.stale, "nothing was touched"
        await bench.press("escape")
        assert screen.upload.phase is Phase.FAILED
        await shows(bench, "The chip is unchanged.")
        await shows(bench, "× ")
        await bench.press("enter")
        await answered(bench, "no")
        await bench.done()
        assert screen.upload.phase is Phase.PLANNING


async def test_a_programmer_that_would_be_overwritten_is_named_before(deck, file):
    async with deck() as bench:
        await planned(bench, file, "i")
        await shows(bench, "ArduinoISP answers on this port")
        await bench.press("enter")
        await bench.until(lambda: isinstance(bench.app.screen, AnswerScreen))
        assert "replaces the ArduinoISP sketch" in bench.text("#question-text")


async def test_the_seconds_until_the_button_are_shown(deck, file, monkeypatch):
    tick = asyncio.Event()
    honest = SimTransport.sleep

    async def sleep(self, seconds: float) -> None:
        if seconds == 1.0:
            await tick.wait()
        await honest(self, seconds)

    monkeypatch.setattr(SimTransport, "sleep", sleep)
    async with deck(OPTIBOOT) as bench:
        screen = await planned(bench, file, "r", "TYPE:manual", "enter")
        assert screen.upload.how is Reset.MANUAL
        await shows(bench, "the button, after a countdown")
        await bench.press("enter")
        await answered(bench, "yes")
        await shows(bench, " 3 s  press the reset button in 3 s")
        tick.set()
        await bench.done()
        assert [text for _, text in screen.upload.log.lines if "button" in text][:4] == [
            "press the reset button in 3 s",
            "press the reset button in 2 s",
            "press the reset button in 1 s",
            "press the reset button now",
        ]
        assert screen.upload.log.countdown is None


async def test_stopping_says_what_the_chip_holds_and_closes_the_port(deck, file, opened, monkeypatch):
    async def forever(*_, **__):
        await asyncio.Event().wait()

    monkeypatch.setattr("avrdeck.jobs.upload.bootloading.memories.write", forever)
    async with deck(OPTIBOOT) as bench:
        screen = await begun(bench, file)
        await shows(bench, "blink.hex is in flash in part")
        await shows(bench, "If you stop now")
        await bench.press("f", "d", "enter")
        assert bench.app.screen is screen, "the plan is not changed under way"
        assert not screen.upload.delta
        await bench.press("escape")
        await bench.until(lambda: screen.upload.phase is Phase.FAILED)
        assert not opened[-1]._open
        assert bench.session.stale
        assert not bench.session.connected
        await shows(bench, "enter tries again")
        await shows(bench, "blink.hex is in flash in part")
        await bench.press("escape")
        assert isinstance(bench.app.screen, DeckScreen)


async def test_progress_shows_rate_and_time_left(deck, file, monkeypatch):
    clock = iter(range(10_000))
    monkeypatch.setattr("avrdeck.tui.controllers.steplog.now", lambda: float(next(clock)))

    async def half(programmer, image, *, erased, watch):
        watch(Progress(Operation.WRITE, "flash", 768, 750, 1500))
        await asyncio.Event().wait()

    monkeypatch.setattr("avrdeck.jobs.upload.bootloading.memories.write", half)
    async with deck(OPTIBOOT) as bench:
        screen = await begun(bench, file)
        await shows(bench, "750 of 1500 bytes")
        await shows(bench, "50%")
        await shows(bench, "KiB/s")
        await shows(bench, " left")
        await bench.press("escape")
        await bench.until(lambda: screen.upload.phase is Phase.FAILED)


# --- choosing --------------------------------------------------------------------------------------


async def test_every_choice_is_in_the_plan(deck, file, monkeypatch):
    monkeypatch.setattr("avrdeck.boards.boards_txt.places.usual", tuple)
    async with deck(OPTIBOOT) as bench:
        screen = await planned(bench, file, "s", "TYPE:57600", "enter")
        assert screen.upload.way.bauds == (57_600,)
        await bench.press("s", "TYPE:usual", "enter")
        assert screen.upload.way.bauds == (115_200, 57_600, 19_200)
        await bench.press("b")
        assert isinstance(bench.app.screen, ChooseScreen)
        await bench.press("TYPE:arduino uno", "enter")
        assert screen.upload.board.id.endswith("uno")
        assert screen.upload.way.bauds == (115_200,)
        assert screen.upload.part.name == "ATmega328P"
        await shows(bench, "Arduino")
        await bench.press("r", "TYPE:touch", "enter")
        assert screen.upload.log.steps[0].key == "reset"


async def test_what_is_missing_is_told_before_anything_is_asked(deck, file, tmp_path):
    async with deck(OPTIBOOT) as bench:
        await bench.press("1", "U")
        await shows(bench, "f chooses the file")
        assert "upload" not in bench.text("#footer")
        await bench.press("enter")
        assert isinstance(bench.app.screen, UploadScreen)
        await bench.press("f", f"TYPE:{tmp_path / 'none.hex'}", "enter")
        assert "cannot be read" in str(bench.app.screen.query_one("#prompt").border_subtitle)
        await bench.press("escape", "f", f"TYPE:{file}", "enter", "i", "enter")
        assert "Optiboot answers, a bootloader" in bench.text("#fault-text")
        await bench.press("escape", "escape", "x")
        await bench.done()
        screen = await planned(bench, file, "i")
        await bench.press("enter")
        assert "No programmer is connected" in bench.text("#fault-text")
        assert screen.upload.phase is Phase.PLANNING


async def test_a_file_that_does_not_fit_is_told_before_anything_is_asked(deck, tmp_path):
    big = tmp_path / "big.hex"
    images.save(Image.of(sketch(9000)), big)
    async with deck("sim:?part=attiny85&autoreset=no") as bench:
        await bench.press("1", "U", "f", f"TYPE:{big}", "enter")
        assert "8 KiB" in str(bench.app.screen.query_one("#prompt").border_subtitle) or "8192" in str(
            bench.app.screen.query_one("#prompt").border_subtitle
        )
        await bench.press("escape", "i", "f", f"TYPE:{big}", "enter", "i", "enter")
        assert isinstance(bench.app.screen, FaultScreen)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["narrow", "wide"])
async def test_strings_from_outside_show_as_text(deck, tmp_path, size):
    path = tmp_path / HOSTILE
    images.save(Image.of(sketch(200)), path)
    async with deck(OPTIBOOT, size=size) as bench:
        await bench.press("1", "U")
        screen = bench.app.screen
        bench.session.port = "/dev/[b]tty\x1b[2J\u202e\u6f22"
        screen.upload.load(path)
        screen.upload.log.event(StepStarted("bootloader", "[red]\x1b[2J"))
        screen.upload.log.event(Countdown("[blink]press\x07", 3))
        await shows(bench, "[red]bl")
        shown = bench.text("#job-sheet") + bench.text("#job-log")
        assert "[red]bl\\u202eink漢e\u0301\\x1b[2J.hex" in shown
        assert "/dev/[b]tty\\x1b[2J\\u202e漢" in shown
        assert not set(shown) & {"\x1b", "\x07", "\u202e"}
        assert bench.app.export_screenshot()
