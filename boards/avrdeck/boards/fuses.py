"""What a set of fuse bytes makes the chip do: clock, brown-out detector, boot section, flags.

Meanings as in the data sheets' fuse and clock tables. A fuse is *programmed* when its bit is 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from avrdeck.boards.fusefields import FieldState, IllegalValue, UnknownField, fields, legal_values, with_field
from avrdeck.boards.models import BitField, BodLevel, BodMode, BootSize, Clock, ClockKind, Part

__all__ = [
    "Decoded",
    "FieldState",
    "IllegalValue",
    "UnknownField",
    "UnknownSemantics",
    "decode",
    "fields",
    "legal_values",
    "max_sck_hz",
    "require_semantics",
    "with_field",
]

CKDIV8 = 8
FAST_HZ = 12_000_000
"""From here up SCK must stay high and low for more than three CPU clocks, below for more than two."""
FROM_XTAL1 = frozenset(
    {
        ClockKind.EXTERNAL_CLOCK,
        ClockKind.CRYSTAL_LOW_POWER,
        ClockKind.CRYSTAL_FULL_SWING,
        ClockKind.CRYSTAL_OR_RESONATOR,
        ClockKind.CERAMIC_RESONATOR,
        ClockKind.CERAMIC_OR_EXTERNAL_CLOCK,
        ClockKind.EXTERNAL_OR_CRYSTAL,
        ClockKind.TRANSCEIVER_OSC,
    }
)
"""Sources whose frequency is that of what is fitted at XTAL1."""


class UnknownSemantics(ValueError):
    """The part is a clone or no AVR, and what its fuse and lock bits mean is not known here."""

    def __init__(self, part: Part) -> None:
        self.part = part.name
        what = "a clone" if part.clone else "no AVR"
        super().__init__(
            f"{part.name} is {what}: what its fuse and lock bits mean is not known here. "
            "Nothing is decoded or judged; read the maker's data sheet before writing them."
        )


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a set of fuses means.

    Flags are `True` when programmed, `None` when the part has no such fuse. Frequencies are in Hz;
    ``clock_hz`` is what the source gives (`None` when that depends on what is fitted), ``f_cpu_hz``
    what the CPU gets after all dividers, ``max_sck_hz`` the fastest SCK that is safe with it.
    ``ck_*`` count clocks. ``bod`` is on, off, sampled or reserved. ``clock_kind`` is ``reserved`` for
    a code that no list has.
    """

    clock_kind: ClockKind | None = None
    clock_hz: int | None = None
    freq_min_hz: int | None = None
    freq_max_hz: int | None = None
    ck_powerdown: int | None = None
    ck_reset: int | None = None
    ck_startup: int | None = None
    delay_ms: float | None = None
    power_hint: str | None = None
    startup_class: str | None = None
    bod: str | None = None
    bod_volts: float | None = None
    boot_size_words: int | None = None
    boot_start_byte: int | None = None
    bootrst: bool | None = None
    spien: bool | None = None
    rstdisbl: bool | None = None
    dwen: bool | None = None
    jtagen: bool | None = None
    ocden: bool | None = None
    eesave: bool | None = None
    wdton: bool | None = None
    ckdiv8: bool | None = None
    ckout: bool | None = None
    selfprgen: bool | None = None
    hwbe: bool | None = None
    ckopt: bool | None = None
    m103c: bool | None = None
    m161c: bool | None = None
    s8515c: bool | None = None
    s8535c: bool | None = None
    fstrt: bool | None = None
    f_cpu_hz: int | None = None
    max_sck_hz: int | None = None


def require_semantics(part: Part) -> None:
    """Raise `UnknownSemantics` for clones and parts that are no AVR."""
    if part.clone or not part.is_avr:
        raise UnknownSemantics(part)


def decode(
    part: Part, values: Mapping[str, int], *, partial: bool = False, xtal_hz: int | None = None
) -> Decoded:
    """What the fuse bytes ``values`` (by memory name) mean on ``part``.

    Every fuse byte of the part must be given: a byte that was not read is not assumed to be the
    factory's. With ``partial``, what rests on a missing byte is `None` instead (some AT90S cannot
    read their fuses by ISP). A lock byte in ``values`` is ignored. ``xtal_hz`` is the frequency at
    XTAL1, if known; it makes ``f_cpu_hz`` known for sources that depend on it.

    Raises `ValueError` for a missing, foreign or impossible byte, `UnknownSemantics` for clones.
    """
    require_semantics(part)
    _check(part, values, partial)
    reader = _Reader(part, values)
    clock = reader.clock()
    bod, bod_volts = reader.bod()
    boot = reader.boot()
    ckopt, ckdiv8 = reader.flag("oscillator_option"), reader.flag("clock_div8")
    low, high = clock.freq_min_hz, clock.freq_max_hz
    if clock.freq_by_ckopt and ckopt is not None:
        low, high = clock.freq_by_ckopt[0 if ckopt else 1]
    divider_known = ckdiv8 is not None or "clock_div8" not in part.roles
    f_cpu = f_cpu_hz(part, clock, xtal_hz, divided_by_8=bool(ckdiv8)) if divider_known else None
    return Decoded(
        clock_kind=clock.kind,
        clock_hz=clock.nominal_hz,
        freq_min_hz=low,
        freq_max_hz=high,
        ck_powerdown=clock.ck_powerdown,
        ck_reset=clock.ck_reset,
        ck_startup=clock.ck_startup,
        delay_ms=clock.delay_ms,
        power_hint=clock.power,
        startup_class=clock.startup,
        bod=bod,
        bod_volts=bod_volts,
        boot_size_words=boot.size_words if boot else None,
        boot_start_byte=boot.start_byte if boot else None,
        bootrst=reader.flag("boot_reset"),
        spien=reader.flag("spi_enable"),
        rstdisbl=reader.flag("reset_disable"),
        dwen=reader.flag("debugwire_enable"),
        jtagen=reader.flag("jtag_enable"),
        ocden=reader.flag("ocd_enable"),
        eesave=reader.flag("eeprom_save"),
        wdton=reader.flag("watchdog_always_on"),
        ckdiv8=ckdiv8,
        ckout=reader.flag("clock_output"),
        selfprgen=reader.flag("self_program_enable"),
        hwbe=reader.flag("hardware_boot_enable"),
        ckopt=ckopt,
        fstrt=reader.flag("startup_fast"),
        f_cpu_hz=f_cpu,
        max_sck_hz=max_sck_hz(part, f_cpu) if f_cpu else None,
        **reader.compat(),
    )


def max_sck_hz(part: Part, f_cpu_hz: int) -> int:
    """The fastest SCK in whole Hz that is safe while the CPU runs at ``f_cpu_hz``.

    Data sheets, "Serial Programming": SCK must be high and low for more than 2 CPU clocks each
    below 12 MHz, more than 3 from 12 MHz up; AT90S1200 wants more than 4. With an even SCK it must
    therefore stay strictly below f/4, f/6 or f/8.
    """
    half = part.timing.sck_half_clocks or (2 if f_cpu_hz < FAST_HZ else 3)
    return (f_cpu_hz - 1) // (2 * half)


def f_cpu_hz(part: Part, clock: Clock, xtal_hz: int | None, *, divided_by_8: bool) -> int | None:
    """The CPU clock after every divider, or `None` when what the source gives is not known."""
    source = clock.nominal_hz
    if source is None and clock.kind in FROM_XTAL1:
        source = xtal_hz
    if source is None:
        return None
    prescale = part.rc_prescale if clock.kind is ClockKind.INTERNAL_RC else 1
    return source // (prescale * (clock.system_div or 1) * (CKDIV8 if divided_by_8 else 1))


def _check(part: Part, values: Mapping[str, int], partial: bool) -> None:
    for memory, value in values.items():
        if memory not in part.fuses:
            raise ValueError(f"{part.name} has no {memory}; it has {', '.join(part.fuses)}.")
        if not 0 <= value <= 0xFF:
            raise ValueError(f"{memory} must be a byte, not {value!r}.")
    missing = [fuse.name for fuse in part.fuse_bytes if fuse.name not in values]
    if missing and not partial:
        raise ValueError(
            f"{part.name}: {' and '.join(missing)} missing; the meaning rests on every fuse byte."
        )


@dataclass(frozen=True, slots=True)
class _Reader:
    """The fields of one set of bytes, by role."""

    part: Part
    values: Mapping[str, int]

    def code(self, role: str) -> tuple[BitField, int] | None:
        """The field of that role and its value, or `None` when part or byte is missing."""
        bits = self.part.roles.get(role)
        if bits is None or bits.memory not in self.values:
            return None
        return bits, bits.get(self.values[bits.memory])

    def flag(self, role: str) -> bool | None:
        found = self.code(role)
        return None if found is None else found[1] == 0

    def compat(self) -> dict[str, bool]:
        """The one compatibility fuse that some parts have, under its own name."""
        found = self.code("compat_mode")
        return {found[0].name.lower(): found[1] == 0} if found else {}

    def meaning(self, role: str) -> object | None:
        """The meaning of the field of that role, `False` when its value is reserved."""
        found = self.code(role)
        if found is None:
            return None
        known = found[0].meaning(found[1])
        return known.meaning if known else False

    def clock(self) -> Clock:
        source = next((self.meaning(role) for role in CLOCK_SOURCES if role in self.part.roles), None)
        if source is False:
            return _RESERVED
        startup = self.meaning("startup")
        fixed = self.part.clock_fixed
        clock = source if isinstance(source, Clock) else Clock()
        if clock.kind is None and fixed:
            clock = replace(clock, kind=fixed.kind, nominal_hz=fixed.nominal_hz)
        if isinstance(startup, Clock):
            clock = replace(
                clock,
                ck_powerdown=startup.ck_powerdown,
                ck_reset=startup.ck_reset,
                ck_startup=startup.ck_startup,
                delay_ms=startup.delay_ms,
                startup=startup.startup,
            )
        ulp = self.meaning("ulp_frequency")
        if clock.kind is ClockKind.INTERNAL_ULP and "ulp_frequency" in self.part.roles:
            clock = replace(clock, nominal_hz=ulp.nominal_hz if isinstance(ulp, Clock) else None)
        return clock

    def bod(self) -> tuple[str | None, float | None]:
        """State of the brown-out detector, and its level where that counts."""
        level, enabled, mode = (
            self.meaning("bod_level"),
            self.flag("bod_enable"),
            self.meaning("bod_mode_active"),
        )
        if isinstance(mode, BodMode):
            state = BOD_STATES[mode.mode]
        elif mode is False:
            return "reserved", None
        elif enabled is not None:
            state = "on" if enabled else "off"
        elif level is None:
            return None, None
        else:
            state = "off" if isinstance(level, BodLevel) and level.volts is None else "on"
        if state == "off":
            return state, None
        return (state, level.volts) if isinstance(level, BodLevel) else ("reserved", None)

    def boot(self) -> BootSize | None:
        size = self.meaning("boot_size")
        if isinstance(size, BootSize):
            return size
        boot = self.part.boot
        return boot.sections[0] if boot and boot.fixed else None


CLOCK_SOURCES = ("clock", "clock_source", "clock_rc_enable")
BOD_STATES = {"enabled": "on", "sampled": "sampled", "disabled": "off"}
_RESERVED = Clock(kind=ClockKind.RESERVED)
