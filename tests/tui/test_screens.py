"""Hex view, trace, burn, wiring, help: by what they show and do."""

import contextlib
from pathlib import Path

import pytest

from avrdeck.boards import images
from avrdeck.boards.images import Image
from avrdeck.protocol.errors import InputFault
from avrdeck.tui.controllers.undertaking import Phase
from avrdeck.tui.screens.answer import AnswerScreen
from avrdeck.tui.screens.backups import BackupsScreen
from avrdeck.tui.screens.burn import BurnScreen
from avrdeck.tui.screens.deck import DeckScreen
from avrdeck.tui.screens.help import HelpScreen
from avrdeck.tui.screens.hexview import HexScreen
from avrdeck.tui.screens.inventory import InventoryScreen
from avrdeck.tui.screens.trace import TraceScreen
from avrdeck.tui.screens.wiring import WiringScreen

PROGRAM = bytes(range(256)) + b"telemetry v1.4" + bytes([1, 2, 3])


async def hexed(bench) -> HexScreen:
    """The hex view of a flash that holds `PROGRAM`."""
    bench.machine.target.cells.flash[: len(PROGRAM)] = PROGRAM
    await bench.press("r")
    await bench.done()
    await bench.press("3", "enter")
    assert isinstance(bench.app.screen, HexScreen)
    return bench.app.screen


async def test_the_hex_view_finds_text_and_bytes(deck):
    async with deck() as bench:
        screen = await hexed(bench)
        await bench.press("slash", 'TYPE:"v1.4"', "enter")
        assert screen.grid.cursor == 0x10A
        await bench.press("slash", *["backspace"] * 8, "TYPE:0A ?? 0C", "enter")
        assert screen.grid.cursor == 0x0A
        await bench.press("n")
        assert screen.grid.cursor == 0x0A


async def test_the_hex_view_goes_to_an_address_and_refuses_one_outside(deck):
    async with deck() as bench:
        screen = await hexed(bench)
        await bench.press("g", "TYPE:8000", "enter")
        assert "7FFF" in str(bench.app.screen.query_one("#prompt").border_subtitle)
        await bench.press(*["backspace"] * 4, "TYPE:7ffe", "enter")
        assert screen.grid.cursor == 0x7FFE


async def test_bytes_are_typed_over_saved_and_reverted(deck, tmp_path: Path):
    async with deck() as bench:
        screen = await hexed(bench)
        await bench.press("e", "TYPE:ab", "escape")
        assert screen.model.staged == {0: 0xAB}
        assert bench.machine.target.cells.flash[0] == 0, "an edit is not a write"
        file = tmp_path / "edited.bin"
        await bench.press("s", *["backspace"] * 30, f"TYPE:{file}", "enter")
        assert file.read_bytes()[:3] == b"\xab\x01\x02"
        await bench.press("u")
        assert not screen.model.staged


async def test_the_hex_view_compares_with_a_file(deck, tmp_path: Path):
    async with deck() as bench:
        screen = await hexed(bench)
        other = bytearray(PROGRAM)
        other[5] ^= 0xFF
        other[0x105] ^= 0xFF
        file = tmp_path / "other.hex"
        images.save(Image.of(bytes(other)), file)
        await bench.press("d", f"TYPE:{file}", "enter")
        assert screen.model.differing == ((5, 6), (0x105, 0x106))
        assert screen.grid.cursor == 5
        await bench.press("right_square_bracket")
        assert screen.grid.cursor == 0x105
        await bench.press("escape")
        assert isinstance(bench.app.screen, DeckScreen)
        assert "in 2 of 256 pages" in bench.text("#memory-map")


async def test_the_trace_shows_frames_and_filters_them(deck, tmp_path: Path):
    async with deck() as bench:
        await bench.press("t")
        screen = bench.app.screen
        assert isinstance(screen, TraceScreen)
        total = len(screen.list.shown)
        assert total > 20
        assert any("ENTER_PROGMODE" in shown.frame.text for shown in screen.list.shown)
        await bench.press("slash", "TYPE:op:universal dir:>", "enter")
        assert 0 < len(screen.list.shown) < total
        assert all("UNIVERSAL" in shown.frame.text for shown in screen.list.shown)
        await bench.press("slash", *["backspace"] * 30, "TYPE:gap>20", "enter")
        assert all(shown.gap > 0.02 for shown in screen.list.shown)
        file = tmp_path / "session.trace"
        await bench.press("s", *["backspace"] * 20, f"TYPE:{file}", "enter")
        assert file.read_text().startswith('{"t":')


async def test_a_bootloader_is_burned_after_a_yes(deck, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("avrdeck.boards.boards_txt.places.usual", tuple)
    loader = tmp_path / "loader.hex"
    images.save(Image.of(bytes(range(200)), 0x7E00), loader)
    async with deck() as bench:
        chip = bench.machine.target.cells
        await bench.press("b")
        screen = bench.app.screen
        assert isinstance(screen, BurnScreen)
        with contextlib.suppress(InputFault):
            screen.burn.choose("uno", {})
        await bench.press("l", f"TYPE:{loader}", "enter", "h")
        await bench.done()
        assert screen.burn.rehearsals
        await bench.press("enter")
        await bench.until(lambda: isinstance(bench.app.screen, AnswerScreen))
        await bench.press("escape")
        await bench.done()
        assert screen.burn.phase is Phase.PLANNING
        assert chip.fuses["lfuse"] == 0x62
        await bench.press("enter")
        await bench.until(lambda: isinstance(bench.app.screen, AnswerScreen))
        await bench.press("TYPE:yes", "enter")
        await bench.done()
        assert screen.burn.phase is Phase.DONE
        assert chip.fuses["hfuse"] == 0xDE
        assert bytes(chip.flash[0x7E00:0x7EC8]) == bytes(range(200))
        assert bench.session.draft.read["lfuse"] == 0xFF
        assert list((tmp_path / "data" / "backups").iterdir())
        await bench.press("escape")
        assert isinstance(bench.app.screen, DeckScreen)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_wiring_and_help_open_and_close(deck, size):
    async with deck(size=size) as bench:
        await bench.press("y")
        assert isinstance(bench.app.screen, WiringScreen)
        assert "MOSI" in bench.text("#drawing")
        sheet = bench.app.screen.query_one("#drawing")
        assert all(len(row.text) <= sheet.scrollable_content_region.width for row in sheet.rows), (
            "none is cut"
        )
        await bench.press("escape", "question_mark")
        assert isinstance(bench.app.screen, HelpScreen)
        assert bench.text("#help-text").startswith(" Fuses")
        await bench.press("escape")
        assert isinstance(bench.app.screen, DeckScreen)


@pytest.mark.parametrize(
    ("size", "shown"), [((59, 24), False), ((60, 19), False), ((60, 20), True), ((80, 24), True)]
)
async def test_a_window_too_small_says_so(deck, size, shown):
    async with deck(size=size) as bench:
        assert bench.app.screen.query_one("#too-small").display is not shown
        assert bench.app.screen.query_one("#panes").display is shown


async def test_zoom_gives_a_pane_the_screen_and_takes_it_back(deck):
    async with deck() as bench:
        pane = bench.app.screen.query_one("#memory")
        await bench.press("3", "z")
        assert pane.size.width > 110
        assert not bench.app.screen.query_one("#fuses").display
        await bench.press("z")
        assert pane.size.width < 50
        assert bench.app.screen.query_one("#fuses").display


async def test_a_backup_is_taken_compared_and_restored(deck, tmp_path: Path):
    async with deck("sim:?autoreset=no&part=attiny13") as bench:
        chip = bench.machine.target.cells
        chip.flash[:4] = b"\x01\x02\x03\x04"
        await bench.press("v", "n")
        await bench.done()
        screen = bench.app.screen
        assert isinstance(screen, BackupsScreen)
        assert "ATtiny13" in bench.text("#backup-table")
        chip.flash[:4] = b"\x01\x02\x03\xff"
        chip.eeprom[0] = 0x12
        await bench.press("d")
        await bench.done()
        assert "≠ flash" in bench.text("#backup-outcome")
        await bench.press("escape", "r")
        await bench.until(lambda: isinstance(bench.app.screen, AnswerScreen))
        await bench.press("TYPE:yes", "enter")
        await bench.done()
        assert bytes(chip.flash[:4]) == b"\x01\x02\x03\x04"
        assert len(screen.table.listed) == 2, "what was there before the restore was saved"


async def test_a_chip_is_labelled_and_greeted_by_its_label(deck):
    async with deck() as bench:
        await bench.press("i")
        screen = bench.app.screen
        assert isinstance(screen, InventoryScreen)
        await bench.press("l", "TYPE:bench[b]1", "enter")
        await bench.pilot.pause()
        assert "bench[b]1" in bench.text("#chip-table")
        await bench.press("escape", "x")
        await bench.done()
        await bench.press("x")
        await bench.done()
        assert "bench[b]1" in bench.text("#connection-form")
