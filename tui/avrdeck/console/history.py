"""The lines that either console ran, oldest first, in one file. Its form is prompt_toolkit's."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from platformdirs import user_state_path

MOST_BYTES = 1_000_000
"""Of an older file only the end is read: years of lines."""


def path() -> Path:
    """Where the history is kept."""
    return user_state_path("avrdeck", ensure_exists=True) / "history"


def load() -> list[str]:
    """The lines; none where there is no file, or none that can be read."""
    try:
        with path().open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - MOST_BYTES))
            content = file.read(MOST_BYTES)
    except OSError:
        return []
    rows = content.decode("utf-8", errors="replace").split("\n")
    return [row[1:] for row in rows if row.startswith("+")]


def remember(line: str) -> None:
    """Keep a line; a file that cannot be written is not worth an interruption."""
    kept = " ".join(line.splitlines())
    try:
        with path().open("ab") as file:
            file.write(f"\n# {datetime.now(UTC):%Y-%m-%d %H:%M:%S}\n+{kept}\n".encode(errors="replace"))
    except OSError:
        return
