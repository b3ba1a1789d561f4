"""The virtual line: pace, tolerance of speeds, garbling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrdeck.protocol.simulator.usart import BARE_TX_DEPTH, Fifo, Ring, Usart
from avrdeck.protocol.simulator.wire import Arrival, Wire, seen

bytes_ = st.integers(0, 255)


@given(st.binary(min_size=1, max_size=40), st.floats(0.97, 1.03))
def test_speeds_within_three_percent_understand_each_other(data: bytes, ratio: float) -> None:
    wire = Wire(19200, 19200 * ratio)
    got = [arrival for byte in data for arrival in wire.send(byte, 0)]
    assert bytes(arrival.byte for arrival in got) == data
    assert not any(arrival.framing_error for arrival in got)


@pytest.mark.parametrize(
    ("sender", "receiver"), [(19200, 115200), (115200, 19200), (9600, 19200), (57600, 38400)]
)
def test_other_speeds_garble(sender: int, receiver: int) -> None:
    wire = Wire(sender, receiver)
    data = bytes(range(0x10, 0x60))
    heard = bytes(arrival.byte for byte in data for arrival in wire.send(byte, 0))
    assert heard != data
    if sender >= 2 * receiver:
        assert len(heard) <= len(data) // 2, "a slow receiver takes several bytes for one"


@pytest.mark.parametrize(("ratio", "understood"), [(1.04, True), (0.96, True), (1.08, False), (0.92, False)])
def test_half_a_bit_over_a_byte_is_the_limit(ratio: float, understood: bool) -> None:
    """The last data bit is sampled 8.5 bits after the start edge: about 6 percent."""
    assert all(seen(byte, 1000, 1000 * ratio)[0].byte == byte for byte in range(256)) is understood


def test_a_line_break_is_a_framing_error() -> None:
    """A zero sent slowly keeps the line low where the stop bit should be."""
    assert seen(0x00, 9600, 19200)[0].framing_error


def test_bytes_follow_each_other_at_the_senders_pace() -> None:
    wire = Wire(19200, 19200)
    arrivals = [wire.send(0x55, 0)[0].at for _ in range(1000)]
    assert arrivals[-1] - arrivals[0] == pytest.approx(999 * 10 / 19200 * 1e9, abs=2)
    assert wire.send(0x55, wire.quiet_at + 5_000_000)[0].at > arrivals[-1] + 5_000_000


def test_the_ring_holds_63_bytes_and_loses_the_next() -> None:
    ring = Ring()
    for value in range(64):
        ring.put(Arrival(value, value))
    assert (len(ring), ring.lost) == (63, 1)
    assert [ring.take().byte for _ in range(63)] == list(range(63))


def test_the_bare_usart_holds_three_bytes_and_loses_the_third_to_the_fourth() -> None:
    fifo = Fifo()
    for value in range(5):
        fifo.put(Arrival(value, value))
    assert fifo.lost == 2
    assert [fifo.take().byte for _ in range(len(fifo))] == [0, 1, 4]


def test_a_transmitter_has_room_again_when_its_oldest_byte_is_out() -> None:
    backlog = Usart(19200, Ring(), BARE_TX_DEPTH).backlog
    assert backlog.room_at == 0
    backlog.add(100)
    assert backlog.room_at == 0
    backlog.add(200)
    assert backlog.room_at == 100
    backlog.add(300)
    assert backlog.room_at == 200
