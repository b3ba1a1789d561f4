"""The virtual ArduinoISP answers and programs as the real sketch does."""

from __future__ import annotations

import differential
import pytest
from differential import Board, RealBoard, VirtualBoard, batch
from streams import BAUD, ENTER_MS, Feed, set_device

from avrdeck.protocol.simulator import arduinoisp

FRAME_MS = 10_000 / BAUD
PAGE = b"d\0\x80F" + bytes(range(128)) + b" "
BUSY = Feed(PAGE, len(PAGE) * FRAME_MS + 1.0)
"""A page, and as long as it takes until the sketch is busy with it."""

# What was sent, and what either must answer; in programming mode, flash and EEPROM blank.
KNOWN = {
    "READ_SIGN without SPI answers once and hangs": (
        [Feed(b"Q ", 5.0), Feed(b"u ", 5.0), Feed(b"0 0 ", 5.0)],
        "14 10 14",
    ),
    "UNIVERSAL without SPI hangs": ([Feed(b"Q ", 5.0), Feed(b"V\x30\0\0\0 0 ", 5.0)], "14 10"),
    "a page of an unknown memory is refused at once and read as commands": (
        [Feed(b"d\0\2X0  ", 5.0)],
        "11 14 10 15",
    ),
    "SET_PARAMETER loses step": ([Feed(b"\x40\x84\x32 ", 5.0)], "15 12"),
    "a read of three bytes of flash brings four": ([Feed(b"t\0\3F ", 5.0)], "14 ff ff ff ff 10"),
    "a read of three bytes of EEPROM brings three": ([Feed(b"t\0\3E ", 5.0)], "14 ff ff ff 10"),
    "63 bytes wait while it is busy": (
        [BUSY, Feed(b"0 " * 31 + b"u", 120.0), Feed(b" ", 5.0)],
        "14 10" * 32 + "14 1e 95 0f 10",
    ),
    "of 64 bytes the last is lost": ([BUSY, Feed(b"0 " * 31 + b"u ", 120.0)], "14 10" * 32),
    "the command whose end was lost waits for another": (
        [BUSY, Feed(b"0 " * 31 + b"u ", 120.0), Feed(b" ", 5.0)],
        "14 10" * 32 + "14 1e 95 0f 10",
    ),
    "an unknown command eats the byte after it": ([Feed(b"\x99\x30 ", 5.0)], "15 15"),
    "a second ENTER_PROGMODE is accepted": ([Feed(b"P ", 5.0)], "14 10"),
    "writing without an erase only clears bits": (
        [
            Feed(b"V\x40\0\0\xf0 V\x4c\0\0\0 ", 20.0),
            Feed(b"V\x40\0\0\x3c V\x4c\0\0\0 ", 20.0),
            Feed(b"V\x20\0\0\0 ", 5.0),
        ],
        "14 00 10 14 00 10" * 2 + "14 30 10",
    ),
    "a target that writes takes no other write, reads as FF and echoes the rest": (
        [Feed(b"V\xc0\0\5\x77 V\xc0\0\6\x11 V\xa0\0\5\0 V\x08\3\2\1 ", 20.0), Feed(b"V\xa0\0\6\0 ", 5.0)],
        "14 05 10 14 06 10 14 ff 10 14 02 10" + "14 ff 10",
    ),
}  # fmt: skip


def answer(board: Board, feeds: list[Feed]) -> str:
    """What comes back, from programming mode on."""
    for feed in (Feed(set_device(), 2.0), Feed(b"P ", ENTER_MS), Feed(b"U\0\0 ", 5.0)):
        assert board.ask(feed) == b"\x14\x10"
    return b"".join(board.ask(feed) for feed in feeds).hex()


@pytest.mark.parametrize(("feeds", "expected"), KNOWN.values(), ids=KNOWN)
def test_what_the_sketch_is_known_for(feeds: list[Feed], expected: str) -> None:
    virtual = VirtualBoard()
    with RealBoard(virtual.row) as real:
        assert answer(real, feeds) == expected.replace(" ", "")
        assert answer(virtual, feeds) == expected.replace(" ", "")
        assert real.memories() == virtual.memories()


def test_a_hang_ends_with_a_reset() -> None:
    virtual = VirtualBoard()
    with RealBoard(virtual.row) as real:
        for board in (real, virtual):
            answer(board, [Feed(b"Q ", 5.0), Feed(b"u ", 5.0)])
            board.reset()
            assert board.ask(Feed(b"0 ", 5.0)) == b"\x14\x10"


@pytest.mark.parametrize("first", [20_000, 20_020, 20_040])
def test_a_sample_of_streams(first: int) -> None:
    """`python tests/bench/differential.py` runs ten thousand others."""
    assert [(chosen.seed, different) for chosen, different, _, _ in batch(first, differential.BATCH)] == []


def test_a_difference_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arduinoisp, "SIGN_ON", b"AVR ISQ")
    assert any("answer" in different for _, different, _, _ in batch(20_000, differential.BATCH))
