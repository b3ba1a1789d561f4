"""What can be behind a target that does not answer.

The symptom says on which side of the RESET pin to look; the fuse bytes that were last written say more,
by the rules that judge them before they are written.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from avrdeck.boards import wiring
from avrdeck.boards.fuses import FROM_XTAL1, decode
from avrdeck.boards.models import Clock, ClockKind, Part
from avrdeck.boards.safety import Context, review
from avrdeck.boards.safety.access import high_voltage
from avrdeck.jobs.doctor.explaining import explain
from avrdeck.jobs.doctor.model import Cause, Patient


class Symptom(Enum):
    """How the signature reads when it is none."""

    LOW = "00 00 00"
    HIGH = "FF FF FF"
    REPEATS = "00 01 02"
    UNSTABLE = "different at each read"


RULES = {
    Symptom.HIGH: ("A1", "A2", "A3", "A4"),
    Symptom.LOW: ("A5", "A6", "A7", "A8", "A9", "A11", "A12", "A13"),
}
"""The safety rules whose neglect shows like this: a lost pin floats, a lost clock is silent."""
KNOWN_RULES = {**RULES, Symptom.UNSTABLE: ("A7", "A8", "A9")}
"""Those of which the last fuse bytes can tell: a clock too slow for SCK loses bits, as poor wires do, too."""
ANY_HIGH_VOLTAGE = "12 V programming (HVSP on chips of 8 and 14 pins, HVPP on larger ones)"
WATCH_HZ, SLOW_HZ = 32_768, 128_000
"""What the sketch is made slow enough for where the fuse bytes are not known."""

_POSSIBLE_ROLES = {"A2": "reset_disable", "A3": "debugwire_enable"}
_POSSIBLE_KINDS = {
    "A5": {ClockKind.EXTERNAL_CLOCK},
    "A6": FROM_XTAL1 - {ClockKind.EXTERNAL_CLOCK},
    "A7": {ClockKind.CRYSTAL_LOW_FREQ},
    "A8": {ClockKind.INTERNAL_128K, ClockKind.INTERNAL_ULP},
    "A9": set(ClockKind),
}


def causes(symptom: Symptom, patient: Patient, sck_hz: int | None) -> tuple[Cause, ...]:
    """What explains ``symptom``, the likeliest first.

    The fuse bytes that were last written decide where they are known. Otherwise the wires come first:
    they are wrong more often than fuses are.
    """
    explainer = _Explainer(patient, sck_hz)
    wires = explain(symptom.name)
    known = explainer.known(KNOWN_RULES.get(symptom, ()))
    return (*known, wires) if known else (wires, *explainer.possible(RULES.get(symptom, ())))


class _Explainer:
    """Puts rules into words for one part; a part whose bits are not known is no part here."""

    def __init__(self, patient: Patient, sck_hz: int | None) -> None:
        part = patient.part
        self._part = part if part and part.is_avr and not part.clone else None
        self._last: Mapping[str, int] = patient.last if self._part else {}
        self._context = Context(sck_hz=sck_hz) if sck_hz else Context()

    def known(self, rules: tuple[str, ...]) -> tuple[Cause, ...]:
        """The rules that the last fuse bytes break, the worst first."""
        if self._part is None or not self._last:
            return ()
        broken = [finding.id for finding in review(self._part, None, self._last, self._context)]
        return tuple(self._cause(rule, sure=True) for rule in dict.fromkeys(broken) if rule in rules)

    def possible(self, rules: tuple[str, ...]) -> tuple[Cause, ...]:
        """The rules that the part can break at all; the usual ones where it is not known."""
        return tuple(self._cause(rule) for rule in rules if self._can(rule))

    def _cause(self, rule: str, *, sure: bool = False) -> Cause:
        return explain(
            rule,
            rule=rule,
            sure=sure,
            high_voltage=high_voltage(self._part) if self._part else ANY_HIGH_VOLTAGE,
            xtal1=xtal1(self._part),
            f_cpu=self._f_cpu() or (WATCH_HZ if rule == "A7" else SLOW_HZ),
        )

    def _f_cpu(self) -> int | None:
        known = self._part and self._last
        return decode(self._part, self._last, partial=True).f_cpu_hz if self._part and known else None

    def _can(self, rule: str) -> bool:
        part = self._part
        if rule in _POSSIBLE_ROLES:
            return part is None or part.role(_POSSIBLE_ROLES[rule]) is not None
        if rule in _POSSIBLE_KINDS:
            return part is None or bool(_clock_kinds(part) & _POSSIBLE_KINDS[rule])
        return False


def xtal1(part: Part | None) -> str:
    """Where XTAL1 is on the part's package, in brackets; empty where no pin table says it."""
    if part is None:
        return ""
    package = next((one for one in wiring.targets() if part.name in one.parts and one.xtal1), None)
    return f" ({package.name} pin {package.xtal1})" if package else ""


def _clock_kinds(part: Part) -> set[ClockKind | None]:
    """The clock sources that the part's fuses can select."""
    meanings = (value.meaning for bits in part.fields for value in bits.values)
    return {meaning.kind for meaning in meanings if isinstance(meaning, Clock)}
