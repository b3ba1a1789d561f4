"""What is asked for to read a stretch of memory, and what a read without its answer leaves open."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrdeck.protocol.dialects import ARDUINO_ISP, ATMEGABOOT, DECKBOOT, DECKBOOT_SMALL, OPTIBOOT, Dialect
from avrdeck.protocol.errors import Fault, PortError, PortReason, RemoteProtocolError, SyncError
from avrdeck.protocol.target.reading import LEAST, Stretch, misheard, pieces

SILENT = SyncError("Nobody answers")
WRONG = RemoteProtocolError("It ends with 00")
GONE = PortError("bench", PortReason.VANISHED, "bench is gone")


@given(
    st.integers(0, 600),
    st.integers(1, 600),
    st.sampled_from([128, 256, 1024]),
    st.sampled_from([(0, 1024), (512, 1024), (0, 64)]),
)
def test_a_stretch_is_read_in_pieces_that_cover_it(
    start: int, size: int, most: int, bounds: tuple[int, int]
) -> None:
    low, high = bounds
    start, end = min(low + start, high - 1), min(low + start + size, high)
    found = list(pieces(start, end, most, bounds))
    assert all(at % 2 == size % 2 == 0 for at, size in found)
    assert all(LEAST <= size <= most for _, size in found), "too small for GET_SYNC to complete it"
    assert all(at + size == following for (at, size), (following, _) in pairwise(found))
    first, last = found[0][0], sum(found[-1])
    assert low <= first <= start
    assert end <= last <= high


def test_nothing_is_read_for_nothing() -> None:
    assert list(pieces(7, 7, 256, (0, 1024))) == []


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 64))
def test_of_what_was_read_only_the_stretch_is_kept(start: int, size: int, cut: int) -> None:
    memory = bytes(range(64)) * 2
    stretch = Stretch(start, size)
    stretch.put(0, memory[:cut])
    stretch.put(cut, memory[cut:])
    assert stretch.data == memory[start : start + size]


@pytest.mark.parametrize("fault", [SILENT, WRONG, GONE], ids=lambda fault: type(fault).__name__)
@pytest.mark.parametrize(
    ("dialect", "safe"),
    [(ARDUINO_ISP, True), (ATMEGABOOT, True), (DECKBOOT, True), (DECKBOOT_SMALL, False), (OPTIBOOT, False)],
)
def test_a_read_without_its_answer_may_have_been_a_write(dialect: Dialect, safe: bool, fault: Fault) -> None:
    with pytest.raises(type(fault)) as caught, misheard(dialect):
        raise fault
    assert caught.value.misheard is (not safe and fault is not GONE)
