"""Images: what a file holds, and the one clear error for each way it can be wrong."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avrdeck.boards import images
from avrdeck.boards.images import Format, Image, Segment
from avrdeck.boards.images.hexfile import MAX_BYTES
from avrdeck.boards.images.image import Piece, joined

END = ":00000001FF\n"


def record(address: int, data: bytes, kind: int = 0) -> str:
    body = bytes([len(data)]) + address.to_bytes(2) + bytes([kind]) + data
    return f":{(body + bytes([-sum(body) & 0xFF])).hex().upper()}\n"


GOOD = record(0, b"\x0c\x94\x5c\x00") + record(0x10, b"\x01\x02") + END


@dataclass(frozen=True)
class FakePart:
    name: str
    sizes: dict[str, int]

    def size(self, memory: str) -> int:
        return self.sizes[memory]


M168 = FakePart("ATmega168", {"flash": 0x4000, "eeprom": 512, "lfuse": 1})


@pytest.fixture
def file(tmp_path):
    def make(content: str | bytes, name: str = "image.hex") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode("latin-1") if isinstance(content, str) else content)
        return path

    return make


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


# --- files


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"hello\n", "neither Intel HEX nor ELF"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"S00600004844521B\n", "Motorola S-record"),
        (b"PK\x03\x04....", "an archive"),
        (bytes(range(256)), "extension .bin"),
    ],
)
def test_what_is_no_image_is_told_apart(file, content, says):
    with pytest.raises(images.UnknownFormatError, match=says):
        images.load(file(content))


def test_raw_binary_goes_by_extension_or_request(file):
    data = b":\xc0" + bytes(30)
    assert images.load(file(data, "a.bin")).segments == (Segment(0, data),)
    assert images.load(file(data, "a.img"), format=Format.BINARY).segments == (Segment(0, data),)
    assert images.load(file(GOOD, "hex.bin")).size == 6


def test_files_that_cannot_be_read(file, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, says in (
        (tmp_path / "none.hex", "No such file"),
        (tmp_path, "directory"),
        (tmp_path / "pipe", "not a regular file"),
        ("nul\0byte", "null"),
    ):
        with pytest.raises(images.FileAccessError, match=says):
            images.load(path)
    with pytest.raises(images.EmptyImageError, match="file is empty"):
        images.load(file(""))
    with pytest.raises(images.EmptyImageError, match="only blank lines"):
        images.load(file(" \r\n"))
    with pytest.raises(images.EmptyImageError, match="nothing for flash"):
        images.load(file(END))


def test_a_forbidden_file(file, monkeypatch):
    path = file(GOOD)
    monkeypatch.setattr(
        os, "open", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied"))
    )
    with pytest.raises(images.FileAccessError, match=r"image\.hex: cannot be read: Permission denied"):
        images.load(path)


def test_what_no_avr_could_take_is_refused(file, monkeypatch):
    assert MAX_BYTES == 1024 * 1024
    assert images.load(file(bytes(MAX_BYTES), "largest.bin")).size == MAX_BYTES
    exactly = record(0, bytes(128)) * (MAX_BYTES // 128)
    assert images.load(file(exactly + END)).size == 128
    with pytest.raises(images.TooLargeError, match="No AVR"):
        images.load(file(bytes(MAX_BYTES + 1), "big.bin"))
    lines = record(0, bytes(255)) * (MAX_BYTES // 255 + 1)
    with pytest.raises(images.TooLargeError, match="No AVR"):
        images.load(file(lines + END))
    monkeypatch.setattr(images.files, "MAX_FILE", len(GOOD))
    assert images.load(file(GOOD)).size == 6
    monkeypatch.setattr(images.files, "MAX_FILE", len(GOOD) - 1)
    with pytest.raises(images.TooLargeError):
        images.load(file(GOOD))


def test_a_file_name_cannot_paint_the_terminal(file):
    with pytest.raises(images.UnknownFormatError) as caught:
        images.load(file("x", "\x1b[2Jevil.hex"))
    assert "\x1b" not in str(caught.value)
    assert "\\x1b[2Jevil.hex" in caught.value.file


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


# --- several memories


MULTI = (
    record(0, b"flash")
    + record(0, b"\x00\x81", 4) + record(0, b"eeprom")
    + record(0, b"\x00\x82", 4) + record(0, b"\xe2\xd9\xff")
    + record(0, b"\x00\x83", 4) + record(0, b"\xcf")
    + record(0, b"\x00\x84", 4) + record(0, b"\x1e\x95\x0f")
    + END
)  # fmt: skip


def elf(segments: list[tuple[int, bytes]], machine: int = 83, kind: int = 2) -> bytes:
    """A linked program: (load address, bytes) each."""
    offset = 52 + 32 * len(segments)
    head = b"\x7fELF\x01\x01\x01" + bytes(9)
    head += struct.pack("<HHIIIIIHHHHHH", kind, machine, 1, 0, 52, 0, 5, 52, 32, len(segments), 40, 0, 0)
    table = data = b""
    for address, content in segments:
        table += struct.pack(
            "<8I", 1, offset + len(data), address ^ 0x800100, address, len(content), len(content), 5, 1
        )
        data += content
    return head + table + data


ELF = elf(
    [
        (0, b"fla"),
        (3, b"sh"),
        (0x810000, b"eeprom"),
        (0x820000, b"\xe2\xd9\xff"),
        (0x830000, b"\xcf"),
        (0x840000, b"\x1e\x95\x0f"),
        (0x800100, b""),
    ]
)


@pytest.mark.parametrize("content", [MULTI, ELF], ids=["hex", "elf"])
@pytest.mark.parametrize(
    ("memory", "data"),
    [
        ("flash", b"flash"),
        ("eeprom", b"eeprom"),
        ("lfuse", b"\xe2"),
        ("fuse", b"\xe2"),
        ("hfuse", b"\xd9"),
        ("efuse", b"\xff"),
        ("lock", b"\xcf"),
        ("signature", b"\x1e\x95\x0f"),
    ],
)
def test_a_file_of_several_memories_gives_each(file, content, memory, data):
    image = images.load(file(content), memory)
    assert image.segments == (Segment(0, data),)
    assert image.memory == memory


@pytest.mark.parametrize("content", [MULTI, ELF], ids=["hex", "elf"])
def test_a_memory_that_is_not_in_the_file(file, content):
    with pytest.raises(
        images.EmptyImageError, match="nothing for usersig; it has eeprom, flash, fuses, lock, signature"
    ):
        images.load(file(content), "usersig")


def test_a_plain_hex_is_the_memory_asked_for(file):
    assert images.load(file(GOOD), "eeprom", part=M168).start == 0
    assert images.load(file(record(0, b"\xe2") + END), "lfuse").segments == (Segment(0, b"\xe2"),)


def test_a_plain_elf_has_no_eeprom(file):
    with pytest.raises(images.EmptyImageError, match="nothing for eeprom; it has flash"):
        images.load(file(elf([(0, b"flash")])), "eeprom")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (elf([(0, b"x")], machine=62), "another processor"),
        (elf([(0, b"x")], kind=1), "not a linked program"),
        (elf([(0, b"abc")])[:-1], "cut short"),
        (elf([(0, b"")] * 65), "claims 65 segments"),
        (ELF[:60], "damaged"),
        (b"\x7fELF", "damaged"),
    ],
)
def test_an_elf_that_cannot_be_used(file, content, says):
    with pytest.raises(images.ElfSyntaxError, match=says):
        images.load(file(content))


def test_elf_segments_that_contradict_each_other(file):
    with pytest.raises(
        images.OverlapError, match="two segments give different values for the byte at 0x0001"
    ):
        images.load(file(elf([(0, b"ab"), (1, b"c")])))


def test_an_elf_that_loads_too_much(file):
    with pytest.raises(images.TooLargeError):
        images.load(file(elf([(0, bytes(MAX_BYTES + 1))])))


# --- hostile files


def refusal(path: Path, memory: str = "flash", format: Format | None = None) -> images.ImageError | None:  # noqa: A002
    """The error of loading a file; anything but an `ImageError` escapes."""
    try:
        images.load(path, memory, format=format)
    except images.ImageError as error:
        return error
    return None


@settings(max_examples=300)
@given(st.binary(max_size=400) | st.text().map(str.encode) | st.binary().map(lambda tail: ELF[:200] + tail))
def test_no_bytes_raise_anything_else(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "noise"
    path.write_bytes(content)
    for format in (None, *Format):  # noqa: A001
        assert str(refusal(path, format=format)).isprintable()


@settings(max_examples=300)
@given(st.integers(0, len(ELF) - 1), st.integers(0, 255))
def test_no_damaged_elf_raises_anything_else(tmp_path_factory, position, byte):
    path = tmp_path_factory.getbasetemp() / "damaged.elf"
    path.write_bytes(ELF[:position] + bytes([byte]) + ELF[position + 1 :])
    assert str(refusal(path, format=Format.ELF)).isprintable()


@settings(max_examples=500)
@given(st.integers(0, len(MULTI) - 1), st.characters(max_codepoint=255))
def test_one_wrong_character_is_harmless_or_found_on_its_line(tmp_path_factory, position, char):
    path = tmp_path_factory.getbasetemp() / "flipped.hex"
    path.write_bytes((MULTI[:position] + char + MULTI[position + 1 :]).encode("latin-1"))
    line = MULTI.count("\n", 0, position) + 1
    error = refusal(path, format=Format.HEX)
    if error:
        assert isinstance(error, images.HexSyntaxError)
        assert error.line in {line, line + (MULTI[position] == "\n" or char in "\r\n")}
    else:
        assert images.load(path, "eeprom").segments == (Segment(0, b"eeprom"),)
        assert images.load(path, "lock").segments == (Segment(0, b"\xcf"),)
        assert images.load(path).segments == (Segment(0, b"flash"),)
