"""The inventory as CSV for spreadsheets and as JSON for programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from avrdeck.boards.text import printable
from avrdeck.jobs.inventory.book import Inventory
from avrdeck.jobs.inventory.model import Happening, Known

COLUMNS = (
    "id", "label", "part", "signature", "serial", "source", "distinct", "port", "first_seen", "last_seen",
    "sightings", "fuses", "notes",
)  # fmt: skip
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet may take for the beginning of a formula, full-width forms too (OWASP, CSV Injection)."""


def as_csv(inventory: Inventory) -> str:
    """One line a chip, quoted; a text that a spreadsheet would calculate is led by an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for known in inventory.chips():
        # Of chips that cannot be told apart each may have others.
        history = inventory.history(known.id) if known.chip.distinct else ()
        fuses = [each.text for each in history if each.kind == "fuses"]
        row = {**summary(known), "fuses": fuses[-1] if fuses else ""}
        writer.writerow([inert(str(row[column])) for column in COLUMNS])
    return text.getvalue()


def inert(text: str) -> str:
    """``text`` on one line, and such that no spreadsheet calculates it."""
    shown = printable(text)
    return f"'{shown}" if text.lstrip(" \u00a0").startswith(FORMULA_STARTS) else shown


def as_data(known: Known, history: Sequence[Happening]) -> dict[str, object]:
    """A chip and its history for programs."""
    happened = [
        {"at": each.at, "kind": each.kind, "text": each.text, "port": each.port, "data": dict(each.data)}
        for each in history
    ]
    return {**summary(known), "history": happened}


def summary(known: Known) -> dict[str, object]:
    """A chip for programs."""
    chip = known.chip
    return {
        "id": known.id,
        "label": known.label,
        "part": chip.part,
        "signature": chip.signature.hex().upper(),
        "serial": chip.serial.hex().upper(),
        "source": chip.source.value,
        "distinct": chip.distinct,
        "port": known.port,
        "first_seen": known.first_seen,
        "last_seen": known.last_seen,
        "sightings": known.sightings,
        "notes": known.notes,
    }
