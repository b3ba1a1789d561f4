import csv
import io
import json
from pathlib import Path

import pytest

from avrdeck.boards.catalog import part
from avrdeck.commands.deck import Deck
from avrdeck.commands.interpreter import Interpreter
from avrdeck.commands.output import TextOutput
from avrdeck.commands.session import Session
from avrdeck.commands.settings import Settings
from avrdeck.jobs.inventory.book import Inventory
from avrdeck.protocol.errors import ExitCode
from avrdeck.protocol.simulator.cells import factory_fresh
from avrdeck.protocol.simulator.target import Target
from avrdeck.protocol.transports.sim import SimTransport
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


OLD = "sim:?autoreset=no&part=at90s8515"


def test_a_chip_without_a_serial_number_is_told_so_once_and_never_greeted(avrdeck: Avrdeck) -> None:
    assert "avrdeck cannot tell it from others like it" in avrdeck("id", "-P", OLD).err
    assert avrdeck("id", "-P", OLD).err == ""
    ran = avrdeck("inventory", "label", "1", "spare parts")
    assert "the label is for all of them" in ran.err
    assert "all of them are labelled “spare parts”" in avrdeck("id", "-P", OLD).err
    assert avrdeck("backup", "--quick", "-P", OLD).status == 0
    shown = avrdeck("inventory", "show", "spare parts").out
    assert "each line is about the one that was on that port" in shown
    assert f".zip, on {OLD}" in shown


def test_the_label_of_one_chip_is_for_nobody_else(avrdeck: Avrdeck) -> None:
    avrdeck("inventory", "add", "-P", PORT)
    assert avrdeck("inventory", "label", "1", "kitchen clock").err == ""
    assert "on sim:" not in avrdeck("inventory", "show", "1").out.partition("last on")[2].partition("\n")[2]


@pytest.mark.parametrize("arguments", [["id"], ["write", "eeprom", "FILE"]])
def test_what_a_bootloader_hides_is_noted_of_nobody(
    avrdeck: Avrdeck, arguments: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "eeprom.bin"
    file.write_bytes(b"\x01\x02")
    words = [str(file) if word == "FILE" else word for word in arguments]
    dialect = "optiboot" if words == ["id"] else "atmegaboot"
    assert avrdeck(*words, "-P", f"sim:?dialect={dialect}", "--yes").status == 0
    assert avrdeck("inventory", "list", "--json").json["chips"] == []


async def test_another_chip_on_an_open_connection_has_its_own_history() -> None:
    errors = io.StringIO()
    deck = Deck(Settings(port="sim:?autoreset=no"), TextOutput(io.StringIO(), errors), Session(keep=True))
    console = Interpreter(deck)
    await console.run_line("connect")
    programmer = deck.session.programmer
    assert programmer
    assert isinstance(programmer.link.transport, SimTransport)
    await programmer.leave()
    other = factory_fresh(part("ATmega328P"), seed=2)
    other.fuses["lfuse"] = 0xE2
    programmer.link.transport.machine.firmware.target = Target(other)
    async with deck.target():
        assert programmer.fuses == {}, "nothing is known of the fuses of this one"
    await console.run_line("fuses")
    await console.run_line("id")
    await deck.session.disconnect()
    with Inventory() as inventory:
        second, first = inventory.chips()
        noted = {
            known.id: [each.data["lfuse"] for each in inventory.history(known.id)]
            for known in (first, second)
        }
    assert noted == {first.id: [0x62], second.id: [0xE2]}
    assert errors.getvalue().count("is new here") == 2
