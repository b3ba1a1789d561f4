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
from avrdeck.jobs.backup.identity import Chip
from avrdeck.jobs.inventory import rows, whereabouts
from avrdeck.jobs.inventory.database import Database
from avrdeck.jobs.inventory.model import MAX_TEXT, Happening, Kind, Known, LastSeen, Sighting
from avrdeck.jobs.places import inventory_file
from avrdeck.protocol.errors import UsageFault

MAX_LABEL = 80
MAX_NOTES = 4000
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
        at, there = self._at(), whereabouts.where(port)
        with self._database.transaction() as db:
            row = db.execute(
                "SELECT id, last_seen FROM chip WHERE signature = ? AND serial = ?", _key(chip)
            ).fetchone()
            number = int(row["id"]) if row else self._add(db, chip, at)
            db.execute(
                "UPDATE chip SET part = ?, source = ?, port = ?, last_seen = ?, sightings = sightings + 1"
                " WHERE id = ?",
                (chip.part, chip.source.value, there.port, at, number),
            )
            known = rows.known(_insist(db, number))
            last = _last_fuses(db, known, there.port)
            # Fuse bytes that were not read now are only known of a chip that is known itself.
            whereabouts.take(db, there, known, fuses or (last if chip.distinct else {}), at)
            changed = bool(fuses) and _note_fuses(db, known, fuses or {}, at, there.port)
        before = str(row["last_seen"]) if row else None
        return Sighting(known, before, changed and before is not None and chip.distinct, there.port)

    def record(
        self, number: int, kind: Kind, text: str, data: Mapping[str, Any] | None = None, port: str = ""
    ) -> None:
        """Note that something happened to chip ``number``; ``data`` is the receipt, JSON's types only.

        ``port`` is where it is: the only thing that tells it from others that have the same number because
        nothing else tells them apart. Raises `UsageFault` when there is no such chip.
        """
        with self._database.transaction() as db:
            _insist(db, number)
            _record(db, number, Happening(self._at(), kind.value, text, data or {}, port))

    def fuses(self, number: int, fuses: Mapping[str, int], port: str = "") -> bool:
        """Note the fuse and lock bytes that chip ``number`` has now; whether they are others than before.

        ``port`` as with `record`. Raises `UsageFault` when there is no such chip.
        """
        with self._database.transaction() as db:
            known = rows.known(_insist(db, number))
            whereabouts.change(db, known, port, fuses)
            return _note_fuses(db, known, fuses, self._at(), port)

    def chips(self) -> tuple[Known, ...]:
        """Every chip, the one seen last first."""
        with self._database.reading() as db:
            return tuple(map(rows.known, db.execute("SELECT * FROM chip ORDER BY last_seen DESC, id DESC")))

    def history(self, number: int) -> tuple[Happening, ...]:
        """What happened to chip ``number``, the oldest first."""
        with self._database.reading() as db:
            found = db.execute("SELECT * FROM event WHERE chip = ? ORDER BY id", (number,))
            return tuple(map(rows.happening, found))

    def last_on(self, port: str) -> LastSeen | None:
        """The chip that was seen last through the adapter behind ``port``; `None` when it is not known.

        An adapter is known by its USB identity, and a port that has none by its name.
        """
        there = whereabouts.where(port)
        with self._database.reading() as db:
            row = whereabouts.last(db, there)
            if row is None:
                return None
            known = rows.known(_insist(db, row["chip"]))
        return LastSeen(known, str(row["port"]), str(row["at"]), rows.fuse_bytes(row["fuses"]), there.others)

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

    def _at(self) -> str:
        return self._now().astimezone(UTC).isoformat(timespec="seconds")


def _last_fuses(db: sqlite3.Connection, known: Known, port: str) -> Mapping[str, Any]:
    """The fuse bytes that are noted last of a chip; of one without a serial number those on its port."""
    row = db.execute(
        "SELECT data FROM event WHERE chip = ? AND kind = ? AND (? OR port = ?) ORDER BY id DESC",
        (known.id, Kind.FUSES.value, known.chip.distinct, port[:MAX_TEXT]),
    ).fetchone()
    return rows.data(row["data"]) if row else {}


def _note_fuses(db: sqlite3.Connection, known: Known, fuses: Mapping[str, int], at: str, port: str) -> bool:
    """Add to the fuse history what is new; whether it was."""
    if fuses == _last_fuses(db, known, port):
        return False
    text = "  ".join(f"{name} {value:02X}" for name, value in fuses.items())
    _record(db, known.id, Happening(at, Kind.FUSES.value, text, dict(fuses), port))
    return True


def _key(chip: Chip) -> tuple[str, str]:
    return chip.signature.hex(), chip.serial.hex()


def _insist(db: sqlite3.Connection, number: int) -> sqlite3.Row:
    row: sqlite3.Row | None = db.execute("SELECT * FROM chip WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise UsageFault(f"There is no chip {number}", advice="avrdeck inventory list shows them.")
    return row


def _record(db: sqlite3.Connection, number: int, event: Happening) -> None:
    packed = json.dumps(dict(event.data))
    if len(packed) > MAX_DATA:
        raise UsageFault(f"A receipt of {len(packed)} bytes is too long for the inventory")
    db.execute(
        "INSERT INTO event (chip, at, kind, text, data, port) VALUES (?, ?, ?, ?, ?, ?)",
        (number, event.at, event.kind, event.text[:MAX_TEXT], packed, event.port[:MAX_TEXT]),
    )
