"""ELF as avr-gcc links it: the bytes to load and their load addresses."""

from __future__ import annotations

import io

from avrdeck.boards.images.errors import ElfSyntaxError, TooLargeError
from avrdeck.boards.images.hexfile import MAX_BYTES
from avrdeck.boards.images.image import Piece

MAGIC = b"\x7fELF"
MAX_SEGMENTS = 64
"""A linker makes about five; a forged header can claim four thousand million."""


def read(file: str, content: bytes) -> list[Piece]:
    """Every loadable segment at its load address (LMA): `.data` follows `.text` in flash.

    Raises `ElfSyntaxError` for a damaged file, another processor or an object that is not linked, and
    `TooLargeError` for more than `MAX_BYTES` bytes to load.
    """
    from elftools.common.exceptions import ELFError
    from elftools.construct.core import ConstructError
    from elftools.elf.elffile import ELFFile

    try:
        elf = ELFFile(io.BytesIO(content))
        machine, kind, count = elf["e_machine"], elf["e_type"], elf.num_segments()
        loads = [
            (header["p_paddr"], header["p_offset"], header["p_filesz"])
            for header in (elf.get_segment(number).header for number in range(min(count, MAX_SEGMENTS)))
            if header["p_type"] == "PT_LOAD" and header["p_filesz"]
        ]
    except (
        ELFError,
        ConstructError,
        ValueError,
        KeyError,
        TypeError,
        OverflowError,
        AttributeError,
    ) as error:
        raise ElfSyntaxError(file, "is a damaged ELF file", "Build it again.") from error
    if count > MAX_SEGMENTS:
        raise ElfSyntaxError(file, f"claims {count} segments", "It is damaged: build it again.")
    if machine != "EM_AVR":
        raise ElfSyntaxError(file, f"is built for another processor ({machine}), not for an AVR")
    if kind != "ET_EXEC":
        raise ElfSyntaxError(file, "is not a linked program", "Give the linker's output, not an object file.")
    if sum(size for _, _, size in loads) > MAX_BYTES:
        raise TooLargeError(file, f"holds more than {MAX_BYTES} bytes to load", "No AVR is that large.")
    if any(offset + size > len(content) for _, offset, size in loads):
        raise ElfSyntaxError(file, "is cut short: a segment runs past its end", "Copy or build it again.")
    return [Piece(address, content[offset : offset + size]) for address, offset, size in loads]
