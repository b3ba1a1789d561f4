"""Every brick of rules A2 to A9: warned of before, explained afterwards."""

from typing import NamedTuple

import pytest

from avrdeck.boards.catalog import part
from avrdeck.boards.safety import Severity, review
from avrdeck.jobs.doctor.model import State
from avrdeck.protocol.transports.sim import SimTransport
from jobs.doctors import check, report_on, rules
from virtual import board

FATAL, RECOVERABLE = Severity.FATAL, Severity.RECOVERABLE
HVPP, HVSP = "12 V high-voltage parallel programming (HVPP)", "12 V high-voltage serial programming (HVSP)"
ON_328P = "XTAL1 (DIP-28 pin 9)"
ON_TINY = "XTAL1 (DIP-8 pin 2)"


class Brick(NamedTuple):
    """``xtal`` is what is on XTAL1, ``signature`` how it reads then, ``help`` what to do about it."""

    rule: str
    severity: Severity
    name: str
    values: dict[str, int]
    xtal: str
    signature: str
    help: str


BRICKS = [
    Brick("A2", FATAL, "ATmega328P", {"hfuse": 0x59}, "16000000", "FF FF FF", HVPP),
    Brick("A2", FATAL, "ATtiny85", {"hfuse": 0x5F}, "none", "FF FF FF", HVSP),
    Brick("A2", FATAL, "ATtiny13", {"hfuse": 0xFE}, "none", "FF FF FF", HVSP),
    Brick("A2", FATAL, "ATtiny2313", {"hfuse": 0xDE}, "none", "FF FF FF", HVPP),
    Brick("A3", FATAL, "ATmega328P", {"hfuse": 0x99}, "16000000", "FF FF FF", "debugWIRE tool"),
    Brick("A3", FATAL, "ATtiny2313", {"hfuse": 0x5F}, "none", "FF FF FF", "debugWIRE tool"),
    Brick("A4", FATAL, "ATmega328P", {"hfuse": 0x99, "lock": 0xFC}, "16000000", "FF FF FF", HVPP),
    Brick("A5", RECOVERABLE, "ATmega328P", {"lfuse": 0xE0}, "16000000", "00 00 00", ON_328P),
    Brick("A5", RECOVERABLE, "ATmega328P", {"lfuse": 0x60}, "none", "00 00 00", ON_328P),
    Brick("A5", RECOVERABLE, "ATtiny13", {"lfuse": 0x78}, "none", "00 00 00", ON_TINY),
    Brick("A6", RECOVERABLE, "ATmega328P", {"lfuse": 0xFF}, "none", "00 00 00", ON_328P),
    Brick("A6", RECOVERABLE, "ATmega328P", {"lfuse": 0xF8}, "16000000", "00 00 00", ON_328P),
    Brick("A6", RECOVERABLE, "ATtiny85", {"lfuse": 0xFF}, "none", "00 00 00", ON_TINY),
    Brick("A7", RECOVERABLE, "ATmega328P", {"lfuse": 0xE4}, "none", "00 00 00", "SPI_CLOCK (32768/6)"),
    Brick("A7", RECOVERABLE, "ATmega328P", {"lfuse": 0xE4}, "32768", "00 00 00", "SPI_CLOCK (32768/6)"),
    Brick("A8", RECOVERABLE, "ATmega328P", {"lfuse": 0xE3}, "16000000", "00 00 00", "SPI_CLOCK (128000/6)"),
    Brick("A8", RECOVERABLE, "ATtiny13", {"lfuse": 0x6B}, "none", "00 00 00", "SPI_CLOCK (16000/6)"),
    Brick("A8", RECOVERABLE, "ATtiny841", {"lfuse": 0x44}, "none", "00 00 00", "SPI_CLOCK ("),
    Brick("A9", RECOVERABLE, "ATmega328P", {"lfuse": 0x7B}, "1000000", "00 00 00", "SPI_CLOCK ("),
]  # fmt: skip


def bricked(name: str, values: dict[str, int], xtal: str) -> SimTransport:
    """A board whose chip got these fuse bytes and was switched on again."""
    wire = board(f"part={name.lower()}&xtal={xtal}")
    wire.machine.target.cells.fuses.update(values)
    wire.machine.target.power_cycle()
    return wire


def factory(name: str) -> dict[str, int]:
    return {fuse: known.factory for fuse, known in part(name).fuses.items() if known.factory is not None}


@pytest.mark.parametrize("brick", BRICKS, ids=lambda brick: f"{brick.rule} {brick.name} {brick.values}")
async def test_a_brick_is_warned_of_before_and_explained_afterwards(
    brick: Brick,
) -> None:
    shipped = factory(brick.name)
    warned = {found.id: found.severity for found in review(part(brick.name), shipped, brick.values)}
    assert warned[brick.rule] == brick.severity

    wire = bricked(brick.name, brick.values, brick.xtal)
    report = await report_on(wire, brick.name, shipped | brick.values)
    assert check(report, "Signature").seen == brick.signature
    assert check(report, "Signature").state is State.FAIL
    assert not report.diagnosis.healthy
    explained = {cause.rule: cause for cause in report.diagnosis.causes}
    assert explained[brick.rule].sure
    assert brick.help in explained[brick.rule].action
    assert rules(report)[-1] == "", "the wires are suspected last"


@pytest.mark.parametrize("brick", BRICKS, ids=lambda brick: f"{brick.rule} {brick.name} {brick.values}")
async def test_without_knowing_the_fuses_it_is_among_the_possible_causes(
    brick: Brick,
) -> None:
    report = await report_on(bricked(brick.name, brick.values, brick.xtal), brick.name)
    assert rules(report)[0] == "", "wires are wrong more often than fuses"
    assert ("A3" if brick.rule == "A4" else brick.rule) in rules(report)
    assert not any(cause.sure for cause in report.diagnosis.causes)
    assert report.diagnosis.picture


async def test_a_part_that_cannot_lose_its_reset_pin_is_not_suspected_of_it() -> None:
    wire = board("part=atmega2560&target=none")
    assert rules(await report_on(wire, "ATmega2560")) == [""]
    assert rules(await report_on(board("target=none"), "ATmega328P")) == ["", "A2", "A3"]


async def test_the_likeliest_of_two_broken_rules_comes_first() -> None:
    wire = bricked("ATmega328P", {"hfuse": 0x19}, "16000000")
    report = await report_on(wire, "ATmega328P", factory("ATmega328P") | {"hfuse": 0x19})
    assert rules(report) == ["A2", "A3", ""]


async def test_a_driven_clock_shows_in_the_report_that_it_helped() -> None:
    before = await report_on(bricked("ATmega328P", {"lfuse": 0xFF}, "none"), "ATmega328P")
    after = await report_on(bricked("ATmega328P", {"lfuse": 0xFF}, "ext8000000"), "ATmega328P")
    assert (before.diagnosis.healthy, after.diagnosis.healthy) == (False, True)
