"""A link: requests and replies, silence, faults, getting back into step."""

from __future__ import annotations

import asyncio
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrdeck.protocol.codes import Op, Status
from avrdeck.protocol.errors import PortError, PortReason, RemoteProtocolError, SyncError, TargetError
from avrdeck.protocol.flight import SLACK, Request, Window
from avrdeck.protocol.framing import Reply
from avrdeck.protocol.stk500v1 import GetSync, LeaveProgmode, LoadAddress
from avrdeck.protocol.trace import Direction
from protocol.fakes import FakeWire, Obedient
from protocol.links import ISP, PAGE, link_to, run


async def test_a_request_brings_the_reply_and_leaves_a_trace() -> None:
    link = link_to(FakeWire(Obedient()))
    seen = []
    stop = link.trace.subscribe(seen.append)
    assert await link.request(ISP) == b"\x00"
    stop()
    await link.request(GetSync())
    assert [(event.direction, event.data) for event in seen] == [
        (Direction.SENT, ISP.encode()),
        (Direction.RECEIVED, b"\x14\x00\x10"),
    ]
    assert len(link.trace.events) == 4


async def test_silence_ends_in_time_and_says_what_was_asked() -> None:
    wire = FakeWire(lambda _: b"\x14")
    with pytest.raises(SyncError, match=r"in the middle of UNIVERSAL.*Only 14 came") as caught:
        await run(link_to(wire), [Request(ISP, busy_us=500_000)])
    assert caught.value.heard == b"\x14"
    assert wire.now() == pytest.approx(6 * 10 / 19_200 + 0.5 + SLACK, abs=0.01)


async def test_a_line_out_of_step_is_synchronised_before_the_next_request() -> None:
    firmware = Obedient()
    silent = True
    wire = FakeWire(lambda data: b"" if silent else firmware(data))
    link = link_to(wire)
    with pytest.raises(SyncError):
        await link.request(ISP)
    silent = False
    await link.request(LeaveProgmode())
    assert firmware.commands == [GetSync(), LeaveProgmode()]


async def test_a_page_is_sent_to_its_end_before_the_line_is_synchronised() -> None:
    firmware = Obedient()
    garbled = True

    def script(data: bytes) -> bytes:
        nonlocal garbled
        answer = firmware(data)
        if garbled and answer:
            garbled, answer = False, b"\x94\x10"
        return answer

    link = link_to(FakeWire(script), Window(63))
    with pytest.raises(RemoteProtocolError):
        await run(link, [LoadAddress(0), PAGE, PAGE])
    await link.request(LeaveProgmode())
    assert firmware.commands == [LoadAddress(0), PAGE, GetSync(), LeaveProgmode()]


async def test_a_refused_command_leaves_the_line_in_sync() -> None:
    firmware = Obedient()
    wire = FakeWire(lambda data: b"\x12" if data[0] == Op.LEAVE_PROGMODE else firmware(data))
    link = link_to(wire, Window(63))
    with pytest.raises(RemoteProtocolError, match="does not know LEAVE_PROGMODE"):
        await link.request(LeaveProgmode())
    await link.request(ISP)
    assert firmware.commands == [ISP]


async def test_a_handler_that_stops_the_run_leaves_the_line_in_sync() -> None:
    firmware = Obedient()
    link = link_to(FakeWire(firmware), Window(63))

    def stop(request: Request, reply: Reply) -> None:
        raise TargetError("enough")

    with pytest.raises(TargetError):
        await link.run([Request(ISP)] * 40, stop)
    begun = len(firmware.commands)
    assert begun < 40
    await link.request(LeaveProgmode())
    assert firmware.commands[begun:] == [LeaveProgmode()]


@pytest.mark.parametrize("after", [1, 2, 3, 5])
async def test_cancelling_finishes_the_commands_that_were_begun(after: int) -> None:
    firmware = Obedient()
    wire = FakeWire(firmware)
    link = link_to(wire, Window(63))
    replies: list[Reply] = []

    def count(request: Request, reply: Reply) -> None:
        replies.append(reply)
        if len(replies) == after:
            task.cancel()

    task = asyncio.create_task(link.run([Request(PAGE)] * 20, count))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert wire.sent == PAGE.encode() * len(firmware.commands)
    assert after <= len(replies) == len(firmware.commands) <= after + 2
    assert not wire.closed
    await link.request(LeaveProgmode())
    assert firmware.commands[-1] == LeaveProgmode()
    assert GetSync() not in firmware.commands


async def test_cancelling_on_a_dead_line_closes_the_port() -> None:
    wire = FakeWire(lambda _: b"")
    link = link_to(wire)
    task = asyncio.create_task(link.request(ISP))
    asyncio.get_running_loop().call_soon(task.cancel)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert wire.closed
    with pytest.raises(PortError, match="is closed"):
        await link.request(ISP)


async def test_a_port_that_vanishes_is_reported_as_such() -> None:
    wire = FakeWire(Obedient())
    wire.failure = PortError("fake", PortReason.VANISHED, "fake has vanished")
    with pytest.raises(PortError, match="vanished"):
        await link_to(wire).request(ISP)


async def test_synchronising_passes_over_noise_and_late_answers() -> None:
    answers = iter([b"\x00\xff", b"", b"\x14\x10\x14\x10", b""])
    wire = FakeWire(lambda _: next(answers))
    link = link_to(wire)
    await link.synchronise()
    assert wire.sent == GetSync().encode() * 3
    assert wire.discard() == b""


@pytest.mark.parametrize(
    ("heard", "says"),
    [
        (b"", "Nobody answers on fake at 19200 baud"),
        (b"Hello\x1b[31m world\r\n", "It says “Hello·[31m world"),
        (b"\x00\xe0\x1c", "Heard 00 E0 1C"),
    ],
)
async def test_a_port_that_does_not_speak_stk500_is_described(heard: bytes, says: str) -> None:
    with pytest.raises(SyncError) as caught:
        await link_to(FakeWire(lambda _: heard)).synchronise(tries=2)
    assert says in str(caught.value)
    assert "\x1b" not in str(caught.value)


@given(st.lists(st.binary(max_size=30), max_size=30))
def test_no_answer_crashes_or_hangs_the_link(answers: list[bytes]) -> None:
    queue = list(answers)
    wire = FakeWire(lambda _: queue.pop(0) if queue else b"")

    async def converse() -> None:
        link = link_to(wire, Window(63))
        for _ in range(3):
            try:
                await run(link, [ISP, PAGE, GetSync()])
            except (SyncError, RemoteProtocolError):
                continue

    asyncio.run(converse())
    assert wire.now() < 60


def test_a_good_status_is_the_only_good_one() -> None:
    assert Reply(Status.OK).ok
    assert not any(Reply(status).ok for status in Status if status is not Status.OK)


async def test_replies_that_came_together_are_not_waited_for_again() -> None:
    wire = FakeWire(Obedient())
    link = link_to(wire, Window(63))

    def stop(request: Request, reply: Reply) -> None:
        raise TargetError("enough")

    with pytest.raises(TargetError):
        await link.run([Request(ISP)] * 4, stop)
    assert wire.now() < 0.1


async def test_the_latency_is_the_shortest_that_get_sync_took() -> None:
    wire = FakeWire(Obedient(), delay=0.016)
    link = link_to(wire)
    assert link.latency == math.inf
    await link.synchronise()
    slow = link.latency
    wire.delay = 0.002
    await link.synchronise()
    assert link.latency == pytest.approx(slow - 0.014)
    wire.delay = 0.016
    await link.synchronise()
    assert link.latency == pytest.approx(slow - 0.014)


async def test_after_nosync_the_line_is_synchronised_before_the_next_request() -> None:
    firmware = Obedient()
    lost = True

    def script(data: bytes) -> bytes:
        nonlocal lost
        if lost:
            lost = False
            return b"\x15"
        return firmware(data)

    link = link_to(FakeWire(script))
    assert (await link.ask(ISP)).status is Status.NOSYNC
    await link.request(LeaveProgmode())
    assert firmware.commands == [GetSync(), LeaveProgmode()]
