"""What the inventory knows of a chip, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from avrdeck.jobs.backup.identity import Chip

MAX_TEXT = 400
"""Characters of a port's name, and of what happened, that are kept."""


class Kind(StrEnum):
    """What can happen to a chip."""

    FUSES = "fuses"
    """Other fuse bytes than before were seen; the data has them by name."""
    FUSE_WRITE = "fusing"
    """A fuse write that did not come to its end; one that did shows as `FUSES`."""
    ERASE = "erase"
    BACKUP = "backup"
    RESTORE = "restore"
    BURN = "burn"
    UPLOAD = "upload"
    WRITE = "write"
    SERIAL = "serial"


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened. ``at`` is UTC in ISO 8601, ``data`` a receipt.

    ``port`` is where the chip was then, empty where that is not known.
    """

    at: str
    kind: str
    text: str
    data: Mapping[str, Any]
    port: str = ""


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

    def told(self, happening: Happening) -> str:
        """What happened, in words; of chips that cannot be told apart with the port of the one it was."""
        where = "" if self.chip.distinct or not happening.port else f", on {happening.port}"
        return happening.text + where


@dataclass(frozen=True, slots=True)
class Sighting:
    """A chip that was just seen on ``port``.

    ``before`` is when it was seen last before, `None` the first time; where chips of a kind cannot be told
    apart, when any of them was.
    """

    known: Known
    before: str | None
    fuses_changed: bool
    port: str = ""

    @property
    def greeting(self) -> str:
        """One line for a person; empty where there is nothing to say."""
        known = self.known
        if not known.chip.distinct:
            if self.before is None:
                return f"{known.chip.text}: avrdeck cannot tell it from others like it when it comes back"
            return f"{known.chip.text}; all of them are labelled “{known.label}”" if known.label else ""
        if self.before is None:
            return f"{known.chip.text} is new here"
        label = f"“{known.label}”, {known.chip.text}" if known.label else known.chip.text
        return f"{label}, last seen {self.before[:10]}" + (
            "; its fuses have changed since" if self.fuses_changed else ""
        )


@dataclass(frozen=True, slots=True)
class LastSeen:
    """The chip that was seen last through an adapter, on ``port``, and the ``fuses`` that it had then.

    ``at`` is UTC in ISO 8601. ``others`` are the ports of adapters that cannot be told from this one, so
    that the chip may as well be there.
    """

    known: Known
    port: str
    at: str
    fuses: Mapping[str, int]
    others: tuple[str, ...] = ()
