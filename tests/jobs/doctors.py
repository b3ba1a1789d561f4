"""Boards for the doctor to look at; all on virtual time."""

from collections.abc import Callable

from avrdeck.boards.catalog import part
from avrdeck.jobs.doctor.diagnosing import diagnose
from avrdeck.jobs.doctor.model import Check, Patient, Report
from avrdeck.protocol.framing import NEED_DATA, CommandReader, Malformed
from avrdeck.protocol.stk500v1 import Command
from avrdeck.protocol.trace import Direction, Trace
from avrdeck.protocol.transports.base import Transport
from protocol.fakes import FakeWire


async def report_on(
    wire: Transport, name: str | None = None, last: dict[str, int] | None = None, trace: Trace | None = None
) -> Report:
    """Look at what is on ``wire``, expecting the part ``name`` that had the ``last`` fuse bytes."""

    async def opener(port: str, baud: int) -> Transport:
        await wire.set_baud(baud)
        return wire

    patient = Patient(part(name) if name else None, last or {})
    return await diagnose("bench", patient, trace=trace, opener=opener)


def check(report: Report, name: str) -> Check:
    return next(check for check in report.checks if check.name == name)


def rules(report: Report) -> list[str]:
    return [cause.rule for cause in report.diagnosis.causes]


def sent(trace: Trace) -> list[Command]:
    """Every command that was sent; fails when something else was."""
    reader = CommandReader()
    for event in trace.events:
        if event.direction is Direction.SENT:
            reader.feed(event.data)
    found = []
    while (command := reader.next_command()) is not NEED_DATA:
        assert not isinstance(command, Malformed), command
        found.append(command)
    return found


class Talker(FakeWire):
    """A port where ``says(baud, data)`` is what comes back; ``dtr`` is how it is driven."""

    def __init__(self, says: Callable[["Talker", bytes], bytes]) -> None:
        super().__init__(lambda data: says(self, data))
        self.dtr = True

    async def set_dtr(self, asserted: bool) -> None:
        self.dtr = asserted
