"""The wishes of 2015, as a user types them, and what the guard holds back."""

from pathlib import Path

import pytest

from avrdeck.protocol.errors import ExitCode
from commands.conftest import Avrdeck

PORT = "sim:?autoreset=no"
PB = f"{PORT}&part=atmega328pb&seed=7"


@pytest.fixture
def chip(tmp_path: Path) -> str:
    return f"{PORT}&state={tmp_path / 'chip.json'}"


def answers(avrdeck: Avrdeck, *words: str, port: str = PORT) -> bytes:
    ran = avrdeck("isp", *words, "-P", port, "--json")
    assert ran.status == 0, ran.err
    return bytes.fromhex("".join(each["received"] for each in ran.json["exchanges"]))


def test_the_three_signature_bytes(avrdeck: Avrdeck) -> None:
    assert answers(avrdeck, "30", "00", "{0..2}", "00") == bytes.fromhex("1e950f")
    assert answers(avrdeck, "30", "00", "{0..2}", "00", port=PB) == bytes.fromhex("1e9516")


def test_the_calibration_byte(avrdeck: Avrdeck) -> None:
    cal = avrdeck("cal", "-P", PORT, "--json").json["calibration"]
    assert answers(avrdeck, "38", "00", "00", "00") == bytes(cal)


@pytest.mark.parametrize("port", [PORT, PB])
def test_the_unique_id_in_bytes_14_to_23_of_the_row(avrdeck: Avrdeck, port: str) -> None:
    even = answers(avrdeck, "30", "00", "{7..B}", "00", port=port)
    odd = answers(avrdeck, "38", "00", "{7..B}", "00", port=port)
    row = bytes(byte for pair in zip(even, odd, strict=True) for byte in pair)
    assert avrdeck("uid", "-P", port, "--json").json["uid"] == row.hex()


def test_the_signature_row_as_a_table(avrdeck: Avrdeck) -> None:
    ran = avrdeck("isp", "{30,38}", "00", "{0..F}", "00", "-P", PORT)
    lines = ran.out.splitlines()
    assert lines[0].split() == [f"{n:02X}" for n in range(16)]
    assert lines[1].startswith("30 00 00 00   1E 95 0F")
    assert lines[2].startswith("38 00 00 00")


def test_answers_go_raw_into_a_file(avrdeck: Avrdeck, tmp_path: Path) -> None:
    file = tmp_path / "sig.bin"
    assert avrdeck("isp", "30", "00", "{0..2}", "00", "-P", PORT, "-o", file).status == 0
    assert file.read_bytes() == bytes.fromhex("1e950f")


def test_an_exchange_shows_bytes_meaning_and_time(avrdeck: Avrdeck) -> None:
    out = avrdeck("isp", "58", "08", "00", "00", "-P", PORT).out
    assert "58 08 00 00 → D9" in out
    assert "read hfuse" in out
    assert "ms" in out


def test_repetition_ends_with_the_answer_wanted(avrdeck: Avrdeck) -> None:
    ran = avrdeck("isp", "30", "00", "00", "00", "until", "=1E", "-P", PORT, "--json")
    assert len(ran.json["exchanges"]) == 1
    ran = avrdeck("isp", "30", "00", "00", "00", "repeat", "3", "every", "500ms", "-P", PORT, "--json")
    assert len(ran.json["exchanges"]) == 3


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["isp", "AC", "80", "00", "00"], ExitCode.REFUSED),
        (["isp", "AC", "A0", "00", "E2"], ExitCode.REFUSED),
        (["isp", "AC", "A8", "00", "59", "--yes"], ExitCode.REFUSED),
        (["isp", "AC", "A8", "00", "59", "--force-fatal", "ATmega328"], ExitCode.REFUSED),
        (["stk", "56", "AC", "A0", "00", "E2"], ExitCode.REFUSED),
        (["stk", "64", "00", "02", "'F'", "00", "00"], ExitCode.REFUSED),
        (["stk", "--verbatim", "56", "AC", "80", "00", "00", "20"], ExitCode.REFUSED),
        (["stk", "--verbatim", "30"], ExitCode.OK),
        (["isp", "AC", "A0", "00"], ExitCode.USAGE),
        (["stk", "41"], ExitCode.USAGE),
        (["stk", "41", "81", "20"], ExitCode.USAGE),
        (["stk", "40", "89", "03"], ExitCode.USAGE),
        (["stk", "99"], ExitCode.USAGE),
        (["stk", "74", "00", "10", "58"], ExitCode.USAGE),
    ],
)
def test_what_could_harm_is_not_sent(avrdeck: Avrdeck, chip: str, words: list[str], status: ExitCode) -> None:
    assert avrdeck(*words, "-P", chip).status == status
    assert avrdeck("id", "-P", chip, "--json").json["fuses"] == {
        "lfuse": 0x62, "hfuse": 0xD9, "efuse": 0xFF, "lock": 0xFF,
    }  # fmt: skip


def test_a_confirmed_raw_fuse_write_is_carried_out(avrdeck: Avrdeck, chip: str) -> None:
    ran = avrdeck("isp", "AC", "A4", "00", "FD", "-P", chip, "--yes")
    assert ran.status == 0, ran.err
    assert avrdeck("id", "-P", chip, "--json").json["fuses"]["efuse"] == 0xFD


def test_a_fatal_one_wants_the_name(avrdeck: Avrdeck, chip: str) -> None:
    ran = avrdeck("isp", "AC", "A8", "00", "59", "-P", chip, "--force-fatal", "ATmega328P")
    assert ran.status == 0, ran.err
    assert avrdeck("id", "-P", chip).status == ExitCode.TARGET


def test_without_a_known_chip_reading_goes_on_and_writing_does_not(avrdeck: Avrdeck) -> None:
    port = f"{PORT}&target=none"
    assert avrdeck("isp", "30", "00", "00", "00", "-P", port).status == 0
    ran = avrdeck("isp", "AC", "80", "00", "00", "-P", port, "--yes")
    assert ran.status == ExitCode.REFUSED
    assert "not known" in ran.err


def test_stk_knows_the_firmwares_version(avrdeck: Avrdeck) -> None:
    ran = avrdeck("stk", "41", "{80..82}", "-P", PORT)
    assert "GET_PARAMETER SW_MINOR: 12" in ran.out
    assert "14 1E 95 0F 10" in avrdeck("stk", "75", "-P", PORT).out


def test_verbatim_shows_how_the_sketch_loses_step(avrdeck: Avrdeck) -> None:
    ran = avrdeck("stk", "--verbatim", "40", "84", "32", "20", "-P", PORT, "--yes", "--json")
    assert ran.json["exchanges"][0]["received"] == "1512"


def test_both_data_lines_are_shown_as_far_as_they_are_known(avrdeck: Avrdeck) -> None:
    out = avrdeck("isp", "30", "00", "00", "00", "--as", "wire", "-P", PORT).out
    assert out.splitlines()[0] == "MOSI 30 00 00 00"
    assert out.splitlines()[1].startswith("MISO -- -- -- 1E")
