"""What is under way, in a small file a chip: the plan with its image, and how far it has come.

It is written before the erase and removed at the end, so that what is found belongs to a burn that did not
end. A file that is read is checked as hostile input, and never taken for what the chip holds.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from avrdeck.boards import wholefile
from avrdeck.boards.catalog import UnknownPart
from avrdeck.boards.catalog import part as find_part
from avrdeck.boards.images import Image
from avrdeck.boards.images.image import Contradiction, Piece, joined
from avrdeck.boards.text import printable
from avrdeck.jobs.backup.identity import Chip
from avrdeck.jobs.backup.store import slug
from avrdeck.jobs.burn.model import BurnPlan
from avrdeck.jobs.places import data_folder
from avrdeck.jobs.serials.stamping import Stamp
from avrdeck.jobs.serials.template import MAX_BYTES as MAX_SERIAL
from avrdeck.protocol.errors import InputFault
from avrdeck.protocol.target.memories import TRANSFERABLE

FORMAT = "avrdeck burn 1"
MAX_BYTES = 600_000
"""The largest flash, 256 KiB, in base64 with room for the rest."""
MAX_TEXT = 200
MAX_SEGMENTS = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """One burn. ``step`` is the one that was begun last, ``saved`` the backup taken before it.

    ``begun`` says that the erase may have taken place: what the chip held before is in the backup only.
    """

    plan: BurnPlan
    chip: Chip
    port: str
    step: str = ""
    saved: str = ""
    begun: bool = False


class Journals:
    """The journals in ``folder``, by default among the user's data."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or data_folder() / "burns"

    def save(self, entry: Entry) -> None:
        """Write the entry, whole or not at all. Raises `InputFault`."""
        path = self._path(entry.chip, entry.port)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            wholefile.replace(path, _dumped(entry).encode())
        except OSError as error:
            raise InputFault(
                f"The journal of the burn cannot be written: {error.strerror or error}",
                detail=f"It belongs into {printable(str(self.folder))}.",
                advice="Make room there or allow writing: without it an interrupted burn cannot be resumed.",
            ) from error

    def load(self, chip: Chip, port: str) -> Entry | None:
        """The unfinished burn of that chip, by its port where its serial number does not tell it apart.

        Raises `InputFault` for a damaged file.
        """
        path = self._path(chip, port)
        try:
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _bad(path, error.strerror or str(error)) from error
        if len(content) > MAX_BYTES:
            raise _bad(path, f"it has more than {MAX_BYTES} bytes")
        try:
            return _parsed(json.loads(content), chip, port)
        except (ValueError, RecursionError, NotBase64, Contradiction, UnknownPart) as error:
            raise _bad(path, printable(str(error))[:MAX_TEXT]) from error

    def remove(self, entry: Entry) -> None:
        """Forget an entry. Nothing happens when it cannot be."""
        with suppress(OSError):
            self._path(entry.chip, entry.port).unlink(missing_ok=True)

    def _path(self, chip: Chip, port: str) -> Path:
        # By signature: parts that share one are told apart by the user only, perhaps differently each time.
        return self.folder / f"{chip.signature.hex()}-{slug(chip.serial_text or port)}.json"


def _bad(path: Path, reason: str) -> InputFault:
    return InputFault(
        f"The journal {printable(path.name)} cannot be used",
        detail=f"{reason}.",
        advice="Burn anew without resuming: that replaces it.",
    )


def _dumped(entry: Entry) -> str:
    plan = entry.plan
    table = {
        "format": FORMAT,
        "signature": entry.chip.signature.hex().upper(),
        "serial": entry.chip.serial.hex().upper(),
        "step": entry.step,
        "saved": entry.saved,
        "begun": entry.begun,
        "part": plan.part,
        "board": plan.board[:MAX_TEXT],
        "file": plan.file_name[:MAX_TEXT],
        "f_cpu_hz": plan.f_cpu_hz,
        "baud": plan.baud,
        "fuses": dict(plan.fuse_bytes),
        "lock": plan.lock,
        "stamp": _stamp_dumped(plan.serial),
        "image": [[segment.start, b64encode(segment.data).decode()] for segment in plan.image.segments],
    }
    return json.dumps(table, indent=1) + "\n"


def _parsed(table: object, chip: Chip, port: str) -> Entry:
    """Raises `ValueError` with what is wrong."""
    if not isinstance(table, dict) or table.get("format") != FORMAT:
        raise ValueError(f"it is not {FORMAT!r}")
    if (
        table.get("signature") != chip.signature.hex().upper()
        or table.get("serial") != chip.serial.hex().upper()
    ):
        raise ValueError("it is of another chip")
    part = find_part(_text(table, "part"))
    if part.signature != chip.signature:
        raise ValueError(f"it is for an {part.name}")
    lock = table.get("lock")
    plan = BurnPlan(
        _image(table, part.flash.size),
        _fuses(table.get("fuses"), part.fuses),
        None if lock is None else _number(lock, 0xFF),
        part.name,
        _text(table, "board"),
        _maybe(table, "f_cpu_hz"),
        _maybe(table, "baud"),
        serial=_stamp(table.get("stamp")),
    )
    begun = table.get("begun") is not False
    return Entry(plan, chip, port, _text(table, "step"), _text(table, "saved"), begun)


def _text(table: dict[str, Any], key: str, longest: int = MAX_TEXT) -> str:
    value = table.get(key)
    if not isinstance(value, str) or len(value) > longest:
        raise ValueError(f"{key} is no text")
    return printable(value)


def _number(value: object, limit: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= limit:
        raise ValueError(f"{str(value)[:20]} is no number up to {limit}")
    return value


def _maybe(table: dict[str, Any], key: str) -> int | None:
    return None if table.get(key) is None else _number(table[key], 1_000_000_000)


def _fuses(value: object, known: Mapping[str, object]) -> dict[str, int]:
    if not isinstance(value, dict) or not set(value) <= set(known) - {"lock"}:
        raise ValueError("fuses are not those of the part")
    return {name: _number(byte, 0xFF) for name, byte in value.items()}


def _stamp_dumped(stamp: Stamp | None) -> dict[str, object] | None:
    if stamp is None:
        return None
    place = {"memory": stamp.memory, "address": stamp.address, "overwrite": stamp.overwrite}
    return {"text": stamp.text, "data": stamp.data.hex(), **place}


def _stamp(table: object) -> Stamp | None:
    if table is None:
        return None
    if not isinstance(table, dict) or table.get("memory") not in TRANSFERABLE:
        raise ValueError("stamp is no serial number")
    data = bytes.fromhex(_text(table, "data", 2 * MAX_SERIAL))
    if not data:
        raise ValueError("stamp has no bytes")
    address = _number(table.get("address"), MAX_BYTES)
    overwrite = table.get("overwrite") is True
    return Stamp(data, address, table["memory"], overwrite, _text(table, "text", MAX_SERIAL))


def _image(table: dict[str, Any], size: int) -> Image:
    pairs = table.get("image")
    if not isinstance(pairs, list) or not 0 < len(pairs) <= MAX_SEGMENTS:
        raise ValueError("image is no list")
    pieces = []
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[1], str):
            raise ValueError("image has something that is no segment")
        piece = Piece(_number(pair[0], size), b64decode(pair[1], validate=True))
        if piece.end > size:
            raise ValueError("image is outside the flash")
        pieces.append(piece)
    return Image(_text(table, "file"), joined(pieces), "flash")


def begun(entry: Entry, step: str) -> Entry:
    """The entry as ``step`` begins."""
    return replace(entry, step=step, begun=True)
