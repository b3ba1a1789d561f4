"""Broken data files and folders that cannot be written: one modal each, and the app goes on."""

import sqlite3

import pytest

from avrdeck.boards import builtin, catalog, datafile
from avrdeck.tui.screens.deck import DeckScreen
from avrdeck.tui.screens.fault import FaultScreen


@pytest.fixture
def broken(monkeypatch):
    """Breaks data files by the beginning of their names, as an editor does that loses half of them."""
    read = datafile.read_text

    def forget() -> None:
        for cached in (catalog._load, builtin._listings):
            cached.cache_clear()

    def breaking(*prefixes: str) -> None:
        def half(name: str) -> str:
            text = read(name)
            return text[: len(text) // 2] + "\n[[" if name.startswith(prefixes) else text

        monkeypatch.setattr(datafile, "read_text", half)
        forget()

    yield breaking
    monkeypatch.undo()
    forget()


async def close_fault(bench, *words: str) -> None:
    assert isinstance(bench.app.screen, FaultScreen)
    for word in words:
        assert word in bench.text("#fault-text")
    await bench.press("escape")
    assert isinstance(bench.app.screen, DeckScreen)


async def test_a_broken_part_is_told_on_connecting(deck, broken):
    broken("parts/")
    async with deck("sim:?autoreset=no&part=attiny85") as bench:
        await close_fault(bench, "data file", "parts/", "install avrdeck anew")
        await bench.press("2", "space", "x")
        await bench.done()
        assert bench.app.is_running


async def test_a_broken_part_chosen_by_hand_is_told(deck, broken):
    async with deck("/dev/nowhere-at-all") as bench:
        await bench.press("escape")
        broken("parts/")
        await bench.press("p", "TYPE:attiny45", "enter")
        await close_fault(bench, "parts/")
        assert bench.session.part is None


async def test_a_broken_part_named_on_opening_is_told(deck, broken):
    broken("parts/")
    async with deck("/dev/nowhere-at-all", part="attiny45") as bench:
        await bench.press("escape")
        await close_fault(bench, "parts/")


@pytest.mark.parametrize("keys", [("e",), ("b", "b"), ("y", "p")], ids="".join)
async def test_other_broken_files_are_told_where_they_are_needed(deck, broken, keys):
    async with deck() as bench:
        broken("boards", "wiring", "programmers", "parts/")
        told = False
        for key in ("2", *keys, *["escape"] * 4):
            await bench.press(key)
            told = told or isinstance(bench.app.screen, FaultScreen)
        assert told
        assert isinstance(bench.app.screen, DeckScreen)


async def test_hostile_boards_txt_is_survived(deck, monkeypatch, tmp_path):
    core = tmp_path / "home" / ".arduino15" / "packages" / "x" / "hardware" / "avr" / "1.0"
    core.mkdir(parents=True)
    (core / "boards.txt").write_bytes(b"\xff\xfe\x00uno.name=\x1b[2Jx\nuno.menu.=\n=\nmenu.cpu=\x00" * 50)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    async with deck() as bench:
        for key in ("e", "b"):
            await bench.press("2", key)
            await bench.press("escape", "escape")
        assert isinstance(bench.app.screen, DeckScreen)


async def test_folders_that_cannot_be_written_are_told(deck, monkeypatch, tmp_path):
    file = tmp_path / "a-file"
    file.write_text("")
    monkeypatch.setenv("AVRDECK_DATA", str(file / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", str(file / "state"))
    async with deck() as bench:
        await bench.press("escape", "4", "TYPE:sig", "enter")
        await bench.done()
        assert any("1E 95 0F" in line for line in bench.app.deck.console.log_sheet.tail(4))


async def test_an_inventory_that_cannot_be_opened_is_told(deck, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    async with deck() as bench:
        monkeypatch.setattr(sqlite3, "connect", full)
        await bench.press("i")
        assert "No space left on device" in bench.text("#fault-text")
        await bench.press("escape", "escape")
        assert isinstance(bench.app.screen, DeckScreen)
