"""Fuse bytes as named fields: set by any spelling, and labelled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrdeck.boards import catalog, fuses
from avrdeck.boards.fusefields import find_field
from avrdeck.boards.labels import value_label

NAMES = [name for name in catalog.part_names() if catalog.part(name).is_avr and not catalog.part(name).clone]


@pytest.mark.parametrize("name", NAMES)
def test_every_legal_value_can_be_set_by_its_spelling(name):
    """By key, by code and by label; other bits, the reserved ones too, stay."""
    part = catalog.part(name)
    values = {fuse.name: 0x5A for fuse in part.fuses.values()}
    for bits in part.fields:
        for known in bits.values:
            expected = bits.put(0x5A, known.value)
            by_code = fuses.with_field(part, values, bits.name, f"0b{known.value:b}")
            assert by_code == {**values, bits.memory: expected}
            by_key = fuses.with_field(part, values, bits.name, known.key)
            assert find_field(part, bits.name).meaning(bits.get(by_key[bits.memory])).key == known.key
            by_label = fuses.with_field(part, values, bits.name, value_label(bits, known))
            state = next(state for state in fuses.fields(part, by_label) if state.field.name == bits.name)
            assert state.label == value_label(bits, known)


@given(st.sampled_from(NAMES), st.integers(0, 255), st.data())
def test_setting_one_field_changes_no_other(name, byte, data):
    part = catalog.part(name)
    values = {fuse.name: byte for fuse in part.fuses.values()}
    bits = data.draw(st.sampled_from(part.fields))
    known = data.draw(st.sampled_from(bits.values))
    after = fuses.with_field(part, values, bits.name, known.key)
    before_states = {state.field.name: state.value for state in fuses.fields(part, values)}
    after_states = {state.field.name: state.value for state in fuses.fields(part, after)}
    assert {key for key in before_states if before_states[key] != after_states[key]} <= {bits.name}
    assert all(not (after[fuse.name] ^ byte) & ~fuse.used_mask for fuse in part.fuses.values())


# -- spellings ---------------------------------------------------------------------------------------------

UNO = {"lfuse": 0xFF, "hfuse": 0xDE, "efuse": 0xFD, "lock": 0xCF}


@pytest.mark.parametrize(
    ("field", "spelling", "memory", "byte"),
    [
        ("bodlevel", "2.7V", "efuse", 0xFD),
        ("BODLEVEL", "2.7", "efuse", 0xFD),
        ("bod_level", "4v3", "efuse", 0xFC),
        ("bodlevel", "4.3 volts", "efuse", 0xFC),
        ("bodlevel", "off", "efuse", 0xFF),
        ("bodlevel", "0b110", "efuse", 0xFE),
        ("ckdiv8", "on", "lfuse", 0x7F),
        ("ckdiv8", "programmed", "lfuse", 0x7F),
        ("ckdiv8", "0", "lfuse", 0x7F),
        ("ckdiv8", "1", "lfuse", 0xFF),
        ("CKDIV8", "no", "lfuse", 0xFF),
        ("bootsz", "256w", "hfuse", 0xDE),
        ("bootsz", "1024 words", "hfuse", 0xDA),
        ("bootsz", "2048 bytes", "hfuse", 0xDA),
        ("bootsz", "4k", "hfuse", 0xD8),
        ("bootsz", "0x7000", "hfuse", 0xD8),
        ("bootsz", "@0x7C00", "hfuse", 0xDC),
        ("bootsz", "2", "hfuse", 0xDC),
        ("bootsz", "512", "hfuse", 0xDC),
        ("sut_cksel", "internal 8 MHz", "lfuse", 0xE2),
        ("sut_cksel", "int rc 8mhz 0 ms", "lfuse", 0xC2),
        ("sut_cksel", "crystal 16 MHz", "lfuse", 0xFF),
        ("sut_cksel", "full-swing crystal", "lfuse", 0xF7),
        ("sut_cksel", "low power xtal 12mhz", "lfuse", 0xFF),
        ("sut_cksel", "crystal ≥ 8 MHz", "lfuse", 0xFF),
        ("sut_cksel", "crystal 8 MHz", "lfuse", 0xFF),
        ("sut_cksel", "watch crystal", "lfuse", 0xE5),
        ("sut_cksel", "external clock", "lfuse", 0xE0),
        ("clock", "128 kHz", "lfuse", 0xE3),
        ("sut_cksel", "0x3f", "lfuse", 0xFF),
        ("lb", "unlocked", "lock", 0xCF),
        ("lb", "no_write", "lock", 0xCE),
        ("blb1", "no spm", "lock", 0xEF),
        ("blb1", "unlocked", "lock", 0xFF),
    ],
)
def test_spellings(field, spelling, memory, byte):
    after = fuses.with_field(catalog.part("m328p"), UNO, field, spelling)
    assert after == {**UNO, memory: byte}


@pytest.mark.parametrize(
    ("field", "spelling", "legal", "nearest"),
    [
        ("bodlevel", "2.5V", {"4.3V", "2.7V", "1.8V", "off"}, ("2.7V", "1.8V")),
        ("bodlevel", "maybe", {"4.3V", "2.7V", "1.8V", "off"}, ()),
        ("bodlevel", "0", {"4.3V", "2.7V", "1.8V", "off"}, ("1.8V", "2.7V")),
        ("bootsz", "300", {"256w", "512w", "1024w", "2048w"}, ()),
        ("ckdiv8", "2", {"on", "off"}, ()),
    ],
)
def test_what_cannot_be_set_says_what_can(field, spelling, legal, nearest):
    with pytest.raises(fuses.IllegalValue) as caught:
        fuses.with_field(catalog.part("m328p"), UNO, field, spelling)
    assert set(caught.value.legal) == legal
    assert caught.value.nearest == nearest
    assert all(option in str(caught.value) for option in nearest or legal)


@pytest.mark.parametrize("spelling", ["internal", "crystal", "8 MHz", "resonator 4 MHz 7 ms", ""])
def test_a_clock_that_several_fit_is_not_guessed(spelling):
    with pytest.raises(fuses.IllegalValue):
        fuses.with_field(catalog.part("m328p"), UNO, "sut_cksel", spelling)


def test_an_unknown_field_names_the_nearest():
    with pytest.raises(fuses.UnknownField) as caught:
        fuses.with_field(catalog.part("m328p"), UNO, "bodlvl", "2.7V")
    assert caught.value.nearest == ("BODLEVEL",)


def test_a_field_whose_byte_was_not_read():
    with pytest.raises(ValueError, match="efuse, which was not read"):
        fuses.with_field(catalog.part("m328p"), {"lfuse": 0xFF}, "bodlevel", "2.7V")


@given(st.text(max_size=60))
def test_no_spelling_breaks_it(spelling):
    part = catalog.part("m328p")
    for bits in part.fields:
        try:
            after = fuses.with_field(part, UNO, bits.name, spelling)
        except fuses.IllegalValue:
            continue
        assert bits.meaning(bits.get(after[bits.memory]))


# -- labels ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values", "field", "bits", "label"),
    [
        ("ATmega328P", UNO, "SUT_CKSEL", "111111", "crystal ≥ 8 MHz, 16K CK + 65 ms"),
        ("ATmega328P", UNO, "BODLEVEL", "101", "2.7 V"),
        ("ATmega328P", UNO, "BOOTSZ", "11", "256 words @0x7E00"),
        ("ATmega328P", UNO, "SPIEN", "0", "on"),
        ("ATmega328P", UNO, "BLB1", "00", "no SPM, no LPM"),
        ("ATmega328P", {"lfuse": 0x62}, "SUT_CKSEL", "100010", "internal RC 8 MHz, 6 CK + 65 ms"),
        ("ATmega328P", {"lfuse": 0xCE}, "SUT_CKSEL", "001110", "resonator ≥ 8 MHz, 258 CK + 4.1 ms"),
        ("ATmega328P", {"lfuse": 0xC1}, "SUT_CKSEL", "000001", "reserved"),
        ("ATmega328P", {"lfuse": 0xE5}, "SUT_CKSEL", "100101", "watch crystal 32.768 kHz, 32K CK + 65 ms"),
        ("ATtiny26", {"lfuse": 0xE1}, "SUT_CKSEL", "1100001", "internal RC 1 MHz, 6 CK + 64 ms"),
        (
            "ATtiny85",
            {"lfuse": 0xE3},
            "SUT_CKSEL",
            "100011",
            "internal RC 6.4 MHz ÷ 4 (ATtiny15 mode), 6 CK + 4 ms",
        ),
        ("ATmega161", {"fuse": 0xDA}, "CKSEL", "010", "crystal, slow power"),
    ],
)
def test_labels(name, values, field, bits, label):
    states = fuses.fields(catalog.part(name), values)
    state = next(state for state in states if state.field.name == field)
    assert state.bits == bits
    assert state.label == label


def test_every_label_is_short_and_says_something():
    for name in NAMES:
        for bits in catalog.part(name).fields:
            for known in bits.values:
                label = value_label(bits, known)
                assert 0 < len(label) <= 64, label
                assert "None" not in label


def test_inferred_facts_are_shown():
    states = fuses.fields(catalog.part("ATtiny2313"), {"lfuse": 0x6F})
    assert states[0].inferred == ("ck_powerdown",)
