"""What fuse and lock bytes mean, as text: the bytes, their fields in place, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from avrdeck.boards.fusefields import FieldState, fields
from avrdeck.boards.fuses import FROM_XTAL1, Decoded
from avrdeck.boards.labels import clock_label, hz_label
from avrdeck.boards.models import Clock, ClockKind, Flag, Part
from avrdeck.boards.safety import Finding
from avrdeck.commands.output import finding_text
from avrdeck.commands.reference.layout import bit_picture, labelled, wrapped

ALL_BITS = 0xFF
NAME_CELLS = 11


def bytes_text(part: Part, values: Mapping[str, int]) -> list[str]:
    """Every byte in binary, and below it its fields with their bits in place; 0 is programmed."""
    lines = []
    for name, value in values.items():
        lines.append(f"{name:6} {value:02X}  {bit_picture(ALL_BITS, value)}")
        for state in fields(part, {name: value}):
            start = f"           {bit_picture(state.field.mask, value)}  {state.field.name:{NAME_CELLS}}"
            lines += wrapped(_said(state), start)
    return lines


def _said(state: FieldState) -> str:
    """A flag needs to be told what it is about."""
    about = f"{state.title}: " if state.known is None or isinstance(state.known.meaning, Flag) else ""
    guess = f" (inferred: {', '.join(state.inferred)})" if state.inferred else ""
    return f"{about}{state.label}{guess}"


def summary(part: Part, values: Mapping[str, int], decoded: Decoded) -> list[str]:
    """What the bytes come to: clock, brown-out detector, boot section, EEPROM, SCK."""
    rows = [
        ("Clock", _clock(part, values, decoded)),
        ("CPU clock", _cpu_clock(decoded)),
        ("Brown-out", _brown_out(decoded)),
        ("Boot section", _boot(decoded)),
        ("EEPROM", _eeprom(part, decoded)),
        ("Max SCK", _sck(part, decoded)),
    ]
    return labelled([(label, said) for label, said in rows if said])


def _clock(part: Part, values: Mapping[str, int], decoded: Decoded) -> str:
    whole = next((state for state in fields(part, values) if state.field.role == "clock"), None)
    if whole:
        return whole.label
    if decoded.clock_kind is None:
        return "rests on a byte that was not given"
    clock = Clock(
        kind=decoded.clock_kind,
        nominal_hz=decoded.clock_hz,
        freq_min_hz=decoded.freq_min_hz,
        freq_max_hz=decoded.freq_max_hz,
        ck_powerdown=decoded.ck_powerdown,
        ck_reset=decoded.ck_reset,
        ck_startup=decoded.ck_startup,
        delay_ms=decoded.delay_ms,
        power=decoded.power_hint,
        startup=decoded.startup_class,
    )
    return clock_label(clock)


def _cpu_clock(decoded: Decoded) -> str:
    divided = ", divided by 8" if decoded.ckdiv8 else ""
    if decoded.f_cpu_hz is not None:
        return f"{hz_label(decoded.f_cpu_hz)}{divided}"
    if decoded.clock_kind in FROM_XTAL1:
        return f"that of what is fitted at XTAL1{divided}; --xtal names it"
    known = decoded.clock_kind not in {None, ClockKind.RESERVED}
    return f"not stated{divided}" if known else "not known"


def _brown_out(decoded: Decoded) -> str:
    if decoded.bod in {"on", "sampled"} and decoded.bod_volts:
        return f"{decoded.bod}, {decoded.bod_volts:.1f} V"
    return decoded.bod or ""


def _boot(decoded: Decoded) -> str:
    if decoded.boot_start_byte is None or decoded.boot_size_words is None:
        return ""
    start = decoded.boot_start_byte
    reset = f"0x{start:04X}" if decoded.bootrst else "0x0000"
    return f"{decoded.boot_size_words} words at 0x{start:04X}; reset starts at {reset}"


def _eeprom(part: Part, decoded: Decoded) -> str:
    if part.eeprom is None:
        return ""
    if decoded.eesave is None and "eeprom_save" in part.roles:
        return "rests on a byte that was not given"
    return "kept by a chip erase" if decoded.eesave else "erased with the chip"


def _sck(part: Part, decoded: Decoded) -> str:
    if decoded.max_sck_hz is not None:
        return hz_label(decoded.max_sck_hz)
    half = part.timing.sck_half_clocks
    return (
        f"below a {2 * half}th of the CPU clock"
        if half
        else "below a quarter of the CPU clock, a sixth from 12 MHz up"
    )


def findings_text(findings: Sequence[Finding]) -> Iterator[str]:
    """The findings, wrapped, in the order given: the worst first."""
    for finding in findings:
        for line in finding_text(finding).splitlines():
            text = line.lstrip()
            yield from wrapped(text, line[: len(line) - len(text)])
