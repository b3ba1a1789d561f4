"""Completes names of files as they are typed."""

from __future__ import annotations

import asyncio
import os
from itertools import islice
from pathlib import Path

from textual.suggester import Suggester

from avrdeck.boards.text import printable

MAX_ENTRIES = 5000
"""Entries of a folder that are looked at."""


class PathSuggester(Suggester):
    """Suggests the first name that goes on as typed: folders, and files with one of ``suffixes``, or any."""

    def __init__(self, suffixes: frozenset[str] = frozenset()) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._suffixes = suffixes

    async def get_suggestion(self, value: str) -> str | None:
        """The whole of what is typed with the name completed; a folder ends with a slash."""
        return await asyncio.to_thread(self._completed, value) if value.strip() else None

    def _completed(self, value: str) -> str | None:
        folder, typed = os.path.split(value)
        try:
            with os.scandir(Path(folder or ".").expanduser()) as entries:
                names = [self._name(entry) for entry in islice(entries, MAX_ENTRIES)]
        except (OSError, ValueError, RuntimeError):
            return None
        hidden = typed.startswith(".")
        fitting = (
            n for n in names if n.startswith(typed) and n != typed and (hidden or not n.startswith("."))
        )
        name = min(fitting, key=lambda n: (len(n.rstrip("/")) == len(typed), n), default=None)
        return name and value[: len(value) - len(typed)] + name

    def _name(self, entry: os.DirEntry[str]) -> str:
        """The entry's name; empty where it is not wanted, or cannot be shown as it is."""
        if printable(entry.name) != entry.name:
            return ""
        if entry.is_dir():
            return f"{entry.name}/"
        wanted = not self._suffixes or Path(entry.name).suffix.lower() in self._suffixes
        return entry.name if wanted else ""
