"""The inventory: chips by signature and serial number, and what happened to them.

Every method may wait for another process and so belongs into a thread where an event loop runs:
``await asyncio.to_thread(inventory.sighted, chip, port)``.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from avrdeck.boards.text import printable
from avrdeck.boards.uid import Source
from avrdeck.jobs.backup.identity import Chip
from avrdeck.jobs.inventory.database import Database
from avrdeck.jobs.inventory.model import Happening, Kind, Known, Sighting
from avrdeck.jobs.places import inventory_file
from avrdeck.protocol.errors import UsageFault

MAX_LABEL = 80
MAX_NOTES = 4000
MAX_TEXT = 400
MAX_DATA = 65_536


def _now() -> datetime:
    return datetime.now(UTC)


class Inventory:
    """An open inventory, by default the user's; a context manager that closes it."""

    def __init__(self, path: Path | None = None, now: Callable[[], datetime] = _now) -> None:
        self._database = Database(path or inventory_file())
        self._now = now

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def sighted(self, chip: Chip, port: str, fuses: Mapping[str, int] | None = None) -> Sighting:
        """Note that ``chip`` is there, with the ``fuses`` it has now, and say what is known of it."""
        at = self._at()
        with self._database.transaction() as db:
            row = db.execute(
                "SELECT id, last_seen FROM chip WHERE signature = ? AND serial = ?", _key(chip)
            ).fetchone()
            number = int(row["id"]) if row else self._add(db, chip, at)
            db.execute(
                "UPDATE chip SET part = ?, source = ?, port = ?, last_seen = ?, sightings = sightings + 1"
                " WHERE id = ?",
                (chip.part, chip.source.value, port[:MAX_TEXT], at, number),
            )
            changed = bool(fuses) and self._note_fuses(db, number, dict(fuses or {}), at)
            known = _known(db.execute("SELECT * FROM chip WHERE id = ?", (number,)).fetchone())
        return Sighting(known, str(row["last_seen"]) if row else None, changed and row is not None)

    def record(self, number: int, kind: Kind, text: str, data: Mapping[str, Any] | None = None) -> None:
        """Note that something happened to chip ``number``; ``data`` is the receipt, JSON's types only.

        Raises `UsageFault` when there is no such chip.
        """
        with self._database.transaction() as db:
            _insist(db, number)
            _record(db, number, Happening(self._at(), kind.value, text, data or {}))

    def fuses(self, number: int, fuses: Mapping[str, int]) -> bool:
        """Note the fuse and lock bytes that chip ``number`` has now; whether they are others than before.

        Raises `UsageFault` when there is no such chip.
        """
        with self._database.transaction() as db:
            _insist(db, number)
            return self._note_fuses(db, number, dict(fuses), self._at())

    def chips(self) -> tuple[Known, ...]:
        """Every chip, the one seen last first."""
        with self._database.reading() as db:
            return tuple(map(_known, db.execute("SELECT * FROM chip ORDER BY last_seen DESC, id DESC")))

    def history(self, number: int) -> tuple[Happening, ...]:
        """What happened to chip ``number``, the oldest first."""
        with self._database.reading() as db:
            rows = db.execute("SELECT * FROM event WHERE chip = ? ORDER BY id", (number,))
            return tuple(map(_happening, rows))

    def last_on(self, port: str) -> tuple[Known, Mapping[str, int]] | None:
        """The chip that was seen last on ``port``, and the fuse and lock bytes that it had last."""
        with self._database.reading() as db:
            row = db.execute(
                "SELECT * FROM chip WHERE port = ? ORDER BY last_seen DESC, id DESC", (port[:MAX_TEXT],)
            ).fetchone()
            last = _last_fuses(db, int(row["id"])) if row else None
        if row is None:
            return None
        values = _happening(last).data if last else {}
        return _known(row), {name: value for name, value in values.items() if _is_byte(value)}

    def find(self, reference: str) -> Known:
        """The chip that a number, a label or (the beginning of) a serial number means.

        Raises `UsageFault` when there is none, or more than one.
        """
        word = reference.strip().casefold()
        chips = self.chips()
        found = [known for known in chips if word == str(known.id)] if word.isdecimal() else []
        found = found or [known for known in chips if word and word == known.label.casefold()]
        found = found or [
            known
            for known in chips
            if len(word) >= 4
            and (
                known.chip.serial_text.casefold().startswith(word) or known.chip.serial.hex().startswith(word)
            )
        ]
        shown = printable(reference[:MAX_LABEL])
        if not found:
            raise UsageFault(f"No chip is called {shown!r}", advice="avrdeck inventory list shows them.")
        if len(found) > 1:
            numbers = ", ".join(str(known.id) for known in found)
            raise UsageFault(f"{shown!r} means several chips: {numbers}", advice="Name one by its number.")
        return found[0]

    def label(self, number: int, label: str) -> None:
        """Name a chip; an empty label takes the name away. Raises `UsageFault` for one that cannot be."""
        label = label.strip()
        if len(label) > MAX_LABEL or not label.isprintable():
            raise UsageFault(f"A label has at most {MAX_LABEL} printable characters")
        if label.isdecimal():
            raise UsageFault("A label that is a number would be taken for a chip's number")
        self._set(number, "label", label)

    def note(self, number: int, notes: str) -> None:
        """Replace a chip's notes. Raises `UsageFault` for too long a text."""
        if len(notes) > MAX_NOTES:
            raise UsageFault(f"Notes have at most {MAX_NOTES} characters")
        self._set(number, "notes", notes)

    def _set(self, number: int, column: str, text: str) -> None:
        with self._database.transaction() as db:
            _insist(db, number)
            db.execute(f"UPDATE chip SET {column} = ? WHERE id = ?", (text, number))  # noqa: S608 - a literal

    def _add(self, db: sqlite3.Connection, chip: Chip, at: str) -> int:
        cursor = db.execute(
            "INSERT INTO chip (signature, serial, source, part, first_seen, last_seen)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (*_key(chip), chip.source.value, chip.part, at, at),
        )
        return int(cursor.lastrowid or 0)

    def _note_fuses(self, db: sqlite3.Connection, number: int, fuses: dict[str, int], at: str) -> bool:
        """Add to the fuse history what is new; whether it was."""
        last = _last_fuses(db, number)
        if last and _happening(last).data == fuses:
            return False
        text = "  ".join(f"{name} {value:02X}" for name, value in fuses.items())
        _record(db, number, Happening(at, Kind.FUSES.value, text, fuses))
        return True

    def _at(self) -> str:
        return self._now().astimezone(UTC).isoformat(timespec="seconds")


def _last_fuses(db: sqlite3.Connection, number: int) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM event WHERE chip = ? AND kind = ? ORDER BY id DESC", (number, Kind.FUSES.value)
    ).fetchone()
    return row


def _is_byte(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 0xFF


def _key(chip: Chip) -> tuple[str, str]:
    return chip.signature.hex(), chip.serial.hex()


def _insist(db: sqlite3.Connection, number: int) -> None:
    if not db.execute("SELECT 1 FROM chip WHERE id = ?", (number,)).fetchone():
        raise UsageFault(f"There is no chip {number}", advice="avrdeck inventory list shows them.")


def _record(db: sqlite3.Connection, number: int, event: Happening) -> None:
    packed = json.dumps(dict(event.data))
    if len(packed) > MAX_DATA:
        raise UsageFault(f"A receipt of {len(packed)} bytes is too long for the inventory")
    db.execute(
        "INSERT INTO event (chip, at, kind, text, data) VALUES (?, ?, ?, ?, ?)",
        (number, event.at, event.kind, event.text[:MAX_TEXT], packed),
    )


def _known(row: sqlite3.Row) -> Known:
    """A row as a value; what somebody else wrote into the file is taken for no serial number."""
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


def _happening(row: sqlite3.Row) -> Happening:
    try:
        data = json.loads(row["data"])
    except (ValueError, TypeError, RecursionError):
        data = None
    return Happening(
        str(row["at"]), str(row["kind"]), str(row["text"]), data if isinstance(data, dict) else {}
    )
