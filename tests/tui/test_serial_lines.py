"""Serial numbers on the screens of burn and upload: said in a line, tried first, never used twice or lost."""

from contextlib import suppress
from pathlib import Path

import pytest
from textual.containers import Vertical

from avrdeck.boards import images
from avrdeck.boards.images import Image
from avrdeck.jobs.inventory.book import Inventory
from avrdeck.jobs.places import counters_folder
from avrdeck.jobs.serials.counter import Counter
from avrdeck.jobs.serials.order import Place
from avrdeck.jobs.serials.recipe import Kind
from avrdeck.protocol.errors import Fault, InputFault, UsageFault
from avrdeck.protocol.simulator.faults import Fault as Strike
from avrdeck.protocol.simulator.faults import Kind as Cut
from avrdeck.protocol.target.progress import Operation, Progress
from avrdeck.tui.controllers.serialline import parse
from avrdeck.tui.controllers.undertaking import Phase
from avrdeck.tui.screens.answer import AnswerScreen
from avrdeck.tui.screens.burn import BurnScreen
from avrdeck.tui.screens.fault import FaultScreen
from avrdeck.tui.screens.upload import UploadScreen

TINY = "sim:?autoreset=no&part=attiny85"
BOOT = "sim:?dialect=optiboot"
SKETCH = bytes(range(1, 201))


@pytest.mark.parametrize(
    ("line", "kind", "place", "overwrite"),
    [
        ("number", Kind.NUMBER, None, False),
        ("number:2 at eeprom:0x10", Kind.NUMBER, Place("eeprom", 16), False),
        ("uuid at 0x7DF0", Kind.UUID, Place("", 0x7DF0), False),
        ("bytes:01 FF at flash:10 overwrite", Kind.BYTES, Place("flash", 10), True),
        ("text:made at home at eeprom:0", Kind.TEXT, Place("eeprom", 0), False),
    ],
)
def test_a_line_says_what_the_options_of_the_command_say(line, kind, place, overwrite):
    options = parse(line)
    assert options.recipe.kind is kind
    assert (options.at, options.overwrite) == (place, overwrite)


def test_an_empty_line_wants_none():
    assert parse(" ").recipe is None


@pytest.mark.parametrize("line", ["nonsense", "number at sram:0", "number at", "at eeprom:0", "text: at 0",
                                  "number at eeprom:-1", "text:{x} at eeprom:0"])  # fmt: skip
def test_what_makes_no_serial_number_is_refused(line):
    with pytest.raises(Fault):
        parse(line)


# -- on the screens ---------------------------------------------------------------------------------


@pytest.fixture
def sketch(tmp_path: Path) -> Path:
    path = tmp_path / "sketch.hex"
    images.save(Image.of(SKETCH), path)
    return path


def next_number() -> int:
    return Counter(counters_folder() / "serial").peek()


def why(bench) -> str:
    return str(bench.app.screen.query_one("#prompt", Vertical).border_subtitle)


async def answered(bench, answer: str = "yes") -> None:
    await bench.until(lambda: isinstance(bench.app.screen, AnswerScreen))
    await bench.press(f"TYPE:{answer}", "enter")


async def planned(bench, sketch: Path, line: str) -> UploadScreen:
    await bench.press("2", "U", "f", f"TYPE:{sketch}", "enter", "n", f"TYPE:{line}", "enter")
    screen = bench.app.screen
    assert isinstance(screen, UploadScreen), why(bench)
    return screen


async def test_a_sketch_goes_in_with_a_number_in_eeprom(deck, sketch):
    async with deck(TINY) as bench:
        screen = await planned(bench, sketch, "number at eeprom:0x10")
        assert "Serial  the counter's next number in 4 bytes, at 0x0010 of eeprom" in bench.text("#job-sheet")
        await bench.press("enter")
        await bench.until(lambda: isinstance(bench.app.screen, AnswerScreen))
        assert "at 0x0010 of eeprom" in " ".join(bench.text("#question-text").split())
        await answered(bench)
        await bench.done()
        assert screen.upload.phase is Phase.DONE
        cells = bench.machine.target.cells
        assert bytes(cells.eeprom[0x10:0x14]) == b"\x01\x00\x00\x00"
        assert bytes(cells.flash[:200]) == SKETCH
        told = " ".join(bench.text("#job-sheet").split())
        assert "serial number 1 (01 00 00 00) at 0x0010 of eeprom" in told
        assert "sketch.hex is in flash, verified. The serial number is in EEPROM, verified." in told
        with Inventory() as book:
            assert book.history(book.chips()[0].id)[-1].text == "sketch.hex, serial number 1"
        await bench.press("enter")
        await answered(bench)
        await bench.until(lambda: isinstance(bench.app.screen, FaultScreen))
        assert "has data at 0x0010" in bench.text("#fault-text"), "it is not overwritten unasked"
        assert next_number() == 2


async def test_a_number_in_flash_is_one_with_the_sketch(deck, sketch):
    async with deck(TINY) as bench:
        screen = await planned(bench, sketch, "number:2 at 0x100")
        await bench.press("enter")
        await answered(bench)
        await bench.done()
        assert screen.upload.phase is Phase.DONE
        assert bytes(bench.machine.target.cells.flash[0x100:0x102]) == b"\x01\x00"
        steps = [step.key for step in screen.upload.log.steps]
        assert steps.index("number") < steps.index("write")
        assert screen.upload.log.find("number").after == "1"


async def test_it_goes_in_through_a_bootloader(deck, sketch):
    async with deck(BOOT) as bench:
        screen = await planned(bench, sketch, "text:SN-{counter:3} at flash:0x400")
        await bench.press("enter")
        await answered(bench)
        await bench.done()
        assert screen.upload.phase is Phase.DONE
        assert "serial number SN-001" in bench.text("#job-sheet")
        assert next_number() == 2


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("nonsense", "makes no serial number"),
        ("number", "where the serial number goes"),
        ("uuid at x:0", "x"),
    ],
)
async def test_what_makes_none_is_told_below_the_line(deck, sketch, line, told):
    async with deck(TINY) as bench:
        await bench.press("2", "U", "f", f"TYPE:{sketch}", "enter", "n", f"TYPE:{line}", "enter")
        assert told in why(bench)
        await bench.press("escape")
        assert "Serial  none" in bench.text("#job-sheet")


async def test_a_no_uses_no_number(deck, sketch):
    async with deck(TINY) as bench:
        bench.machine.target.cells.flash[:8] = bytes(8)  # only an erase makes room, which is asked for
        screen = await planned(bench, sketch, "number at 0x100")
        await bench.press("enter")
        await answered(bench)
        await answered(bench, "no")
        await bench.done()
        assert screen.upload.phase is Phase.PLANNING
        assert next_number() == 1


async def test_what_is_stopped_when_the_number_may_be_in_the_chip_says_so(deck, sketch):
    async with deck(TINY) as bench:
        screen = await planned(bench, sketch, "number at 0x100")
        take = bench.session.event

        def event(event) -> None:
            take(event)
            if isinstance(event, Progress) and event.operation is Operation.WRITE:
                bench.app.action_stop_job()

        bench.session.event = event
        await bench.press("enter")
        await answered(bench)
        await bench.until(lambda: screen.upload.phase is Phase.FAILED)
        await bench.until(lambda: "stays this chip's" in bench.text("#job-sheet"))
        assert next_number() == 2
        with Inventory() as book:
            assert book.history(book.chips()[0].id)[-1].text == "sketch.hex, serial number 1: stopped"


async def test_a_fault_while_the_number_is_written_says_that_it_is_used(deck, sketch):
    async with deck(TINY) as bench:
        await planned(bench, sketch, "number at 0x100")
        take, faults = bench.session.event, bench.machine.faults

        def event(event) -> None:
            take(event)
            if isinstance(event, Progress) and event.operation is Operation.WRITE:
                faults.add(Strike(Cut.VANISH, faults.to_device + 1))

        bench.session.event = event
        await bench.press("enter")
        await answered(bench)
        await bench.until(lambda: isinstance(bench.app.screen, FaultScreen))
        assert "Serial number 1 stays this chip's" in " ".join(bench.text("#fault-text").split())
        assert next_number() == 2


# -- burn -------------------------------------------------------------------------------------------


async def burning(bench) -> BurnScreen:
    await bench.press("2", "b")
    screen = bench.app.screen
    assert isinstance(screen, BurnScreen)
    with suppress(InputFault, UsageFault):
        screen.burn.choose("uno", {})
    await bench.press("k")
    return screen


async def test_deckboot_is_burned_with_a_number_in_its_own_place(deck):
    async with deck() as bench:
        screen = await burning(bench)
        await bench.press("n", "TYPE:number", "enter")
        await bench.until(lambda: "Serial  the counter's next number in 4 bytes" in bench.text("#job-sheet"))
        assert any(step.title == "Serial number" for step in screen.burn.log.steps)
        await bench.press("enter")
        await answered(bench)
        await bench.done()
        assert screen.burn.phase is Phase.DONE
        assert "serial number 1 (" in bench.text("#job-sheet")
        assert screen.burn.log.find("number").after == "1"
        assert next_number() == 2


async def test_a_number_that_has_no_place_leaves_the_plan_as_it_was(deck, tmp_path: Path):
    loader = tmp_path / "loader.hex"
    images.save(Image.of(SKETCH, 0x7E00), loader)
    async with deck() as bench:
        screen = await burning(bench)
        await bench.press("l", f"TYPE:{loader}", "enter", "n", "TYPE:uuid", "enter")
        assert "where the serial number goes" in why(bench)
        await bench.press("escape")
        assert screen.burn.choice.plan.order is None
        assert "loader.hex" in bench.text("#job-sheet")
        await bench.press("n", "TYPE:uuid at eeprom:0", "enter")
        assert screen.burn.choice.plan.order.place == Place("eeprom", 0)


async def test_deckboot_is_made_to_measure(deck):
    async with deck() as bench:
        await burning(bench)
        await bench.press("w", "TYPE:baud=1, led=none", "enter")
        assert "Write baud=57600" in why(bench) or "baud" in why(bench)
        await bench.press(*["backspace"] * 30, "TYPE:baud=57600, led=none", "enter")
        await bench.until(lambda: "57600 baud (UBRR" in bench.text("#job-sheet"))
        assert "no LED" in bench.text("#job-sheet")


# -- the sketch -------------------------------------------------------------------------------------


async def test_a_sketch_that_was_built_again_is_uploaded_as_it_is_now(deck, sketch):
    async with deck(TINY) as bench:
        screen = await planned(bench, sketch, "")
        images.save(Image.of(b"\x05" * 64), sketch)
        await bench.press("enter")
        await answered(bench)
        await bench.done()
        assert screen.upload.phase is Phase.DONE
        assert bytes(bench.machine.target.cells.flash[:64]) == b"\x05" * 64
        sketch.unlink()
        await bench.press("enter")
        await bench.until(lambda: isinstance(bench.app.screen, FaultScreen))
        assert "sketch.hex" in bench.text("#fault-text")
