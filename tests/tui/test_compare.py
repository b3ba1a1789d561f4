"""Memories beside backups and files, backups beside each other, and what is done to backups."""

import shutil
import zipfile
from pathlib import Path

import pytest

from avrdeck.boards import images
from avrdeck.boards.images import Image
from avrdeck.jobs.backup import files
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.inventory.book import Inventory
from avrdeck.tui.screens.answer import AnswerScreen
from avrdeck.tui.screens.backups import BackupsScreen
from avrdeck.tui.screens.confirm import ConfirmScreen
from avrdeck.tui.screens.deck import DeckScreen
from avrdeck.tui.screens.fault import FaultScreen
from avrdeck.tui.screens.hexview import HexScreen
from jobs.backups import a_backup

TINY = "sim:?autoreset=no&part=attiny13"
OLD = bytes(range(64))


async def saved(bench) -> BackupsScreen:
    """The screen of backups with one of a chip whose flash begins with `OLD`."""
    chip = bench.machine.target.cells
    chip.flash[: len(OLD)] = OLD
    chip.eeprom[:2] = b"me"
    await bench.press("v", "n")
    await bench.done()
    screen = bench.app.screen
    assert isinstance(screen, BackupsScreen)
    assert len(screen.table.listed) == 1
    return screen


def said(bench) -> str:
    """The lower half of the screen of backups, without its layout."""
    return " ".join(bench.text("#backup-outcome").split())


# -- the hex view ---------------------------------------------------------


async def test_a_memory_is_compared_with_a_backup_from_the_list(deck):
    async with deck(TINY) as bench:
        await saved(bench)
        bench.machine.target.cells.flash[5:8] = b"\xff\xff\xff"
        await bench.press("escape", "r")
        await bench.done()
        await bench.press("3", "enter", "d")
        await bench.until(lambda: bench.app.screen.query("#options"))
        assert "this chip" in bench.text("#options")
        await bench.press("enter")
        screen = bench.app.screen
        await bench.until(lambda: isinstance(bench.app.screen, HexScreen))
        screen = bench.app.screen
        await bench.until(lambda: screen.model.differing)
        assert screen.model.differing == ((5, 8),)
        assert screen.grid.cursor == 5, "where it begins to differ"
        assert "1 range, 3 B" in bench.text("#hex-side")
        assert "0005-0007" in bench.text("#hex-side")
        assert "≠ 3 B in 1 range" in bench.text("#status")
        assert "against backup " in bench.text("#status")


async def test_a_comparison_can_be_ended(deck, tmp_path: Path):
    images.save(Image.of(b"\x01\x02"), tmp_path / "other.hex")
    async with deck(TINY) as bench:
        await bench.press("r")
        await bench.done()
        await bench.press("3", "enter", "d", f"TYPE:{tmp_path / 'other.hex'}", "enter")
        screen = bench.app.screen
        assert isinstance(screen, HexScreen)
        assert screen.model.different_bytes == 2
        await bench.press("d", "TYPE:nothing", "enter")
        assert screen.model.other is None
        assert not screen.model.differing
        assert bench.session.maps["flash"].other is None


async def test_the_differences_are_walked_and_counted_where_there_is_one_column(deck, tmp_path: Path):
    other = bytearray(1024)
    images.save(Image.of(bytes(other)), tmp_path / "other.hex")
    async with deck(TINY, size=(80, 24)) as bench:
        bench.machine.target.cells.flash[:] = bytes(1024)
        bench.machine.target.cells.flash[0x20] = 1
        bench.machine.target.cells.flash[0x40:0x44] = b"\x02\x03\x04\x05"
        await bench.press("r")
        await bench.done()
        await bench.press("3", "enter", "d", f"TYPE:{tmp_path / 'other.hex'}", "enter")
        screen = bench.app.screen
        assert screen.grid.cursor == 0x20
        assert "≠ 1 of 2  01 here, 00 there" in bench.text("#hex-foot")
        await bench.press("right_square_bracket")
        assert screen.grid.cursor == 0x40
        assert "≠ 2 of 2" in bench.text("#hex-foot")
        await bench.press("left_square_bracket", "left_square_bracket")
        assert screen.grid.cursor == 0x40, "round the end"


async def test_the_map_says_what_a_memory_differs_from(deck, tmp_path: Path):
    images.save(Image.of(b"\x01\x02"), tmp_path / "other[b].hex")
    async with deck(TINY) as bench:
        await bench.press("r")
        await bench.done()
        await bench.press("3", "d", f"TYPE:{tmp_path}/other", "left_square_bracket", "b")
        await bench.press("right_square_bracket", "TYPE:.hex", "enter")
        assert isinstance(bench.app.screen, DeckScreen)
        shown = " ".join(bench.text("#memory-map").split())
        assert "differs in 1 of 32 pages from other[b].hex" in shown


async def test_the_end_of_typing_over_is_escape_as_the_screen_says(deck):
    async with deck(TINY) as bench:
        await bench.press("r")
        await bench.done()
        await bench.press("3", "enter", "e")
        assert "esc ends" in bench.app.screen.query_one("#hex-pane").subtitle
        await bench.press("e", "e")
        assert bench.app.screen.model.staged == {0: 0xEE}
        await bench.press("escape")
        assert isinstance(bench.app.screen, HexScreen)
        assert not bench.app.screen.grid.editing


# -- the screen of backups ------------------------------------------------


async def test_two_backups_are_compared_and_their_difference_opened(deck):
    async with deck(TINY) as bench:
        await saved(bench)
        chip = bench.machine.target.cells
        chip.flash[4], chip.flash[8:10] = 0xAA, b"\xbb\xbb"
        chip.fuses["hfuse"] = 0xFD
        await bench.press("n")
        await bench.done()
        screen = bench.app.screen
        assert len(screen.table.listed) == 2
        first, second = (files.load(screen.table.listed[at].path).memories["hfuse"][0] for at in (1, 0))
        await bench.press("down", "space", "home", "d")
        await bench.until(lambda: screen.detail.outcome.pair)
        told = said(bench)
        assert "3 bytes in 2 ranges: 0004, 0008-0009" in told
        assert f"hfuse {first:02X} → {second:02X}" in told
        assert {first, second} == {0xFF, 0xFD}
        assert "BODLEVEL" in told
        assert "of the same chip" in told
        assert "✓ eeprom same" in told
        await bench.press("enter")
        await bench.pilot.pause()
        hexview = bench.app.screen
        assert isinstance(hexview, HexScreen)
        assert hexview.model.differing == ((4, 5), (8, 10))
        assert hexview.grid.cursor == 4
        assert hexview.model.source.startswith("backup ")
        await bench.press("e", "TYPE:00", "escape", "w")
        assert bench.app.screen is hexview, "a backup is not written to the chip from here"
        await bench.press("escape", "escape", "escape")
        assert isinstance(bench.app.screen, DeckScreen)
        assert bench.session.maps["flash"].other is None


async def test_the_chip_is_compared_with_a_backup_and_opened(deck):
    async with deck(TINY) as bench:
        await saved(bench)
        bench.machine.target.cells.flash[4] = 0xAA
        await bench.press("d")
        await bench.done()
        assert "≠ flash 1 byte in 1 range: 0004" in said(bench)
        await bench.press("enter")
        await bench.pilot.pause()
        hexview = bench.app.screen
        assert isinstance(hexview, HexScreen)
        assert not hexview.model.source
        assert (hexview.model.data[4], hexview.model.other.read(4, 1)) == (0xAA, b"\x04")
        assert bench.session.maps["flash"].complete, "what was read is on the deck too"


async def test_a_backup_is_deleted_after_a_yes_only(deck):
    async with deck(TINY) as bench:
        screen = await saved(bench)
        path = screen.table.listed[0].path
        for keys in (["x", "n"], ["x", "escape"], ["delete", "enter"]):
            await bench.press(*keys)
            assert path.exists()
        await bench.press("x")
        assert isinstance(bench.app.screen, ConfirmScreen)
        assert "It is the only one of this chip" in bench.text("#question")
        await bench.press("y")
        await bench.done()
        assert not path.exists()
        assert "No backup yet" in bench.text("#backup-table")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_damaged_backup_says_why_and_can_be_deleted(deck, size, tmp_path: Path):
    folder = tmp_path / "data" / "backups"
    folder.mkdir(parents=True)
    (folder / "broken.zip").write_bytes(b"no zip")
    async with deck(TINY, size=size) as bench:
        await bench.press("v")
        assert "It cannot be used: it is no zip file, or a damaged one." in said(bench)
        await bench.press("r", "d", "enter", "space")
        assert isinstance(bench.app.screen, BackupsScreen), "nothing can be done with it"
        await bench.press("x", "y")
        await bench.done()
        assert not list(folder.iterdir())


async def test_a_backup_with_a_changed_byte_is_told_before_it_is_used(deck):
    async with deck(TINY) as bench:
        screen = await saved(bench)
        path = screen.table.listed[0].path
        _change_a_byte(path)
        await bench.press("escape", "v")
        await bench.until(lambda: "cannot be used" in said(bench))
        assert "flash.hex does not hold what its manifest says" in said(bench)
        await bench.press("r")
        await bench.done()
        assert isinstance(bench.app.screen, FaultScreen)


def _change_a_byte(path: Path) -> None:
    """Another flash under the same manifest."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    content["flash.hex"] = images.hexfile.write(Image.of(b"\x55" * 1024))
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)


async def test_what_a_restoring_does_is_told_before_it_is_confirmed(deck):
    async with deck("sim:?autoreset=no&part=atmega88pa&baud=500000") as bench:
        chip = bench.machine.target.cells
        await saved(bench)
        chip.flash[:4] = b"\xff\xff\x00\x00"
        chip.fuses.update(hfuse=chip.fuses["hfuse"] & ~0x08, lock=0xFE)
        await bench.press("r")
        await bench.until(lambda: isinstance(bench.app.screen, AnswerScreen))
        told = " ".join(bench.text("#question-text").split())
        assert "EESAVE is programmed: the erase leaves the EEPROM alone" in told
        assert "The chip is locked (lock FE): the erase unlocks it" in told
        assert "write 8192 bytes of flash" in told
        await bench.press("TYPE:yes", "enter")
        await bench.done()
        if isinstance(bench.app.screen, AnswerScreen):
            await bench.press("enter")
            await bench.done()
        assert bytes(chip.flash[: len(OLD)]) == OLD
        assert "Restored and verified" in said(bench)
        assert bytes(bench.session.maps["flash"].data[: len(OLD)]) == OLD
        with Inventory() as inventory:
            (known,) = inventory.chips()
            assert [each.kind for each in inventory.history(known.id)][-2:] == ["backup", "restore"]


async def test_a_restoring_that_is_not_confirmed_touches_nothing_and_is_no_fault(deck):
    async with deck(TINY) as bench:
        await saved(bench)
        chip = bench.machine.target.cells
        chip.flash[0] = 0xAA
        before = bytes(chip.flash)
        await bench.press("r")
        await bench.until(lambda: isinstance(bench.app.screen, AnswerScreen))
        await bench.press("TYPE:no", "enter")
        await bench.done()
        assert isinstance(bench.app.screen, BackupsScreen)
        assert said(bench) == "Nothing was written."
        assert bytes(chip.flash) == before
        assert len(Store().listing()) == 1


async def test_names_from_files_show_as_text_whatever_is_in_them(deck, tmp_path: Path):
    hostile = "[red]\x1b]0;x\x07\u202eevil\u200b 漢字 e\u0301"
    store = Store(tmp_path / "data" / "backups")
    path = store.add(files.relabelled(a_backup(), "plain"))
    shutil.move(path, path.with_name("[b]x\x1b[31m.zip"))
    (store.folder / "\x1b[2J.zip").write_bytes(b"")
    store.add(a_backup(seed=3, label=hostile))
    async with deck(TINY, size=(200, 60)) as bench:
        await bench.press("v")
        for _ in range(3):
            for sheet in ("#backup-table", "#backup-outcome"):
                shown = bench.text(sheet)
                assert "\x1b" not in shown
                assert "\u202e" not in shown
            await bench.press("down")
        assert "\\x1b[2J.zip" in bench.text("#backup-table")
        await bench.press("x")
        assert "\x1b" not in bench.text("#question")


async def test_without_a_chip_what_is_told_of_a_backup_stays(deck):
    """The keys that need a chip say so; x, which connects on the deck, deletes here."""
    async with deck(TINY) as bench:
        await saved(bench)
        await bench.press("escape", "x")
        await bench.done()
        await bench.press("v")
        await bench.until(lambda: "Chip" in said(bench))
        before = said(bench)
        for key in ("n", "d", "r"):
            await bench.press(key)
            await bench.until(lambda: isinstance(bench.app.screen, FaultScreen))
            assert "Connect it with x on the deck." in bench.text("#fault-text")
            await bench.press("escape")
            assert said(bench) == before
