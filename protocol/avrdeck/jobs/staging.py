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
_AVRDUDE = re.compile(r"(\w{1,16}):w:(0x[0-9a-f]{1,2}|0b[01]{1,8}|\d{1,3}):m", re.ASCII | re.IGNORECASE)
_NUMBER = re.compile(r"0x[0-9a-f]{1,2}|0b[01]{1,8}|\d{1,3}|[0-9a-f]{2}", re.ASCII | re.IGNORECASE)


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
        return {**values, _byte_name(part, match[1]): _byte(match[2])}
    name, equals, value = word.partition("=")
    if not equals or not name or not value:
        raise UsageFault(
            f"{word!r} is no fuse edit",
            advice="Write FIELD=VALUE, lfuse=0xE2, lfuse:w:0xE2:m, factory or board:uno.",
        )
    if name.lower() in part.fuses:
        return {**values, name.lower(): _byte(value)}
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


def _byte(text: str) -> int:
    """A byte as avrdude users write it; two hex digits alone are hex."""
    if _NUMBER.fullmatch(text):
        prefixed = text[:2].lower() in {"0x", "0b"}
        value = int(text, 0) if prefixed else int(text, 16 if len(text) == 2 else 10)
        if value <= 0xFF:
            return value
    raise UsageFault(f"{text[:20]!r} is no byte", advice="Write 0xE2, 0b11100010 or E2.")
