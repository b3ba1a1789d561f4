"""Fuses that lock the programmer out, and what brings the virtual chip back."""

import pytest

from avrdeck.boards.catalog import part
from avrdeck.protocol.simulator.cells import factory_fresh
from avrdeck.protocol.simulator.oscillator import UNO_CRYSTAL, Xtal, cpu_hz
from avrdeck.protocol.simulator.target import Lockout
from protocol.sim_boards import Bench

NONE = Xtal.parse("none")

# Part, fuse, value, what is on XTAL1, why it is lost afterwards (None: it is not).
CASES = [
    ("ATmega328P", "lfuse", 0xFF, "16000000", None),
    ("ATmega328P", "lfuse", 0xFF, "none", Lockout.NO_CLOCK),
    ("ATmega328P", "lfuse", 0xFF, "ext8000000", None),
    ("ATmega328P", "lfuse", 0xE2, "none", None),
    ("ATmega328P", "lfuse", 0x62, "none", None),
    ("ATmega328P", "lfuse", 0x60, "16000000", Lockout.NO_CLOCK),  # external clock, a crystal drives nothing
    ("ATmega328P", "lfuse", 0x60, "ext8000000", None),
    ("ATmega328P", "lfuse", 0x60, "ext4000000", None),  # CKDIV8: 500 kHz is the limit itself
    ("ATmega328P", "lfuse", 0x60, "ext3990000", Lockout.SLOW_CLOCK),
    ("ATmega328P", "lfuse", 0xE3, "16000000", Lockout.SLOW_CLOCK),  # 128 kHz
    ("ATmega328P", "lfuse", 0xE4, "16000000", Lockout.NO_CLOCK),  # a watch crystal is not fitted
    ("ATmega328P", "lfuse", 0xE4, "32768", Lockout.SLOW_CLOCK),
    ("ATmega328P", "lfuse", 0xF8, "16000000", Lockout.NO_CLOCK),  # 0.4-0.9 MHz resonator
    ("ATmega328P", "lfuse", 0xE1, "16000000", Lockout.NO_CLOCK),  # reserved
    ("ATmega328P", "hfuse", 0x59, "16000000", Lockout.RSTDISBL),
    ("ATmega328P", "hfuse", 0x99, "16000000", Lockout.DWEN),
    ("ATmega328P", "hfuse", 0xF9, "16000000", None),  # SPIEN cannot be cleared
    ("ATtiny13A", "hfuse", 0xFE, "none", Lockout.RSTDISBL),
    ("ATtiny13A", "lfuse", 0x6B, "none", Lockout.SLOW_CLOCK),  # 128 kHz / 8
    ("ATtiny85", "lfuse", 0x61, "none", None),  # PLL
    ("ATtiny4313", "lfuse", 0x62, "none", None),  # 4 MHz / 8, as it is shipped
    ("ATmega8", "lfuse", 0xE7, "rc1000000", None),
    ("ATmega8", "lfuse", 0xE7, "16000000", Lockout.NO_CLOCK),
    ("ATmega8", "lfuse", 0xFF, "rc1000000", Lockout.NO_CLOCK),
]


@pytest.mark.parametrize(("name", "fuse", "value", "xtal", "why"), CASES)
def test_what_a_fuse_does_to_the_next_session(
    name: str, fuse: str, value: int, xtal: str, why: Lockout | None
) -> None:
    bench = Bench(name, Xtal.parse("ext8000000"))
    bench.enter()
    bench.write(f"{fuse}.write", data=value)
    assert bench.op("signature.read", 0) == 0x1E, "a fuse does nothing until RESET is released"
    bench.target.set_xtal(Xtal.parse(xtal))
    bench.leave()
    assert bench.target.lockout(125_000) is why
    bench.enter()
    assert (bench.op("signature.read", 0) == 0x1E) is (why is None)


def test_a_lost_pin_floats_and_a_lost_clock_is_silent() -> None:
    for fuse, value, miso in (("hfuse", 0x59, 0xFF), ("lfuse", 0xE0, 0x00)):
        bench = Bench()
        bench.enter()
        bench.write(f"{fuse}.write", data=value)
        bench.leave()
        bench.enter()
        assert bench.send("30 00 00 00") == bytes([miso]) * 4


def test_a_slower_sck_reaches_a_slow_chip() -> None:
    bench = Bench()
    bench.enter()
    bench.write("lfuse.write", data=0xE3)
    bench.leave()
    bench.target.drive_reset(high=False)
    assert bench.send("AC 53 00 00", sck_hz=33_000)[2] != 0x53
    assert bench.send("AC 53 00 00", sck_hz=20_000)[2] == 0x53


def test_a_driven_clock_rescues_a_missing_crystal() -> None:
    bench = Bench(xtal=NONE)
    bench.enter()
    bench.write("lfuse.write", data=0xFF)
    bench.leave()
    bench.enter()
    assert not bench.target.programming
    bench.target.set_xtal(Xtal.parse("ext1000000"))
    bench.enter()
    bench.write("lfuse.write", data=0x62)
    bench.leave()
    bench.target.set_xtal(NONE)
    assert bench.target.lockout(125_000) is None


def test_high_voltage_rescues_everything() -> None:
    bench = Bench()
    bench.enter()
    bench.write("hfuse.write", data=0x19)
    bench.target.cells.flash[0] = 0
    bench.leave()
    assert bench.target.lockout(125_000)
    bench.target.hv_rescue()
    assert bench.target.lockout(125_000) is None
    assert bench.target.cells.fuses == factory_fresh(bench.part).fuses
    assert bench.target.cells.flash[0] == 0xFF


def test_a_power_cycle_latches_the_fuses_and_ends_programming_mode() -> None:
    bench = Bench()
    bench.enter()
    bench.write("hfuse.write", data=0x99)
    bench.target.power_cycle()
    assert bench.target.lockout(125_000) is Lockout.DWEN
    assert not bench.target.programming


def test_some_fuses_wait_for_the_supply() -> None:
    bench = Bench("AT90S4433")
    bench.enter()
    bench.write("fuse.write", data=0x00)
    written = bench.target.cells.fuses["fuse"]
    bench.leave()
    assert bench.target.active_fuses["fuse"] != written
    bench.target.power_cycle()
    assert bench.target.active_fuses["fuse"] == written


@pytest.mark.parametrize(
    ("name", "fuses", "hz"),
    [
        ("ATmega328P", {}, 1_000_000),
        ("ATmega328P", {"lfuse": 0xFF}, 16_000_000),
        ("ATmega328P", {"lfuse": 0x7F}, 2_000_000),
        ("ATtiny85", {"lfuse": 0xE1}, 16_000_000),
        ("ATtiny85", {"lfuse": 0xE3}, 1_600_000),
        ("ATmega128RFA1", {"lfuse": 0xF7}, 16_000_000),
    ],
)
def test_the_cpu_clock_of_an_uno_board(name: str, fuses: dict[str, int], hz: int) -> None:
    values = factory_fresh(part(name)).fuses | fuses
    assert cpu_hz(part(name), values, UNO_CRYSTAL) == hz


@pytest.mark.parametrize(
    "text",
    ["", "x", "ext", "0", "-1", "16MHz", "ext0", "1000000000", "\N{ARABIC-INDIC DIGIT ONE}", "ext 1"],
)
def test_what_is_no_crystal(text: str) -> None:
    with pytest.raises(ValueError, match="crystal"):
        Xtal.parse(text)


@pytest.mark.parametrize("text", ["none", "16000000", "ext8000000", "rc1000000"])
def test_a_crystal_is_written_as_it_is_read(text: str) -> None:
    assert str(Xtal.parse(text)) == text
