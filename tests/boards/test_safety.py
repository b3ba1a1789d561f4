"""What holds for the safety rules as a whole; case by case they are in test_safety_rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrdeck.boards import catalog
from avrdeck.boards.fuses import UnknownSemantics
from avrdeck.boards.safety import BootImage, Context, Fitted, Severity, Xtal1, review

FATAL, RECOVERABLE, WARNING, INFO = reversed(Severity)
NAMES = [name for name in catalog.part_names() if catalog.part(name).is_avr and not catalog.part(name).clone]
UNO = {"lfuse": 0xFF, "hfuse": 0xDE, "efuse": 0xFD, "lock": 0xCF}
FACTORY = {"lfuse": 0x62, "hfuse": 0xD9, "efuse": 0xFF, "lock": 0xFF}
CRYSTAL = Xtal1(Fitted.CRYSTAL, 16_000_000)
OPTIBOOT = BootImage(((0x7E00, 0x8000),), 16_000_000, 115_200)
ATMEGABOOT = BootImage(((0x7800, 0x8000),), 16_000_000, 57_600)


def found(name, new, old=None, **context):
    return {finding.id: finding for finding in review(catalog.part(name), old, new, Context(**context))}


# -- positions come from the part --------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_three_ways_to_lose_isp_are_found_at_the_parts_own_bits(name):
    part = catalog.part(name)
    for role, rule in (("reset_disable", "A2"), ("debugwire_enable", "A3"), ("spi_enable", "A1")):
        bits = part.role(role)
        for memory in (fuse.name for fuse in part.fuse_bytes):
            for place in range(8):
                base = 0xFF if rule != "A1" else 0x00
                flipped = base ^ 1 << place
                ids = {finding.id for finding in review(part, None, {memory: flipped})}
                expected = bits is not None and bits.memory == memory and bits.mask == 1 << place
                assert (rule in ids) == expected, (memory, place)


def test_the_counts_of_parts_are_those_of_the_data_sheets():
    with_role = {
        role: sum(1 for name in NAMES if catalog.part(name).role(role))
        for role in (
            "reset_disable",
            "debugwire_enable",
            "spi_enable",
            "jtag_enable",
            "clock_div8",
            "boot_reset",
        )
    }
    assert with_role == {
        "reset_disable": 117, "debugwire_enable": 84, "spi_enable": 185, "jtag_enable": 80, "clock_div8": 151,
        "boot_reset": 130,
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_no_fatal_finding_on_factory_values(name):
    part = catalog.part(name)
    values = {fuse.name: fuse.factory for fuse in part.fuses.values() if fuse.factory is not None}
    for old in (None, values):
        findings = review(part, old, values)
        assert all(finding.severity < FATAL for finding in findings)
        assert "C12" not in {finding.id for finding in findings}


def test_an_unchanged_chip_is_not_nagged_about_its_clock():
    assert not {"A5", "A6", "A7", "A12"} & found("ATmega328P", UNO, UNO).keys()


def test_a_reserved_code_that_runs_is_no_news_but_another_is():
    assert found("ATmega328P", {"lfuse": 0xC1}, {"lfuse": 0xC1})["A11"].severity == WARNING
    assert found("ATmega328P", {"lfuse": 0xD1}, {"lfuse": 0xC1})["A11"].severity == FATAL


def test_an_erase_unlocks():
    assert "B2" in found("ATmega328P", {"lfuse": 0xFF}, UNO | {"lock": 0xFC})
    assert "B2" not in found("ATmega328P", {"lfuse": 0xFF}, UNO | {"lock": 0xFC}, erase=True)


def test_a_lock_bit_that_does_not_exist_cannot_be_locked():
    assert "B7" not in found("ATmega328P", {"lock": 0xCF}, {"lock": 0x0F})


def test_what_is_not_known_is_not_judged():
    assert "A4" not in found("ATmega328P", {"hfuse": 0x9E})
    assert not found("ATmega328P", {})


def test_a_reset_into_nothing_says_what_is_there():
    assert "blank" in found("ATmega328P", UNO, flash_used=((0, 0x400),))["C2"].message
    assert "other code" in found("ATmega328P", UNO, flash_used=((0x7F00, 0x8000),))["C2"].message


def test_a_boot_section_of_another_size_is_no_other_meaning():
    values = {"lfuse": 0x62, "hfuse": 0x99}
    assert "C15" not in found("ATmega1284P", values, made_for=catalog.part("ATmega644P"))


@pytest.mark.parametrize(
    ("name", "new", "sck"), [("AT90S1200", {"fuse": 0xDE}, 125_000), ("ATmega8", {"lfuse": 0xE1}, 250_000)]
)
def test_sck_on_parts_without_a_divider(name, new, sck):
    assert found(name, new, sck_hz=sck)["A9"].severity == RECOVERABLE
    assert "A9" not in found(name, new, sck_hz=sck - 1)


def test_the_worst_comes_first():
    severities = [
        finding.severity for finding in review(catalog.part("m328p"), None, {"hfuse": 0x00, "lfuse": 0})
    ]
    assert severities == sorted(severities, reverse=True)
    assert severities[0] == FATAL


def test_recovery_names_the_parts_own_high_voltage_method():
    assert "HVSP" in found("ATtiny85", {"hfuse": 0x5F})["A2"].recovery
    assert "HVPP" in found("ATtiny2313", {"hfuse": 0xDE})["A2"].recovery
    assert "JTAG too" in found("ATmega169P", {"hfuse": 0x99, "efuse": 0xFE})["A2"].recovery
    assert "JTAG is off" in found("ATmega169P", {"hfuse": 0xD9, "efuse": 0xFE})["A2"].recovery


def test_bits_are_named():
    assert found("ATmega328P", {"hfuse": 0x5E})["A2"].bits == ("hfuse.RSTDISBL",)
    assert found("ATtiny13", {"hfuse": 0xFE})["A2"].bits == ("hfuse.RSTDISBL",)
    assert found("ATmega328P", {"lfuse": 0xC1})["A11"].bits == ("lfuse.SUT_CKSEL",)


def test_messages_carry_the_numbers():
    assert "500 kHz" in found("ATtiny2313A", {"lfuse": 0x62})["A9"].message
    assert "7200 baud" in found("ATmega328P", UNO | {"lfuse": 0x62}, bootloader=OPTIBOOT)["C5"].message
    assert "1024 words" in found("ATmega328P", UNO, bootloader=ATMEGABOOT)["C3"].advice
    assert "SPI_CLOCK (128000/6)" in found("ATtiny13", {"lfuse": 0x7B})["A8"].advice


def test_a_preset_of_another_family_names_the_bits():
    finding = found("ATmega16U2", {"hfuse": 0xDE}, made_for=catalog.part("m328p"))["C15"]
    assert finding.blocks
    assert "hfuse.RSTDISBL" in finding.bits
    assert "C15" not in found("ATmega328P", UNO, made_for=catalog.part("m328"))


@pytest.mark.parametrize("name", ["LGT8F328P", "AT89S51"])
def test_clones_are_refused(name):
    with pytest.raises(UnknownSemantics, match=name):
        review(catalog.part(name), None, {})


def test_foreign_bytes_are_an_error():
    with pytest.raises(ValueError, match="has no efuse"):
        review(catalog.part("ATmega8"), None, {"efuse": 0xFF})


@given(st.sampled_from(NAMES), st.data())
def test_no_bytes_break_the_rules(name, data):
    part = catalog.part(name)
    byte = st.integers(0, 255)
    memories = st.sampled_from(list(part.fuses))
    old, new = data.draw(st.dictionaries(memories, byte)), data.draw(st.dictionaries(memories, byte))
    context = Context(
        vcc=data.draw(st.sampled_from([None, 1.8, 3.3, 5.0])),
        sck_hz=data.draw(st.sampled_from([1_000, 20_000, 125_000, 1_000_000])),
        xtal1=Xtal1(
            data.draw(st.sampled_from(Fitted)), data.draw(st.sampled_from([None, 32_768, 16_000_000]))
        ),
        bootloader=data.draw(st.sampled_from([None, OPTIBOOT, BootImage(((0, 2),))])),
        flash_used=data.draw(st.sampled_from([None, (), ((0, 0x2000),)])),
        order=tuple(data.draw(st.permutations(["lock", "flash", "chip_erase"]))),
        made_for=data.draw(st.sampled_from([None, catalog.part("m8"), part])),
    )
    for finding in review(part, old, new, context):
        assert finding.message
        assert all(
            memory.partition(".")[0] in {*part.fuses, "efuse", "hfuse", "lfuse", "fuse"}
            for memory in finding.bits
        )
