"""Fuse edits as people write them, turned into bytes: fields, bytes, presets, avrdude's arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping

from avrdeck.boards.boards import UnknownBoardError, UnknownOptionError
from avrdeck.boards.boards import find as find_board
from avrdeck.boards.fusefields import IllegalValue, UnknownField, with_field
from avrdeck.boards.models import Part
from avrdeck.protocol.errors import UsageFault

FACTORY = "factory"
BOARD = "board:"
_AVRDUDE = re.compile(
    r"(\w{1,16}):w:(0x[0-9a-f]{1,2}|0b[01]{1,8}|0[0-7]{0,3}|[1-9]\d{0,2}):m", re.ASCII | re.IGNORECASE
)
_HEX = re.compile(r"(?:0x)?[0-9a-f]{1,2}", re.ASCII | re.IGNORECASE)
_BINARY = re.compile(r"0b[01]{1,8}", re.ASCII | re.IGNORECASE)


def staged(part: Part, values: Mapping[str, int], word: str) -> dict[str, int]:
    """``values`` with the edit ``word`` made.

    ``bodlevel=2.7V`` sets a field, ``lfuse=0xE2`` a byte, ``lfuse:w:0xE2:m`` too, ``factory`` every byte
    whose factory value is known, ``board:uno`` the fuses and lock bits of a board. Raises `UsageFault`
    that says what would have been legal.
    """
    if word.lower() == FACTORY:
        known = {name: fuse.factory for name, fuse in part.fuses.items() if name in values}
        return {**values, **{name: value for name, value in known.items() if value is not None}}
    if word.lower().startswith(BOARD):
        return {**values, **_preset(part, word[len(BOARD) :])}
    if match := _AVRDUDE.fullmatch(word):
        return {**values, _byte_name(part, match[1]): _avrdude_byte(match[2])}
    name, equals, value = word.partition("=")
    if not equals or not name or not value:
        raise UsageFault(
            f"{word!r} is no fuse edit",
            advice="Write FIELD=VALUE, lfuse=0xE2, lfuse:w:0xE2:m, factory or board:uno.",
        )
    if name.lower() in part.fuses:
        return {**values, name.lower(): fuse_byte(value)}
    try:
        return with_field(part, values, name, value)
    except (UnknownField, IllegalValue, ValueError) as error:
        raise UsageFault(str(error)) from error


def _preset(part: Part, name: str) -> dict[str, int]:
    try:
        board = find_board(name)
    except (UnknownBoardError, UnknownOptionError) as error:
        raise UsageFault(str(error)) from error
    if board.part != part.name:
        raise UsageFault(
            f"{board.name} has an {board.part or 'unknown part'}, not an {part.name}",
            detail="The same bit is RSTDISBL on one part and DWEN, WDTON or BOOTRST on another.",
            advice="Choose a board with this part; some have a menu, as in board:nano:cpu=atmega168.",
        )
    lock = {} if board.lock is None else {"lock": board.lock}
    return {**board.fuses, **lock}


def _byte_name(part: Part, name: str) -> str:
    if name.lower() not in part.fuses:
        raise UsageFault(f"{part.name} has no {name}", advice=f"It has {', '.join(part.fuses)}.")
    return name.lower()


def fuse_byte(text: str) -> int:
    """A fuse or lock byte as data sheets write it, in hex: ``E2`` or ``0xE2``; or in binary with its ``0b``.

    Raises `UsageFault`.
    """
    if _BINARY.fullmatch(text):
        return int(text, 2)
    if _HEX.fullmatch(text):
        return int(text, 16)
    raise UsageFault(f"{text[:20]!r} is no byte", advice="Fuse bytes are hex: write E2, 0xE2 or 0b11100010.")


def _avrdude_byte(text: str) -> int:
    """A byte in an argument of avrdude's, with its meaning there: 98 is decimal and 062 octal, as in C."""
    value = int(text, 8 if text.isdecimal() and text.startswith("0") else 0)
    if value > 0xFF:
        raise UsageFault(f"{text} is no byte", advice="avrdude takes 0xE2, 0b11100010 or 226.")
    return value
