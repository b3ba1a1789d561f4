"""Intel HEX: a strict reader that names the faulty line, and a writer.

A reader of its own, as intelhex stops without a word at the end record, does not miss it when it is not
there, cannot say where the first of two contradicting records stands, and refuses a repeated one.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from enum import IntEnum

from avrdeck.boards.images.errors import HexSyntaxError, TooLargeError
from avrdeck.boards.images.image import Image, Piece
from avrdeck.boards.text import printable

MAX_BYTES = 1 << 20
"""Four times the largest AVR: more is a mistake, or an attack."""

_RECORD = re.compile(r":(?:[0-9A-Fa-f]{2}){5,}")
_LINE_END = re.compile(r"\r\n|\n|\r")


class RecordType(IntEnum):
    """Record types of the Intel Hexadecimal Object File Format Specification, revision A."""

    DATA = 0
    END_OF_FILE = 1
    EXTENDED_SEGMENT_ADDRESS = 2
    START_SEGMENT_ADDRESS = 3
    EXTENDED_LINEAR_ADDRESS = 4
    START_LINEAR_ADDRESS = 5


_DATA_LENGTH = {
    RecordType.END_OF_FILE: 0,
    RecordType.EXTENDED_SEGMENT_ADDRESS: 2,
    RecordType.START_SEGMENT_ADDRESS: 4,
    RecordType.EXTENDED_LINEAR_ADDRESS: 2,
    RecordType.START_LINEAR_ADDRESS: 4,
}
_BASE_SHIFT = {RecordType.EXTENDED_SEGMENT_ADDRESS: 4, RecordType.EXTENDED_LINEAR_ADDRESS: 16}


def read(file: str, content: bytes) -> list[Piece]:
    """The data records, in the file's order, with their line numbers.

    Raises `HexSyntaxError` for the first line that is wrong, and where the end record is missing or
    followed by more; `TooLargeError` for more than `MAX_BYTES` bytes of data.
    """
    pieces: list[Piece] = []
    base = total = 0
    ended = False
    line = 1
    for line, text in _lines(content):
        if ended:
            raise HexSyntaxError(
                file, "there is more after the end-of-file record", "Are these two files in one?", line=line
            )
        kind, offset, data = _decode(file, line, text)
        if kind is RecordType.DATA:
            pieces.append(Piece(base + offset, data, line))
            total += len(data)
        elif kind in _BASE_SHIFT:
            base = int.from_bytes(data) << _BASE_SHIFT[kind]
        ended = kind is RecordType.END_OF_FILE
        if total > MAX_BYTES:
            raise TooLargeError(file, f"holds more than {MAX_BYTES} bytes of data", "No AVR is that large.")
    if not ended:
        raise HexSyntaxError(
            file,
            "the file stops without an end-of-file record",
            "It is cut short: copy or build it again.",
            line=line,
        )
    return pieces


def _lines(content: bytes) -> Iterator[tuple[int, str]]:
    """Number and text of every line that is not blank."""
    for number, text in enumerate(_LINE_END.split(content.decode("latin-1")), 1):
        if stripped := text.strip(" \t"):
            yield number, stripped


def _decode(file: str, line: int, text: str) -> tuple[RecordType, int, bytes]:
    """Type, address field and data of one record."""
    if not _RECORD.fullmatch(text):
        raise HexSyntaxError(file, _misfit(text), line=line)
    record = bytes.fromhex(text[1:])
    length, kind, data = record[0], record[3], record[4:-1]
    if len(data) != length:
        raise HexSyntaxError(
            file, f"the record says {length} data bytes, but {len(data)} are there", line=line
        )
    checksum = -sum(record[:-1]) & 0xFF
    if record[-1] != checksum:
        raise HexSyntaxError(
            file, f"the checksum is 0x{record[-1]:02X}, the record adds up to 0x{checksum:02X}", line=line
        )
    if kind not in RecordType.__members__.values():
        raise HexSyntaxError(file, f"record type 0x{kind:02X} is not defined", line=line)
    if length != _DATA_LENGTH.get(RecordType(kind), length):
        raise HexSyntaxError(file, f"a record of type {kind} cannot have {length} data bytes", line=line)
    return RecordType(kind), int.from_bytes(record[1:3]), data


def _misfit(text: str) -> str:
    """Why a line does not even look like a record."""
    if not text.startswith(":"):
        return f"the line begins with {printable(text[0])!r} instead of ':'"
    odd = next((char for char in text[1:] if char not in "0123456789ABCDEFabcdef"), None)
    if odd is not None:
        return f"{printable(odd)!r} is not a hexadecimal digit"
    if len(text) % 2 == 0:
        return "a digit is missing: the number of digits is odd"
    return "the record is too short"


def write(image: Image) -> bytes:
    """The file's bytes: records of 16 bytes, gaps kept."""
    from intelhex import IntelHex

    memory = IntelHex()
    for segment in image.segments:
        memory.frombytes(segment.data, segment.start)
    text = io.StringIO()
    memory.write_hex_file(text)
    return text.getvalue().encode("ascii")
