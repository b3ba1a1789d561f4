"""A5 to A13: clocks that are not there, or too slow for ISP."""

from __future__ import annotations

from collections.abc import Iterator

from avrdeck.boards.fuses import FROM_XTAL1, max_sck_hz
from avrdeck.boards.labels import hz_label, source_label
from avrdeck.boards.models import ClockKind
from avrdeck.boards.safety.model import Case, Finding, Fitted, Severity

INJECT = "Feed a logic-level clock of about 8 MHz into XTAL1 while programming, then set the fuses back."
SLOW_KINDS = frozenset({ClockKind.INTERNAL_128K, ClockKind.INTERNAL_ULP})
CRYSTAL_KINDS = FROM_XTAL1 - {ClockKind.EXTERNAL_CLOCK}
SCK_SHARE = 6
"""The sketch's own margin: SCK at a sixth of the target's clock."""
BAND_RATIO = 4
"""A range wider than this names no band: nothing can be said of the crystal from it."""


def a5_external_clock(case: Case) -> Iterator[Finding]:
    """External clock selected without a known oscillator at XTAL1."""
    fitted = case.context.xtal1.fitted
    if case.after.clock_kind is not ClockKind.EXTERNAL_CLOCK or case.clock_proven or fitted is Fitted.CLOCK:
        return
    known = (
        "a crystal does not start in this mode"
        if fitted is Fitted.CRYSTAL
        else "without one the chip looks dead"
    )
    yield Finding(
        "A5",
        Severity.RECOVERABLE,
        f"External clock selected: the chip needs a running clock on XTAL1; {known}.",
        advice="Choose the crystal or the internal oscillator unless an oscillator module drives XTAL1.",
        recovery=INJECT,
        bits=case.clock_bits,
    )


def a6_crystal(case: Case) -> Iterator[Finding]:
    """A crystal selected that is not known to be fitted, or outside the selected band."""
    after, xtal = case.after, case.context.xtal1
    if after.clock_kind not in CRYSTAL_KINDS or case.clock_proven or xtal.fitted is Fitted.CLOCK:
        return
    label = source_label(case.clock) if case.clock.kind else "crystal or resonator"
    if xtal.fitted is Fitted.CRYSTAL:
        if xtal.hz is None or _in_band(case, xtal.hz):
            return
        message = (
            f"The {hz_label(xtal.hz)} crystal is outside the selected range ({label}); it may not start."
        )
    elif xtal.fitted is Fitted.NOTHING:
        message = f"Set for an oscillator that is not there ({label}): the chip will stand still."
    elif _crystal_runs_now(case):
        return
    else:
        message = f"Needs its crystal or resonator on XTAL1 and XTAL2 ({label})."
    yield Finding("A6", Severity.RECOVERABLE, message, "Check what is fitted.", INJECT, case.clock_bits)


def _in_band(case: Case, hz: int) -> bool:
    low, high = case.after.freq_min_hz, case.after.freq_max_hz
    return (low or 0) <= hz <= (high or hz)


def _crystal_runs_now(case: Case) -> bool:
    """Whether the chip runs on a crystal now that the new range can take too."""
    now, then = case.before, case.after
    if now.clock_kind not in CRYSTAL_KINDS:
        return False
    unlimited = 1 << 32
    starts, ends = (now.freq_min_hz or 0, then.freq_min_hz or 0), (now.freq_max_hz, then.freq_max_hz)
    return max(starts) < min(end or unlimited for end in ends)


def a7_watch_crystal(case: Case) -> Iterator[Finding]:
    """A 32.768 kHz crystal: too slow for the stock programmer, and perhaps not fitted."""
    if case.after.clock_kind is not ClockKind.CRYSTAL_LOW_FREQ or case.clock_proven:
        return
    limit = case.after.max_sck_hz or 0
    yield Finding(
        "A7",
        Severity.RECOVERABLE,
        f"Watch crystal: ISP needs the crystal fitted and SCK of at most {hz_label(limit)}; "
        f"this programmer sends {hz_label(case.context.sck_hz)}.",
        advice=_slow_sketch(case),
        recovery=f"{INJECT} Or slow SCK down.",
        bits=case.clock_bits,
    )


def a8_slow_internal(case: Case) -> Iterator[Finding]:
    """The 128 kHz or ULP oscillator: too slow for the stock programmer's SCK."""
    after = case.after
    if after.clock_kind not in SLOW_KINDS or not after.max_sck_hz or case.context.sck_hz <= after.max_sck_hz:
        return
    yield Finding(
        "A8",
        Severity.RECOVERABLE,
        f"Internal {hz_label(after.clock_hz or 0)} oscillator: "
        f"SCK must stay below {hz_label(after.max_sck_hz + 1)}, and no clock on XTAL1 can help.",
        advice=_slow_sketch(case),
        recovery="Rebuild the programmer's sketch with a slow SPI_CLOCK first; otherwise 12 V programming.",
        bits=(*case.clock_bits, *case.bits("clock_div8", "ulp_frequency")),
    )


def _slow_sketch(case: Case) -> str:
    f_cpu = case.after.f_cpu_hz
    return (
        f"Build ArduinoISP with #define SPI_CLOCK ({f_cpu}/{SCK_SHARE})."
        if f_cpu
        else "Slow the programmer's SCK down."
    )


def a9_sck(case: Case) -> Iterator[Finding]:
    """The clock of the next session is too slow for the programmer's SCK."""
    after, sck = case.after, case.context.sck_hz
    slowest, fastest = _f_cpu_range(case)
    if fastest is None or slowest is None or sck <= max_sck_hz(case.part, slowest):
        return
    sure = sck > max_sck_hz(case.part, fastest)
    if not sure and fastest > slowest * BAND_RATIO:
        return
    clock = hz_label(fastest) if slowest == fastest else f"{hz_label(slowest)} to {hz_label(fastest)}"
    yield Finding(
        "A9",
        Severity.RECOVERABLE if sure else Severity.WARNING,
        f"The CPU will run at {clock}: "
        f"SCK {hz_label(sck)} is too fast{'' if sure else ' for the lower end'}, "
        f"at most {hz_label(max_sck_hz(case.part, slowest))} is safe.",
        advice=_slow_sketch(case),
        recovery="Program with a slower SCK, or feed a faster clock into XTAL1 if the source is XTAL1.",
        bits=(*case.clock_bits, *(case.bits("clock_div8") if after.ckdiv8 else ())),
    )


def _f_cpu_range(case: Case) -> tuple[int | None, int | None]:
    """Slowest and fastest CPU clock that the bytes allow, in Hz."""
    after = case.after
    if after.f_cpu_hz:
        return after.f_cpu_hz, after.f_cpu_hz
    divisor = 8 if after.ckdiv8 else 1
    low, high = after.freq_min_hz, after.freq_max_hz
    if high is None:
        return None, None
    return (low or high) // divisor, high // divisor


def a10_divider(case: Case) -> Iterator[Finding]:
    """CKDIV8 programmed."""
    if not case.after.ckdiv8:
        return
    f_cpu = case.after.f_cpu_hz
    yield Finding(
        "A10",
        Severity.INFO,
        f"The clock is divided by 8{f': {hz_label(f_cpu)}' if f_cpu else ''}, until software changes it.",
        bits=case.bits("clock_div8"),
    )


def a11_reserved_clock(case: Case) -> Iterator[Finding]:
    """A clock code that no list has: what the chip does is not defined."""
    if case.after.clock_kind is not ClockKind.RESERVED:
        return
    yield Finding(
        "A11",
        Severity.WARNING if case.clock_proven else Severity.FATAL,
        "Reserved clock code on this part: nobody says what it will run on, if it runs.",
        advice="Choose a listed clock. A code that is right on a sibling can be reserved here.",
        recovery="Unknown; perhaps a clock into XTAL1, else 12 V programming.",
        bits=case.clock_bits,
    )


def a12_external_rc(case: Case) -> Iterator[Finding]:
    """An external RC network selected."""
    if case.after.clock_kind is not ClockKind.EXTERNAL_RC or case.clock_proven:
        return
    yield Finding(
        "A12",
        Severity.RECOVERABLE,
        "Needs a resistor and a capacitor on XTAL1 to run.",
        advice="Choose the internal oscillator unless the RC network is fitted.",
        recovery=f"Fit the RC network. {INJECT}",
        bits=case.clock_bits,
    )


def a13_pll(case: Case) -> Iterator[Finding]:
    """The PLL drives the CPU."""
    if case.after.clock_kind is not ClockKind.PLL:
        return
    needs = {"crystal": "a crystal", "external_clock": "a running clock on XTAL1"}.get(
        case.clock.pll_input or ""
    )
    missing = (
        needs is not None
        and not case.clock_proven
        and case.context.xtal1.fitted in (Fitted.UNKNOWN, Fitted.NOTHING)
    )
    hz = hz_label(case.after.f_cpu_hz) if case.after.f_cpu_hz else "its full speed"
    yield Finding(
        "A13",
        Severity.RECOVERABLE if missing else Severity.INFO,
        f"The PLL clocks the CPU{f' and needs {needs}' if needs else ''}: {hz} wants enough VCC.",
        advice="Check the supply against the data sheet's speed grade.",
        recovery=INJECT if missing else "",
        bits=case.clock_bits,
    )


RULES = (
    a5_external_clock,
    a6_crystal,
    a7_watch_crystal,
    a8_slow_internal,
    a9_sck,
    a10_divider,
    a11_reserved_clock,
    a12_external_rc,
    a13_pll,
)
