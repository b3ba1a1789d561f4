"""From the port to the target: look everywhere, then say what it comes to. Nothing is ever written."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from avrdeck.boards import wiring
from avrdeck.jobs.doctor.answers import Answer, Kind
from avrdeck.jobs.doctor.explaining import explain, explain_fault
from avrdeck.jobs.doctor.listening import BAUDS, DTR_RELEASED, LOOPED, Round
from avrdeck.jobs.doctor.model import Cause, Check, Diagnosis, Found, Patient, Report, Section, State
from avrdeck.jobs.doctor.target import Examination, examine
from avrdeck.jobs.doctor.usb import Usb, usb_of
from avrdeck.jobs.events import EventHandler, StepDone, StepStarted, unheard
from avrdeck.jobs.session import close_programmer
from avrdeck.protocol.errors import Fault, PortError, PortReason
from avrdeck.protocol.link import Link
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.text import printable
from avrdeck.protocol.trace import Trace
from avrdeck.protocol.transports.base import Transport
from avrdeck.protocol.transports.opening import open_transport

Opener = Callable[[str, int], Awaitable[Transport]]
LATE_SECONDS = 0.4
"""A programmer that answers later than this after the port was opened was reset by that."""
USUAL_BOARD = "uno"
SHOWN_TEXT = 48
_EXPLAINED = (Kind.STRANGER, Kind.BOOTLOADER, Kind.TEXT, Kind.ECHO, Kind.NOISE)
"""What says most about a board without a programmer, in that order."""
_PORT_KEYS = {
    PortReason.MISSING: "missing",
    PortReason.BUSY: "busy",
    PortReason.FORBIDDEN: "forbidden",
    PortReason.VANISHED: "vanished",
}
"""What explains a port that is of no use."""


async def diagnose(
    port: str,
    patient: Patient | None = None,
    *,
    baud: int | None = None,
    trace: Trace | None = None,
    on_event: EventHandler = unheard,
    opener: Opener = open_transport,
) -> Report:
    """Look at ``port`` and at what is behind it; with ``baud`` that speed is tried first.

    Only GET_SYNC, GET_SIGN_ON and GET_PARAMETER are sent before the firmware is known, and only reads
    afterwards. Faults are findings here: none is raised.
    """
    patient = patient or Patient()
    usb = await asyncio.to_thread(usb_of, port)
    doctor = _Doctor(port, patient, usb, trace, on_event)
    return await doctor.run((baud, *(one for one in BAUDS if one != baud)) if baud else BAUDS, opener)


class _Doctor:
    """One diagnosis under way."""

    def __init__(
        self, port: str, patient: Patient, usb: Usb | None, trace: Trace | None, on_event: EventHandler
    ) -> None:
        self._port = port
        self._patient = patient
        self._usb = usb
        self._trace = trace
        self._on_event = on_event
        self._checks: list[Check] = []
        self._answers: list[Answer] = []
        self._seconds = 0.0
        self._wires = wires_for(patient, usb)

    async def run(self, bauds: tuple[int, ...], opener: Opener) -> Report:
        name = f"{self._port}{f', {self._usb}' if self._usb else ''}"
        try:
            wire = await opener(self._port, bauds[0])
        except PortError as fault:
            return self._report(self._closed(name, fault))
        self._add(Section.PORT, "Port", State.OK, name)
        self._add(Section.PORT, "Opens", State.OK, f"yes, at {bauds[0]} baud")
        link = Link(wire, self._trace)
        began = wire.now()
        try:
            diagnosis = await self._look(link, bauds)
        except PortError as fault:
            diagnosis = self._lost(fault)
        finally:
            self._seconds = wire.now() - began
            await _close(link)
        return self._report(diagnosis)

    async def _look(self, link: Link, bauds: tuple[int, ...]) -> Diagnosis:
        listening = Round(link, self._on_event)
        self._answers = listening.answers
        try:
            await listening.run(bauds)
        finally:
            self._checks += [_answer_check(answer) for answer in self._answers]
        last = self._answers[-1]
        if last.kind is Kind.PROGRAMMER and last.programmer:
            return await self._with_programmer(last, last.programmer)
        cause = _without_programmer(self._port, self._answers)
        self._add(Section.ANSWER, "Programmer", State.FAIL, "none answers", cause.action)
        self._add(Section.TARGET, "Signature", State.SKIPPED, "waits for a programmer")
        return Diagnosis(healthy=False, title=cause.title, causes=(cause,))

    async def _with_programmer(self, answer: Answer, programmer: Programmer) -> Diagnosis:
        hints = tuple(filter(None, (self._late(answer), self._held(answer))))
        self._on_event(StepStarted("target", "look at the target"))
        try:
            found = await examine(programmer, self._patient)
        finally:
            await close_programmer(programmer)
        self._on_event(StepDone("target", found.checks[0].seen))
        self._checks += found.checks
        return _concluded(found, hints)

    def _late(self, answer: Answer) -> Cause | None:
        """Whether opening the port resets the programmer."""
        if len(self._answers) > 1:
            return None
        if answer.after < LATE_SECONDS:
            self._add(Section.ANSWER, "Reset", State.OK, "opening the port does not reset it")
            return None
        cause = explain("late", after=f"{answer.after:.1f}")
        seen = f"opening the port resets it: it answered {answer.after:.1f} s later"
        self._add(Section.ANSWER, "Reset", State.WARN, seen, cause.action)
        return cause

    def _held(self, answer: Answer) -> Cause | None:
        return explain("dtr_held", who=answer.who) if answer.how == DTR_RELEASED else None

    def _closed(self, name: str, fault: PortError) -> Diagnosis:
        if fault.reason is PortReason.MISSING:
            self._add(Section.PORT, "Port", State.FAIL, fault.title, fault.advice)
            self._add(Section.PORT, "Opens", State.SKIPPED, "waits for the port")
        else:
            self._add(Section.PORT, "Port", State.OK, name)
            seen = f"{fault.reason.value}: {fault.title}"
            self._add(Section.PORT, "Opens", State.FAIL, seen, fault.advice)
        self._add(Section.ANSWER, "Programmer", State.SKIPPED, "waits for the port")
        self._add(Section.TARGET, "Signature", State.SKIPPED, "waits for the port")
        return _faulty(self._port, fault)

    def _lost(self, fault: PortError) -> Diagnosis:
        self._add(Section.PORT, "Stays", State.FAIL, fault.title, fault.advice)
        return _faulty(self._port, fault)

    def _add(self, section: Section, name: str, state: State, seen: str, advice: str = "") -> None:
        self._checks.append(Check(section, name, state, seen, advice))

    def _report(self, diagnosis: Diagnosis) -> Report:
        order = list(Section)
        checks = sorted(self._checks, key=lambda check: order.index(check.section))
        return Report(
            self._port,
            tuple(checks),
            diagnosis,
            self._wires,
            len(self._answers),
            round(self._seconds, 1),
            _found(self._answers),
        )


def _found(answers: list[Answer]) -> Found | None:
    """Whom one can connect to, which asserts DTR."""
    for kind in (Kind.PROGRAMMER, Kind.BOOTLOADER):
        for answer in answers:
            if answer.kind is kind and answer.how != DTR_RELEASED:
                return Found(answer.who, answer.baud)
    return None


def wires_for(patient: Patient, usb: Usb | None = None) -> wiring.Plan:
    """The wiring that should be: from the board that was named or is plugged in to the part or a header.

    Raises `avrdeck.boards.wiring.UnknownWiringError` for a board that was named and is not known.
    """
    board = patient.board or (usb.board if usb else None) or USUAL_BOARD
    return wiring.plan(board, patient.part.name) if patient.part else wiring.plan(board)


def _answer_check(answer: Answer) -> Check:
    state = {
        Kind.PROGRAMMER: State.OK,
        Kind.BOOTLOADER: State.OK,
        Kind.SILENCE: State.SKIPPED,
        Kind.NOISE: State.SKIPPED,
        Kind.IMPOSSIBLE: State.SKIPPED,
    }.get(answer.kind, State.WARN)
    seen = f"{answer.who}, after {answer.after:.1f} s" if answer.programmer else answer.who
    return Check(Section.ANSWER, answer.place, state, seen)


def _without_programmer(port: str, answers: list[Answer]) -> Cause:
    """What explains that no programmer answers."""
    if sum(answer.kind is Kind.ECHO for answer in answers) >= LOOPED:
        return explain("loopback")
    for kind in _EXPLAINED:
        for answer in (answer for answer in answers if answer.kind is kind):
            key = "dtr_held" if answer.how == DTR_RELEASED and answer.programmer else kind.name.lower()
            return explain(
                key, who=answer.who, baud=answer.baud, heard=printable(answer.heard, SHOWN_TEXT), port=port
            )
    return explain("silence", port=port)


def _concluded(found: Examination, hints: tuple[Cause, ...]) -> Diagnosis:
    """A target that fails outweighs a programmer that starts late."""
    causes = (*found.causes, *hints)
    failed = any(check.state is State.FAIL for check in found.checks)
    if not causes:
        return Diagnosis(healthy=True, title="Programmer and target answer as they should")
    picture = found.picture or not found.causes
    return Diagnosis(healthy=not failed, title=causes[0].title, causes=causes, picture=picture)


def _faulty(port: str, fault: PortError) -> Diagnosis:
    key = _PORT_KEYS.get(fault.reason, "refused")
    if fault.reason is PortReason.MISSING and "://" in port:
        key = "unreachable"
    return Diagnosis(healthy=False, title=fault.title, causes=(explain_fault(key, fault),))


async def _close(link: Link) -> None:
    """Closing is allowed to fail: what is wrong is told already."""
    try:
        await link.close()
    except Fault:
        return
