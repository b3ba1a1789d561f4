"""Loading and saving images: which format a file has, and which of its bytes belong to which memory."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from avrdeck.boards import wholefile
from avrdeck.boards.images import elffile, hexfile
from avrdeck.boards.images.errors import (
    EmptyImageError,
    FileAccessError,
    ImageError,
    OutsideError,
    OverlapError,
    TooLargeError,
    UnknownFormatError,
)
from avrdeck.boards.images.image import Contradiction, Image, Piece, joined
from avrdeck.boards.models import Part
from avrdeck.boards.text import printable

MAX_FILE = 32 << 20
"""Bytes read at most: an ELF file with debug information can be some megabytes."""

WINDOW = 0x10000
WINDOWS = {
    "eeprom": 0x810000,
    "fuses": 0x820000,
    "lock": 0x830000,
    "signature": 0x840000,
    "usersig": 0x850000,
}
"""Where avr-gcc and avrdude put the other memories of a file that holds more than flash."""
FUSE_OFFSETS = {"fuse": 0, "lfuse": 0, "hfuse": 1, "efuse": 2}

NOT_REGULAR = "it is not a regular file"

_HEX_START = re.compile(rb"\s*:[0-9A-Fa-f]")
_HINTS = (
    (re.compile(rb"\s*<(!doctype|html)", re.IGNORECASE), "It is a web page: download the file itself."),
    (
        re.compile(rb"\s*S[0-9][0-9A-Fa-f]{2}"),
        "It is Motorola S-record: convert it with avr-objcopy -O ihex.",
    ),
    (re.compile(rb"PK\x03\x04|\x1f\x8b"), "It is an archive: unpack it first."),
)


class Format(StrEnum):
    """File formats."""

    HEX = "hex"
    ELF = "elf"
    BINARY = "bin"


def load(
    path: str | os.PathLike[str],
    memory: str = "flash",
    *,
    format: Format | None = None,  # noqa: A002 - the word for it
    part: Part | None = None,
) -> Image:
    """The image of one memory in a file.

    The format is recognised by content; raw binary, which begins at address 0, by the extension ``.bin``.
    A file can hold several memories at avr-gcc's addresses (0x810000 EEPROM, 0x820000 fuses, 0x830000
    lock). With ``part`` the image is checked as `fits` does; a file that is outside the part and
    contradicts itself is told so in one error. Raises `ImageError`.
    """
    name = os.fspath(path)
    content = _content(name)
    kind = format or _sniff(name, content)
    readers: dict[Format, Callable[[str, bytes], list[Piece]]] = {
        Format.HEX: hexfile.read,
        Format.ELF: elffile.read,
        Format.BINARY: _read_binary,
    }
    pieces = _of_memory(name, readers[kind](name, content), memory, offsets_only=kind == Format.ELF)
    overlap: OverlapError | None = None
    try:
        image = Image(printable(name), joined(pieces), memory)
    except Contradiction as clash:
        lines = sorted(piece.line for piece in clash.pieces if piece.line)
        overlap = OverlapError(name, clash.address, tuple(lines))
        image = Image(printable(name), joined(Piece(p.start, bytes(len(p.data))) for p in pieces), memory)
    if part:
        fits(image, part, memory, also=overlap.what if overlap else "")
    if overlap:
        raise overlap
    return image


def fits(image: Image, part: Part, memory: str | None = None, *, also: str = "") -> None:
    """Check that the part has memory at all of the image's addresses; raises `OutsideError`.

    ``also`` is one more fault of the file to tell of.
    """
    memory = memory or image.memory
    try:
        size = part.size(memory)
    except KeyError:
        size = 0
    if image.end > size:
        outside = next(segment for segment in image.segments if segment.end > size)
        first = max(outside.start, size)
        raise OutsideError(image.file, memory, first, image.end, part=part.name, size=size, also=also)


def save(image: Image, path: str | os.PathLike[str], format: Format = Format.HEX) -> None:  # noqa: A002
    """Write the image as Intel HEX, or as raw binary from address 0 with 0xFF in the gaps.

    The file appears complete or not at all, and replaces one of that name: asking first is the caller's
    job. Raises `FileAccessError`; `ValueError` for a format that cannot be written.
    """
    name = os.fspath(path)
    if format == Format.ELF:
        raise ValueError("ELF files are read, not written")
    if format == Format.BINARY and image.end > hexfile.MAX_BYTES:
        raise TooLargeError(name, f"raw binary would take {image.end} bytes", "Save it as HEX.")
    content = hexfile.write(image) if format == Format.HEX else image.flat(image.end)
    try:
        _save(Path(name).resolve(), content)
    except (OSError, ValueError, RuntimeError) as error:  # links in a circle are a RuntimeError up to 3.12
        raise _access_error(name, error, "written") from error


def _save(path: Path, content: bytes) -> None:
    if path.is_symlink() or (path.exists() and not path.is_file()):  # still a link: they run in a circle
        raise OSError(None, NOT_REGULAR)
    wholefile.replace(path, content)


def _content(name: str) -> bytes:
    """All bytes of a regular file that is not too large."""
    try:
        content = _read_regular(name)
    except (OSError, ValueError) as error:
        raise _access_error(name, error, "read") from error
    if not content:
        raise EmptyImageError(name, "the file is empty")
    if len(content) > MAX_FILE:
        raise TooLargeError(name, f"the file has more than {MAX_FILE >> 20} MiB", "Is it the right file?")
    return content


def _read_regular(name: str) -> bytes:
    """At most one byte more than `MAX_FILE` of a file that is no directory, device or pipe."""
    # Without O_NONBLOCK opening a pipe would wait for its writer.
    descriptor = os.open(name, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(None, NOT_REGULAR)
        return stream.read(MAX_FILE + 1)


def _access_error(name: str, error: Exception, done: str) -> ImageError:
    """The error to raise for what the system said about a file."""
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return FileAccessError(name, f"cannot be {done}: {reason}")


def _sniff(name: str, content: bytes) -> Format:
    """The format of a file."""
    binary = Path(name).suffix.lower() == ".bin"
    if content.startswith(elffile.MAGIC):
        return Format.ELF
    if _HEX_START.match(content) and (content.isascii() or not binary):
        return Format.HEX
    if binary:
        return Format.BINARY
    if not content.strip():
        raise EmptyImageError(name, "the file has only blank lines")
    hint = next((text for pattern, text in _HINTS if pattern.match(content)), "")
    raise UnknownFormatError(
        name,
        "is neither Intel HEX nor ELF",
        hint or "Raw binary needs the extension .bin.",
    )


def _read_binary(file: str, content: bytes) -> list[Piece]:
    """The whole file, from address 0."""
    if len(content) > hexfile.MAX_BYTES:
        raise TooLargeError(file, f"has more than {hexfile.MAX_BYTES} bytes", "No AVR is that large.")
    return [Piece(0, content)]


def _home(address: int) -> str:
    """The memory whose window holds an address."""
    return next((name for name, base in WINDOWS.items() if base <= address < base + WINDOW), "flash")


def _of_memory(file: str, pieces: list[Piece], memory: str, *, offsets_only: bool) -> list[Piece]:
    """The pieces of one memory, moved to address 0.

    A file without any of the windows is taken to hold just the memory asked for, unless its format
    always tells them apart (``offsets_only``).
    """
    homes = {_home(piece.start) for piece in pieces if piece.data}
    fuse = FUSE_OFFSETS.get(memory)
    home = "fuses" if fuse is not None else memory
    if homes - {"flash"} or offsets_only:
        base = WINDOWS.get(home, 0) + (fuse or 0)
        high = base + (1 if fuse is not None else WINDOW)
        chosen = [piece for piece in pieces if _home(piece.start) == home]
        pieces = chosen if home == "flash" else [piece.cut(base, high) for piece in chosen]
    found = [piece for piece in pieces if piece.data]
    if not found:
        there = f"; it has {', '.join(sorted(homes))}" if homes else ""
        raise EmptyImageError(file, f"holds nothing for {memory}{there}")
    return found
