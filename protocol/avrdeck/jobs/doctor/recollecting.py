"""What the inventory knows of the chip that was on a port: it explains why it no longer answers."""

from __future__ import annotations

from collections.abc import Mapping

from avrdeck.boards.catalog import UnknownPart
from avrdeck.boards.catalog import part as find_part
from avrdeck.boards.models import Part
from avrdeck.jobs.doctor.model import Patient
from avrdeck.jobs.inventory.book import Inventory
from avrdeck.jobs.inventory.model import Known
from avrdeck.protocol.errors import Fault


def patient_on(port: str, part: Part | None = None, board: str | None = None) -> Patient:
    """The patient behind ``port``: the chip that was seen there last, with the fuse bytes it had last.

    Where ``part`` is expected, it is that one's only. An inventory that cannot be used knows nothing. Waits
    for other processes, so it belongs into a thread.
    """
    try:
        with Inventory() as inventory:
            found = inventory.last_on(port)
    except Fault:
        found = None
    if found is None:
        return Patient(part, {}, board)
    known, values = found
    try:
        there = find_part(known.chip.part)
    except UnknownPart:
        return Patient(part, {}, board)
    if part and part.signature != there.signature:
        return Patient(part, {}, board)
    kept = {name: value for name, value in values.items() if name in there.fuses}
    return Patient(part or there, kept, board, _words(known, kept), assumed=part is None)


def _words(known: Known, values: Mapping[str, int]) -> str:
    """``“kitchen clock”, ATmega328P …, on 2026-11-20: lfuse E0, hfuse D9``."""
    label = f"“{known.label}”, " if known.label else ""
    shown = ", ".join(f"{name} {value:02X}" for name, value in values.items())
    return f"{label}{known.chip.text}, on {known.last_seen[:10]}" + (f": {shown}" if shown else "")
