"""Wiring: each programmer's pins, each package's pins, the levels, and a drawing that fits."""

from __future__ import annotations

import itertools

import pytest

from avrdeck.boards import catalog, wiring
from avrdeck.boards.wiring.tables import SIGNALS

PROGRAMMERS = {
    # name: MOSI, MISO, SCK, RESET, volts, capacitor
    "Uno": ("D11 or ICSP-4", "D12 or ICSP-1", "D13 or ICSP-3", "D10", 5, True),
    "Duemilanove": ("D11 or ICSP-4", "D12 or ICSP-1", "D13 or ICSP-3", "D10", 5, True),
    "Mega2560": ("D51 or ICSP-4", "D50 or ICSP-1", "D52 or ICSP-3", "D10", 5, True),
    "Mega1280": ("D51 or ICSP-4", "D50 or ICSP-1", "D52 or ICSP-3", "D10", 5, True),
    "Leonardo": ("ICSP-4", "ICSP-1", "ICSP-3", "D10", 5, False),
    "Due": ("ICSP-4", "ICSP-1", "ICSP-3", "D10", 3.3, False),
    "Zero": ("ICSP-4", "ICSP-1", "ICSP-3", "D10", 3.3, False),
    "101": ("D11 or ICSP-4", "D12 or ICSP-1", "D13 or ICSP-3", "D10", 3.3, False),
    "MKR": ("D8", "D10", "D9", "D6", 3.3, False),
    "Nano": ("D11 or ICSP-4", "D12 or ICSP-1", "D13 or ICSP-3", "D10", 5, True),
    "Micro": ("MO or ICSP-4", "MI or ICSP-1", "SCK or ICSP-3", "D10", 5, False),
    "Mini": ("D11", "D12", "D13", "D10", 5, True),
    "Esplora": ("ICSP-4", "ICSP-1", "ICSP-3", "D3", 5, False),
}

TARGETS = {
    # name: MOSI, MISO, SCK, RESET, VCC, GND
    "icsp6": (4, 1, 3, 5, [2], [6]),
    "ICSP-10": (1, 9, 7, 5, [2], [4, 6, 8, 10]),
    "t13": (5, 6, 7, 1, [8], [4]),
    "t85": (5, 6, 7, 1, [8], [4]),
    "t84": (7, 8, 9, 4, [1], [14]),
    "t2313": (17, 18, 19, 1, [20], [10]),
    "t861": (1, 2, 3, 10, [5, 15], [6, 16]),
    "m8": (17, 18, 19, 1, [7, 20], [8, 22]),
    "ATmega328P": (17, 18, 19, 1, [7, 20], [8, 22]),
    "m328pb": (15, 16, 17, 29, [4, 18], [5, 21]),
    "m32": (6, 7, 8, 9, [10, 30], [11, 31]),
    "m1284p": (6, 7, 8, 9, [10, 30], [11, 31]),
    "m8515": (6, 7, 8, 9, [40], [20]),
    "m32u4": (10, 11, 9, 13, [14, 34], [15, 23, 35, 43]),
    "m128": (2, 3, 11, 20, [21, 52], [22, 53, 63]),
    "m2560": (21, 22, 20, 30, [10, 31, 61, 80], [11, 32, 62, 81]),
}


@pytest.mark.parametrize(("name", "expected"), PROGRAMMERS.items())
def test_where_a_programmer_has_its_signals(name, expected):
    plan = wiring.plan(name)
    ends = {wire.signal: wire.programmer for wire in plan.wires}
    assert (
        *(ends[signal] for signal in ("MOSI", "MISO", "SCK", "RESET")),
        plan.programmer.volts,
    ) == expected[:5]
    assert plan.capacitor == expected[5]


@pytest.mark.parametrize(("name", "expected"), TARGETS.items())
def test_where_a_target_has_its_signals(name, expected):
    target, *_ = wiring.find_target(name)
    pins = target.pins
    assert tuple(pins[signal][0] for signal in SIGNALS[:4]) == expected[:4]
    assert (list(pins["vcc"]), list(pins["gnd"])) == expected[4:]


@pytest.mark.parametrize("target", wiring.targets(), ids=lambda target: target.id)
def test_pins_of_a_target_are_distinct_and_exist(target):
    pins = [*itertools.chain.from_iterable(target.pins.values()), *([target.xtal1] if target.xtal1 else [])]
    assert len(set(pins)) == len(pins)
    assert all(1 <= pin <= target.pin_count for pin in pins)


def test_no_part_is_in_two_packages_and_each_exists():
    names = [name for target in wiring.targets() for name in target.parts]
    assert len(set(names)) == len(names)
    assert set(names) <= set(catalog.part_names())


@pytest.mark.parametrize("programmer", wiring.programmers(), ids=lambda programmer: programmer.id)
def test_every_drawing_is_ascii_of_80_columns_and_whole(programmer):
    names = [
        *(t.id for t in wiring.targets() if not t.parts),
        *(t.parts[0] for t in wiring.targets() if t.parts),
    ]
    for name in [*names, "ATmega324PB", "ATA6614Q", "nano"]:
        plan = wiring.plan(programmer.id, name, target_volts=3.3)
        text = wiring.draw(plan)
        assert text.isascii()
        assert max(map(len, text.splitlines())) <= 80
        wires = text.splitlines()[1:7]
        for wire, line in zip(plan.wires, wires, strict=True):
            assert line.startswith(f"  {wire.programmer} ")
            assert f" {wire.signal} " in line
            assert line.endswith(f" {wire.target}")


def test_the_drawing_of_a_chip():
    assert """
           +--\\_/--+
  RESET  1 |       | 8  VCC
         2 |       | 7  SCK
         3 |       | 6  MISO
    GND  4 |       | 5  MOSI
           +-------+
""" in wiring.draw(wiring.plan("uno", "attiny85"))


def test_the_drawing_of_a_header():
    assert """
   MISO  1 o o 2  VCC
    SCK  3 o o 4  MOSI
  RESET  5 o o 6  GND
""" in wiring.draw(wiring.plan("uno"))


@pytest.mark.parametrize("programmer", wiring.programmers(), ids=lambda programmer: programmer.id)
@pytest.mark.parametrize("volts", [None, 3.3, 5.0])
def test_levels_are_never_mixed_without_a_warning(programmer, volts):
    plan = wiring.plan(programmer.id, target_volts=volts)
    mixed = volts is not None and volts != programmer.volts
    assert any("destroy" in warning for warning in plan.warnings) == mixed
    if programmer.volts < 5:
        assert any("5 V" in warning for warning in plan.warnings) == (volts != 3.3)


def test_a_part_is_warned_of_a_level_it_does_not_take():
    assert any(
        "ATmega128RFA1 works at 1.8 to 3.6 V" in text for text in wiring.plan("uno", "m128rfa1").warnings
    )
    assert any("AT90S8515 works at 4 to 6 V" in text for text in wiring.plan("due", "AT90S8515").warnings)
    assert not wiring.plan("uno", "m328p").warnings


@pytest.mark.parametrize(("name", "pin"), [("mkr", 6), ("esplora", 3), ("uno", None)])
def test_a_sketch_that_must_be_changed_is_said_so(name, pin):
    said = " ".join(wiring.plan(name).advice)
    assert (f"#define RESET {pin}" in said) == (pin is not None)
    assert ("#define" in said) == (pin is not None)


@pytest.mark.parametrize("programmer", wiring.programmers(), ids=lambda programmer: programmer.id)
def test_the_advice_of_every_plan(programmer):
    advice = wiring.plan(programmer.id).advice
    load, wire = (
        next(i for i, step in enumerate(advice) if word in step) for word in ("sketch", "disconnected")
    )
    assert load < wire
    capacitor = [i for i, step in enumerate(advice) if "10 uF" in step]
    assert len(capacitor) == programmer.usb_bridge
    assert all(load < i for i in capacitor)


def test_parts_programmed_through_pdi_say_so():
    plan = wiring.plan("uno", "ATmega2561")
    assert any("PDI and PDO" in warning for warning in plan.warnings)
    assert not wiring.plan("uno", "ATmega2560").warnings


def test_a_part_without_a_pin_table_gets_the_header():
    plan = wiring.plan("uno", "ATmega169P")
    assert plan.target.id == "icsp6"
    assert plan.title == "ATmega169P, 6-pin ICSP header"
    assert any("data sheet" in step for step in plan.advice)


def test_unknown_names_offer_the_nearest():
    with pytest.raises(wiring.UnknownWiringError, match=r"No programmer is called 'unno'\. Did you mean uno"):
        wiring.plan("unno")
    with pytest.raises(wiring.UnknownWiringError) as caught:
        wiring.plan("uno", "atmega328x")
    assert "atmega328p" in caught.value.nearest
    with pytest.raises(wiring.UnknownWiringError, match="Known: "):
        wiring.plan("#" * 500)
