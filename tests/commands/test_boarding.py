"""``boards`` and ``board``: what a core would burn, and text of a core that means harm."""

from pathlib import Path

import pytest

from avrdeck.boards import boards, builtin
from commands.conftest import Avrdeck
from debian import debian_core

HOSTILE = (
    b"menu.cpu=Pro\x1b]0;owned\x07cessor\n"
    b"evil.name=Evil\x1b[2J \xe2\x80\xae" + b"x" * 3000 + b"\n"
    b"evil.build.mcu=atmega328p\nevil.build.f_cpu=16000000L\n"
    b"evil.bootloader.low_fuses=0xFF\nevil.bootloader.high_fuses={evil}\nevil.evil={evil.more}\n"
    b"evil.evil.more={evil}\nevil.bootloader.extended_fuses=0x1FD\n"
    b"evil.bootloader.file=../../../../../etc/passwd\n"
    b"evil.menu.cpu.one\x9b31m=First\rLine\nevil.menu.cpu.two=Zweit\xe9\n"
    b"wide.name=" + "板".encode() * 200 + b"\nwide.build.mcu=attiny85\nwide.upload.protocol=\x1b[31m\n"
    b"not a property\n=\n"
)


@pytest.fixture
def core(tmp_path: Path) -> Path:
    """A folder with nothing in it but an empty core."""
    (tmp_path / "boards.txt").touch()
    return tmp_path


@pytest.fixture
def hostile(core: Path) -> Path:
    (core / "boards.txt").write_bytes(HOSTILE)
    return core


def test_the_boards_built_in_need_no_core(avrdeck: Avrdeck, core: Path) -> None:
    found = avrdeck("boards", "--core", core, "--json").json["boards"]
    assert {one["id"] for one in found} == {one.id for one in builtin.BOARDS.listings()}
    lines = avrdeck("boards", "--core", core).out.splitlines()
    assert lines[0] == "built in"
    assert "  arduino:avr:uno                     Arduino UNO" in lines
    assert max(map(len, lines)) <= 80


def test_words_filter_and_nothing_found_names_the_nearest(avrdeck: Avrdeck, core: Path) -> None:
    found = avrdeck("boards", "Mega", "adk", "--core", core, "--json").json["boards"]
    assert [one["id"] for one in found] == ["arduino:avr:megaADK"]
    assert found[0]["menus"] == {}
    ran = avrdeck("boards", "leonadro", "--core", core)
    assert ran.status == 2
    assert "leonardo" in ran.err


def test_a_board_with_its_menu_set(avrdeck: Avrdeck, core: Path) -> None:
    found = avrdeck("board", "nano", "--menu", "cpu=atmega168", "--core", core, "--json").json
    assert (found["part"], found["f_cpu_hz"], found["speed"]) == ("ATmega168", 16_000_000, 19200)
    assert found["fuses"] == {"lfuse": 0xFF, "hfuse": 0xDD, "efuse": 0xF8}
    assert (found["unlock"], found["lock"], found["maximum_size"]) == (0x3F, 0x0F, 14336)
    assert found["menu"] == {"cpu": "atmega168"}
    assert list(found["menus"]["cpu"]["options"]) == ["atmega328", "atmega328old", "atmega168"]


def test_a_sheet_tells_what_is_burned_and_what_it_comes_to(avrdeck: Avrdeck, core: Path) -> None:
    out = avrdeck("board", "Arduino Nano", "--core", core).out
    assert "Part        ATmega328P at 16 MHz\n" in out
    assert "Menu cpu    atmega328 (ATmega328P); or atmega328old, atmega168\n" in out
    assert "Fuses       lfuse FF  hfuse DA  efuse FD\n" in out
    assert "Bootloader  optiboot/optiboot_atmega328.hex, not installed\n" in out
    assert "Upload      arduino, 115200 baud (+2.12 % with a crystal, marginal)\n" in out
    assert "Boot section  1024 words at 0x7800; reset starts at 0x7800\n" in out
    assert "CPU clock     16 MHz\n" in out
    assert "info B5" in out


@pytest.mark.parametrize("board", [listing.short_id for listing in builtin.BOARDS.listings()])
def test_every_sheet_fits(avrdeck: Avrdeck, board: str) -> None:
    ran = avrdeck("board", board)
    assert ran.status == 0
    assert max(map(len, ran.out.splitlines())) <= 80


def test_debians_core_is_used_without_options(avrdeck: Avrdeck) -> None:
    core = debian_core()
    assert str(core) in avrdeck("boards").out.replace("\n", " ")
    found = avrdeck("board", "uno", "--json").json
    assert found["bootloader_file"] == str(core / "bootloaders/optiboot/optiboot_atmega328.hex")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nanno"], "Did you mean nano?"),
        (["nano", "--menu", "cpu=atmega32"], "atmega328, atmega328old, atmega168"),
        (["nano", "--menu", "speed=1"], "It has: cpu."),
        (["nano", "--menu", "cpu"], "KEY=VALUE"),
        (["uno", "--core", "/nowhere"], "/nowhere"),
        (["\x1b[2J"], "\\x1b[2J"),
    ],
)
def test_unknown_boards_and_choices_say_what_there_is(
    avrdeck: Avrdeck, arguments: list[str], says: str
) -> None:
    ran = avrdeck("board", *arguments)
    assert ran.status == 2
    assert says in ran.err
    assert "\x1b" not in ran.err


@pytest.mark.parametrize("arguments", [["boards"], ["board", "evil"], ["board", "wide"], ["boards", "evil"]])
def test_hostile_text_is_escaped_and_cut(avrdeck: Avrdeck, hostile: Path, arguments: list[str]) -> None:
    ran = avrdeck(*arguments, "--core", hostile)
    assert ran.status == 0
    assert all(char.isprintable() or char == "\n" for char in ran.out)
    assert ran.out.count("x") < 500
    assert "passwd" not in ran.out or "is not installed" in ran.out or "is not used" in ran.out
    raw = avrdeck(*arguments, "--core", hostile, "--json")
    assert all(char.isprintable() or char == "\n" for char in raw.out)
    assert raw.json


def test_defects_of_a_board_are_told(avrdeck: Avrdeck, hostile: Path) -> None:
    found = avrdeck("board", "evil", "--core", hostile, "--json").json
    assert found["bootloader_file"] is None
    assert found["fuses"] == {"lfuse": 0xFF}
    keys = {finding["key"] for finding in found["findings"]}
    assert {"bootloader.high_fuses", "bootloader.extended_fuses", "bootloader.file", "boards.txt"} <= keys
    assert "refers to itself" in avrdeck("board", "evil", "--core", hostile).out


def test_the_listing_of_wide_characters_stays_in_its_columns(avrdeck: Avrdeck, hostile: Path) -> None:
    line = next(line for line in avrdeck("boards", "--core", hostile).out.splitlines() if "板" in line)
    assert len(line) + line.count("板") <= 80
    assert line.endswith("…")


def test_a_part_of_unknown_semantics_is_named_and_not_judged(avrdeck: Avrdeck, core: Path) -> None:
    (core / "boards.txt").write_text("l.name=L\nl.build.mcu=lgt8f328p\nl.bootloader.low_fuses=0xFF\n")
    ran = avrdeck("board", "l", "--core", core)
    assert ran.status == 0
    assert "LGT8F328P is a clone" in " ".join(ran.out.split())
    assert boards.find("l", folders=[core]).fuses == {"lfuse": 0xFF}
