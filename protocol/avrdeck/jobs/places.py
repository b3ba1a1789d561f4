"""Where avrdeck keeps what outlives a session: backups, the inventory, serial number counters."""

from __future__ import annotations

import os
from pathlib import Path

DATA_VARIABLE = "AVRDECK_DATA"
"""Environment variable that names another folder, for a memory stick or a build machine."""


def data_folder() -> Path:
    """The user's data folder for avrdeck; it may not exist yet."""
    chosen = os.environ.get(DATA_VARIABLE)
    if chosen:
        return Path(chosen)
    import platformdirs

    return platformdirs.user_data_path("avrdeck", appauthor=False)


def backups_folder() -> Path:
    """The folder of the backups."""
    return data_folder() / "backups"


def inventory_file() -> Path:
    """The inventory's database."""
    return data_folder() / "inventory.sqlite"


def counters_folder() -> Path:
    """The folder of the serial number counters."""
    return data_folder() / "counters"
