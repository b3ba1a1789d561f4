"""Images: their bytes, Intel HEX, room in the part; the one clear error for each way to be wrong."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrdeck.boards import images
from avrdeck.boards.images import Image, Segment
from avrdeck.boards.images.image import Piece, joined
from boards.imagefiles import END, GOOD, M168, record

# --- Image


def test_libraries_are_loaded_only_where_they_are_used():
    code = "import sys, avrdeck.boards.images; print({'intelhex', 'elftools'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"set()\n"


def test_an_image_reads_across_gaps_and_past_its_ends():
    image = Image("x", (Segment(4, b"ABC"), Segment(9, b"D")))
    assert (image.start, image.end, image.size) == (4, 10, 4)
    assert image.read(2, 10) == b"\xff\xffABC\xff\xffD\xff\xff"
    assert image.read(5, 1) == b"B"
    assert image.read(7, 2, fill=0) == b"\0\0"
    assert image.flat(6) == b"\xff\xff\xff\xffAB"


def test_pages_are_full_and_only_those_with_a_byte():
    image = Image("x", (Segment(6, b"ABCD"), Segment(11, b"E"), Segment(0x1000, b"F")))
    assert list(image.pages(8)) == [
        (0, b"\xff" * 6 + b"AB"),
        (8, b"CD\xffE" + b"\xff" * 4),
        (0x1000, b"F" + b"\xff" * 7),
    ]


@given(st.integers(0, 30), st.integers(0, 30))
def test_reading_is_the_same_whatever_the_segments(start, length):
    whole = b"\xff\xffAB\xff\xff\xffCDEF\xff\xff\xff\xffG" + b"\xff" * 50
    image = Image("x", (Segment(2, b"AB"), Segment(7, b"CDEF"), Segment(15, b"G")))
    assert image.read(start, length) == whole[start : start + length]


def test_an_empty_image_has_no_pages():
    image = Image.of(b"")
    assert (image.start, image.end, image.size, list(image.pages(64))) == (0, 0, 0, [])
    assert image.read(0, 2) == b"\xff\xff"


pieces_of_a_memory = st.binary(min_size=1, max_size=300).flatmap(
    lambda memory: st.lists(
        st.tuples(st.integers(0, len(memory) - 1), st.integers(1, 40)).map(
            lambda cut: Piece(cut[0], memory[cut[0] : cut[0] + cut[1]])
        ),
        max_size=30,
    )
)


@given(pieces_of_a_memory)
def test_joined_pieces_are_sorted_apart_and_complete(pieces):
    expected = {p.start + i: byte for p in pieces for i, byte in enumerate(p.data)}
    segments = joined(pieces)
    assert {s.start + i: byte for s in segments for i, byte in enumerate(s.data)} == expected
    assert all(first.end < second.start for first, second in pairwise(segments))


# --- HEX


def test_hex_is_recognised_by_content_and_read_with_its_gaps(file):
    image = images.load(file("\n \n" + GOOD, "firmware.dat"))
    assert image.segments == (Segment(0, b"\x0c\x94\x5c\x00"), Segment(0x10, b"\x01\x02"))


def test_both_address_extensions_count(file):
    text = record(0, b"\x10\x00", 2) + record(4, b"A") + record(0, b"\x00\x03", 4) + record(4, b"B") + END
    assert images.load(file(text)).segments == (Segment(0x10004, b"A"), Segment(0x30004, b"B"))


def test_start_addresses_are_passed_over(file):
    text = record(0, bytes(4), 3) + record(0, b"A") + record(0, bytes(4), 5) + END
    assert images.load(file(text)).segments == (Segment(0, b"A"),)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system(file, ending):
    assert images.load(file(GOOD.replace("\n", ending))).size == 6


def test_a_repeated_record_is_taken_once(file):
    image = images.load(file(record(0, b"ABCD") + record(2, b"CDEF") + record(0, b"ABCD") + END))
    assert image.segments == (Segment(0, b"ABCDEF"),)


BAD_LINES = {
    "checksum": (":0100000041BF\n" + END, 1, "checksum is 0xBF, the record adds up to 0xBE"),
    "character": (record(0, b"A") + ":01000100G1BE\n" + END, 2, "'G' is not a hexadecimal digit"),
    "odd": (record(0, b"A") + ":0100010041B\n" + END, 2, "odd"),
    "short": (record(0, b"A") + ":00\n" + END, 2, "too short"),
    "length": (":0200000041BD\n" + END, 1, "says 2 data bytes, but 1 are there"),
    "type": (record(0, b"A", 6) + END, 1, "record type 0x06 is not defined"),
    "start": (record(0, b"ABCDE", 3) + END, 1, "type 3 cannot have 5 data bytes"),
    "linear start": (record(0, b"ABCDE", 5) + END, 1, "type 5 cannot have 5 data bytes"),
    "no second colon": (record(0, b"A") + ":0100010:41BD\n" + END, 2, "':' is not a hexadecimal digit"),
    "address": (record(0, b"A", 4) + END, 1, "cannot have 1 data bytes"),
    "end with data": (record(0, b"A") + record(0, b"A", 1), 2, "cannot have 1 data bytes"),
    "no end": (record(0, b"A") + record(1, b"B"), 2, "without an end-of-file record"),
    "after end": (GOOD + "\n" + record(0x20, b"A"), 5, "more after the end-of-file record"),
    "second end": (GOOD + END, 4, "more after the end-of-file record"),
    "text": (record(0, b"A") + "\nhello\n" + END, 3, "begins with 'h'"),
    "digits of another script": (":01000000\xb2\xb3BE\n" + END, 1, "not a hexadecimal digit"),
    "escape": (record(0, b"A") + "\x1b[2J\n" + END, 2, "begins with '\\\\x1b'"),
}


@pytest.mark.parametrize(("text", "line", "says"), BAD_LINES.values(), ids=BAD_LINES)
def test_a_damaged_hex_names_the_line(file, text, line, says):
    with pytest.raises(images.HexSyntaxError) as caught:
        images.load(file(text))
    assert caught.value.line == line
    assert f"image.hex, line {line}: " in str(caught.value)
    assert says in str(caught.value)


def test_contradicting_records_name_the_address_and_both_lines(file):
    text = record(0x3FF8, b"ABCDEFGH") + record(0, b"x") + record(0x3FFE, b"GX") + END
    with pytest.raises(images.OverlapError) as caught:
        images.load(file(text))
    assert (caught.value.address, caught.value.lines) == (0x3FFF, (1, 3))
    assert "lines 1 and 3 give different values for the byte at 0x3FFF" in str(caught.value)


def test_records_can_contradict_each_other_from_their_first_byte(file):
    with pytest.raises(images.OverlapError) as caught:
        images.load(file(record(7, b"A") + record(7, b"B") + END))
    assert (caught.value.address, caught.value.lines) == (7, (1, 2))


# --- the part


def test_an_image_that_ends_where_the_memory_ends_fits(file):
    images.load(file(record(0x3FFF, b"A") + END), part=M168)


def test_an_image_outside_the_part_names_file_address_and_part(file):
    with pytest.raises(images.OutsideError) as caught:
        images.load(file(record(0x3FFE, b"ABCD") + END), part=M168)
    error = caught.value
    assert (error.address, error.end, error.part, error.size) == (0x4000, 0x4002, "ATmega168", 0x4000)
    assert "image.hex: ends at 0x4002, but flash of ATmega168 ends at 0x4000" in str(error)


def test_the_first_byte_outside_can_lie_far_outside(file):
    with pytest.raises(images.OutsideError, match="first byte outside is at 0x5000"):
        images.load(file(record(0x3FFF, b"A") + record(0x5000, b"A") + END), part=M168)


def test_a_part_without_the_memory_has_no_room(file):
    with pytest.raises(images.OutsideError, match="ATmega168 has no hfuse"):
        images.load(file(record(0, b"A") + END), "hfuse", part=M168)


def test_an_image_is_checked_against_the_memory_it_is_for():
    images.fits(Image.of(bytes(512), memory="eeprom"), M168)
    with pytest.raises(images.OutsideError, match=r"eeprom of ATmega168 ends at 0x0200"):
        images.fits(Image.of(bytes(513), memory="eeprom"), M168)
    images.fits(Image.of(bytes(513), memory="eeprom"), M168, "flash")


def test_outside_and_contradicting_is_told_at_once(file):
    text = record(0x3FFC, b"ABCD") + record(0x3FFE, b"XY") + record(0x4000, b"E") + END
    with pytest.raises(images.OutsideError, match=r"ends at 0x4001.*lines 1 and 2 give different.*0x3FFE"):
        images.load(file(text), part=M168)
