"""The inventory's rows as values. What somebody else wrote into the file does no harm."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from avrdeck.boards.uid import Source
from avrdeck.jobs.backup.identity import Chip
from avrdeck.jobs.inventory.model import Happening, Known


def known(row: sqlite3.Row) -> Known:
    """A row of ``chip``; bytes that are none are taken for no serial number."""
    try:
        signature, serial = bytes.fromhex(row["signature"]), bytes.fromhex(row["serial"])
        chip = Chip(str(row["part"]), signature, Source(row["source"]), serial)
    except (ValueError, TypeError):
        chip = Chip(str(row["part"]), b"")
    return Known(
        id=row["id"],
        chip=chip,
        label=str(row["label"]),
        notes=str(row["notes"]),
        port=str(row["port"]),
        first_seen=str(row["first_seen"]),
        last_seen=str(row["last_seen"]),
        sightings=row["sightings"],
    )


def happening(row: sqlite3.Row) -> Happening:
    """A row of ``event``."""
    at, kind, text, port = (str(row[name]) for name in ("at", "kind", "text", "port"))
    return Happening(at, kind, text, data(row["data"]), port)


def data(packed: object) -> dict[str, Any]:
    """A table that is stored as JSON; an empty one where it is none."""
    try:
        table = json.loads(str(packed))
    except (ValueError, RecursionError):
        return {}
    return table if isinstance(table, dict) else {}


def fuse_bytes(packed: object) -> dict[str, int]:
    """The bytes among what is stored as fuse bytes."""
    return {name: value for name, value in data(packed).items() if _is_byte(value)}


def _is_byte(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 0xFF
