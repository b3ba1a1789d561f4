"""The virtual deckboot answers and programs as the real one does, and takes as long."""

from __future__ import annotations

import pytest
from deckboot_rig import LAYOUTS, MS, Host, loader, rig
from deckboot_streams import LONG_PAUSE_MS, PAIRS, Feed, Pair, Virtual, differing

from avrdeck.boards.catalog import part
from avrdeck.protocol.simulator import deckboot

pytestmark = pytest.mark.usefixtures("bench")

SAMPLE = 15
FIRST = 20_000
LATE_MS = 0.3
"""How far the two may be apart over a page, which takes more than eight."""


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.part} {pair.dialect}")
def test_a_sample_of_streams(pair: Pair) -> None:
    """`python tests/deckboot/deckboot_streams.py` runs hundreds of others."""
    assert differing(pair, FIRST, SAMPLE) == []


def test_a_difference_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deckboot, "SPEECHLESS", frozenset({0x30}))
    assert "from byte 1 on real 10, virtual 12" in differing(PAIRS[0], FIRST, SAMPLE)[0]


def page(pair: Pair, word: int) -> list[bytes]:
    size = 64 if pair.part == "ATmega88P" else 128
    return [
        b"0 ",
        b"U" + word.to_bytes(2, "little") + b" ",
        b"d\0" + bytes([size]) + b"F" + bytes(size) + b" ",
    ]


@pytest.mark.parametrize("word", [0x0100, 0x1C80])
@pytest.mark.parametrize("pair", [PAIRS[0], PAIRS[4]], ids=lambda pair: f"{pair.part} {pair.dialect}")
def test_a_page_takes_as_long(pair: Pair, word: int) -> None:
    virtual = Virtual(pair)
    virtual.reset()
    change_us = part(pair.part).flash.write_us
    with rig(loader(pair.part, pair.entry, small=pair.small), spm_us=change_us) as bench:
        host = Host(bench)
        host.reset()
        for command in page(pair, word):
            began, ours = host.control.now, virtual.machine.now
            host.control.write(command)
            virtual.machine.feed(command)
            real = [(at - began) / MS for at, _ in host.control.run(began + 60 * MS)]
            made_up = []
            while virtual.machine.now < ours + 60 * MS:
                virtual.machine.run_until(virtual.machine.now + MS // 20)
                made_up += [(virtual.machine.now - ours) / MS] * len(virtual.machine.take())
            assert made_up == pytest.approx(real, abs=LATE_MS)


@pytest.mark.parametrize("pair", PAIRS[:4], ids=lambda pair: f"{pair.part} {pair.dialect}")
def test_both_erase_and_forget_a_page_alike(pair: Pair) -> None:
    virtual, size = Virtual(pair), LAYOUTS[pair.part].page
    length = size.to_bytes(2, "big")
    place, read = Feed(b"U\x00\x02 "), Feed(b"t" + length + b"F ", 50.0)
    with rig(loader(pair.part, pair.entry)) as bench:
        host = Host(bench)
        for either in (host, virtual):
            either.reset()
        for letter, count in ((b"F", 3), (b"F", 4), (b"E", 4), (b"G", 4), (b"G", size)):
            begun = b"d" + length + letter + bytes(count) + b" " * (count == size)
            page = Feed(b"d" + length + b"F" + bytes(size) + b" ")
            for feed in (Feed(b"0 "), place, page, place, Feed(begun, LONG_PAUSE_MS), place, read):
                assert host(feed.data, feed.seconds) == virtual(feed.data, feed.seconds)
        assert bench.dump().device_flash == bytes(virtual.cells.flash)


@pytest.mark.parametrize("pair", PAIRS[::4], ids=lambda pair: f"{pair.part} {pair.dialect}")
def test_both_give_up_after_as_long(pair: Pair) -> None:
    virtual = Virtual(pair)
    with rig(loader(pair.part, pair.entry, small=pair.small)) as bench:
        host = Host(bench)
        for seconds, answer in ((0.94, b"\x14\x10"), (1.08, b"")):
            host.reset()
            virtual.reset()
            for either in (host, virtual):
                either(b"", seconds)
                assert either(b"0 ", 0.03) == answer
