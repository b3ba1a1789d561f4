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
        place = {"memory": "eeprom", "address": 16, "data": text.hex().upper()}
        assert ran.json == {"serial_number": text.decode(), **place}
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


def test_a_refused_place_uses_no_number(avrdeck: Avrdeck, chip: str, data: Path) -> None:
    avrdeck("serial", "eeprom", "--at", "8", "--bytes", "DE", "-P", chip)
    assert avrdeck("serial", "eeprom", "--at", "8", "--number", "-P", chip).status == ExitCode.REFUSED
    assert not (data / "counters").exists()


@pytest.fixture
def blink(tmp_path: Path) -> Path:
    file = tmp_path / "blink.hex"
    file.write_text(BLINK)
    return file


def test_what_is_written_gets_a_number_and_the_file_stays(avrdeck: Avrdeck, chip: str, blink: Path) -> None:
    arguments = ["write", "flash", blink, "--serial", "number", "--serial-at", "0x3FC", "-P", chip, "--yes"]
    ran = avrdeck(*arguments, "-e", "--json")
    assert ran.json["serial_number"] == "1"
    assert ran.json["stamp"] == {"memory": "flash", "address": 0x3FC, "data": "01000000"}
    assert "serial number 2 (02 00 00 00) at 0x03FC of flash" in avrdeck(*arguments, "-e").out
    assert blink.read_text() == BLINK
    assert "02 00 00 00" in avrdeck("dump", "flash", "0x3FC", "4", "-P", chip).out
    assert avrdeck("verify", "flash", blink, "-P", chip).status == 0
    assert "write    blink.hex, serial number 2" in avrdeck("inventory", "show", "1").out
    again = avrdeck(*arguments)
    assert again.status == ExitCode.REFUSED
    assert "The chip has data at 0x03FC of flash: 02 00 00 00" in again.err
    assert "serial number 3" in avrdeck(*arguments, "-e").out


def test_eeprom_is_numbered_over_data_only_when_told(avrdeck: Avrdeck, chip: str, blink: Path) -> None:
    avrdeck("serial", "eeprom", "--at", "0x20", "--bytes", "EE", "-P", chip)
    arguments = ["write", "eeprom", blink, "--serial", "uuid", "--serial-at", "eeprom:0x11", "-P", chip]
    assert avrdeck(*arguments).status == ExitCode.REFUSED
    done = avrdeck(*arguments, "--serial-overwrite", "--json").json
    held = eeprom(avrdeck, chip)
    assert held[:4] == bytes.fromhex("00C0FDCF")
    assert held[0x11:0x21] == bytes.fromhex(done["stamp"]["data"])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--serial", "number"], "where the serial number goes"),
        (["--serial-at", "8"], "which serial number is meant"),
        (["--serial", "number", "--serial-at", "eeprom:8"], "flash is written"),
        (["--serial", "number", "--serial-at", "0x3FD"], "outside the ATtiny13"),
    ],
)
def test_a_number_that_cannot_be_written_is_refused(
    avrdeck: Avrdeck, chip: str, blink: Path, options: list[str], says: str
) -> None:
    ran = avrdeck("write", "flash", blink, *options, "-e", "-P", chip, "--yes")
    assert ran.status == ExitCode.USAGE
    assert says in ran.err


def test_a_file_with_data_in_the_place_is_refused(avrdeck: Avrdeck, chip: str, blink: Path) -> None:
    ran = avrdeck("write", "flash", blink, "--serial", "uuid", "--serial-at", "2", "-e", "-P", chip, "--yes")
    assert ran.status == ExitCode.REFUSED
    assert "blink.hex has data at 0x0002" in ran.err


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
