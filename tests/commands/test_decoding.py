"""``decode``: what bytes mean, the findings, and one flat object for programs."""

import itertools

import pytest

from avrdeck.boards import catalog
from commands.conftest import Avrdeck

KEYS = [
    "clock_kind", "clock_hz", "freq_min_hz", "freq_max_hz", "ck_powerdown", "ck_reset", "ck_startup",
    "delay_ms", "power_hint", "startup_class", "bod", "bod_volts", "boot_size_words", "boot_start_byte",
    "bootrst", "spien", "rstdisbl", "dwen", "jtagen", "ocden", "eesave", "wdton", "ckdiv8", "ckout",
    "selfprgen", "hwbe", "ckopt", "m103c", "m161c", "s8515c", "s8535c", "fstrt", "f_cpu_hz",
    "max_sck_hz", "findings",
]  # fmt: skip
UNO = ["lfuse=0xFF", "hfuse=0xDE", "efuse=0xFD", "lock=0xCF"]


def test_the_keys_are_exactly_those_promised(avrdeck: Avrdeck) -> None:
    found = avrdeck("decode", "m328p", *UNO, "--json").json
    assert list(found) == KEYS
    assert found | {"findings": []} == dict.fromkeys(KEYS) | {
        "clock_kind": "crystal_low_power",
        "freq_min_hz": 8_000_000,
        "ck_powerdown": 16384,
        "ck_reset": 14,
        "delay_ms": 65,
        "power_hint": "slow",
        "bod": "on",
        "bod_volts": 2.7,
        "boot_size_words": 256,
        "boot_start_byte": 0x7E00,
        "bootrst": True,
        "spien": True,
        **dict.fromkeys(["rstdisbl", "dwen", "eesave", "wdton", "ckdiv8", "ckout"], False),
        "findings": [],
    }
    assert [finding["id"] for finding in found["findings"]] == ["A6", "B5"]
    assert found["findings"][0]["severity"] == "recoverable"
    assert found["findings"][0]["bits"] == ["lfuse.SUT_CKSEL"]


def test_text_shows_every_bit_every_field_and_what_it_comes_to(avrdeck: Avrdeck) -> None:
    lines = avrdeck("decode", "m328p", *UNO).out.splitlines()
    assert lines[0] == "ATmega328P, signature 1E 95 0F"
    assert "hfuse  DE  1101 1110" in lines
    assert "           .... .11.  BOOTSZ     256 words @0x7E00" in lines
    assert "           ..0. ....  SPIEN      serial programming (ISP): on" in lines
    assert "Boot section  256 words at 0x7E00; reset starts at 0x7E00" in lines
    assert "EEPROM        erased with the chip" in lines
    assert any(line.startswith("  recoverable A6: ") for line in lines)
    assert max(map(len, lines)) <= 80


def test_the_worst_findings_come_first(avrdeck: Avrdeck) -> None:
    ran = avrdeck("decode", "m328p", "lfuse=0x62", "hfuse=0x19", "efuse=0xFF", "--json")
    severities = [finding["severity"] for finding in ran.json["findings"]]
    assert severities[:2] == ["fatal", "fatal"]
    order = ["fatal", "recoverable", "warning", "info"]
    assert severities == sorted(severities, key=order.index)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["t85", "factory"], {"f_cpu_hz": 1_000_000, "max_sck_hz": 249_999}),
        (["t85", "factory", "ckdiv8=off"], {"f_cpu_hz": 8_000_000, "ckdiv8": False}),
        (["m328p", "board:uno", "--xtal", "16MHz"], {"f_cpu_hz": 16_000_000, "max_sck_hz": 2_666_666}),
        (["m328p", "lfuse:w:0xE2:m", "hfuse=D9", "efuse=0b11111101"], {"f_cpu_hz": 8_000_000, "bod": "on"}),
        (["at90s8515", "lfuse=0xDE"], {"fstrt": True, "clock_kind": "external_or_crystal"}),
        (["at90s8515", "fuse=0xDE"], {"fstrt": True, "eesave": None}),
        (["m328p", "lfuse=0x61", "hfuse=0xD9", "efuse=0xF8"], {"clock_kind": "reserved", "bod": "reserved"}),
        (["m8", "lfuse=0xE1"], {"f_cpu_hz": 1_000_000, "bootrst": None}),
        (["t841", "lfuse=0x42", "hfuse=0xDD", "efuse=0xFB"], {"bod": "sampled", "bod_volts": 2.7}),
    ],
)  # fmt: skip
def test_bytes_in_all_spellings(avrdeck: Avrdeck, arguments: list[str], expected: dict[str, object]) -> None:
    found = avrdeck("decode", *arguments, "--json").json
    assert {key: found[key] for key in expected} == expected


def test_a_supply_below_the_brown_out_level_is_found(avrdeck: Avrdeck) -> None:
    ids = {}
    for vcc in ("5", "3.3"):
        ran = avrdeck("decode", "m328p", "lfuse=0xE2", "hfuse=0xD9", "efuse=0xFC", "--vcc", vcc, "--json")
        ids[vcc] = {finding["id"] for finding in ran.json["findings"]}
    assert ids["3.3"] - ids["5"] == {"A14"}


def test_a_byte_that_was_not_given_is_not_assumed(avrdeck: Avrdeck) -> None:
    out = avrdeck("decode", "m328p", "lfuse=0xFF").out
    assert "hfuse  --  not given\n" in out
    assert "EEPROM     rests on a byte that was not given\n" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["m8", "efuse=0xFF"], "ATmega8 has no efuse"),
        (["m328p", "fuse=0xFF"], "ATmega328P has no fuse"),
        (["m328p", "lfuse=0x100"], "no byte"),
        (["m328p", "lfuse"], "no fuse edit"),
        (["m328p", "bodlevel=2.7V"], "efuse"),
        (["m328p", "factory", "bodlevel=2.5V"], "2.7V; 1.8V"),
        (["m328p", "factory", "bodlvl=2.7V"], "BODLEVEL"),
        (["m328p", "board:nanno"], "nano"),
        (["m328"], "Missing"),
        (["m3288", "factory"], "ATmega328"),
        (["m328p", "factory", "--xtal", "fast"], "16MHz"),
        (["m328p", "factory", "--xtal", "0"], "16MHz"),
        (["m328p", "factory", "--vcc", "12"], "3.3"),
        (["m328p", "\x1b[2J=1"], "no fuse field"),
    ],
)
def test_what_makes_no_sense_is_refused(avrdeck: Avrdeck, arguments: list[str], says: str) -> None:
    ran = avrdeck("decode", *arguments)
    assert ran.status == 2
    assert says in ran.err
    assert "\x1b" not in ran.err


PARTS = [name for name in catalog.part_names() if catalog.part(name).is_avr and not catalog.part(name).clone]


@pytest.mark.parametrize("byte", [0x00, 0xA5, 0xFF])
def test_every_part_is_told_in_80_columns_with_the_same_keys(avrdeck: Avrdeck, byte: int) -> None:
    for name in itertools.islice(PARTS, byte % 3, None, 3):  # a third of the parts for each byte
        words = [f"{memory}=0x{byte:02X}" for memory in catalog.part(name).fuses]
        lines = avrdeck("decode", name, *words).out.splitlines()
        assert max(map(len, lines)) <= 80, name
        found = avrdeck("decode", name, *words, "--json").json
        assert list(found) == KEYS
        assert all(
            value is None or isinstance(value, (bool, int, float, str)) for value in list(found.values())[:-1]
        )
