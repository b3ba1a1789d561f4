"""Which process has a port open, for the message that says so."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")


def holders(port: str) -> list[str]:
    """The other processes that have ``port`` open, as ``name (pid 123)``.

    Empty where the system does not tell (no /proc) or where they belong to another user.
    """
    own = os.getpid()
    real = os.path.realpath(port)
    return [f"{_name(pid)} (pid {pid})" for pid in _pids() if pid != own and _has_open(pid, real)]


def _pids() -> Iterator[int]:
    if PROC.is_dir():
        yield from (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())


def _has_open(pid: int, path: str) -> bool:
    try:
        with os.scandir(PROC / str(pid) / "fd") as entries:
            return any(os.readlink(entry) == path for entry in entries)  # noqa: PTH115 - thousands of links
    except OSError:
        return False


def _name(pid: int) -> str:
    try:
        return (PROC / str(pid) / "comm").read_text().strip()
    except OSError:
        return "a process"
