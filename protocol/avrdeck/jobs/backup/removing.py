"""Deletes a backup from the store, and nothing else."""

from __future__ import annotations

from pathlib import Path

from avrdeck.boards.models import MEMORY_NAMES
from avrdeck.boards.text import printable
from avrdeck.jobs.backup import manifest
from avrdeck.jobs.backup.container import ZIP
from avrdeck.jobs.backup.store import Store
from avrdeck.protocol.errors import InputFault, UsageFault

_FILES = frozenset({manifest.FILE, *(f"{memory}.hex" for memory in MEMORY_NAMES)})


def remove(store: Store, path: Path) -> None:
    """Delete the backup at ``path``, which may be a damaged one; a link is deleted, not what it leads to.

    Raises `UsageFault` for what does not lie in the store's folder or is no backup's file, `InputFault`
    when the system refuses.
    """
    name = printable(path.name)
    if path.parent.resolve() != store.folder.resolve():
        raise UsageFault(
            f"{name} is not in avrdeck's folder of backups", advice="Delete it with your system's tools."
        )
    try:
        if path.is_symlink() or not path.is_dir():
            _remove_file(path, name)
        else:
            _remove_folder(path, name)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputFault(f"{name} cannot be deleted", detail=f"{reason}.") from error


def _remove_file(path: Path, name: str) -> None:
    if path.suffix.lower() != ZIP and not path.is_symlink():
        raise UsageFault(f"{name} is no backup", advice="Delete it with your system's tools.")
    path.unlink()


def _remove_folder(path: Path, name: str) -> None:
    """Only a folder in which nothing but a backup's own files lies."""
    inside = list(path.iterdir())
    if any(each.name not in _FILES or each.is_dir() for each in inside):
        raise UsageFault(
            f"{name} holds more than a backup", advice="Look into the folder, and delete it by hand."
        )
    for each in inside:
        each.unlink()
    path.rmdir()
