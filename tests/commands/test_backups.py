import json
import os
import sys
from pathlib import Path

import pytest

from avrdeck.protocol.errors import ExitCode
from commands.conftest import Avrdeck

PORT = "sim:?autoreset=no"


@pytest.fixture
def chip(tmp_path: Path) -> str:
    """A virtual chip that keeps its state from command to command."""
    return f"{PORT}&part=attiny13&state={tmp_path / 'chip.json'}"


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AVRDECK_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    file = tmp_path / "app.bin"
    file.write_bytes(bytes(range(200)))
    return file


def test_backup_erase_restore_brings_the_chip_back(avrdeck: Avrdeck, chip: str, app: Path) -> None:
    assert avrdeck("write", "flash", app, "-P", chip).status == 0
    saved = avrdeck("backup", "-P", chip, "--label", "good one", "--json").json
    assert saved["full"]
    assert saved["label"] == "good one"
    assert "-good-one-" in saved["file"]
    assert avrdeck("erase", "-P", chip, "--yes").status == 0
    ran = avrdeck("restore", saved["id"], "-P", chip, "--yes", "--json")
    assert ran.status == 0
    assert ran.json["erased"]
    assert avrdeck("verify", "flash", app, "-P", chip).status == 0
    assert avrdeck("restore", "-P", chip, "--yes").status == 0
    assert avrdeck("verify", "flash", app, "-P", chip).status == ExitCode.VERIFY


def test_the_same_content_is_saved_once(avrdeck: Avrdeck, chip: str, data: Path) -> None:
    first = avrdeck("backup", "-P", chip, "--json").json
    again = avrdeck("backup", "-P", chip, "--json").json
    assert (first["already_there"], again["already_there"]) == (False, True)
    assert first["file"] == again["file"]
    assert len(list((data / "backups").iterdir())) == 1
    labelled = avrdeck("backup", "-P", chip, "--label", "clock", "--json").json
    assert (labelled["already_there"], labelled["label"]) == (False, "clock")
    assert avrdeck("backup", "-P", chip, "--label", "clock", "--json").json["already_there"]


def test_a_backup_goes_where_it_is_told(avrdeck: Avrdeck, chip: str, tmp_path: Path) -> None:
    folder = tmp_path / "my backup"
    assert avrdeck("backup", "-o", folder, "-P", chip).status == 0
    assert json.loads((folder / "manifest.json").read_text())["part"] == "ATtiny13"
    ran = avrdeck("backup", "-o", folder, "-P", chip)
    assert ran.status == ExitCode.INPUT
    assert "exists already" in ran.err
    assert "save " not in ran.err, "the chip was read for nothing"
    assert avrdeck("backups", "show", folder, "--json").json["part"] == "ATtiny13"


def test_the_list_shows_good_and_bad(avrdeck: Avrdeck, chip: str, data: Path) -> None:
    assert "There is none" in avrdeck("backups", "list").out
    full = avrdeck("backup", "-P", chip, "--json").json["id"]
    quick = avrdeck("backup", "--quick", "-P", chip, "--json").json["id"]
    (data / "backups" / "bad\x1b[2J.zip").write_bytes(b"")
    text = avrdeck("backups", "list").out
    assert f"{full}  " in text
    assert "quick  ATtiny13" in text
    assert "no zip file" in text
    assert "\x1b" not in text
    listed = avrdeck("backups", "list", "--json").json["backups"]
    assert {each.get("id") for each in listed} == {full, quick, None}


def test_show_checks_every_byte(avrdeck: Avrdeck, chip: str, tmp_path: Path) -> None:
    folder = tmp_path / "b"
    avrdeck("backup", "-o", folder, "-P", chip)
    ran = avrdeck("backups", "show", folder)
    assert "flash 1024" in ran.out
    assert "lfuse 6A  hfuse FF  lock FF" in ran.out
    flash = folder / "flash.hex"
    flash.write_bytes(flash.read_bytes()[:-13])
    ran = avrdeck("backups", "show", folder)
    assert ran.status == ExitCode.INPUT
    assert "flash.hex" in ran.err


def test_compare_with_another_and_with_the_chip(avrdeck: Avrdeck, chip: str, app: Path) -> None:
    first = avrdeck("backup", "-P", chip, "--json").json["id"]
    assert avrdeck("backups", "compare", first, "-P", chip, "--json").json["equal"]
    avrdeck("write", "flash", app, "-P", chip)
    second = avrdeck("backup", "-P", chip, "--json").json["id"]
    for other in ([second], ["-P", chip]):
        ran = avrdeck("backups", "compare", first, *other)
        assert ran.status == 0
        assert "flash   200 bytes differ, at 0x0000-0x00C7" in ran.out
        assert "the same chip" in ran.out
        found = avrdeck("backups", "compare", first, *other, "--json").json
        assert found["memories"]["flash"]["ranges"] == [[0, 200]]
        assert not found["equal"]


def test_a_dry_run_explains_and_writes_nothing(avrdeck: Avrdeck, chip: str, app: Path) -> None:
    saved = avrdeck("backup", "-P", chip, "--json").json
    avrdeck("write", "flash", app, "-P", chip)
    ran = avrdeck("restore", saved["id"], "--dry-run", "-P", chip)
    assert "erase the chip" in ran.err
    assert "Nothing was written" in ran.out
    assert not avrdeck("restore", saved["id"], "--dry-run", "-P", chip, "--json").json["written"]
    assert avrdeck("verify", "flash", app, "-P", chip).status == 0


def test_restore_asks_and_only_does_what_it_is_told(avrdeck: Avrdeck, chip: str, app: Path) -> None:
    saved = avrdeck("backup", "-P", chip, "--json").json
    avrdeck("write", "flash", app, "-P", chip)
    ran = avrdeck("restore", saved["id"], "-P", chip)
    assert ran.status == ExitCode.REFUSED
    assert "--yes" in ran.err
    ran = avrdeck("restore", saved["id"], "--only", "eeprom", "-P", chip, "--yes", "--json")
    assert (ran.json["erased"], ran.json["eeprom_bytes"]) == (False, 0)
    assert avrdeck("verify", "flash", app, "-P", chip).status == 0


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["restore", "nothing", "-P", "/nowhere"], ExitCode.USAGE, "There is no backup"),
        (["restore", "-P", PORT], ExitCode.USAGE, "no full backup"),
        (["backups", "show", "nothing"], ExitCode.USAGE, "There is no backup"),
        (["backups"], ExitCode.USAGE, "list"),
        (["backup", "-P", f"{PORT}&target=none"], ExitCode.TARGET, "MISO"),
    ],
)
def test_each_fault_has_its_message(
    avrdeck: Avrdeck, arguments: list[str], status: ExitCode, says: str
) -> None:
    ran = avrdeck(*arguments)
    assert ran.status == status
    assert says in ran.err + ran.out
    assert "Traceback" not in ran.err


def test_the_wrong_part_is_found_out_before_the_wire_is_touched(
    avrdeck: Avrdeck, chip: str, tmp_path: Path
) -> None:
    file = tmp_path / "b.zip"
    avrdeck("backup", "-o", file, "-P", chip)
    ran = avrdeck("restore", file, "-p", "m328p", "-P", "/nowhere")
    assert ran.status == ExitCode.USAGE
    assert "is of an ATtiny13, not of an ATmega328P" in ran.err
    ran = avrdeck("restore", file, "-P", PORT, "--yes")
    assert ran.status == ExitCode.SIGNATURE


def test_an_inventory_that_cannot_be_used_does_not_stop_a_backup(
    avrdeck: Avrdeck, chip: str, data: Path
) -> None:
    data.mkdir()
    (data / "inventory.sqlite").write_text("mine, no database")
    ran = avrdeck("backup", "-P", chip)
    assert ran.status == 0
    assert "The inventory was not updated" in ran.err
    assert (data / "inventory.sqlite").read_text() == "mine, no database"


@pytest.mark.skipif(sys.platform != "linux", reason="file names are text there")
def test_a_file_name_that_is_no_text_is_noted_all_the_same(
    avrdeck: Avrdeck, chip: str, tmp_path: Path
) -> None:
    path = tmp_path / os.fsdecode(b"b\xff.zip")
    assert avrdeck("backup", "-o", path, "-P", chip).status == 0
    assert r"b\udcff.zip" in avrdeck("inventory", "show", "1").out
