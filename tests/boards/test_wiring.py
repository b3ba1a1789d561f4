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


DRAWING = r"""
  Arduino Uno (5 V)                         ATtiny861, DIP-20
  D11 or ICSP-4       -------- MOSI ------->  pin 1 (PB0)
  D12 or ICSP-1       <------- MISO --------  pin 2 (PB1)
  D13 or ICSP-3       -------- SCK -------->  pin 3 (PB2)
  D10                 ------- RESET ------->  pin 10 (PB7)
  5V                  -------- VCC ---------  pins 5, 15
  GND                 -------- GND ---------  pins 6, 16

  RESET --|(--- GND    10 uF, + at RESET, on the Arduino Uno

           +--\_/--+
   MOSI  1 |       | 20
   MISO  2 |       | 19
    SCK  3 |       | 18
         4 |       | 17
    VCC  5 |       | 16 GND
    GND  6 |       | 15 VCC
         7 |       | 14
         8 |       | 13
         9 |       | 12
  RESET 10 |       | 11
           +-------+

1. Load the ArduinoISP sketch into the programmer first.
2. Wire with USB and every other supply disconnected from both boards.
3. Leave the VCC wire off if the target has a supply of its own.
4. Leave pin 5 of the programmer's ICSP header open; RESET comes from D10.
5. Then put 10 uF between RESET (+) and GND of the programmer, or opening the
   port resets it. Take it out to load another sketch.
6. A chip set to an external clock or crystal answers only with one at pin 7
   (XTAL1).
"""


def test_a_whole_drawing():
    assert wiring.draw(wiring.plan("uno", "attiny861")) == DRAWING.removeprefix("\n")


def test_a_package_with_pins_on_four_sides_is_not_drawn():
    text = wiring.draw(wiring.plan("leonardo", "m2560"))
    assert "TQFP-100: pin 1 is at the dot" in text
    assert "uF" not in text
    assert "|" not in text


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
    endangered = "target" if programmer.volts == 5 else programmer.name
    if mixed:
        assert f"destroy the {endangered}" in plan.warnings[0]
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


def test_advice_that_only_some_plans_need():
    with_header, without = wiring.plan("uno", "icsp6").advice, wiring.plan("mini", "m328p").advice
    assert any("Leave pin 5" in step for step in with_header)
    assert not any("Leave pin 5" in step for step in without)
    assert any("at pin 9 (XTAL1)" in step for step in without)
    assert not any("XTAL1" in step for step in with_header)
    assert not any("XTAL1" in step for step in wiring.plan("uno", "ATtiny15").advice)


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
