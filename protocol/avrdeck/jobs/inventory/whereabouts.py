"""Which chip was seen last through which adapter, with the fuse bytes it had: what a doctor asks."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from avrdeck.jobs.adapters import adapter_of
from avrdeck.jobs.inventory.model import MAX_TEXT, Known


@dataclass(frozen=True, slots=True)
class Where:
    """A port, and the USB identity of the adapter behind it, empty where it has none.

    ``others`` are the ports of adapters that have the same.
    """

    port: str
    adapter: str
    others: tuple[str, ...] = ()


def where(port: str) -> Where:
    """What ``port`` is right now. Asks the machine, so it belongs outside a transaction."""
    found = adapter_of(port)
    return Where(port[:MAX_TEXT], found.key, found.others) if found else Where(port[:MAX_TEXT], "")


def take(db: sqlite3.Connection, there: Where, known: Known, fuses: Mapping[str, Any], at: str) -> None:
    """Note that a chip is there; one that is known by its serial number is nowhere else any more."""
    db.execute(
        "DELETE FROM place WHERE (port = ? AND adapter IN ('', ?)) OR (? AND chip = ?)",
        (there.port, there.adapter, known.chip.distinct, known.id),
    )
    db.execute(
        "INSERT INTO place (port, adapter, chip, at, fuses) VALUES (?, ?, ?, ?, ?)",
        (there.port, there.adapter, known.id, at, json.dumps(dict(fuses))),
    )


def change(db: sqlite3.Connection, known: Known, port: str, fuses: Mapping[str, int]) -> None:
    """Note other fuse bytes of a chip; of one without a serial number those of the one on ``port``."""
    db.execute(
        "UPDATE place SET fuses = ? WHERE chip = ? AND (? OR port = ?)",
        (json.dumps(dict(fuses)), known.id, known.chip.distinct, port[:MAX_TEXT]),
    )


def last(db: sqlite3.Connection, there: Where) -> sqlite3.Row | None:
    """Who was there last, by the adapter where it has an identity, whatever its port was called.

    Of adapters that cannot be told apart the one of the same name is the likelier.
    """
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM place WHERE (adapter = :adapter AND (adapter <> '' OR port = :port))"
        " OR (adapter = '' AND port = :port) ORDER BY (:alike AND port = :port) DESC, id DESC",
        {"adapter": there.adapter, "port": there.port, "alike": bool(there.others)},
    ).fetchone()
    return row
