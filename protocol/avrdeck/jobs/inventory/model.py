"""What the inventory knows of a chip, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from avrdeck.jobs.backup.identity import Chip


class Kind(StrEnum):
    """What can happen to a chip."""

    FUSES = "fuses"
    """Other fuse bytes than before were seen; the data has them by name."""
    BACKUP = "backup"
    RESTORE = "restore"
    BURN = "burn"
    UPLOAD = "upload"
    WRITE = "write"
    SERIAL = "serial"


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened. ``at`` is UTC in ISO 8601, ``data`` a receipt."""

    at: str
    kind: str
    text: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """A chip that was seen, or, where chips of a kind cannot be told apart, all of that kind.

    Times are UTC in ISO 8601.
    """

    id: int
    chip: Chip
    label: str
    notes: str
    port: str
    first_seen: str
    last_seen: str
    sightings: int

    @property
    def name(self) -> str:
        """What to call it: its label, else its serial number or kind."""
        return self.label or self.chip.text


@dataclass(frozen=True, slots=True)
class Sighting:
    """A chip that was just seen. ``before`` is when it was seen last before, `None` the first time."""

    known: Known
    before: str | None
    fuses_changed: bool

    @property
    def greeting(self) -> str:
        """One line for a person; empty where there is nothing to say."""
        known = self.known
        if not known.chip.distinct:
            named = f"; those are labelled “{known.label}”" if known.label else ""
            return f"{known.chip.text}: it cannot be told from others like it{named}" if self.before else ""
        if self.before is None:
            return f"{known.chip.text} is new here"
        label = f"“{known.label}”, {known.chip.text}" if known.label else known.chip.text
        return f"{label}, last seen {self.before[:10]}" + (
            "; its fuses have changed since" if self.fuses_changed else ""
        )
