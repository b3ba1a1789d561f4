"""The doctor on ports that do not open, or do not stay."""

import pytest

from avrdeck.jobs.doctor.diagnosing import diagnose
from avrdeck.jobs.doctor.model import Section, State
from avrdeck.protocol.codes import Op
from avrdeck.protocol.errors import PortError, PortReason
from jobs.doctors import Talker, check, report_on
from virtual import board

HARMLESS = {Op.GET_SYNC, Op.GET_SIGN_ON, Op.GET_PARAMETER}


@pytest.mark.parametrize(
    ("reason", "failed"),
    [
        (PortReason.BUSY, "Opens"),
        (PortReason.FORBIDDEN, "Opens"),
        (PortReason.MISSING, "Port"),
        (PortReason.FAILED, "Opens"),
    ],
)
async def test_a_port_that_does_not_open_is_the_diagnosis(reason: PortReason, failed: str) -> None:
    async def opener(port: str, baud: int):
        raise PortError(port, reason, "It does not open", detail="minicom (pid 7).", advice="Close it.")

    report = await diagnose("bench", opener=opener)
    assert check(report, failed).state is State.FAIL
    assert report.diagnosis.title == "It does not open"
    assert report.diagnosis.action.startswith("Close it. ")
    assert report.diagnosis.causes[0].text.startswith("minicom (pid 7). ")
    assert {each.state for each in report.checks if each.section is not Section.PORT} == {State.SKIPPED}


@pytest.mark.parametrize(
    ("port", "reason", "says"),
    [
        ("bench", PortReason.MISSING, "a cable that carries data"),
        ("socket://bench:7", PortReason.MISSING, "Then look again."),
        ("bench", PortReason.BUSY, "Then look again."),
        ("bench", PortReason.FORBIDDEN, "Then look again."),
        ("bench", PortReason.UNSUPPORTED, "plug it in again"),
        ("bench", PortReason.FAILED, "plug it in again"),
    ],
)
async def test_what_keeps_a_port_from_opening_is_explained_with_what_to_do(
    port: str, reason: PortReason, says: str
) -> None:
    async def opener(port: str, baud: int):
        raise PortError(port, reason, f"{port} is of no use")

    (cause,) = (await diagnose(port, opener=opener)).diagnosis.causes
    assert 20 <= len(cause.text.split()) <= 40
    assert says in cause.action
    assert cause.action == cause.action.strip()
    assert ("serial server" in cause.text) is ("://" in port)


async def test_a_port_that_goes_while_the_target_is_looked_at_is_no_fault_of_the_programmer() -> None:
    wire = board()
    honest = wire.write

    def write(data: bytes) -> None:
        wire.machine.vanished = data[0] not in HARMLESS
        honest(data)

    wire.write = write
    report = await report_on(wire)
    assert check(report, "Stays").state is State.FAIL
    assert "unplugged" in report.diagnosis.title
    assert "take the target off" in report.diagnosis.action


async def test_a_port_that_vanishes_is_reported_with_what_was_seen_before() -> None:
    wire = board("dialect=optiboot", 19_200)

    class Loose(Talker):
        async def set_baud(self, baud: int) -> None:
            if baud == 57_600:
                self.failure = PortError("bench", PortReason.VANISHED, "bench has vanished")
            await super().set_baud(baud)

    report = await report_on(Loose(lambda wire, data: b""))
    assert check(report, "115200").seen == "nothing"
    assert check(report, "Stays").state is State.FAIL
    assert report.diagnosis.title == "bench has vanished"
    await wire.close()
