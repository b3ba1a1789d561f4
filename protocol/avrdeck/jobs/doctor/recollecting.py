"""What the inventory knows of the chip that was on a port: it explains why it no longer answers."""

from __future__ import annotations

from collections.abc import Mapping

from avrdeck.boards.catalog import UnknownPart
from avrdeck.boards.catalog import part as find_part
from avrdeck.boards.models import Part
from avrdeck.jobs.doctor.model import Patient
from avrdeck.jobs.inventory.book import Inventory
from avrdeck.jobs.inventory.model import LastSeen
from avrdeck.protocol.errors import Fault


def patient_on(port: str, part: Part | None = None, board: str | None = None) -> Patient:
    """The patient behind ``port``: the chip that was seen there last, with the fuse bytes it had last.

    Where ``part`` is expected, it is that one's only. The adapter is known again under another port's name;
    where another one is there that looks the same, the chip is told and nothing is taken for its own. An
    inventory that cannot be used knows nothing. Waits for other processes, so it belongs into a thread.
    """
    try:
        with Inventory() as inventory:
            last = inventory.last_on(port)
    except Fault:
        last = None
    if last is None:
        return Patient(part, {}, board)
    try:
        there = find_part(last.known.chip.part)
    except UnknownPart:
        return Patient(part, {}, board)
    if part and part.signature != there.signature:
        return Patient(part, {}, board)
    kept = {name: value for name, value in last.fuses.items() if name in there.fuses}
    words = _words(last, kept, port)
    if last.others:
        alike = ", ".join(last.others)
        return Patient(part, {}, board, f"{words}; but its adapter cannot be told from that on {alike}")
    return Patient(part or there, kept, board, words, assumed=part is None)


def _words(last: LastSeen, values: Mapping[str, int], port: str) -> str:
    """``“kitchen clock”, ATmega328P …, on 2026-11-20: lfuse E0, hfuse D9``."""
    label = f"“{last.known.label}”, " if last.known.label else ""
    elsewhere = f" as {last.port}" if last.port != port else ""
    shown = ", ".join(f"{name} {value:02X}" for name, value in values.items())
    return f"{label}{last.known.chip.text}, on {last.at[:10]}{elsewhere}" + (f": {shown}" if shown else "")
