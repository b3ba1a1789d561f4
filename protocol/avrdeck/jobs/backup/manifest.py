"""The manifest of a backup: JSON, versioned, sealed. What is read is checked as hostile input.

The seal finds damage, it is no signature: whoever edits a manifest on purpose can seal it again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

from avrdeck.boards.catalog import UnknownPart
from avrdeck.boards.catalog import part as find_part
from avrdeck.boards.models import Part
from avrdeck.boards.text import printable
from avrdeck.boards.uid import Source
from avrdeck.jobs.backup.identity import Chip
from avrdeck.jobs.backup.model import CONTENTS, Absence, BadBackup, Entry, Header

FILE = "manifest.json"
FORMAT = "avrdeck backup"
VERSION = 1
MAX_BYTES = 65_536
MAX_LABEL = 80
MAX_SERIAL = 64
MAX_ROW = 256
"""A row memory may have another size under another avrdeck: it is kept for reading, never written."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_KEYS = {
    "format", "version", "made", "label", "part", "signature", "identity", "memories", "left_out", "seal",
}  # fmt: skip


def dump(header: Header) -> str:
    """The text of a manifest."""
    table: dict[str, object] = {
        "format": FORMAT,
        "version": VERSION,
        "made": header.made.isoformat(),
        "label": header.label,
        **header.content(),
    }
    return json.dumps({**table, "seal": _seal(table)}, indent=1) + "\n"


def parse(text: bytes, name: str) -> Header:
    """The header that `dump` wrote; ``name`` is what to call the backup. Raises `BadBackup`."""
    return _Reader(name).header(text)


def _seal(table: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(table, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


class _Reader:
    """Reads one manifest; every complaint names the backup."""

    def __init__(self, name: str) -> None:
        self._name = name

    def header(self, text: bytes) -> Header:
        table = self._table(text)
        chip, part = self._chip(table)
        memories = self._memories(table, part)
        left_out = self._left_out(table, part)
        both = memories.keys() & left_out.keys()
        if both:
            self._bad(f"the manifest both has and lacks {', '.join(sorted(both))}")
        for name in CONTENTS:
            if _has(part, name) and name not in memories and name not in left_out:
                self._bad(f"the manifest does not say what became of {name}")
        return Header(chip, self._made(table), memories, left_out, self._label(table))

    def _table(self, text: bytes) -> dict[str, Any]:
        try:
            table = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise self._complaint("its manifest is not JSON") from error
        if not isinstance(table, dict) or table.get("format") != FORMAT:
            self._bad("its manifest was not made by avrdeck")
        version = table.get("version")
        if version != VERSION or isinstance(version, bool):
            raise BadBackup(
                self._name,
                f"it has version {printable(repr(version)[:20])}, this avrdeck reads version {VERSION}",
                advice="Use a newer avrdeck.",
            )
        if set(table) != _KEYS:
            self._bad("its manifest has entries too many or too few")
        if table.pop("seal") != _seal(table):
            self._bad("its manifest is damaged: it does not match its own hash")
        return table

    def _chip(self, table: Mapping[str, Any]) -> tuple[Chip, Part]:
        try:
            part = find_part(self._text(table, "part"))
        except UnknownPart as error:
            raise self._complaint("it is of a part that avrdeck does not know") from error
        signature = self._hex(table, "signature")
        if signature != part.signature:
            self._bad(f"its signature is {signature.hex(' ').upper()}, which is no {part.name}")
        identity = self._mapping(table, "identity")
        try:
            source = Source(self._text(identity, "source"))
        except ValueError as error:
            raise self._complaint("it has an unknown kind of serial number") from error
        serial = self._hex(identity, "serial")
        equal = len(set(serial)) == 1
        if len(serial) > MAX_SERIAL or (source is Source.ALL_EQUAL) != equal:
            self._bad("its serial number is not what its manifest says")
        return Chip(part.name, signature, source, serial), part

    def _memories(self, table: Mapping[str, Any], part: Part) -> dict[str, Entry]:
        return {
            name: self._entry(self._mapping(self._mapping(table, "memories"), name), name, part)
            for name in self._mapping(table, "memories")
        }

    def _entry(self, entry: Mapping[str, Any], name: str, part: Part) -> Entry:
        size, sha256 = entry.get("size"), self._text(entry, "sha256")
        if not _has(part, name):
            self._bad(f"{part.name} has no memory {printable(name)[:20]}")
        exact = name in CONTENTS or name in part.fuses
        if (
            not isinstance(size, int)
            or isinstance(size, bool)
            or not (size == part.size(name) if exact else 0 < size <= MAX_ROW)
        ):
            self._bad(f"{name} has not the size that it has on the {part.name}")
        if not _SHA256.fullmatch(sha256):
            self._bad(f"the hash of {name} is none")
        return Entry(size, sha256)

    def _left_out(self, table: Mapping[str, Any], part: Part) -> dict[str, Absence]:
        reasons = self._mapping(table, "left_out")
        try:
            left_out = {name: Absence(reason) for name, reason in reasons.items()}
        except ValueError as error:
            raise self._complaint("it lacks a memory for an unknown reason") from error
        if not all(_has(part, name) for name in left_out):
            self._bad(f"it lacks a memory that the {part.name} has not")
        return left_out

    def _made(self, table: Mapping[str, Any]) -> datetime:
        try:
            made = datetime.fromisoformat(self._text(table, "made"))
            if made.tzinfo is None:
                self._bad("its date has no time zone")
            return made.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise self._complaint("its date is none") from error

    def _label(self, table: Mapping[str, Any]) -> str:
        label = self._text(table, "label")
        if len(label) > MAX_LABEL or not label.isprintable():
            self._bad("its label is too long or not printable")
        return label

    def _mapping(self, table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        value = table.get(key)
        if not isinstance(value, dict):
            self._bad(f"{printable(key)[:20]} is missing from its manifest")
        return value

    def _text(self, table: Mapping[str, Any], key: str) -> str:
        value = table.get(key)
        if not isinstance(value, str):
            self._bad(f"{key} is missing from its manifest")
        return value

    def _hex(self, table: Mapping[str, Any], key: str) -> bytes:
        try:
            return bytes.fromhex(self._text(table, key))
        except ValueError as error:
            raise self._complaint(f"{key} is not hexadecimal") from error

    def _complaint(self, reason: str) -> BadBackup:
        return BadBackup(self._name, reason, advice="Use another copy of it.")

    def _bad(self, reason: str) -> NoReturn:
        raise self._complaint(reason)


def _has(part: Part, name: str) -> bool:
    """Whether the part has a memory of that name."""
    return name == "flash" or (name == "eeprom" and bool(part.eeprom)) or name in {**part.fuses, **part.rows}
