"""A14 to A18: brown-out level, start-up time and oscillator options."""

from __future__ import annotations

from collections.abc import Iterator

from avrdeck.boards.labels import hz_label
from avrdeck.boards.models import ClockKind, Flag
from avrdeck.boards.safety.clocks import CRYSTAL_KINDS
from avrdeck.boards.safety.model import Case, Finding, Fitted, Severity


def a14_brown_out(case: Case) -> Iterator[Finding]:
    """Brown-out level at or above the declared supply."""
    volts, vcc = case.after.bod_volts, case.context.vcc
    if volts is None or vcc is None or volts < vcc:
        return
    yield Finding(
        "A14",
        Severity.RECOVERABLE,
        f"Brown-out level {volts:.1f} V at {vcc:g} V supply: the chip stays in reset.",
        advice="Choose a level below the supply.",
        recovery=f"Supply more than {volts:.1f} V (if the board stands it) and set the level again.",
        bits=case.bits("bod_level", "bod_enable"),
    )


def a15_startup(case: Case) -> Iterator[Finding]:
    """A start-up time that is short for a crystal, or that counts on a detector that is off."""
    after = case.after
    short = case.clock.resonator == "ceramic" and (
        case.context.xtal1.fitted is Fitted.CRYSTAL or after.ck_powerdown == 258 or after.ck_startup == 258
    )
    unguarded = after.power_hint == "bod" and after.bod == "off"
    if not short and not unguarded:
        return
    why = (
        "is meant for resonators, a crystal may be too slow"
        if short
        else "counts on the brown-out detector, which is off"
    )
    yield Finding(
        "A15",
        Severity.WARNING,
        f"The start-up time {why}.",
        advice="Take 16K CK + 65 ms for a crystal, the longest delay for a slow supply.",
        bits=case.clock_bits + case.bits("startup"),
    )


def a16_oscillator_option(case: Case) -> Iterator[Finding]:
    """CKOPT against the crystal."""
    after, hz = case.after, case.context.xtal1.hz
    if after.ckopt is None:
        return
    if after.clock_kind is ClockKind.INTERNAL_RC and after.ckopt:
        message, severity = (
            "CKOPT programmed with the internal oscillator: the data sheets leave it unprogrammed.",
            1,
        )
    elif after.clock_kind is ClockKind.CRYSTAL_OR_RESONATOR and not after.ckopt:
        limit = after.freq_max_hz
        if hz and limit and hz > limit:
            message, severity = f"CKOPT decides the oscillator's swing: {hz_label(hz)} needs the full one.", 1
        elif hz is None and case.clock.band == "high":
            message, severity = "CKOPT unprogrammed: a small swing, for slow crystals on a quiet board.", 0
        else:
            return
    else:
        return
    yield Finding(
        "A16",
        Severity(severity),
        message,
        advice="Program CKOPT for crystals above 8 MHz or noisy boards only.",
        bits=case.bits("oscillator_option"),
    )


def a17_ships_with_crystal(case: Case) -> Iterator[Finding]:
    """A USB part as it leaves the factory: set for a crystal."""
    clock = case.part.role("clock")
    if clock is None or "hardware_boot_enable" not in case.part.roles or clock.default is None:
        return
    if case.after.clock_kind not in CRYSTAL_KINDS or clock.get(case.values[clock.memory]) != clock.default:
        return
    yield Finding(
        "A17",
        Severity.INFO,
        "This part ships set for a crystal: a bare chip does not answer before one is fitted.",
        bits=case.clock_bits,
    )


def a18_clock_failure(case: Case) -> Iterator[Finding]:
    """Clock failure detection switched on."""
    if case.meaning("clock_failure_detect") != Flag(True):
        return
    yield Finding(
        "A18",
        Severity.INFO,
        "Clock failure detection is on: when the clock on XTAL1 stops, the internal oscillator takes over.",
        bits=case.bits("clock_failure_detect"),
    )


RULES = (
    a14_brown_out,
    a15_startup,
    a16_oscillator_option,
    a17_ships_with_crystal,
    a18_clock_failure,
)
