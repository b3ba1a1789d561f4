"""C1 to C15: ISP is fine, but board, bootloader or application will not do what is wanted."""

from __future__ import annotations

from collections.abc import Iterator

from avrdeck.boards.labels import FLAG_WORDS, field_title, hz_label
from avrdeck.boards.models import BitField, BodMode, Flag, Part
from avrdeck.boards.safety.access import high_voltage
from avrdeck.boards.safety.bootloader import RULES as BOOTLOADER_RULES
from avrdeck.boards.safety.lock import ECHOED, NO_TARGET
from avrdeck.boards.safety.model import Case, Finding, Severity

FULL_SPEED_HZ = 16_000_000
FULL_SPEED_VOLTS = 2.7
"""16 MHz with a brown-out level this low runs below its speed grade before the detector trips."""
PIN_ROLES = ("psc_reset_behaviour", "duvr_mode", "factory_test")


def c6_watchdog(case: Case) -> Iterator[Finding]:
    """WDTON programmed."""
    if not case.after.wdton:
        return
    yield Finding(
        "C6",
        Severity.WARNING,
        "The watchdog cannot be switched off: code that does not serve it is reset every 16 ms or so.",
        advice="Leave WDTON unprogrammed (1); most bootloaders cannot live with it.",
        bits=case.bits("watchdog_always_on"),
    )


def c8_debug_port(case: Case) -> Iterator[Finding]:
    """JTAGEN or OCDEN programmed."""
    if case.after.jtagen:
        yield Finding(
            "C8",
            Severity.INFO,
            "JTAG holds four port pins; it is also a way back in when ISP fails.",
            bits=case.bits("jtag_enable"),
        )
    if case.after.ocden:
        yield Finding(
            "C8",
            Severity.WARNING,
            "On-chip debugging keeps clocks running in sleep: more current, and not for shipping.",
            advice="Leave OCDEN unprogrammed (1).",
            bits=case.bits("ocd_enable"),
        )


def c9_compatibility(case: Case) -> Iterator[Finding]:
    """A compatibility fuse programmed."""
    bits = case.field("compat_mode")
    if bits is None or not case.programmed("compat_mode"):
        return
    yield Finding(
        "C9",
        Severity.WARNING,
        f"{bits.name} is programmed: the chip acts as its predecessor; firmware for {case.part.name} fails.",
        advice=f"Unprogram {bits.name} (1) for new firmware.",
        bits=case.bits("compat_mode"),
    )


def c10_clock_output(case: Case) -> Iterator[Finding]:
    """CKOUT programmed."""
    bits = case.field("clock_output")
    if bits is None or not case.after.ckout:
        return
    yield Finding(
        "C10",
        Severity.WARNING,
        f"The CPU clock comes out on {bits.pin or 'a port pin'}: whatever is connected there sees it.",
        advice="Leave CKOUT unprogrammed (1) unless it is wanted.",
        bits=case.bits("clock_output"),
    )


def c12_pins_at_reset(case: Case) -> Iterator[Finding]:
    """Fuses that change pins or analogue parts at reset."""
    for bits in case.part.fields:
        if bits.role not in PIN_ROLES or bits.memory not in case.values:
            continue
        known = bits.meaning(bits.get(case.values[bits.memory]))
        if known and known.meaning == Flag(True) and bits.default != known.value:
            yield Finding(
                "C12",
                Severity.WARNING,
                f"{bits.name}: {field_title(bits)} {FLAG_WORDS[bits.role][1]}.",
                advice="Make sure that the board wants this.",
                bits=(f"{bits.memory}.{bits.name}",),
            )


def c13_brown_out(case: Case) -> Iterator[Finding]:
    """Brown-out detection off, or too low for the clock."""
    after = case.after
    if after.bod == "off":
        message = "No brown-out detection: when the supply sags, flash and EEPROM can be corrupted."
    elif (after.f_cpu_hz or 0) >= FULL_SPEED_HZ and (after.bod_volts or FULL_SPEED_HZ) <= FULL_SPEED_VOLTS:
        message = (
            f"At {hz_label(after.f_cpu_hz or 0)} the chip leaves its speed grade "
            f"before it resets at {after.bod_volts} V."
        )
    else:
        return
    yield Finding(
        "C13",
        Severity.INFO,
        message,
        advice="Take a level just below the lowest supply.",
        bits=case.bits("bod_level", "bod_enable", "bod_mode_active"),
    )


def c14_brown_out_mode(case: Case) -> Iterator[Finding]:
    """BODACT or BODPD: the detector sampled, or off in sleep."""
    for role, when in (("bod_mode_active", "while awake"), ("bod_mode_sleep", "in power-down")):
        mode = case.meaning(role)
        if isinstance(mode, BodMode) and mode.mode != "enabled":
            yield Finding(
                "C14",
                Severity.INFO,
                f"Brown-out detection is {mode.mode} {when}.",
                bits=case.bits(role),
            )


def c15_other_part(case: Case) -> Iterator[Finding]:
    """Bytes made for another part, or a chip that is another part."""
    made_for, signature = case.context.made_for, case.context.signature
    if made_for and made_for.name != case.part.name:
        differing = tuple(_differing(case.part, made_for))
        if differing:
            yield Finding(
                "C15",
                Severity.FATAL,
                f"Made for {made_for.name}: on {case.part.name} the same bits mean something else.",
                advice="Take values made for this part.",
                recovery=f"Perhaps only {high_voltage(case.part)}.",
                bits=differing,
                blocks=True,
            )
    if signature and signature not in (case.part.signature, ECHOED, *NO_TARGET):
        yield Finding(
            "C15",
            Severity.FATAL,
            f"The chip says {signature.hex(' ').upper()}; {case.part.name} is {case.part.signature_text}.",
            advice="Choose the part that is really connected.",
            blocks=True,
        )


def _differing(part: Part, other: Part) -> Iterator[str]:
    """The fields of ``part`` that ``other`` has elsewhere, with other codes, or not at all."""
    for bits in part.fields:
        twin = next(
            (field for field in other.fields if field.memory == bits.memory and field.mask == bits.mask), None
        )
        if twin is None or not _same_meaning(bits, twin):
            yield f"{bits.memory}.{bits.name}"
    for memory in other.fuses:
        if memory not in part.fuses:
            yield memory


def _same_meaning(bits: BitField, twin: BitField) -> bool:
    """Whether the codes mean the same; a boot section may start elsewhere."""
    if bits.role != twin.role:
        return False
    if bits.role == "boot_size":
        return True
    return [(v.value, v.meaning) for v in bits.values] == [(v.value, v.meaning) for v in twin.values]


RULES = (
    *BOOTLOADER_RULES,
    c6_watchdog,
    c8_debug_port,
    c9_compatibility,
    c10_clock_output,
    c12_pins_at_reset,
    c13_brown_out,
    c14_brown_out_mode,
    c15_other_part,
)
