import csv
import json
from pathlib import Path

import pytest

from avrdeck.protocol.errors import ExitCode
from commands.conftest import Avrdeck

PORT = "sim:?autoreset=no&part=attiny13"


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AVRDECK_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def test_a_chip_is_added_labelled_and_greeted(avrdeck: Avrdeck) -> None:
    assert "No chip has been seen yet" in avrdeck("inventory", "list").out
    ran = avrdeck("inventory", "add", "--label", "kitchen clock", "-P", PORT)
    assert "is new here" in ran.err
    assert "“kitchen clock”" in ran.out
    assert "“kitchen clock”, ATtiny13" in avrdeck("backup", "--quick", "-P", PORT).err
    assert avrdeck("inventory", "list", "--json").json["chips"][0]["sightings"] == 2


def test_another_chip_is_another_entry(avrdeck: Avrdeck) -> None:
    for seed in (1, 2, 1):
        assert avrdeck("inventory", "add", "-P", f"{PORT}&seed={seed}").status == 0
    assert len(avrdeck("inventory", "list", "--json").json["chips"]) == 2


def test_label_and_note_are_shown_with_the_history(avrdeck: Avrdeck) -> None:
    avrdeck("inventory", "add", "-P", PORT)
    assert avrdeck("inventory", "label", "1", "kitchen clock").status == 0
    assert avrdeck("inventory", "note", "kitchen clock", "crystal\x1b[2J replaced").status == 0
    avrdeck("backup", "--quick", "-P", PORT)
    text = avrdeck("inventory", "show", "Kitchen clock").out
    assert "crystal\\x1b[2J replaced" in text
    assert "fuses    lfuse 6A  hfuse FF  lock FF" in text
    assert "backup   ATtiny13-" in text
    shown = avrdeck("inventory", "show", "1", "--json").json
    assert [each["kind"] for each in shown["history"]] == ["fuses", "backup"]
    assert avrdeck("inventory", "label", "1", "", "--json").json["label"] == ""


def test_a_label_names_the_backups_of_its_chip(avrdeck: Avrdeck) -> None:
    avrdeck("inventory", "add", "--label", "../kitchen/clock", "-P", PORT)
    saved = avrdeck("backup", "--quick", "-P", PORT, "--json").json
    assert saved["label"] == "../kitchen/clock"
    assert Path(saved["file"]).name.startswith("ATtiny13-kitchen-clock-")


def test_export_to_the_screen_and_to_a_file(avrdeck: Avrdeck, tmp_path: Path) -> None:
    avrdeck("inventory", "add", "--label", "=cmd|' /C calc'!A0", "-P", PORT)
    (row,) = csv.DictReader(avrdeck("inventory", "export", "csv").out.splitlines())
    assert row["label"] == "'=cmd|' /C calc'!A0"
    whole = json.loads(avrdeck("inventory", "export", "json").out)
    assert whole["chips"][0]["label"] == "=cmd|' /C calc'!A0"
    assert whole["chips"][0]["history"]
    assert avrdeck("inventory", "export", "json", "--json").json == whole
    file = tmp_path / "chips.csv"
    assert avrdeck("inventory", "export", "csv", "-o", file).status == 0
    assert file.read_bytes().count(b"\r\n") == 2
    assert avrdeck("inventory", "export", "json", "-o", file).status == ExitCode.REFUSED
    assert avrdeck("inventory", "export", "json", "-o", file, "--yes").status == 0
    assert json.loads(file.read_text()) == whole
    ran = avrdeck("inventory", "export", "csv", "-o", tmp_path / "none" / "x.csv")
    assert ran.status == ExitCode.INPUT


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["show", "nobody"], "No chip is called"),
        (["label", "7", "x"], "No chip is called"),
        (["export", "xml"], "xml"),
    ],
)
def test_what_is_not_there_is_told(avrdeck: Avrdeck, arguments: list[str], says: str) -> None:
    ran = avrdeck("inventory", *arguments)
    assert ran.status == ExitCode.USAGE
    assert says in ran.err
