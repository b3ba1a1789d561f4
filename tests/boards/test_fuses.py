"""Fuse bytes: what they mean."""

import timeit
from dataclasses import asdict

import pytest

from avrdeck.boards import catalog, fuses

NAMES = [name for name in catalog.part_names() if catalog.part(name).is_avr and not catalog.part(name).clone]


def bytes_of(name, *values):
    """Fuse bytes in the order of the data sheet."""
    return dict(zip((fuse.name for fuse in catalog.part(name).fuse_bytes), values, strict=True))


# -- decode ------------------------------------------------------------------------------------------------

CASES = [
    # Uno, Mega, Leonardo
    (
        "ATmega328P",
        (0xFF, 0xDE, 0xFD),
        {
            "clock_kind": "crystal_low_power",
            "clock_hz": None,
            "freq_min_hz": 8_000_000,
            "freq_max_hz": None,
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
            "rstdisbl": False,
            "dwen": False,
            "eesave": False,
            "wdton": False,
            "ckdiv8": False,
            "ckout": False,
            "jtagen": None,
            "f_cpu_hz": None,
            "max_sck_hz": None,
        },
    ),
    (
        "ATmega2560",
        (0xFF, 0xD8, 0xFD),
        {"boot_size_words": 4096, "boot_start_byte": 0x3E000, "jtagen": False},
    ),
    ("ATmega32U4", (0xFF, 0xD8, 0xCB), {"bod_volts": 2.6, "hwbe": False, "boot_start_byte": 0x7000}),
    # factory
    (
        "ATmega328P",
        (0x62, 0xD9, 0xFF),
        {
            "clock_kind": "internal_rc",
            "clock_hz": 8_000_000,
            "f_cpu_hz": 1_000_000,
            "max_sck_hz": 249_999,
            "ckdiv8": True,
            "bod": "off",
            "bod_volts": None,
            "bootrst": False,
        },
    ),
    (
        "ATmega8",
        (0xE1, 0xD9),
        {
            "clock_kind": "internal_rc",
            "clock_hz": 1_000_000,
            "f_cpu_hz": 1_000_000,
            "ckdiv8": None,
            "ckopt": False,
            "bod": "off",
            "bod_volts": None,
            "ck_startup": 6,
            "boot_size_words": 1024,
            "boot_start_byte": 0x1800,
        },
    ),
    ("ATmega8", (0xBF, 0xC9), {"bod": "on", "bod_volts": 2.7, "ckopt": True, "freq_max_hz": 16_000_000}),
    ("ATmega8", (0x3F, 0xD9), {"bod": "on", "bod_volts": 4.0, "freq_max_hz": 8_000_000}),
    # dividers of their own
    ("ATtiny85", (0xE1, 0xDF, 0xFF), {"clock_kind": "pll", "clock_hz": 16_000_000, "max_sck_hz": 2_666_666}),
    ("ATtiny85", (0xE3, 0xDF, 0xFF), {"clock_hz": 6_400_000, "f_cpu_hz": 1_600_000}),
    ("ATtiny85", (0x63, 0xDF, 0xFF), {"f_cpu_hz": 200_000, "max_sck_hz": 49_999}),
    ("ATmega128RFA1", (0x62, 0x99, 0xFE), {"clock_hz": 16_000_000, "f_cpu_hz": 1_000_000}),
    (
        "ATtiny13",
        (0x6B, 0xFF),
        {"clock_kind": "internal_128k", "f_cpu_hz": 16_000, "max_sck_hz": 3_999, "eesave": False},
    ),
    ("ATtiny2313A", (0x62, 0xDF, 0xFF), {"clock_hz": 4_000_000, "f_cpu_hz": 500_000, "max_sck_hz": 124_999}),
    # reserved
    (
        "ATmega328P",
        (0xC1, 0xD9, 0xFF),
        {"clock_kind": "reserved", "clock_hz": None, "f_cpu_hz": None, "max_sck_hz": None},
    ),
    ("ATmega328PB", (0xF7, 0xDE, 0xF5), {"clock_kind": "reserved"}),
    ("ATmega328P", (0x62, 0xD9, 0xFB), {"bod": "reserved", "bod_volts": None}),
    # detectors with modes
    ("ATtiny841", (0x42, 0xDF, 0xFF), {"bod": "off", "bod_volts": None}),
    ("ATtiny841", (0x42, 0xDD, 0xF5), {"bod": "on", "bod_volts": 2.7}),
    ("ATtiny841", (0x42, 0xDD, 0xFB), {"bod": "sampled", "bod_volts": 2.7}),
    ("ATtiny841", (0x44, 0xDF, 0xFF), {"clock_kind": "internal_ulp", "clock_hz": 32_000, "f_cpu_hz": 4_000}),
    ("ATtiny841", (0xC4, 0xDF, 0x7F), {"clock_kind": "internal_ulp", "clock_hz": 512_000}),
    # old parts
    (
        "ATtiny15",
        (0x5C,),
        {"clock_kind": "internal_rc", "clock_hz": 1_600_000, "f_cpu_hz": 1_600_000, "bod": "off"},
    ),
    ("ATtiny12", (0x52,), {"clock_kind": "internal_rc", "clock_hz": 1_200_000}),
    (
        "AT90S1200",
        (0xDF,),
        {"clock_kind": "external_clock", "fstrt": None, "spien": True, "boot_size_words": None},
    ),
    ("AT90S1200", (0xDE,), {"clock_kind": "internal_rc", "f_cpu_hz": 1_000_000, "max_sck_hz": 124_999}),
    (
        "AT90S8515",
        (0xDF,),
        {"clock_kind": "external_or_crystal", "clock_hz": None, "fstrt": False, "bod": None},
    ),
    ("AT90S8515", (0xDE,), {"fstrt": True}),
    (
        "ATmega161",
        (0xDA,),
        {
            "clock_kind": "crystal_low_power",
            "startup_class": "short",
            "boot_size_words": 512,
            "boot_start_byte": 0x3C00,
            "bootrst": False,
        },
    ),
    ("ATmega103", (0xDF,), {"clock_kind": "external_or_crystal", "delay_ms": 16}),
    ("ATmega128", (0xE1, 0x99, 0xFD), {"m103c": True, "m161c": None, "clock_hz": 1_000_000, "jtagen": True}),
    ("ATmega162", (0x62, 0x99, 0xFF), {"m161c": False, "m103c": None}),
    ("ATmega8515", (0xE1, 0x59), {"s8515c": True}),
    (
        "ATtiny26",
        (0xE1, 0xF7),
        {"clock_kind": "internal_rc", "f_cpu_hz": 1_000_000, "bod": "off", "ckopt": False},
    ),
    ("ATmega16HVA", (0xDF,), {"clock_kind": "internal_rc", "clock_hz": 8_000_000}),
    ("ATmega48", (0x62, 0xDF, 0xFE), {"selfprgen": True, "boot_size_words": None, "bootrst": None}),
    ("ATmega168", (0x62, 0xDF, 0xF8), {"bootrst": True, "boot_size_words": 1024, "boot_start_byte": 0x3800}),
]


@pytest.mark.parametrize(("name", "values", "expected"), CASES, ids=lambda case: str(case)[:24])
def test_meaning(name, values, expected):
    decoded = asdict(fuses.decode(catalog.part(name), bytes_of(name, *values)))
    assert {key: decoded[key] for key in expected} == expected


def test_the_keys_are_those_promised():
    decoded = asdict(fuses.decode(catalog.part("m328p"), bytes_of("ATmega328P", 0x62, 0xD9, 0xFF)))
    keys = (
        "clock_kind clock_hz freq_min_hz freq_max_hz ck_powerdown ck_reset ck_startup delay_ms power_hint "
        "startup_class bod bod_volts boot_size_words boot_start_byte bootrst spien rstdisbl dwen jtagen "
        "ocden eesave wdton ckdiv8 ckout selfprgen hwbe ckopt m103c m161c s8515c s8535c fstrt f_cpu_hz "
        "max_sck_hz"
    )
    assert " ".join(decoded) == keys


FACTORY_CLOCK_DIFFERS = {
    "ATtiny2313A",
    "ATtiny4313",
    "ATmega8HVA",
    "ATmega16HVA",
    "ATmega16HVBrevB",
    "ATmega32HVBrevB",
}


@pytest.mark.parametrize("name", NAMES)
def test_factory_fuses_give_the_factory_clock(name):
    part = catalog.part(name)
    if any(fuse.factory is None for fuse in part.fuse_bytes):
        return
    decoded = fuses.decode(part, {fuse.name: fuse.factory for fuse in part.fuse_bytes})
    assert decoded.clock_kind != "reserved"
    assert decoded.bod != "reserved"
    if decoded.f_cpu_hz is not None:
        assert (decoded.f_cpu_hz == part.factory_fcpu_hz) == (name not in FACTORY_CLOCK_DIFFERS)
    assert decoded.spien is not False
    assert not decoded.rstdisbl
    assert not decoded.dwen


def test_a_crystal_gives_the_clock_when_it_is_known():
    part, values = catalog.part("m328p"), bytes_of("ATmega328P", 0x7F, 0xDE, 0xFD)
    decoded = fuses.decode(part, values, xtal_hz=16_000_000)
    assert (decoded.clock_hz, decoded.f_cpu_hz, decoded.max_sck_hz) == (None, 2_000_000, 499_999)
    internal = fuses.decode(part, bytes_of("ATmega328P", 0xE2, 0xDE, 0xFD), xtal_hz=16_000_000)
    assert internal.f_cpu_hz == 8_000_000


@pytest.mark.parametrize(
    ("name", "f_cpu", "limit"),
    [
        ("ATmega328P", 1_000_000, 249_999),
        ("ATmega328P", 11_999_999, 2_999_999),
        ("ATmega328P", 12_000_000, 1_999_999),
        ("ATmega328P", 16_000_000, 2_666_666),
        ("AT90S1200", 1_000_000, 124_999),
    ],
)
def test_sck_limit(name, f_cpu, limit):
    part = catalog.part(name)
    assert fuses.max_sck_hz(part, f_cpu) == limit
    half_clocks = 4 if name == "AT90S1200" else 2 if f_cpu < 12_000_000 else 3
    assert f_cpu / (2 * limit) > half_clocks
    assert f_cpu / (2 * (limit + 1)) <= half_clocks


def test_a_missing_byte_is_not_assumed():
    part = catalog.part("m328p")
    with pytest.raises(ValueError, match="efuse missing"):
        fuses.decode(part, {"lfuse": 0x62, "hfuse": 0xD9})
    partial = fuses.decode(part, {"hfuse": 0xD9}, partial=True)
    assert (partial.clock_kind, partial.f_cpu_hz, partial.bod, partial.bootrst) == (None, None, None, False)


@pytest.mark.parametrize("values", [{"lfuse": 0, "efuse": 0}, {"fuse": 1}, {"lfuse": 256, "hfuse": 0}])
def test_foreign_and_impossible_bytes(values):
    with pytest.raises(ValueError, match=r"ATmega8|byte"):
        fuses.decode(catalog.part("ATmega8"), values)


@pytest.mark.parametrize("name", ["LGT8F328P", "AT89S52"])
def test_clones_are_refused(name):
    with pytest.raises(fuses.UnknownSemantics, match=name):
        fuses.decode(catalog.part(name), {})


@pytest.mark.parametrize("name", NAMES)
def test_every_byte_decodes_and_every_field_survives(name):
    """All 256 values of every byte: decode never fails, and fields put back give the byte."""
    part = catalog.part(name)
    rest = {fuse.name: fuse.factory or 0 for fuse in part.fuses.values()}
    for fuse in part.fuses.values():
        for byte in range(256):
            fuses.decode(part, {**rest, fuse.name: byte})
            built = byte & ~fuse.used_mask
            for bits in fuse.fields:
                built = bits.put(built, bits.get(byte))
            assert built == byte
        for bits in fuse.fields:
            for byte in (0x00, 0xFF, 0xA5):
                for value in range((bits.mask >> bits.lsb) + 1):
                    put = bits.put(byte, value)
                    assert put & ~bits.mask == byte & ~bits.mask
                    if not value << bits.lsb & ~bits.mask:
                        assert bits.get(put) == value


# -- cost --------------------------------------------------------------------------------------------------


def test_decode_is_quick():
    part, values = catalog.part("m328p"), {"lfuse": 0xFF, "hfuse": 0xDE, "efuse": 0xFD}
    fuses.decode(part, values)
    best = min(timeit.repeat(lambda: fuses.decode(part, values), number=100, repeat=5)) / 100
    assert best < 50e-6
