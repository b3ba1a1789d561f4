"""What clocks a virtual chip: its fuses and what the board has on XTAL1."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from avrdeck.boards import fuses
from avrdeck.boards.models import Clock, ClockKind, Part

MAX_HZ = 100_000_000
LOW_FREQUENCY_HZ = (20_000, 100_000)
"""Watch crystals: what the low-frequency oscillator starts with."""


class Fitted(StrEnum):
    """What is connected to XTAL1. The values are how it is written."""

    NOTHING = "none"
    CRYSTAL = ""
    CLOCK = "ext"
    RC = "rc"


@dataclass(frozen=True, slots=True)
class Xtal:
    """A crystal or resonator, a driven clock, an RC network, or nothing, with its frequency in Hz."""

    fitted: Fitted
    hz: int = 0

    @classmethod
    def parse(cls, text: str) -> Xtal:
        """Read ``none``, ``16000000`` (crystal), ``ext8000000`` (driven) or ``rc1000000``.

        Raises `ValueError` with what is allowed.
        """
        if text == Fitted.NOTHING:
            return cls(Fitted.NOTHING)
        found = re.fullmatch(r"(ext|rc|)([0-9]{1,9})", text)
        if not found or not 0 < int(found[2]) <= MAX_HZ:
            raise ValueError(f"{text!r} is not none, HZ (a crystal), extHZ (a driven clock) or rcHZ")
        return cls(Fitted(found[1]), int(found[2]))

    def __str__(self) -> str:
        return self.fitted if self.fitted is Fitted.NOTHING else f"{self.fitted}{self.hz}"


UNO_CRYSTAL = Xtal(Fitted.CRYSTAL, 16_000_000)

_OWN = frozenset({
    ClockKind.INTERNAL_RC, ClockKind.INTERNAL_128K, ClockKind.INTERNAL_ULP, ClockKind.INTERNAL_SLOW_RC,
})  # fmt: skip
_CRYSTAL = frozenset({
    ClockKind.CRYSTAL_LOW_POWER, ClockKind.CRYSTAL_FULL_SWING, ClockKind.CRYSTAL_LOW_FREQ,
    ClockKind.CRYSTAL_OR_RESONATOR, ClockKind.CERAMIC_RESONATOR, ClockKind.CERAMIC_OR_EXTERNAL_CLOCK,
    ClockKind.EXTERNAL_OR_CRYSTAL, ClockKind.TRANSCEIVER_OSC,
})  # fmt: skip
_DRIVEN = _CRYSTAL | {ClockKind.EXTERNAL_CLOCK, ClockKind.EXTERNAL_RC}
"""A driven XTAL1 clocks the chip whatever oscillator its fuses select around that pin."""
_PLL_NEEDS = {"crystal": ClockKind.CRYSTAL_LOW_POWER, "external_clock": ClockKind.EXTERNAL_CLOCK}


def cpu_hz(part: Part, values: Mapping[str, int], xtal: Xtal) -> int | None:
    """The CPU clock with the fuse bytes ``values``, or `None` when nothing oscillates.

    A crystal outside the band that the fuses select does not start; reserved clock codes give no
    clock. Clones, and parts whose clock no fuse describes, run as they were shipped.
    """
    if part.clone or not part.is_avr:
        return part.factory_fcpu_hz or part.fmax_hz
    decoded = fuses.decode(part, values, xtal_hz=xtal.hz or None)
    kind = decoded.clock_kind
    if kind is None:
        return part.factory_fcpu_hz
    if kind is ClockKind.PLL:
        kind = _PLL_NEEDS.get(_pll_input(part, values), ClockKind.INTERNAL_RC)
    if kind in _OWN:
        return decoded.f_cpu_hz
    band = (decoded.freq_min_hz, decoded.freq_max_hz)
    if not _drives(kind, xtal, LOW_FREQUENCY_HZ if kind is ClockKind.CRYSTAL_LOW_FREQ else band):
        return None
    if decoded.f_cpu_hz is None or decoded.clock_hz is None or decoded.clock_kind is ClockKind.PLL:
        return decoded.f_cpu_hz or xtal.hz
    return decoded.f_cpu_hz * xtal.hz // decoded.clock_hz


def _drives(kind: ClockKind | None, xtal: Xtal, band: tuple[int | None, int | None]) -> bool:
    low, high = band
    match xtal.fitted:
        case Fitted.CRYSTAL:
            return kind in _CRYSTAL and (low or 0) <= xtal.hz <= (high or MAX_HZ)
        case Fitted.CLOCK:
            return kind in _DRIVEN
        case Fitted.RC:
            return kind is ClockKind.EXTERNAL_RC
        case Fitted.NOTHING:
            return False


def _pll_input(part: Part, values: Mapping[str, int]) -> str:
    source = part.role("clock")
    known = source.meaning(source.get(values[source.memory])) if source else None
    return known.meaning.pll_input or "" if known and isinstance(known.meaning, Clock) else ""
