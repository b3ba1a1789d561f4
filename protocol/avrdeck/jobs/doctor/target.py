"""A look at the target through a programmer that is known: only reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from avrdeck.boards.catalog import by_signature
from avrdeck.boards.fuses import UnknownSemantics, decode
from avrdeck.boards.labels import hz_label
from avrdeck.boards.locks import memory_lock
from avrdeck.boards.models import Part
from avrdeck.boards.safety import Context, Severity, review
from avrdeck.jobs.doctor.causes import Symptom, causes
from avrdeck.jobs.doctor.explaining import explain, explain_fault
from avrdeck.jobs.doctor.model import Cause, Check, Patient, Section, State
from avrdeck.protocol.errors import Fault, PortError
from avrdeck.protocol.programmer import AGREEING_READS, SIGNATURE_BYTES, Programmer
from avrdeck.protocol.target import fuses
from avrdeck.protocol.text import hexadecimal

READS = [bytes([0x30, 0x00, address, 0x00]) for address in range(SIGNATURE_BYTES)]
REPEATED = bytes([0, 1, 2])
"""What an old chip that is locked, or one that is out of step, makes of `READS`."""
RULES_ABOUT_ISP = ("A1", "A2", "A3", "A4")


@dataclass(frozen=True, slots=True)
class Examination:
    """The checks of the target, and what explains those that failed."""

    checks: tuple[Check, ...]
    causes: tuple[Cause, ...] = ()
    picture: bool = False


async def examine(programmer: Programmer, patient: Patient) -> Examination:
    """Look at the target. A fault on the line becomes a check; raises `PortError` when the port goes."""
    first = programmer.dialect.set_device_first
    if first and patient.part is None:
        cause = explain("untold", who=programmer.dialect.name)
        return Examination((_check("Signature", State.FAIL, "not looked at", cause.action),), (cause,))
    try:
        await programmer.enter(patient.part if first else None)
        answers = await programmer.instruct_all(READS * AGREEING_READS)
        reads = [answers[at : at + SIGNATURE_BYTES] for at in range(0, len(answers), SIGNATURE_BYTES)]
        if symptom := _symptom(reads):
            return _unanswered(symptom, reads, patient, programmer.dialect.sck_hz)
        return await _answered(programmer, patient, reads[0])
    except PortError:
        raise
    except Fault as fault:
        check = _check("Line", State.FAIL, f"{fault.title}. {fault.detail}".strip(), fault.advice)
        return Examination((check,), (explain_fault("fell_silent", fault),), picture=True)


def _symptom(reads: list[bytes]) -> Symptom | None:
    if len(set(reads)) > 1:
        return Symptom.UNSTABLE
    special = {
        b"\x00" * SIGNATURE_BYTES: Symptom.LOW,
        b"\xff" * SIGNATURE_BYTES: Symptom.HIGH,
        REPEATED: Symptom.REPEATS,
    }
    return special.get(reads[0])


def _unanswered(symptom: Symptom, reads: list[bytes], patient: Patient, sck_hz: int | None) -> Examination:
    seen = "; ".join(hexadecimal(read) for read in dict.fromkeys(reads))
    found = causes(symptom, patient, sck_hz)
    waiting = "waits for an answer"
    remembered = (_check("Last seen", State.OK, patient.seen),) if patient.seen else ()
    checks = (
        _check("Signature", State.FAIL, seen, found[0].action),
        *remembered,
        *(_check(name, State.SKIPPED, waiting) for name in ("Part", "Fuses", "Clock", "Lock")),
    )
    return Examination(checks, found, picture=not found[0].sure)


async def _answered(programmer: Programmer, patient: Patient, signature: bytes) -> Examination:
    shown = hexadecimal(signature)
    steady = _check("Signature", State.OK, f"{shown}, {AGREEING_READS} reads agree")
    candidates = by_signature(signature)
    expected = None if patient.assumed else patient.part
    if not candidates:
        cause = explain("unknown_part", found=shown)
        return Examination((steady, _check("Part", State.FAIL, "none that is known", cause.action)), (cause,))
    if expected and expected.signature != signature:
        cause = explain("wrong_part", found=shown, part=candidates[0].name, expected=expected.name)
        seen = f"{candidates[0].name}, not {expected.name}"
        return Examination((steady, _check("Part", State.FAIL, seen, cause.action)), (cause,))
    part = expected or candidates[0]
    others = [one.name for one in candidates if one is not part]
    alike = f", or {', '.join(others)}" if others and not expected else ""
    named = _check("Part", State.OK, part.name + alike)
    await programmer.choose(part)
    values = await fuses.read_all(programmer)
    more = _configuration(part, values, programmer.dialect.sck_hz)
    return Examination((steady, named, *more.checks), more.causes)


def _configuration(part: Part, values: Mapping[str, int], sck_hz: int | None) -> Examination:
    """What fuse and lock bytes say of a chip that answers."""
    found = [_fuses(part, values), _clock(part, values, sck_hz), _lock(part, values)]
    return Examination(
        tuple(check for check, _ in found), tuple(cause for _, cause in found if cause is not None)
    )


def _fuses(part: Part, values: Mapping[str, int]) -> tuple[Check, Cause | None]:
    """Whether they will let ISP in again."""
    seen = ", ".join(f"{name} {value:02X}" for name, value in values.items() if name != "lock")
    try:
        doom = [
            finding
            for finding in review(part, None, values, Context())
            if finding.id in RULES_ABOUT_ISP and finding.severity is Severity.FATAL
        ]
    except UnknownSemantics as error:
        return _check("Fuses", State.WARN, f"{seen}; {error}"), None
    if not doom:
        return _check("Fuses", State.OK, seen or "they cannot be read over ISP"), None
    cause = explain("doomed", rule=doom[0].id, sure=True, found=doom[0].message)
    return _check("Fuses", State.FAIL, f"{seen}: {doom[0].message}", cause.action), cause


def _clock(part: Part, values: Mapping[str, int], sck_hz: int | None) -> tuple[Check, Cause | None]:
    """Whether SCK leaves a margin to what the fuses make of the clock."""
    if sck_hz is None:
        return _check("Clock", State.SKIPPED, "this programmer's SCK is not known"), None
    try:
        decoded = decode(part, values, partial=True)
    except UnknownSemantics as error:
        return _check("Clock", State.SKIPPED, str(error)), None
    sck = f"SCK {hz_label(sck_hz)}"
    if decoded.f_cpu_hz is None or decoded.max_sck_hz is None:
        return _check("Clock", State.OK, f"{sck}; the clock comes from outside and keeps up"), None
    f_cpu = hz_label(decoded.f_cpu_hz)
    if sck_hz <= decoded.max_sck_hz:
        return _check("Clock", State.OK, f"{f_cpu}, {sck}"), None
    cause = explain("edge", rule="A9", sure=True, f_cpu=decoded.f_cpu_hz, sck=sck_hz)
    seen = f"{f_cpu}, {sck}: at most {hz_label(decoded.max_sck_hz)} is safe"
    return _check("Clock", State.WARN, seen, cause.action), cause


def _lock(part: Part, values: Mapping[str, int]) -> tuple[Check, Cause | None]:
    if "lock" not in values:
        return _check("Lock", State.SKIPPED, "it cannot be read over ISP"), None
    lock = memory_lock(part, values)
    seen = f"{values['lock']:02X}"
    if not (lock.read_blocked or lock.write_blocked):
        return _check("Lock", State.OK, f"{seen}, open"), None
    refused = "writing and reading" if lock.read_blocked else "writing"
    cause = explain("locked", lock=seen)
    return _check("Lock", State.WARN, f"{seen}, {refused} refused", cause.action), cause


def _check(name: str, state: State, seen: str, advice: str = "") -> Check:
    return Check(Section.TARGET, name, state, seen, advice)
