"""Words for what the bits mean, composed from the structured facts and never stored with them."""

from __future__ import annotations

from avrdeck.boards.models import (
    BitField,
    BodLevel,
    BootLock,
    BootSize,
    Clock,
    ClockKind,
    FieldValue,
    Flag,
    MemoryLock,
)

DASH = "\N{EN DASH}"
FLAG_WORDS: dict[str, tuple[str, str, str]] = {
    "bod_enable": ("brown-out detector", "on", "off"),
    "boot_reset": ("reset vector", "reset starts the boot section", "reset starts at 0x0000"),
    "clock_div8": ("clock divider", "÷ 8", "÷ 1"),
    "clock_failure_detect": ("clock failure detection", "on", "off"),
    "clock_output": ("clock output", "CPU clock on its pin", "pin is free"),
    "compat_mode": ("compatibility mode", "acts as its predecessor", "native"),
    "debugwire_enable": ("debugWIRE", "on: RESET talks debugWIRE", "off"),
    "duvr_mode": ("deep under-voltage recovery", "on", "off"),
    "eeprom_save": ("EEPROM on chip erase", "kept", "erased"),
    "factory_test": ("factory test", "on", "off"),
    "hardware_boot_enable": ("hardware boot pin", "pin low at reset starts the bootloader", "ignored"),
    "jtag_enable": ("JTAG", "on: takes four pins", "off"),
    "ocd_enable": ("on-chip debug", "on: clocks run in sleep", "off"),
    "oscillator_option": ("oscillator option CKOPT", "programmed", "unprogrammed"),
    "psc_reset_behaviour": ("PSC outputs at reset", "forced to the reset level", "ordinary port pins"),
    "reset_disable": ("RESET pin", "port pin: no more ISP", "resets the chip"),
    "self_program_enable": ("self-programming (SPM)", "on", "off"),
    "spi_enable": ("serial programming (ISP)", "on", "off"),
    "startup_fast": ("start-up time", "short", "long"),
    "watchdog_always_on": ("watchdog", "always on", "by software"),
}
"""Flags by role: what they are about, and what on and off mean."""

TITLES = {
    "clock": "clock source and start-up",
    "clock_source": "clock source",
    "clock_rc_enable": "clock source",
    "startup": "start-up time",
    "bod_level": "brown-out level",
    "bod_mode_active": "brown-out detector, active",
    "bod_mode_sleep": "brown-out detector, power-down",
    "boot_size": "boot section",
    "memory_lock": "memory lock",
    "boot_lock_app": "application section lock",
    "boot_lock_boot": "boot section lock",
    "psc_reset_value": "PSC level at reset",
    "ulp_frequency": "ULP oscillator",
}
CLOCKS = {
    ClockKind.EXTERNAL_CLOCK: "external clock",
    ClockKind.INTERNAL_RC: "internal RC",
    ClockKind.INTERNAL_128K: "internal RC",
    ClockKind.INTERNAL_ULP: "internal ULP",
    ClockKind.INTERNAL_SLOW_RC: "internal slow RC",
    ClockKind.EXTERNAL_RC: "external RC",
    ClockKind.CRYSTAL_LOW_POWER: "crystal",
    ClockKind.CRYSTAL_FULL_SWING: "full-swing crystal",
    ClockKind.CRYSTAL_LOW_FREQ: "watch crystal",
    ClockKind.CRYSTAL_OR_RESONATOR: "crystal",
    ClockKind.CERAMIC_RESONATOR: "resonator",
    ClockKind.CERAMIC_OR_EXTERNAL_CLOCK: "resonator or external clock",
    ClockKind.EXTERNAL_OR_CRYSTAL: "crystal or external clock",
    ClockKind.PLL: "PLL",
    ClockKind.TRANSCEIVER_OSC: "transceiver crystal",
    ClockKind.RESERVED: "reserved",
}


def field_title(bits: BitField) -> str:
    """What a field is for, in a few words."""
    words = FLAG_WORDS.get(bits.role)
    return words[0] if words else TITLES[bits.role]


def value_label(bits: BitField, known: FieldValue | None) -> str:
    """What a value means: ``2.7 V``, ``256 words @0x7E00``, ``crystal ≥ 8 MHz, 16K CK + 65 ms``."""
    label = known.key if known else "reserved"
    match known and known.meaning:
        case Flag(active):
            label = FLAG_WORDS[bits.role][1 if active else 2]
        case BodLevel(volts) if volts is not None:
            label = f"{volts:.1f} V"
        case BootSize() as size:
            label = f"{size.size_words} words @0x{size.start_byte:04X}"
        case MemoryLock(write, read):
            label = _blocked(**{"no writing": write, "no reading": read})
        case BootLock(spm, lpm):
            label = _blocked(**{"no SPM": spm, "no LPM": lpm})
        case Clock() as clock:
            label = clock_label(clock)
    return label


def _blocked(**blocked: bool) -> str:
    return ", ".join(word for word, is_blocked in blocked.items() if is_blocked) or "unlocked"


def clock_label(clock: Clock) -> str:
    """A clock source with its start-up, as far as they are known."""
    return ", ".join(part for part in (source_label(clock), startup_label(clock)) if part) or "as delivered"


def source_label(clock: Clock) -> str:
    """The clock source alone: ``crystal ≥ 8 MHz``, ``internal RC 8 MHz``."""
    words = [CLOCKS[clock.kind]] if clock.kind else []
    if clock.resonator == "ceramic" and words and words[0].endswith("crystal"):
        words[0] = words[0].replace("crystal", "resonator")
    if clock.nominal_hz:
        words.append(hz_label(clock.nominal_hz))
    elif clock.freq_min_hz or clock.freq_max_hz:
        words.append(_range_label(clock.freq_min_hz, clock.freq_max_hz))
    elif clock.band:
        words.append(f"{clock.band} band")
    if clock.system_div:
        words.append(f"÷ {clock.system_div}")
    if clock.tiny15_compat:
        words.append("(ATtiny15 mode)")
    if clock.pll_input:
        words.append(f"(PLL fed by {clock.pll_input.replace('_', ' ')})")
    return " ".join(words)


def startup_label(clock: Clock) -> str:
    """The start-up time alone: ``16K CK + 65 ms``."""
    count = next((n for n in (clock.ck_powerdown, clock.ck_startup, clock.ck_reset) if n is not None), None)
    times = [_count_label(count)] if count is not None else []
    if clock.delay_ms is not None:
        times.append(f"{clock.delay_ms:g} ms")
    words = [" + ".join(times)] if times else []
    if clock.startup:
        words.append(f"{clock.startup} start-up")
    if clock.power and not times:
        words.append(
            "BOD or fast power" if clock.power == "bod" else f"{clock.power.replace('_', ' ')} power"
        )
    if clock.int_cap:
        words.append("internal capacitors")
    return ", ".join(words)


def hz_label(hz: float) -> str:
    """A frequency for people: ``8 MHz``, ``32.768 kHz``, ``500 Hz``."""
    for unit, factor in (("MHz", 1_000_000), ("kHz", 1_000)):
        if hz >= factor:
            return f"{hz / factor:.6g} {unit}"
    return f"{hz:.6g} Hz"


def _range_label(low: int | None, high: int | None) -> str:
    if low is None:
        return f"≤ {hz_label(high or 0)}"
    if high is None:
        return f"≥ {hz_label(low)}"
    return f"{low / 1e6:g}{DASH}{high / 1e6:g} MHz"


def _count_label(count: int) -> str:
    return f"{count // 1024}K CK" if count >= 1024 else f"{count} CK"
