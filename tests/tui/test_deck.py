"""The deck by its messages: connection, reading, edits, jobs, a lost port."""

import pytest

from avrdeck.protocol.target import fuses
from avrdeck.tui import messages
from avrdeck.tui.controllers import ports
from avrdeck.tui.pages import Page
from avrdeck.tui.screens.answer import AnswerScreen
from avrdeck.tui.screens.deck import DeckScreen
from avrdeck.tui.screens.fault import FaultScreen
from avrdeck.tui.views.fusegrid import BitCell, Cursor, FieldCell
from avrdeck.tui.widgets.consolelog import ConsoleLog
from avrdeck.tui.widgets.fuses import FuseEditor


async def test_connects_on_opening(deck):
    async with deck() as bench:
        assert [m.port for m in bench.seen(messages.Connected)] == ["sim:?autoreset=no"]
        assert bench.seen(messages.FusesRead)
        assert not bench.seen(messages.Failed)
        assert bench.session.part.name == "ATmega328P"
        assert bench.session.draft.read == {"lfuse": 0x62, "hfuse": 0xD9, "efuse": 0xFF, "lock": 0xFF}
        assert bench.session.proven
        form = bench.text("#connection-form")
        assert "ArduinoISP 1.18" in form
        assert "1E 95 0F ✓" in form


async def test_a_port_that_does_not_exist_is_told(deck):
    async with deck("/dev/nowhere-at-all") as bench:
        assert len(bench.seen(messages.Failed)) == 1
        assert isinstance(bench.app.screen, FaultScreen)
        assert "/dev/nowhere-at-all" in bench.text("#fault-text")
        await bench.press("escape")
        assert isinstance(bench.app.screen, DeckScreen)
        assert not bench.session.connected


async def test_disconnect_lets_the_target_run_and_keeps_what_is_known(deck):
    async with deck() as bench:
        machine = bench.machine
        await bench.press("x")
        await bench.done()
        assert bench.seen(messages.Disconnected)
        assert not machine.target.programming
        assert bench.session.part.name == "ATmega328P"


@pytest.mark.parametrize(
    ("pane", "key"), [("connection", "1"), ("fuses", "2"), ("memory", "3"), ("console", "4")]
)
async def test_digits_go_to_panes(deck, pane, key):
    async with deck() as bench:
        await bench.press(key)
        assert bench.app.screen.query_one(f"#{pane}").has_focus_within


async def test_a_window_that_was_too_small_gives_the_focus_back(deck):
    async with deck() as bench:
        await bench.press("4")
        for size in ((50, 15), (80, 24)):
            await bench.pilot.resize_terminal(*size)
            await bench.pilot.pause()
        assert bench.app.screen.query_one("#console").has_focus_within


async def test_space_stages_a_bit_and_moves_hex_and_field(deck):
    async with deck() as bench:
        editor = bench.app.screen.query_one(FuseEditor)
        await bench.press("2", *["down"] * 5)
        assert isinstance(editor.cell, FieldCell)
        name = editor.cell.bits.name
        await bench.press("space")
        draft = bench.session.draft
        assert draft.changes == 1
        assert f"◆{name}" in bench.text("#fuse-editor")
        memory = editor.cell.bits.memory
        assert draft.staged == {memory: draft.read[memory] ^ editor.cell.bits.mask}
        assert "◆1" in bench.edges("fuses")[0]
        await bench.press("u")
        assert not bench.session.draft.staged


async def test_what_is_staged_while_the_chip_is_read_stays(deck, monkeypatch):
    read_all = fuses.read_all
    async with deck() as bench:

        async def slowly(programmer):
            values = await read_all(programmer)
            bench.session.edit(bench.session.draft.toggled("lfuse", 7))
            return values

        monkeypatch.setattr(fuses, "read_all", slowly)
        await bench.press("r")
        await bench.done()
        assert bench.session.draft.staged == {"lfuse": 0x62 ^ 0x80}
        monkeypatch.setattr(fuses, "read_all", read_all)
        await bench.press("4", "TYPE:fuse set hfuse=0xDF", "enter")
        await bench.done()
        assert bench.session.draft.staged == {"lfuse": 0x62 ^ 0x80, "hfuse": 0xDF}


async def test_a_byte_is_typed_in_hex(deck):
    async with deck() as bench:
        await bench.press("2", "enter", "TYPE:e2", "enter")
        assert bench.session.draft.staged == {"lfuse": 0xE2}
        assert "62→E2" in bench.text("#fuse-editor")


async def test_a_field_takes_a_typed_value_and_refuses_nonsense(deck):
    async with deck() as bench:
        editor = bench.app.screen.query_one(FuseEditor)
        rows = editor._cells
        place = next(
            (r, c)
            for r, row in enumerate(rows)
            for c, cell in enumerate(row)
            if isinstance(cell, FieldCell) and cell.bits.name == "BODLEVEL"
        )
        await bench.press("2")
        editor.cursor = Cursor(*place)
        await bench.press("enter", "TYPE:9.9V", "enter")
        assert "BODLEVEL" in str(bench.app.screen.query_one("#choose").border_subtitle)
        assert not bench.session.draft.staged
        await bench.press(*["backspace"] * 4, "TYPE:2.7V", "enter")
        assert bench.session.draft.staged == {"efuse": 0xFD}


async def test_the_cursor_goes_from_a_bit_to_its_field(deck):
    async with deck() as bench:
        editor = bench.app.screen.query_one(FuseEditor)
        await bench.press("2", "right", "right")
        assert editor.cell == BitCell("lfuse", 6)
        await bench.press("down")
        assert editor.cell.bits.name == "CKOUT"


async def test_read_all_fills_the_map(deck):
    async with deck() as bench:
        bench.machine.target.cells.flash[:300] = bytes(range(1, 151)) * 2
        await bench.press("r")
        await bench.done()
        assert [m.memory for m in bench.seen(messages.MemoryRead)] == ["eeprom", "flash"]
        flash = bench.session.maps["flash"]
        assert [flash.page(index) for index in range(4)] == [Page.USED] * 3 + [Page.BLANK]
        assert "0.3 of 28 KiB" in bench.text("#memory-map")


async def test_without_a_port_it_is_a_fuse_calculator(deck):
    async with deck("/dev/nowhere-at-all", part="attiny85") as bench:
        await bench.press("escape", "2", "right", "space")
        draft = bench.session.draft
        assert draft.part.name == "ATtiny85"
        assert draft.staged == {"lfuse": 0xE2}
        assert not draft.read
        await bench.press("w")
        assert isinstance(bench.app.screen, FaultScreen)


async def test_space_on_a_whole_byte_lets_it_be_typed(deck):
    async with deck() as bench:
        await bench.press("2", "home", "space", "TYPE:e2", "enter")
        assert bench.session.draft.value("lfuse") == 0xE2


async def test_no_two_jobs_run_at_once(deck):
    async with deck() as bench:
        await bench.pilot.press("r")
        await bench.pilot.press("r")
        await bench.done()
        turns = [
            type(message)
            for message in {id(each): each for each in bench.messages}.values()
            if isinstance(message, messages.JobStarted | messages.JobEnded)
        ]
        assert turns[::2] == [messages.JobStarted] * len(turns[::2])
        assert turns[1::2] == [messages.JobEnded] * len(turns[::2])
        assert len(turns) >= 4  # connect, a read, and another if the first was over by then
        assert not bench.seen(messages.Failed)


async def test_a_job_is_stopped_and_the_line_stays_in_step(deck):
    async with deck() as bench:
        await bench.pilot.press("r")
        await bench.pilot.press("ctrl+x")
        await bench.done()
        assert bench.session.job is None
        assert bench.session.connected
        await bench.press("r")
        await bench.done()
        assert bench.session.maps["flash"].complete
        assert not bench.seen(messages.Failed)


async def test_hostile_strings_show_as_text(deck, monkeypatch):
    evil = "[bold red]x[/]\x1b[2J\u202eeno\u0301ｗｉｄｅ"
    entry = ports.PortEntry("sim:?autoreset=no", evil, "", True)
    monkeypatch.setattr(ports, "known", lambda _: entry)
    monkeypatch.setattr(ports, "entries", lambda: (entry,))
    async with deck(size=(200, 60)) as bench:
        shown = bench.text("#connection-form")
        assert "[bold red]x[/]\\x1b[2J\\u202e" in shown
        assert "\x1b" not in bench.app.export_screenshot()
        await bench.press("o")
        assert "[bold red]x[/]" in bench.text("#options")


async def test_a_question_of_a_command_is_asked_over_the_deck(deck):
    async with deck() as bench:
        await bench.press("4", "TYPE:isp AC 80 00 00", "enter")
        assert isinstance(bench.app.screen, AnswerScreen)
        flash_before = bytes(bench.machine.target.cells.flash)
        await bench.press("escape")
        await bench.done()
        assert bytes(bench.machine.target.cells.flash) == flash_before
        assert any("×" in line for line in bench.app.deck.console.log_sheet.tail(3))


async def test_reading_without_a_programmer_is_told(deck):
    async with deck("/dev/nowhere-at-all") as bench:
        await bench.press("escape", "r")
        await bench.done()
        assert isinstance(bench.app.screen, FaultScreen)
        assert "No programmer is connected" in bench.text("#fault-text")


async def test_what_was_staged_for_another_part_does_not_come_along(deck):
    async with deck("sim:?autoreset=no&part=attiny12") as bench:
        assert "hfuse" not in bench.session.part.fuses
        bench.session.line.staged = {"hfuse": 0xD9}
        await bench.session.adopt(changes=False)
        assert not bench.session.draft.staged


async def test_the_console_stays_at_its_end_whatever_the_window_does(deck):
    async with deck() as bench:
        log = bench.app.screen.query_one(ConsoleLog)
        for number in range(50):
            log.write(f"line {number}")
        await bench.pilot.pause()
        for size in ((80, 24), (120, 40), (80, 24), (200, 60), (120, 40)):
            await bench.pilot.resize_terminal(*size)
            await bench.press("2", "4")
            assert log.scroll_offset.y == log.max_scroll_y > 0
            await bench.press("escape", "2")
            log.write(str(size))
            await bench.press("4")
            assert log.scroll_offset.y == log.max_scroll_y
            await bench.press("escape")
        await bench.press("4", "pageup", "pageup")
        await bench.pilot.resize_terminal(118, 40)
        log.write("more")
        await bench.press("escape", "2")
        assert log.scroll_offset.y < log.max_scroll_y - 1, "who reads above is left there"


async def test_the_cursor_stays_on_its_fuse_when_the_window_changes(deck):
    async with deck() as bench:
        editor = bench.app.screen.query_one(FuseEditor)
        await bench.press("2", *["down"] * 8)
        cell = editor.cell
        for size in ((80, 24), (200, 60), (100, 40), (120, 40)):
            await bench.pilot.resize_terminal(*size)
            await bench.pilot.pause()
            assert editor.cell == cell
