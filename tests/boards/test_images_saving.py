"""Images saved: whole files only, and what was saved is what is loaded."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intelhex import IntelHex

from avrdeck.boards import images
from avrdeck.boards.images import Format, Image, Segment
from avrdeck.boards.images.hexfile import MAX_BYTES
from avrdeck.boards.images.image import Piece, joined

segments_of_an_image = st.lists(
    st.tuples(st.integers(0, 0x1FFFF), st.binary(min_size=1, max_size=60)), min_size=1, max_size=8
).map(lambda spans: joined(Piece(start, bytes([7]) * len(data)) for start, data in spans))


@given(segments_of_an_image)
def test_an_image_survives_hex(tmp_path_factory, segments):
    path = tmp_path_factory.getbasetemp() / "round.hex"
    images.save(Image("x", segments), path)
    assert images.load(path).segments == segments
    other = IntelHex(str(path))
    assert [(s.start, s.end) for s in segments] == other.segments()


@given(st.binary(min_size=1, max_size=600))
def test_bytes_survive_hex_and_binary(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "round"
    for format, name in ((Format.HEX, "r.hex"), (Format.BINARY, "r.bin")):  # noqa: A001
        images.save(Image.of(data), path.with_name(name), format)
        assert images.load(path.with_name(name), format=format).segments == (Segment(0, data),)


def test_binary_begins_at_address_0(tmp_path):
    images.save(Image.of(b"AB", start=3), tmp_path / "a.bin", Format.BINARY)
    assert (tmp_path / "a.bin").read_bytes() == b"\xff\xff\xffAB"


def test_what_cannot_be_saved(tmp_path):
    with pytest.raises(ValueError, match="not written"):
        images.save(Image.of(b"A"), tmp_path / "a.elf", Format.ELF)
    images.save(Image.of(b"A", start=MAX_BYTES - 1), tmp_path / "a.bin", Format.BINARY)
    with pytest.raises(images.TooLargeError, match="as HEX"):
        images.save(Image.of(b"A", start=MAX_BYTES), tmp_path / "b.bin", Format.BINARY)
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


def test_saving_replaces_whole_files_only(tmp_path, monkeypatch):
    path = tmp_path / "a.hex"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(images.FileAccessError, match="cannot be written: No space left"):
        images.save(Image.of(b"new"), path)
    assert [item.name for item in tmp_path.iterdir()] == ["a.hex"]
    assert path.read_text() == "old"


def test_saving_follows_a_link_and_refuses_what_is_no_file(tmp_path):
    (tmp_path / "real.hex").touch()
    (tmp_path / "link.hex").symlink_to("real.hex")
    images.save(Image.of(b"A"), tmp_path / "link.hex")
    assert (tmp_path / "link.hex").is_symlink()
    assert images.load(tmp_path / "real.hex").size == 1
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "circle.hex").symlink_to("circle.hex")
    for path in (tmp_path, tmp_path / "none" / "a.hex", tmp_path / "pipe", tmp_path / "circle.hex"):
        with pytest.raises(images.FileAccessError):
            images.save(Image.of(b"A"), path)
