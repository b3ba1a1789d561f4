"""What a backup is: which chip, when, which memories with which content, and what is missing why."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from avrdeck.boards.catalog import part as find_part
from avrdeck.boards.images import Image
from avrdeck.boards.models import Part
from avrdeck.jobs.backup.identity import Chip
from avrdeck.protocol.errors import InputFault

ID_DIGITS = 8
"""How much of the content's hash names a backup: enough for one person's chips."""
CONTENTS = ("flash", "eeprom")
"""The memories that take time to read; all others are saved always."""


class Absence(StrEnum):
    """Why a memory is not in a backup."""

    BLANK = "blank"
    """A sample of it was 0xFF, so it was not read through."""
    LOCKED = "locked"
    """The lock bits forbid reading."""
    SKIPPED = "skipped"
    """Nobody wanted it."""
    UNREADABLE = "unreadable"
    """This programmer or this part does not let it be read."""


ABSENCE_WORDS = {
    Absence.BLANK: "blank as far as looked at",
    Absence.LOCKED: "locked against reading",
    Absence.SKIPPED: "skipped",
    Absence.UNREADABLE: "not readable through this programmer",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One memory's size in bytes and the SHA-256 of its content, in hex."""

    size: int
    sha256: str

    @classmethod
    def of(cls, content: bytes) -> Entry:
        """The entry for ``content``."""
        return cls(len(content), hashlib.sha256(content).hexdigest())


@dataclass(frozen=True, slots=True)
class Header:
    """What the manifest says. ``made`` is in UTC."""

    chip: Chip
    made: datetime
    memories: Mapping[str, Entry]
    left_out: Mapping[str, Absence] = field(default_factory=dict)
    label: str = ""

    @property
    def full(self) -> bool:
        """Whether it can bring flash and EEPROM back, as far as the part has them."""
        return not any(self.left_out.get(name, Absence.BLANK) is not Absence.BLANK for name in CONTENTS)

    @property
    def content_id(self) -> str:
        """The same for the same chip with the same content, whenever and under whatever label saved."""
        text = json.dumps(self.content(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:ID_DIGITS]

    def content(self) -> dict[str, object]:
        """The manifest's tables about the chip and its memories."""
        chip = self.chip
        memories = {
            name: {"size": entry.size, "sha256": entry.sha256} for name, entry in self.memories.items()
        }
        return {
            "part": chip.part,
            "signature": chip.signature.hex().upper(),
            "identity": {"source": chip.source.value, "serial": chip.serial.hex().upper()},
            "memories": memories,
            "left_out": {name: reason.value for name, reason in self.left_out.items()},
        }


@dataclass(frozen=True, slots=True)
class Backup:
    """A header and the content that it describes, by memory name. ``name`` is the file's, to show."""

    header: Header
    memories: Mapping[str, bytes]
    name: str = ""

    @property
    def chip(self) -> Chip:
        """Which chip it is of."""
        return self.header.chip

    @property
    def part(self) -> Part:
        """The part it is of."""
        return find_part(self.chip.part)

    @property
    def fuses(self) -> dict[str, int]:
        """The fuse bytes and the lock byte in it, in the data sheet's order."""
        return {name: self.memories[name][0] for name in self.part.fuses if name in self.memories}

    def image(self, memory: str) -> Image:
        """The content of ``memory`` to be written; raises `KeyError` when it is not there."""
        return Image.of(self.memories[memory], file=self.name or "the backup", memory=memory)


class BadBackup(InputFault):
    """A file that cannot be used as a backup. ``reason`` says what is wrong with it."""

    def __init__(self, name: str, reason: str, *, advice: str = "") -> None:
        super().__init__(f"{name} cannot be used as a backup", detail=f"{reason}.", advice=advice)
        self.reason = reason


def made_of(
    chip: Chip,
    memories: Mapping[str, bytes],
    left_out: Mapping[str, Absence],
    *,
    made: datetime,
    label: str = "",
) -> Backup:
    """A backup of that content."""
    entries = {name: Entry.of(content) for name, content in memories.items()}
    return Backup(Header(chip, made, entries, dict(left_out), label), dict(memories))


def utc_now() -> datetime:
    """The time of day, without what a manifest does not keep."""
    return datetime.now(UTC).replace(microsecond=0)
