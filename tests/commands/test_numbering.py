import re
from pathlib import Path

import pytest

from avrdeck.boards.images import load
from avrdeck.protocol.errors import ExitCode
from commands.conftest import Avrdeck

BLINK = ":0400000000C0FDCF70\n:00000001FF\n"


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AVRDECK_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def chip(tmp_path: Path) -> str:
    return f"sim:?autoreset=no&part=attiny13&state={tmp_path / 'chip.json'}"


def eeprom(avrdeck: Avrdeck, chip: str) -> bytes:
    return bytes.fromhex(avrdeck("read", "eeprom", "-P", chip, "--json").json["data"])


def test_chips_get_numbers_one_after_the_other(avrdeck: Avrdeck, chip: str, data: Path) -> None:
    for number, text in ((1, b"SN-000001"), (2, b"SN-000002")):
        options = ["--text", "SN-{counter:6}", "--overwrite"]
        ran = avrdeck("serial", "eeprom", "--at", "0x10", *options, "-P", chip, "--json")
        assert ran.json == {"memory": "eeprom", "address": 16, "data": text.hex().upper()}
        assert eeprom(avrdeck, chip)[16:25] == text
        assert (data / "counters" / "serial").read_text() == f"{number + 1}\n"
    history = avrdeck("inventory", "show", "1", "--json").json["history"]
    assert [each["kind"] for each in history] == ["fuses", "serial", "serial"]


def test_data_in_the_chip_is_respected(avrdeck: Avrdeck, chip: str) -> None:
    assert avrdeck("serial", "eeprom", "--at", "8", "--bytes", "DEADBEEF", "-P", chip).status == 0
    ran = avrdeck("serial", "eeprom", "--at", "9", "--number", "--size", "2", "-P", chip)
    assert ran.status == ExitCode.REFUSED
    assert "AD BE" in ran.err
    assert eeprom(avrdeck, chip)[8:12] == bytes.fromhex("DEADBEEF")


def test_a_template_knows_the_chip(avrdeck: Avrdeck, chip: str) -> None:
    ran = avrdeck("serial", "flash", "--at", "0x20", "--text", "{part}/{uid}", "-P", chip, "--json")
    assert re.fullmatch(r"ATtiny13/[0-9A-Z]{6}(-[0-9A-F]{2}){4}", bytes.fromhex(ran.json["data"]).decode())


def test_a_copy_of_a_file_gets_a_uuid(avrdeck: Avrdeck, tmp_path: Path) -> None:
    source, target = tmp_path / "app.hex", tmp_path / "app-1.hex"
    source.write_text(BLINK)
    arguments = ["serial", "flash", "--at", "0x100", "--uuid", "--file", source, "-o", target]
    first = avrdeck(*arguments, "--json").json
    assert load(target).read(0x100, 16).hex().upper() == first["data"]
    assert source.read_text() == BLINK
    assert avrdeck(*arguments).status == ExitCode.REFUSED
    assert avrdeck(*arguments, "--yes", "--json").json["data"] != first["data"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--at", "0x10"], "exactly one of"),
        (["--at", "0x10", "--uuid", "--number"], "exactly one of"),
        (["--at", "-1", "--uuid"], "begin at 0"),
        (["--at", "zwei", "--uuid"], "no number"),
        (["--at", "0x10", "--bytes", "xyz"], "not hexadecimal"),
        (["--at", "0x10", "--text", "{counter.__class__}"], "brace"),
        (["--at", "0x10", "--uuid", "--file", "x.hex"], "go together"),
        (["--at", "0x38", "--uuid"], "outside the ATtiny13"),
        (["--at", "0x10000", "--uuid"], "outside the ATtiny13"),
    ],
)
def test_what_makes_no_serial_number_is_refused(
    avrdeck: Avrdeck, chip: str, data: Path, arguments: list[str], says: str
) -> None:
    ran = avrdeck("serial", "eeprom", *arguments, "-P", chip)
    assert ran.status == ExitCode.USAGE
    assert says in ran.err
    assert not (data / "counters").exists()
