"""A virtual chip as a JSON file, so that it survives the program that simulated it.

A file that is read is checked as hostile input: bounded, complete, every value in its range.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avrdeck.boards import wholefile
from avrdeck.boards.catalog import UnknownPart, part
from avrdeck.boards.models import Part
from avrdeck.protocol.simulator.cells import ROW_BYTES, Cells
from avrdeck.protocol.simulator.oscillator import Xtal

FORMAT = "avrdeck virtual chip 1"
MAX_FILE_BYTES = 1_000_000
"""The largest chip has 256 KiB of flash and 8 KiB of EEPROM; base64 adds a third."""


class BadState(ValueError):
    """A file is no state of a virtual chip; the message says where it is wrong."""


@dataclass(frozen=True, slots=True)
class State:
    """A chip and what is on its XTAL1."""

    cells: Cells
    xtal: Xtal


def dump(state: State) -> str:
    """The text of a state file."""
    cells = state.cells
    table = {
        "format": FORMAT,
        "part": cells.part.name,
        "xtal": str(state.xtal),
        "fuses": {name: f"{value:02X}" for name, value in cells.fuses.items()},
        "row": cells.row.hex().upper(),
        "eeprom": b64encode(cells.eeprom).decode(),
        "flash": b64encode(cells.flash).decode(),
    }
    return json.dumps(table, indent=1) + "\n"


def parse(text: str) -> State:
    """The chip that `dump` wrote; raises `BadState`."""
    try:
        table = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadState("not JSON") from error
    if not isinstance(table, dict) or table.get("format") != FORMAT:
        raise BadState(f'no "format": "{FORMAT}"')
    try:
        chip = part(_text(table, "part"))
        xtal = Xtal.parse(_text(table, "xtal"))
    except (UnknownPart, ValueError) as error:
        raise BadState(str(error)) from error
    cells = Cells(
        chip,
        flash=_memory(table, "flash", chip.flash.size),
        eeprom=_memory(table, "eeprom", chip.eeprom.size if chip.eeprom else 0),
        fuses=_fuses(table, chip),
        row=_hex(_text(table, "row"), "row", ROW_BYTES),
    )
    return State(cells, xtal)


def load(path: Path) -> State | None:
    """The chip in ``path``, or `None` when there is no such file yet. Raises `BadState`, `OSError`."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        return None
    if len(content) > MAX_FILE_BYTES:
        raise BadState(f"larger than {MAX_FILE_BYTES} bytes")
    try:
        return parse(content.decode())
    except UnicodeDecodeError as error:
        raise BadState("not text") from error


def save(path: Path, state: State) -> None:
    """Write the chip to ``path``, whole or not at all. Raises `OSError`."""
    wholefile.replace(path, dump(state).encode())


def _text(table: dict[str, Any], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str):
        raise BadState(f"{key} is missing or no text")
    return value


def _hex(text: str, key: str, size: int) -> bytes:
    try:
        value = bytes.fromhex(text)
    except ValueError as error:
        raise BadState(f"{key} is not hexadecimal") from error
    if len(value) != size:
        raise BadState(f"{key} has {len(value)} bytes instead of {size}")
    return value


def _memory(table: dict[str, Any], key: str, size: int) -> bytearray:
    try:
        value = b64decode(_text(table, key), validate=True)
    except NotBase64 as error:
        raise BadState(f"{key} is not base64") from error
    if len(value) != size:
        raise BadState(f"{key} has {len(value)} bytes instead of {size}")
    return bytearray(value)


def _fuses(table: dict[str, Any], chip: Part) -> dict[str, int]:
    values = table.get("fuses")
    if not isinstance(values, dict) or set(values) != set(chip.fuses):
        raise BadState(f"fuses must be {', '.join(chip.fuses)}")
    return {name: _hex(_text(values, name), name, 1)[0] for name in chip.fuses}
