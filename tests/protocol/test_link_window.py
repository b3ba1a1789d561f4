"""How much a link sends ahead of the replies: the window, targets that settle, fast lines."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrdeck.protocol.codes import MemoryType, Op
from avrdeck.protocol.errors import TargetError
from avrdeck.protocol.flight import Request, Window
from avrdeck.protocol.framing import Reply
from avrdeck.protocol.stk500v1 import Command, GetSync, LeaveProgmode, LoadAddress, ReadPage
from protocol.fakes import FakeWire, Obedient
from protocol.links import ISP, PAGE, link_to, run


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
