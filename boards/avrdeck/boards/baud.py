"""The USART's rate at a clock: divisor, error, and whether the other end will understand.

Formulas and tolerances are those of the USART chapter of the ATmega data sheets ("Asynchronous Clock
Recovery", 8 data bits, no parity). Errors and accuracies are in per cent; a positive error is too fast.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from avrdeck.boards.models import ClockKind

UBRR_MAX = 4095
"""The register has 12 bits."""


class Verdict(StrEnum):
    """How far a rate can be relied on, best first."""

    EXACT = "exact"
    GOOD = "good"
    MARGINAL = "marginal"
    BAD = "bad"
    IMPOSSIBLE = "impossible"


_RANK = {verdict: rank for rank, verdict in enumerate(Verdict)}


@dataclass(frozen=True, slots=True)
class Mode:
    """Normal or double speed (U2X): samples a bit, and what the receiver tolerates.

    ``recommended`` leaves half of the tolerance to the other end; ``low`` and ``high`` are the bounds
    at which a frame is just received, if the other end has no error at all.
    """

    u2x: bool
    divisor: int
    recommended: float
    low: float
    high: float

    def judge(self, error: float) -> Verdict:
        """What an error of that size means."""
        if error == 0:
            return Verdict.EXACT
        if abs(error) <= self.recommended:
            return Verdict.GOOD
        return Verdict.MARGINAL if self.low <= error <= self.high else Verdict.BAD


NORMAL = Mode(u2x=False, divisor=16, recommended=2.0, low=-4.54, high=4.58)
DOUBLE_SPEED = Mode(u2x=True, divisor=8, recommended=1.5, low=-4.0, high=3.9)

ACCURACY: Mapping[ClockKind, float] = MappingProxyType(
    {
        ClockKind.CERAMIC_RESONATOR: 0.5,
        # A board that may carry a resonator is judged by it.
        ClockKind.CRYSTAL_OR_RESONATOR: 0.5,
        ClockKind.CERAMIC_OR_EXTERNAL_CLOCK: 0.5,
        ClockKind.INTERNAL_RC: 10.0,
        ClockKind.INTERNAL_128K: 10.0,
        ClockKind.INTERNAL_ULP: 10.0,
        ClockKind.INTERNAL_SLOW_RC: 10.0,
        ClockKind.EXTERNAL_RC: 10.0,
    }
)
"""How far a clock may be off its nominal frequency, uncalibrated; what is missing counts as exact.

Parts differ: an ATmega328PB states 2 % between 0 and 50 °C. After calibration by the user 1 % is usual.
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """A baud rate at a clock in one mode.

    ``ubrr`` is `None` when no divisor comes near; ``actual`` is then the nearest the USART can do.
    ``accuracy`` is how far the clock may be off.
    """

    f_cpu_hz: int
    baud: int
    mode: Mode
    ubrr: int | None
    actual: float
    accuracy: float = 0.0

    @property
    def error(self) -> float:
        """How far ``actual`` is from the rate wanted, at the nominal clock."""
        return (self.actual / self.baud - 1) * 100

    @property
    def error_range(self) -> tuple[float, float]:
        """The errors at the slowest and at the fastest clock within its accuracy."""
        ratio = self.actual / self.baud
        return (ratio * (1 - self.accuracy / 100) - 1) * 100, (ratio * (1 + self.accuracy / 100) - 1) * 100

    @property
    def nominal_verdict(self) -> Verdict:
        """What the divisor alone is worth."""
        return Verdict.IMPOSSIBLE if self.ubrr is None else self.mode.judge(self.error)

    @property
    def verdict(self) -> Verdict:
        """What it is worth at the worst clock within its accuracy."""
        if self.ubrr is None:
            return Verdict.IMPOSSIBLE
        return max((self.mode.judge(error) for error in self.error_range), key=_RANK.__getitem__)


def rate(f_cpu_hz: int, baud: int, mode: Mode, accuracy: float = 0.0) -> Rate:
    """The nearest rate to ``baud``; raises `ValueError` for a clock or rate that is not positive."""
    if f_cpu_hz <= 0 or baud <= 0:
        raise ValueError("clock and baud rate must be positive")
    step = mode.divisor * baud
    # Halves round up, as UBRR 0 is the fastest setting: half a step more still means UBRR 0.
    wanted = (2 * f_cpu_hz + step) // (2 * step) - 1
    ubrr = min(max(wanted, 0), UBRR_MAX)
    actual = f_cpu_hz / (mode.divisor * (ubrr + 1))
    return Rate(f_cpu_hz, baud, mode, ubrr if ubrr == wanted else None, actual, accuracy)


def rates(f_cpu_hz: int, baud: int, accuracy: float = 0.0) -> tuple[Rate, Rate]:
    """Normal and double speed."""
    return rate(f_cpu_hz, baud, NORMAL, accuracy), rate(f_cpu_hz, baud, DOUBLE_SPEED, accuracy)


def best(f_cpu_hz: int, baud: int, accuracy: float = 0.0) -> Rate:
    """The mode to choose: the better verdict, then the smaller error, then normal speed."""
    return min(
        rates(f_cpu_hz, baud, accuracy),
        key=lambda one: (_RANK[one.verdict], _RANK[one.nominal_verdict], abs(one.error)),
    )
