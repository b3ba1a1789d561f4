"""Names of files, completed as they are typed."""

from pathlib import Path

import pytest
from textual.widgets import Input

from avrdeck.boards import images
from avrdeck.boards.images import Image
from avrdeck.tui.pathsuggester import PathSuggester
from avrdeck.tui.screens.upload import UploadScreen

HEX = frozenset({".hex"})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch) -> Path:
    for name in ("blink.hex", "blink.elf", "Blink.HEX", ".hidden.hex", "bl\x1b[2Jink.hex", "build"):
        (tmp_path / name).mkdir() if name == "build" else (tmp_path / name).write_bytes(b"")
    (tmp_path / "build" / "app.hex").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "suggested"),
    [
        ("bl", "blink.hex"),
        ("B", "Blink.HEX"),
        ("bu", "build/"),
        ("build", "build/"),
        ("build/", "build/app.hex"),
        ("~/bu", "~/build/"),
        (".h", ".hidden.hex"),
        ("blink.hex", None),
        ("x", None),
        ("none/x", None),
        ("", None),
        ("\0", None),
        ("~nobody-of-that-name/x", None),
    ],
)
async def test_what_is_typed_is_completed(folder, typed, suggested):
    assert await PathSuggester(HEX).get_suggestion(typed) == suggested


async def test_a_whole_path_is_completed(folder):
    assert await PathSuggester(HEX).get_suggestion(f"{folder}/bui") == f"{folder}/build/"


async def test_without_suffixes_any_file_is(folder):
    assert await PathSuggester().get_suggestion("blink.e") == "blink.elf"


async def test_tab_takes_the_suggestion(deck, folder):
    images.save(Image.of(b"\x01\x02"), folder / "build" / "app.hex")
    async with deck("sim:?autoreset=no&part=attiny85") as bench:
        await bench.press("2", "U", "f", "TYPE:bu", "tab")
        line = bench.app.screen.query_one(Input)
        await bench.until(lambda: line.value == "build/")
        assert line.has_focus
        await bench.press("tab")
        await bench.until(lambda: line.value == "build/app.hex")
        await bench.press("tab", "enter")
        assert isinstance(bench.app.screen, UploadScreen)
        assert "app.hex  2 B" in bench.text("#job-sheet")
