import asyncio
from collections import deque

import pytest

from avrdeck.boards.safety import Finding, Severity
from avrdeck.jobs.events import EventHandler, StepDone, StepStarted
from avrdeck.jobs.gang import Consent, Gang, Row, Standing
from avrdeck.jobs.ledger import UNCHANGED, Ledger
from avrdeck.jobs.questions import Question, Topic
from avrdeck.jobs.serials.numbering import NUMBER
from avrdeck.protocol.errors import Cancelled, PortError, TargetError
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import memories

GOOD = "sim:?autoreset=no"


async def reads(programmer: Programmer, on_event: EventHandler, ledger: Ledger) -> bytes:
    on_event(StepDone("identity", "ATmega328P No. 1"))
    on_event(StepStarted("read", "read a little"))
    return await memories.read(programmer, "flash", 0, 64, on_event)


def good(count: int) -> list[str]:
    return [f"{GOOD}&seed={seed}" for seed in range(count)]


async def test_every_port_has_a_row_that_ends_with_a_result() -> None:
    async with Gang(reads) as gang:
        for port in good(5):
            gang.join(port)
        rows = await gang.finish()
    assert {row.port for row in rows} == set(good(5))
    assert {row.standing for row in rows} == {Standing.DONE}
    assert {row.result for row in rows} == {b"\xff" * 64}
    assert {row.chip for row in rows} == {"ATmega328P No. 1"}


async def test_a_row_moves_with_the_steps_and_bytes_of_the_work() -> None:
    seen: list[Row[bytes]] = []
    async with Gang(reads, on_row=seen.append) as gang:
        gang.join(GOOD)
        await gang.finish()
    assert [row.standing for row in seen[:2]] == [Standing.CONNECTING, Standing.WORKING]
    assert any(row.step == "read a little" and not row.done for row in seen)
    assert (seen[-2].done, seen[-2].total) == (64, 64)
    assert seen[-1].standing is Standing.DONE


async def test_a_row_has_the_serial_number_once_it_is_made_and_keeps_it_through_a_fault() -> None:
    async def numbered(programmer: Programmer, on_event: EventHandler, ledger: Ledger) -> bytes:
        on_event(StepStarted(NUMBER, "take a serial number"))
        on_event(StepDone(NUMBER, "SN-7"))
        raise TargetError("It went wrong")

    seen: list[Row[bytes]] = []
    async with Gang(numbered, on_row=seen.append) as gang:
        gang.join(GOOD)
        (row,) = await gang.finish()
    assert [each.serial for each in seen if each.standing is Standing.WORKING] == ["", "", "SN-7"]
    assert (row.serial, row.standing) == ("SN-7", Standing.FAILED)


async def test_one_that_fails_touches_no_other() -> None:
    async def fails_on_one(programmer: Programmer, on_event: EventHandler, ledger: Ledger) -> bytes:
        if programmer.link.transport.name.endswith("seed=2"):
            raise RuntimeError("a defect \x1b")
        return await reads(programmer, on_event, ledger)

    async with Gang(fails_on_one) as gang:
        for port in [*good(4), "sim:?target=none", "/dev/nowhere"]:
            gang.join(port)
        rows = {row.port: row for row in await gang.finish()}
    assert isinstance(rows["/dev/nowhere"].fault, PortError)
    assert isinstance(rows["sim:?target=none"].fault, TargetError)
    broken = rows[f"{GOOD}&seed=2"].fault
    assert broken is not None
    assert (broken.title, broken.detail) == (
        "avrdeck itself failed on this port: RuntimeError",
        r"a defect \x1b",
    )
    assert [rows[port].standing for port in good(4)] == [
        Standing.DONE, Standing.DONE, Standing.FAILED, Standing.DONE,
    ]  # fmt: skip


async def test_a_port_joins_once_at_a_time() -> None:
    async with Gang(reads) as gang:
        gang.join(GOOD)
        gang.join(GOOD)
        assert len(await gang.finish()) == 1


async def test_ports_join_as_they_appear_and_again_when_they_come_back() -> None:
    first, second = good(2)
    looks = deque([[], [first], [first, second], [second], [first, second]])

    async def until_all_are_over(seconds: float) -> None:
        await gang.finish()

    async with Gang(reads) as gang:
        await gang.watch(lambda: looks.popleft() if len(looks) > 1 else looks[0], 3, until_all_are_over)
    assert [row.port for row in gang.ended] == [first, second, first]


async def test_no_more_than_the_count_are_begun() -> None:
    async with Gang(reads) as gang:
        await gang.watch(lambda: good(5), 2, lambda seconds: asyncio.sleep(0))
    assert len(gang.ended) == 2
    assert set(gang.rows) == set(good(2))


async def test_leaving_stops_what_is_at_work_and_closes_the_ports() -> None:
    at_work: asyncio.Future[Programmer] = asyncio.get_running_loop().create_future()

    async def waits(programmer: Programmer, on_event: EventHandler, ledger: Ledger) -> None:
        ledger.holds = "The chip is erased."
        at_work.set_result(programmer)
        await asyncio.Event().wait()

    async with Gang(waits) as gang:
        gang.join(GOOD)
        programmer = await at_work
        gang.join(good(2)[1])
    assert programmer.link.closed
    told = {row.port: (row.standing, row.fault and row.fault.holds) for row in gang.ended}
    assert told == {
        GOOD: (Standing.FAILED, "The chip is erased."),
        good(2)[1]: (Standing.FAILED, UNCHANGED),
    }
    assert all(isinstance(row.fault, Cancelled) for row in gang.ended)


@pytest.fixture
def asked() -> list[Question]:
    return []


@pytest.fixture
def consent(asked: list[Question]) -> Consent:
    async def ask(question: Question) -> str:
        asked.append(question)
        await asyncio.sleep(0)
        return question.required

    return Consent(ask)


async def test_the_same_question_is_put_once_for_all(consent: Consent, asked: list[Question]) -> None:
    question = Question(Topic.CONFIRM, "Erase?")
    answers = await asyncio.gather(*(consent(question) for _ in range(4)))
    assert answers == ["yes"] * 4
    assert [each.text for each in asked] == ["Erase? The answer holds for every port alike."]


async def test_another_finding_is_another_question(consent: Consent, asked: list[Question]) -> None:
    crystal = Finding("A6", Severity.RECOVERABLE, "Needs a crystal.")
    fatal = Finding("A2", Severity.FATAL, "RESET becomes a port pin.")
    await consent(Question(Topic.CONFIRM, "Erase?"))
    await consent(Question(Topic.CONFIRM, "Erase?", findings=(crystal,)))
    await consent(Question(Topic.CONFIRM, "Erase?", "ATmega328P", (crystal, fatal)))
    assert [len(each.findings) for each in asked] == [0, 1, 2]


async def test_nobody_is_asked_for_an_undo(consent: Consent, asked: list[Question]) -> None:
    assert await consent(Question(Topic.UNDO, "Take it back?")) is None
    assert asked == []
