"""The folder of backups: adding, listing, finding."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from avrdeck.boards.text import printable
from avrdeck.jobs.backup import files
from avrdeck.jobs.backup.container import ZIP
from avrdeck.jobs.backup.identity import Chip
from avrdeck.jobs.backup.model import Backup, BadBackup, Header
from avrdeck.jobs.places import DATA_VARIABLE, backups_folder
from avrdeck.protocol.errors import InputFault, UsageFault

MAX_NAME = 40
SHORTEST_ID = 4


@dataclass(frozen=True, slots=True)
class Listed:
    """A file in the store; without a ``header`` it is no usable backup and ``problem`` says why."""

    path: Path
    header: Header | None = None
    problem: str = ""


class Store:
    """Backups in ``folder``, by default the user's; it is made when the first is added."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or backups_folder()

    def add(self, backup: Backup) -> Path:
        """Save ``backup`` under a name made of part, label or serial number, time and content.

        Raises `InputFault` when that fails.
        """
        header = backup.header
        words = (header.chip.part, header.label or header.chip.serial_text, f"{header.made:%Y%m%dT%H%M%SZ}")
        name = "-".join(slug(word) for word in (*words, header.content_id) if word)
        path = self.folder / f"{name}{ZIP}"
        # The name holds time and content: what is there already is the same backup.
        return path if path.exists() else files.save(backup, path)

    def listing(self) -> Sequence[Listed]:
        """What is in the store, the newest first, what is unusable last. Contents are not checked.

        Raises `InputFault` when it cannot be looked into.
        """
        try:
            paths = sorted(path for path in self.folder.iterdir() if not path.name.startswith("."))
        except FileNotFoundError:
            return ()
        except OSError as error:
            reason = error.strerror or str(error)
            raise InputFault(
                f"The backups in {printable(str(self.folder))} cannot be listed: {printable(reason)}",
                advice=f"It must be a folder and allow writing; {DATA_VARIABLE} names another.",
            ) from error
        listed = [_listed(path) for path in paths if path.is_dir() or path.suffix.lower() == ZIP]
        return sorted(
            listed, key=lambda each: each.header.made.timestamp() if each.header else 0, reverse=True
        )

    def find(self, reference: str) -> Path:
        """The backup that ``reference`` means: a path, a name in the store, or how its id begins.

        Raises `UsageFault` when there is none, or more than one.
        """
        path = Path(reference)
        if path.exists():
            return path
        listing = self.listing()
        named = [each.path for each in listing if reference in {each.path.name, each.path.stem}]
        found = named or [each.path for each in listing if _begins(each, reference.lower())]
        if not found:
            raise UsageFault(
                f"There is no backup {printable(reference)!r}", advice="avrdeck backups list shows them."
            )
        if len(found) > 1:
            names = ", ".join(printable(path.name) for path in found[:4])
            raise UsageFault(f"{printable(reference)!r} means several backups: {names}", advice="Name one.")
        return found[0]

    def latest(self, chip: Chip) -> Path:
        """The newest full backup of this very chip.

        Raises `UsageFault` when there is none, or the chip cannot be told from others.
        """
        if not chip.distinct:
            raise UsageFault(
                "Which backup is this chip's cannot be told",
                detail=f"It is an {chip.text}.",
                advice="Name the backup; avrdeck backups list shows them.",
            )
        for each in self.listing():
            if each.header and each.header.full and each.header.chip.same(chip):
                return each.path
        raise UsageFault(f"There is no full backup of {chip.text}", advice="avrdeck backups list shows all.")

    def holding(self, header: Header, label: str = "") -> Path | None:
        """An intact backup of the same chip with the same content; under ``label`` where one is given."""
        for each in self.listing():
            if label and each.header and each.header.label != label:
                continue
            if each.header and each.header.content() == header.content():
                with suppress(BadBackup):
                    files.load(each.path)
                    return each.path
        return None


def slug(text: str) -> str:
    """``text`` as a piece of a file name on any system: ASCII letters, digits, dot, dash, underscore."""
    return re.sub(r"[^A-Za-z0-9._]+", "-", text).strip("-._")[:MAX_NAME] or "x"


def _begins(each: Listed, reference: str) -> bool:
    if len(reference) < SHORTEST_ID or not each.header:
        return False
    return each.header.content_id.startswith(reference)


def _listed(path: Path) -> Listed:
    try:
        return Listed(path, files.load_header(path))
    except BadBackup as bad:
        return Listed(path, problem=bad.reason)
