"""``parts`` and ``part``: found by any of their names, whole, marked, and no wider than 80 columns."""

import json

import pytest

from avrdeck.boards import catalog
from avrdeck.boards.opcodes import Opcode
from avrdeck.commands.reference import partsheet
from commands.conftest import Avrdeck


def names(ran) -> list[str]:
    return [one["name"] for one in ran.json["parts"]]


def test_all_parts_are_listed_by_text_and_by_json(avrdeck: Avrdeck) -> None:
    text, data = avrdeck("parts"), avrdeck("parts", "--json")
    assert names(data) == list(catalog.part_names())
    lines = text.out.splitlines()
    assert [line.split()[0] for line in lines[1:-1]] == names(data)
    assert lines[-1] == "190 parts"
    assert max(map(len, lines)) <= 80
    assert data.json["parts"][0] == {
        "name": "ATtiny12",
        "avrdude_id": "t12",
        "signature": "1e9005",
        "flash": 1024,
        "eeprom": 64,
        "family": "tinyAVR",
    }


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["328"], ["ATmega328", "ATmega328P", "ATmega328PB", "LGT8F328P"]),
        (["mega", "328p"], ["ATmega328P", "ATmega328PB"]),
        (["T85"], ["ATtiny85"]),
        (["mcs51"], ["AT89S51", "AT89S52"]),
        (["-s", "1E950F"], ["ATmega328P", "ATA6614Q", "LGT8F328P"]),
        (["-s", "0x1e 0x95 0x0f", "mega"], ["ATmega328P"]),
        (["-s", "1e:90"], ["ATtiny12", "ATtiny13", "ATtiny13A", "ATtiny15", "AT90S1200"]),
    ],
)
def test_filters(avrdeck: Avrdeck, arguments: list[str], found: list[str]) -> None:
    assert names(avrdeck("parts", *arguments, "--json")) == found


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["atmega382p"], "ATmega328P"),
        (["#"], "all are listed"),
        (["-s", "1E950E", "tiny"], "signature 1E 95 0E"),
        (["-s", "0x1Z"], "three bytes in hex"),
        (["-s", "1E950F00"], "three bytes in hex"),
        (["\x1b[2J"], "\\x1b[2J"),
    ],
)
def test_what_finds_nothing_says_what_there_is(avrdeck: Avrdeck, arguments: list[str], says: str) -> None:
    ran = avrdeck("parts", *arguments)
    assert ran.status == 2
    assert says in ran.err
    assert "\x1b" not in ran.err


def test_an_unknown_part_names_the_nearest(avrdeck: Avrdeck) -> None:
    ran = avrdeck("part", "attiny58")
    assert ran.status == 2
    assert "ATtiny85" in ran.err


@pytest.mark.parametrize("name", catalog.part_names())
def test_the_sheet_of_every_part_is_whole_and_fits(name: str) -> None:
    part = catalog.part(name)
    text = partsheet.text(part, verbose=True)
    assert max(map(len, text.splitlines())) <= 80
    for fuse in part.fuses.values():
        assert f"\n{fuse.name:6}factory" in text
        for bits in fuse.fields:
            assert f"\n  {bits.name:11}" in text
    assert all(f"\n  {operation} " in text for operation in part.opcodes)
    assert ("not known here" in " ".join(text.split())) == (part.clone or not part.is_avr)
    assert all(twin in text for twin in part.shares_signature_with)
    assert ("Disputed facts" in text) == bool(part.disputes)
    data = json.loads(json.dumps(partsheet.data(part)))
    assert list(data["fuses"]) == list(part.fuses)
    assert len(data["disputes"]) == len(part.disputes)


def test_a_sheet_shows_legal_values_with_the_factorys_marked(avrdeck: Avrdeck) -> None:
    out = avrdeck("part", "m328p").out
    assert "      * 100010  internal RC 8 MHz, 6 CK + 65 ms\n" in out
    assert "        111111  crystal ≥ 8 MHz, 16K CK + 65 ms\n" in out
    assert "  CKDIV8     x... ....  clock divider: *0 ÷ 8; 1 ÷ 1\n" in out
    assert "1E 95 0F, also that of ATA6614Q, LGT8F328P" in out
    assert "flash.read_lo" not in out


def test_instructions_come_on_demand(avrdeck: Avrdeck) -> None:
    out = avrdeck("part", "t85", "-v").out
    assert "  flash.read_lo       00100000 aaaaaaaa aaaaaaaa oooooooo\n" in out
    assert "ATtiny85V-10PU" in out


def test_what_is_disputed_or_inferred_is_marked(avrdeck: Avrdeck) -> None:
    out = avrdeck("part", "attiny2313").out
    assert "lfuse factory 64 (disputed)" in out
    assert "    avr_libc: 0x64\n" in out
    assert "    preferred: 0x64\n" in out
    assert "101111  crystal ≥ 8 MHz, 16K CK + 4.1 ms (inferred: ck_powerdown)\n" in out
    data = avrdeck("part", "attiny2313", "--json").json
    assert data["disputes"][0]["preferred"] == "0x64"
    codes = data["fuses"]["lfuse"]["fields"][0]["values"]
    assert {"ck_powerdown"} == {fact for code in codes for fact in code["inferred"]}


@pytest.mark.parametrize(("name", "what"), [("LGT8F328P", "clone of an AVR"), ("AT89S51", "No AVR")])
def test_parts_of_unknown_semantics_are_named_and_refused(avrdeck: Avrdeck, name: str, what: str) -> None:
    assert what in avrdeck("part", name).out
    for word in ("lock=0xFF", "bodlevel=2.7V", "factory"):
        ran = avrdeck("decode", name, word)
        assert ran.status == 2
        assert name in ran.err
        assert "not known here" in ran.err


@pytest.mark.parametrize("name", catalog.part_names())
def test_the_pattern_of_an_instruction_is_read_back_as_it_was(name: str) -> None:
    for opcode in catalog.part(name).opcodes.values():
        again = Opcode.from_pattern(opcode.name, opcode.pattern, opcode.carries)
        assert again == opcode
