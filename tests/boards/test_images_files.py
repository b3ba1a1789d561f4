"""Files that hold images, whatever they are: told apart, of several memories, hostile."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avrdeck.boards import images
from avrdeck.boards.images import Format, Segment
from avrdeck.boards.images.hexfile import MAX_BYTES
from boards.imagefiles import ELF, END, GOOD, M168, MULTI, elf, record

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


# --- several memories


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
