from pathlib import Path

import pytest

from avrdeck.boards.images import Format, save
from avrdeck.protocol.simulator import state
from commands.conftest import Avrdeck
from jobs.uploads import sketch


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVRDECK_DATA", str(tmp_path / "data"))


def chip(path: Path) -> bytes:
    return bytes(state.load(path).cells.flash[:1500])


def test_a_sketch_goes_through_the_bootloader(avrdeck: Avrdeck, blink: Path, tmp_path: Path) -> None:
    port = f"sim:?dialect=optiboot&state={tmp_path / 'chip.json'}"
    ran = avrdeck("upload", blink, "-P", port)
    assert ran.status == 0, ran.err
    assert "1500 bytes verified\n12 of 12 pages written through Optiboot" in ran.out
    assert chip(tmp_path / "chip.json") == sketch(1500).segments[0].data
    again = avrdeck("upload", blink, "--delta", "--json", "-P", port)
    assert (again.json["pages_written"], again.json["pages"]) == (0, 12)


def test_a_board_says_part_speed_and_room(avrdeck: Avrdeck, tmp_path: Path) -> None:
    long = tmp_path / "long.hex"
    save(sketch(30_800), long, Format.HEX)
    ran = avrdeck("upload", long, "--board", "nano", "-P", "sim:?dialect=optiboot")
    assert ran.status == 2
    assert "begins at 0x7800" in ran.err
    wrong = avrdeck("upload", long, "--board", "mega:cpu=atmega2560", "-P", "sim:?dialect=optiboot")
    assert wrong.status == 7
    assert "ATmega2560" in wrong.err


def test_a_countdown_says_when_to_press(avrdeck: Avrdeck, blink: Path) -> None:
    ran = avrdeck(
        "upload", blink, "--reset", "manual", "-b", 115200, "-P", "sim:?dialect=optiboot&autoreset=no"
    )
    assert ran.status == 4
    expected = [f"press the reset button in {seconds} s" for seconds in (3, 2, 1)]
    found = [line.strip() for line in ran.err.splitlines() if "press the reset" in line]
    assert found == [*expected, "press the reset button now"]
    assert "too early or too late" in ran.err


def test_a_break_resets_where_dtr_does_not(avrdeck: Avrdeck, blink: Path) -> None:
    port = "sim:?dialect=optiboot&autoreset=break"
    assert avrdeck("upload", blink, "--reset", "break", "-P", port).status == 0
    refused = avrdeck("upload", blink, "-P", port)
    assert refused.status == 4
    assert "doctor" in refused.err


def test_over_isp_the_erase_is_asked_for(avrdeck: Avrdeck, blink: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.hex"
    save(sketch(1500, seed=8), other, Format.HEX)
    port = f"sim:?autoreset=no&part=atmega168&state={tmp_path / 'chip.json'}"
    assert avrdeck("upload", other, "--isp", "-P", port).status == 0
    refused = avrdeck("upload", blink, "--isp", "-P", port)
    assert refused.status == 10
    assert "EEPROM goes too" in refused.err
    assert chip(tmp_path / "chip.json") == sketch(1500, seed=8).segments[0].data
    done = avrdeck("upload", blink, "--isp", "--yes", "-P", port)
    assert done.status == 0
    assert "the chip was erased first\nwhat it held before is in ATmega168-" in done.out
    assert chip(tmp_path / "chip.json") == sketch(1500).segments[0].data
    assert "blink.hex" in avrdeck("inventory", "show", 1).out


def test_the_wrong_kind_of_firmware_is_told(avrdeck: Avrdeck, blink: Path) -> None:
    assert "--isp" in avrdeck("upload", blink, "-P", "sim:?autoreset=no").err
    through = avrdeck("upload", blink, "--isp", "-b", 115200, "-P", "sim:?dialect=optiboot")
    assert through.status == 2
    assert "Upload without --isp" in through.err
