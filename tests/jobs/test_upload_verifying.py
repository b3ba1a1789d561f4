from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avrdeck.boards.images import Image
from avrdeck.jobs.upload import verifying
from avrdeck.jobs.upload.verifying import Mismatch, Verdict, examine, failure

WANTED = bytes(range(32))


class Reads:
    """A chip whose consecutive reads bring what a list says, the last of it for ever."""

    def __init__(self, contents: Iterable[bytes]) -> None:
        self._contents = list(contents)

    def take(self) -> bytes:
        return self._contents.pop(0) if len(self._contents) > 1 else self._contents[0]


async def verdict(monkeypatch: pytest.MonkeyPatch, *contents: bytes) -> Verdict:
    """Each content is what one pass of reading finds."""
    reads = Reads(contents)

    async def differences(programmer, image, watch):
        found = reads.take()
        return verifying.ranges(at for at, want in enumerate(WANTED) if found[at] != want)

    async def read(programmer, image):
        found = reads.take()
        return {at: found[at] for one in image.segments for at in range(one.start, one.end)}

    monkeypatch.setattr(verifying.memories, "differences", differences)
    monkeypatch.setattr(verifying, "_read", read)
    return await examine(None, Image.of(WANTED, file="blink.hex"))


def with_bytes(**changes: int) -> bytes:
    data = bytearray(WANTED)
    for place, value in changes.items():
        data[int(place[1:])] = value
    return bytes(data)


async def test_a_right_chip_has_no_mismatch(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await verdict(monkeypatch, WANTED) == Verdict()


async def test_content_that_stays_wrong_is_in_the_chip(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = with_bytes(a4=0x00, a5=0xFF, a9=0x08)
    assert await verdict(monkeypatch, wrong) == Verdict((
        Mismatch(4, 6, unerased=1, unwritten=6, steady=True),
        Mismatch(9, 10, unerased=1, unwritten=0, steady=True),
    ))  # fmt: skip


async def test_content_that_is_right_at_the_second_look_was_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await verdict(monkeypatch, with_bytes(a4=0x00, a7=0xFF), WANTED) == Verdict((), healed=2)


async def test_noise_that_hits_the_first_of_two_looks_is_noise_too(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await verdict(monkeypatch, with_bytes(a4=0), with_bytes(a4=1), WANTED) == Verdict((), healed=1)


async def test_reads_that_never_agree_prove_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    found = await verdict(monkeypatch, with_bytes(a4=0x00), with_bytes(a4=0x01), with_bytes(a4=0x02))
    assert found == Verdict((Mismatch(4, 5, unerased=1, unwritten=1, steady=False),))
    assert "line or the supply is noisy" in failure(Image.of(WANTED), found).advice


async def test_steady_and_noisy_neighbours_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = with_bytes(a4=0, a5=0), with_bytes(a4=0, a5=1)
    found = await verdict(monkeypatch, one, one, two)
    assert [(each.start, each.end, each.steady) for each in found.wrong] == [(4, 5, True), (5, 6, False)]


def test_the_fault_names_the_first_ranges_and_counts_the_rest() -> None:
    wrong = tuple(Mismatch(at, at + 1, 0, 1, steady=True) for at in range(0, 12, 2))
    fault = failure(Image.of(WANTED, file="blink.hex"), Verdict(wrong))
    assert fault.title == "flash differs from blink.hex in 6 of 32 bytes"
    assert fault.detail.endswith("0x0006: 1 bits 1 instead of 0; 2 more ranges.")
    assert fault.ranges == tuple((at, at + 1) for at in range(0, 12, 2))


@given(st.binary(min_size=32, max_size=32))
@settings(max_examples=100, deadline=None)
async def test_bits_are_counted_in_their_direction(content: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        found = await verdict(patch, content)
    zeros = sum((want & ~there & 0xFF).bit_count() for want, there in zip(WANTED, content, strict=True))
    ones = sum((there & ~want & 0xFF).bit_count() for want, there in zip(WANTED, content, strict=True))
    assert sum(each.unerased for each in found.wrong) == zeros
    assert sum(each.unwritten for each in found.wrong) == ones
    assert all(each.steady for each in found.wrong)
