import asyncio
import math
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrdeck.protocol.codes import MemoryType, Op, Status
from avrdeck.protocol.errors import PortError, PortReason, RemoteProtocolError, SyncError, TargetError
from avrdeck.protocol.flight import SLACK, STRICT, Request, Window
from avrdeck.protocol.framing import Reply
from avrdeck.protocol.link import Link
from avrdeck.protocol.stk500v1 import (
    Command,
    GetSync,
    LeaveProgmode,
    LoadAddress,
    ProgPage,
    ReadPage,
    Universal,
)
from avrdeck.protocol.trace import Direction
from protocol.fakes import FakeWire, Obedient

PAGE = ProgPage(MemoryType.FLASH, bytes(range(128)))
ISP = Universal(b"\x30\x00\x00\x00")


def link_to(wire: FakeWire, window: Window = STRICT) -> Link:
    link = Link(wire)
    link.window = window
    return link


async def run(link: Link, commands: Iterable[Command | Request]) -> list[Reply]:
    replies: list[Reply] = []
    requests = [item if isinstance(item, Request) else Request(item) for item in commands]
    await link.run(requests, lambda _, reply: replies.append(reply))
    return replies


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


async def test_an_unknown_firmware_is_asked_one_thing_at_a_time() -> None:
    wire = FakeWire(Obedient())
    await run(link_to(wire), [ISP, PAGE, ISP])
    assert [data for _, data in wire.written] == [ISP.encode(), PAGE.encode(), ISP.encode()]


commands = st.lists(
    st.sampled_from([ISP, PAGE, LoadAddress(5), GetSync(), ReadPage(MemoryType.FLASH, 200)]), max_size=12
)


@given(commands, st.integers(0, 80))
def test_never_more_than_the_window_waits_unread(sent: list[Command], unread: int) -> None:
    """The firmware answers only when the wire is read, so all that is written before that is ahead."""
    firmware = Obedient()
    ends, position = [], 0
    for command in sent:
        position += len(command.encode())
        ends.append(position)
    written = 0
    answered = 0
    worst = 0

    def script(data: bytes) -> bytes:
        nonlocal written, worst
        written += len(data)
        if answered < len(ends):
            worst = max(worst, written - ends[answered])
        return firmware(data)

    wire = FakeWire(script)
    link = link_to(wire, Window(unread))
    replies = []

    def count(request: Request, reply: Reply) -> None:
        nonlocal answered
        answered += 1
        replies.append(reply)

    asyncio.run(link.run([Request(command) for command in sent], count))
    assert firmware.commands == sent
    assert len(replies) == len(sent)
    assert worst <= unread


async def test_the_window_is_used() -> None:
    wire = FakeWire(Obedient())
    await run(link_to(wire, Window(63)), [PAGE, PAGE])
    first = b"".join(data for at, data in wire.written if at == 0.0)
    assert first == (PAGE.encode() * 2)[: len(PAGE.encode()) + 63]


async def test_instant_commands_travel_with_the_next_one() -> None:
    wire = FakeWire(Obedient())
    window = Window(unread=2, instant=frozenset({Op.LOAD_ADDRESS}))
    await run(link_to(wire, window), [LoadAddress(0), PAGE, LoadAddress(64), PAGE])
    first = b"".join(data for at, data in wire.written if at == 0.0)
    assert first == LoadAddress(0).encode() + PAGE.encode() + LoadAddress(64).encode()[:2]


async def test_they_do_not_behind_a_command_that_lingers() -> None:
    """Nor at the beginning of a run: the one before it may have ended with such a command."""
    wire = FakeWire(Obedient())
    window = Window(2, instant=frozenset({Op.LOAD_ADDRESS}), lingering=frozenset({Op.PROG_PAGE}))
    link, read = link_to(wire, window), ReadPage(MemoryType.FLASH, 2)
    await run(link, [LoadAddress(0), PAGE, LoadAddress(64), read, LoadAddress(65), read])
    parcels = [len(data) for _, data in wire.written]
    load, page, ask = (len(command.encode()) for command in (LoadAddress(0), PAGE, read))
    assert parcels == [load + 2, page - 2 + 2, load - 2 + 2, ask - 2 + 2, load - 2 + ask]


async def test_nothing_is_sent_while_the_target_settles() -> None:
    wire = FakeWire(Obedient())
    await run(link_to(wire, Window(63)), [Request(ISP, settle_us=9_000), ISP, ISP])
    (first, second) = [at for at, _ in wire.written]
    wire_time = (len(ISP.encode()) * 10) / wire.baud
    assert second == pytest.approx(first + wire_time + 0.009)


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


COMMIT = Request(ISP, settle_us=9_000)


async def test_the_head_of_an_instruction_travels_while_the_target_settles() -> None:
    wire = FakeWire(Obedient())
    await run(link_to(wire, Window(63, universal_head=4)), [COMMIT, ISP, ISP])
    (first, ahead), (second, rest) = wire.written
    assert ahead == ISP.encode() + ISP.encode()[:4]
    assert rest == ISP.encode()[4:] + ISP.encode()
    answered = first + len(ahead) * 10 / wire.baud
    assert second == pytest.approx(answered + 0.009)


async def test_nothing_but_an_instruction_has_a_head_that_leaves_the_target_alone() -> None:
    wire = FakeWire(Obedient())
    await run(link_to(wire, Window(63, universal_head=4)), [COMMIT, LeaveProgmode()])
    assert [data for _, data in wire.written] == [ISP.encode(), LeaveProgmode().encode()]


async def test_settling_commands_in_a_row_wait_for_each_other() -> None:
    wire = FakeWire(Obedient())
    await run(link_to(wire, Window(63, universal_head=4)), [COMMIT] * 3)
    times = [at for at, _ in wire.written]
    assert all(after - before > 0.009 for before, after in pairwise(times))
    assert wire.now() - times[-1] > 0.009


async def test_a_run_that_is_stopped_leaves_the_target_settled() -> None:
    firmware = Obedient()
    wire = FakeWire(firmware)
    link = link_to(wire, Window(63, universal_head=4))

    def stop(request: Request, reply: Reply) -> None:
        raise TargetError("enough")

    with pytest.raises(TargetError):
        await link.run([COMMIT, Request(ISP)], stop)
    (first, _), (second, _) = wire.written
    assert second - first > 0.009
    assert firmware.commands == [ISP, ISP]


async def test_an_end_that_is_read_late_takes_a_place() -> None:
    wire = FakeWire(Obedient())
    await run(link_to(wire, Window(63, late_eop=frozenset({Op.UNIVERSAL}))), [ISP, PAGE])
    first = b"".join(data for at, data in wire.written if at == 0.0)
    assert len(first) == len(ISP.encode()) + 62


@pytest.mark.parametrize(
    ("baud", "ahead"), [(19_200, 63), (115_200, 63), (1_000_000, 63 - 23), (2_000_000, 0)]
)
def test_a_line_that_is_faster_than_the_firmware_reads_has_less_ahead(baud: int, ahead: int) -> None:
    """At 10 µs a byte and 12 µs to read it, a page of 133 leaves 23 more than it finds."""
    window = Window(63, read_us=12.0)
    assert window.ahead(len(PAGE.encode()), 1e7 / baud) == ahead


@pytest.mark.parametrize(("baud", "turned"), [(19_200, False), (1_000_000, True)])
async def test_a_fast_line_lets_the_firmware_turn_to_what_it_has_stored(baud: int, turned: bool) -> None:
    wire = FakeWire(Obedient(), baud=baud)
    await run(link_to(wire, Window(63, turn_us=40.0)), [PAGE, PAGE])
    (first, ahead), (second, _) = wire.written
    answered = first + len(ahead) * 10 / baud
    assert second - answered == pytest.approx(40e-6 if turned else 0.0, abs=1e-6)


async def test_the_longest_command_under_way_decides_how_much_is_ahead() -> None:
    wire = FakeWire(Obedient(), baud=1_000_000)
    await run(link_to(wire, Window(63, read_us=12.0)), [ISP, PAGE])
    first = b"".join(data for at, data in wire.written if at == 0.0)
    assert len(first) == len(ISP.encode()) + 63 - 23


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
