"""deckboot to measure, as people write it, and what an image is made for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from avrdeck.boards import deckboot
from avrdeck.boards.catalog import part
from avrdeck.boards.deckboot import DeckbootError, Entry, Wish
from avrdeck.boards.deckwishes import Wishes, make, parse

UNO = part("m328p")


@pytest.mark.parametrize(
    ("words", "wishes"),
    [
        ([], Wishes()),
        (["baud=57600"], Wishes(baud=57_600)),
        (["clock=8000000"], Wishes(clock_hz=8_000_000)),
        (["clock=8M,baud=57600"], Wishes(clock_hz=8_000_000, baud=57_600)),
        (["Clock=14.7456MHz"], Wishes(clock_hz=14_745_600)),
        (["clock=500k"], Wishes(clock_hz=500_000)),
        (["led=none", " timeout=2 "], Wishes(led="none", timeout_s=2.0)),
        (["LED=None"], Wishes(led="none")),
        (["led=PD3"], Wishes(led="PD3")),
        (["timeout=0.5s"], Wishes(timeout_s=0.5)),
        (["entry=WAIT"], Wishes(entry=Entry.WAIT)),
        (["small"], Wishes(small=True)),
    ],
)
def test_wishes_as_people_write_them(words: list[str], wishes: Wishes) -> None:
    assert parse(words) == wishes


@pytest.mark.parametrize(
    "word",
    [
        "", ",", "baud", "baud=", "baud=0", "baud=-1", "baud=1e5", "clock=0", "clock=8G", "timeout=soon",
        "timeout=-1", "entry=never", "small=yes", "led=", "serial=1", "\x1b[2J",
    ],
)  # fmt: skip
def test_what_is_no_wish_is_refused_with_what_is(word: str) -> None:
    with pytest.raises(DeckbootError, match=r"is no wish for deckboot\. Write baud=57600"):
        parse([word])


def test_a_wish_is_made_once() -> None:
    with pytest.raises(DeckbootError, match="baud is wished twice"):
        parse(["baud=57600", "led=none,baud=9600"])


@given(st.text(max_size=40))
def test_any_words_are_wishes_or_refused(text: str) -> None:
    try:
        parse([text])
    except DeckbootError:
        return
    assert "=" in text or "small" in text.lower()


def test_the_boards_clock_and_rate_are_taken_where_nothing_is_wished() -> None:
    made = make(UNO, Wishes(), 8_000_000, 38_400)
    assert (made.f_cpu_hz, made.baud, made.ubrr) == (8_000_000, 38_400, 25)
    unsaid = make(UNO, Wishes(), 8_000_000)
    assert unsaid.baud == 57_600
    wished = make(UNO, Wishes(clock_hz=16_000_000, baud=9_600), 8_000_000, 38_400)
    assert (wished.f_cpu_hz, wished.baud) == (16_000_000, 9_600)


@given(
    st.sampled_from([8_000_000, 12_000_000, 16_000_000, 20_000_000]),
    st.sampled_from([9_600, 38_400, 57_600, 115_200]),
    st.sampled_from(["as built", "none", "B5", "C0", "D7"]),
    st.none() | st.floats(0.1, 9.0),
    st.sampled_from(Entry),
)
def test_an_image_says_what_it_was_made_for(
    clock: int, baud: int, led: str, timeout: float | None, entry: Entry
) -> None:
    wishes = Wishes(clock, baud, led, None if entry is Entry.WAIT else timeout, entry)
    one = deckboot.variant(UNO, entry)
    try:
        image = deckboot.made_for(one, Wish(clock, baud, led, wishes.timeout_s))
    except DeckbootError:
        assume(False)
    made = make(UNO, wishes)
    assert made.image == image
    assert abs(made.error) <= deckboot.MAX_ERROR
    assert made.error == pytest.approx((clock / 8 / (made.ubrr + 1) / baud - 1) * 100)
    assert made.led == {"as built": "B5", "none": None}.get(led, led)
    if entry is Entry.WAIT:
        assert made.timeout_s is None
    else:
        wanted = 1.0 if wishes.timeout_s is None else wishes.timeout_s
        assert made.timeout_s == pytest.approx(wanted, abs=deckboot.TURNS * one.turn_cycles / clock / 2)


def test_an_image_in_words() -> None:
    assert make(UNO, Wishes()).text == (
        "16 MHz, 115200 baud (UBRR 16, +2.1 %), LED on B5, waits 1 s for a host"
    )
    wait = make(UNO, parse(["entry=wait,led=none,clock=8M"])).text
    assert wait == "8 MHz, 57600 baud (UBRR 16, +2.1 %), no LED, waits until a second reset"
    small = make(part("m168p"), Wishes(small=True))
    assert small.text.endswith("no LED, waits 1 s for a host")
    assert small.serial_address is None


def test_the_serial_numbers_place_is_the_end_of_flash() -> None:
    made = make(UNO, Wishes())
    assert made.serial_address == 0x7FFC
    assert made.image.read(0x7FFC, 4) == deckboot.BLANK_SERIAL


@pytest.mark.parametrize(
    ("wishes", "says"),
    [
        (Wishes(clock_hz=8_000_000, baud=115_200), r"-3\.5 % off, 2\.5 % is the most\. 57600, 38400"),
        (Wishes(clock_hz=1_000_000, baud=300), r"the slowest is 488\. 9600 can"),
        (Wishes(clock_hz=1_000_000, baud=500_000), "the fastest is 125000"),
        (Wishes(clock_hz=100), "no usual baud rate"),
        (Wishes(led="A1"), "B0 to B7, C0 to C7, D0 to D7, or none"),
        (Wishes(timeout_s=20.0), r"only 0\.041 s to 10\.5 s"),
        (Wishes(timeout_s=2.0, entry=Entry.WAIT), "it waits"),
        (Wishes(small=True), "256 bytes is not built for ATmega328P"),
    ],
)
def test_a_wish_that_cannot_be_says_why(wishes: Wishes, says: str) -> None:
    with pytest.raises(DeckbootError, match=says):
        make(UNO, wishes)


def test_the_small_loader_has_no_led_to_wish_for() -> None:
    with pytest.raises(DeckbootError, match="no room for a LED"):
        make(part("m168p"), replace(Wishes(small=True), led="B5"))
