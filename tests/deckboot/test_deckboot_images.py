"""Which image a part takes, and what may be changed in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrdeck.boards import deckboot
from avrdeck.boards.baud import DOUBLE_SPEED, rate
from avrdeck.boards.catalog import part
from avrdeck.boards.datafile import DataError
from avrdeck.boards.deckboot import NO_LED, DeckbootError, Entry, Feature, Variant, Wish
from avrdeck.boards.images import Image, Segment

UNO = deckboot.variant(part("m328p"))


def _changed(wish: Wish, one: Variant = UNO) -> dict[int, tuple[int, int]]:
    """Offset in the section to (byte as built, byte as wished)."""
    before = one.image().read(one.start, one.section_bytes)
    after = deckboot.made_for(one, wish).read(one.start, one.section_bytes)
    return {at: pair for at, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]}


@pytest.mark.parametrize("one", deckboot.variants(), ids=lambda one: one.name)
def test_every_variant_fits_its_parts(one: Variant) -> None:
    image = one.image()
    for name in one.parts:
        chip = part(name)
        assert chip.boot is not None
        assert (one.start, one.section_bytes) in {
            (section.start_byte, section.size_bytes) for section in chip.boot.sections
        }
        assert image.start == one.start
        assert image.end == chip.flash.size
    told = bytes([deckboot.IDENTITY, 2, 0, one.features])
    serial = deckboot.BLANK_SERIAL if one.serial_at else b""
    assert image.size == one.code_bytes + len(told + serial)
    assert image.read(image.end - len(told + serial), len(told + serial)) == told + serial


@pytest.mark.parametrize("one", deckboot.variants(), ids=lambda one: one.name)
def test_as_built_is_for_16_mhz_and_115200(one: Variant) -> None:
    assert deckboot.made_for(one, Wish()).segments == one.image().segments


@pytest.mark.parametrize(
    "name", ["ATmega328P", "ATmega328PB", "ATmega168A", "ATmega88PB", "ATmega8A", "ATmega32A"]
)
@pytest.mark.parametrize("entry", Entry)
def test_the_variant_of_a_part(name: str, entry: Entry) -> None:
    one = deckboot.variant(part(name), entry)
    assert name in one.parts
    assert one.entry == entry


@pytest.mark.parametrize("name", ["t85", "m2560", "m32u4"])
def test_other_parts_are_refused_by_name(name: str) -> None:
    with pytest.raises(DeckbootError, match=f"not built for {part(name).name}"):
        deckboot.variant(part(name))


def test_signatures_that_no_lpm_reads_are_the_parts_own() -> None:
    for one in deckboot.variants():
        signature = part(one.parts[0]).signature
        constant = signature in one.image().segments[0].data
        assert constant is (Feature.ROW_READ not in one.features)
        if constant:
            assert all(part(name).signature == signature for name in one.parts)


@given(st.integers(1_000_000, 20_000_000), st.sampled_from([300, *deckboot.USUAL_BAUDS, 76_800, 500_000]))
def test_the_divisor_is_right_or_refused(f_cpu_hz: int, baud: int) -> None:
    wanted = rate(f_cpu_hz, baud, DOUBLE_SPEED)
    wish = Wish(f_cpu_hz, baud)
    if wanted.ubrr is None or wanted.ubrr > 255 or abs(wanted.error) > deckboot.MAX_ERROR:
        with pytest.raises(DeckbootError, match="cannot be made"):
            deckboot.made_for(UNO, wish)
        return
    code = deckboot.made_for(UNO, wish).segments[0].data
    low, high = code[UNO.divisor_at], code[UNO.divisor_at + 1]
    assert (low & 0x0F | (high & 0x0F) << 4) == wanted.ubrr
    assert (low & 0xF0, high & 0xF0) == (0x10, 0xE0)
    assert UNO.pause_at
    places = (UNO.divisor_at, UNO.timeout_at, UNO.pause_at)
    assert set(_changed(wish)) <= {at + byte for at in places for byte in (0, 1)}


@pytest.mark.parametrize(
    ("f_cpu_hz", "baud"),
    [(16_000_000, 115_200), (8_000_000, 57_600), (20_000_000, 115_200), (1_000_000, 9_600)],
)
def test_the_usual_baud(f_cpu_hz: int, baud: int) -> None:
    assert deckboot.usual_baud(f_cpu_hz) == baud
    deckboot.made_for(UNO, Wish(f_cpu_hz, baud))


@pytest.mark.parametrize("f_cpu_hz", [0, -1, 32_768, 10**9])
def test_a_clock_without_a_usual_baud(f_cpu_hz: int) -> None:
    with pytest.raises(DeckbootError):
        deckboot.usual_baud(f_cpu_hz)


@pytest.mark.parametrize(("seconds", "count"), [(None, 24), (0.1, 2), (1.0, 24), (4.0, 97), (10.4, 253)])
def test_the_time_out(seconds: float | None, count: int) -> None:
    code = deckboot.made_for(UNO, Wish(timeout_s=seconds)).segments[0].data
    low, high = code[UNO.timeout_at : UNO.timeout_at + 2]
    assert (low & 0x0F | (high & 0x0F) << 4) == count
    assert (low & 0xF0, high & 0xF0) == (0x20, 0xE0)


@pytest.mark.parametrize(
    ("f_cpu_hz", "count"),
    [(20_000_000, 15), (16_000_000, 12), (8_000_000, 6), (4_000_000, 3), (1_000_000, 1)],
)
@pytest.mark.parametrize("entry", Entry)
def test_the_pause_within_a_command(f_cpu_hz: int, count: int, entry: Entry) -> None:
    one = deckboot.variant(part("m328p"), entry)
    code = deckboot.made_for(one, Wish(f_cpu_hz, deckboot.usual_baud(f_cpu_hz))).segments[0].data
    assert one.pause_at
    low, high = code[one.pause_at : one.pause_at + 2]
    assert (low & 0x0F | (high & 0x0F) << 4) == count
    assert (low & 0xF0, high & 0xF0) == (0x20, 0xE0)


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 11.0, float("inf"), float("nan")])
def test_a_time_out_that_cannot_be(seconds: float) -> None:
    with pytest.raises(DeckbootError, match=r"only 0\.041 s to 10\.5 s"):
        deckboot.made_for(UNO, Wish(timeout_s=seconds))


def test_waiting_has_no_time_out() -> None:
    with pytest.raises(DeckbootError, match="it waits"):
        deckboot.made_for(deckboot.variant(part("m328p"), Entry.WAIT), Wish(timeout_s=1))


@pytest.mark.parametrize(
    ("name", "led", "words"),
    [
        # sbi and cbi are 1001 10x0 AAAA Abbb.
        ("ATmega328P", "C3", (0x9A3B, 0x9A43, 0x9843, 0x983B)),
        ("ATmega328P", "pd7", (0x9A57, 0x9A5F, 0x985F, 0x9857)),
        ("ATmega32", "A0", (0x9AD0, 0x9AD8, 0x98D8, 0x98D0)),
        ("ATmega8", "D0", (0x9A88, 0x9A90, 0x9890, 0x9888)),
        ("ATmega644P", NO_LED, (0, 0, 0, 0)),
    ],
)
def test_the_led(name: str, led: str, words: tuple[int, ...]) -> None:
    one = deckboot.variant(part(name))
    assert one.led_on_at
    assert one.led_off_at
    code = deckboot.made_for(one, Wish(led=led)).segments[0].data
    places = (one.led_on_at, one.led_on_at + 2, one.led_off_at, one.led_off_at + 2)
    assert tuple(int.from_bytes(code[at : at + 2], "little") for at in places) == words
    assert set(_changed(Wish(led=led), one)) <= {at + byte for at in places for byte in (0, 1)}


@pytest.mark.parametrize("led", ["", "A0", "B8", "B", "55", "B55", "E0", "built", "B5\n"])
def test_a_led_on_no_pin(led: str) -> None:
    with pytest.raises(DeckbootError, match="no pin of ATmega328P"):
        deckboot.made_for(UNO, Wish(led=led))


@given(st.binary(min_size=4, max_size=4))
def test_the_serial_number_is_at_the_end_of_flash(serial: bytes) -> None:
    image = deckboot.made_for(UNO, Wish(serial=serial))
    assert image.flat(32768)[-4:] == serial
    assert set(_changed(Wish(serial=serial))) <= set(range(508, 512))


@pytest.mark.parametrize("serial", [b"", b"123", b"12345"])
def test_a_serial_number_of_another_length(serial: bytes) -> None:
    with pytest.raises(DeckbootError, match="4 bytes"):
        deckboot.made_for(UNO, Wish(serial=serial))


SMALL = deckboot.variant(part("m168p"), small=True)


@pytest.mark.parametrize(
    ("wish", "complaint"),
    [(Wish(led="B5"), "no room for a LED"), (Wish(serial=b"1234"), "no room for a serial")],
)
def test_the_small_loader_says_what_it_has_no_room_for(wish: Wish, complaint: str) -> None:
    with pytest.raises(DeckbootError, match=complaint):
        deckboot.made_for(SMALL, wish)
    assert deckboot.made_for(SMALL, Wish(led=NO_LED)).segments == SMALL.image().segments


def test_the_small_loader_is_not_for_all() -> None:
    with pytest.raises(DeckbootError, match="256 bytes is not built for ATmega328P"):
        deckboot.variant(part("m328p"), small=True)
    with pytest.raises(DeckbootError, match="only waits for a time"):
        deckboot.variant(part("m168p"), Entry.WAIT, small=True)


@pytest.mark.parametrize(
    ("f_cpu_hz", "seconds", "silence", "count"),
    [
        (16_000_000, None, 27, 253),
        (8_000_000, None, 13, 255),
        (16_000_000, 0.5, 27, 126),
        (1_000_000, None, 1, 255),
    ],
)
def test_the_small_loader_counts_silences(
    f_cpu_hz: int, seconds: float | None, silence: int, count: int
) -> None:
    baud = deckboot.usual_baud(f_cpu_hz)
    code = deckboot.made_for(SMALL, Wish(f_cpu_hz, baud, timeout_s=seconds)).segments[0].data
    assert SMALL.silence_at
    words = [int.from_bytes(code[at : at + 2], "little") for at in (SMALL.silence_at, SMALL.timeout_at)]
    assert [word & 0x0F | word >> 4 & 0xF0 for word in words] == [silence, count]
    assert [word & 0xF0F0 for word in words] == [0xE090, 0xE020]


@pytest.mark.parametrize(
    "offset", [UNO.divisor_at, UNO.timeout_at + 1, UNO.pause_at, UNO.led_on_at, UNO.led_off_at + 3, 504, 508]
)
def test_a_file_that_is_not_the_one_built_is_not_patched(
    monkeypatch: pytest.MonkeyPatch, offset: int
) -> None:
    whole = bytearray(UNO.image().read(UNO.start, UNO.section_bytes))
    whole[offset] ^= 0xFF
    forged = Image("forged", (Segment(UNO.start, bytes(whole)),))
    monkeypatch.setattr(deckboot.images, "load", lambda _: forged)
    with pytest.raises(DataError, match=r"atmega328p-timeout\.hex"):
        deckboot.made_for(UNO, Wish())
