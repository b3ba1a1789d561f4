"""A program behind a pseudo-terminal, and what its screen shows."""

from __future__ import annotations

import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from fcntl import ioctl
from pathlib import Path
from typing import Self

import pytest

pyte = pytest.importorskip("pyte", reason="pyte draws the terminal")

PATIENCE = 120.0
"""Seconds of real time in which a screen that never comes is given up, on however slow a machine."""
NOT_INHERITED = {"NO_COLOR", "COLUMNS", "LINES", "COLORTERM"}
NOT_PYTES = (b"\x1b[?2026$p", b"\x1b[>1u", b"\x1b[<u")
"""Private modes with intermediate bytes: pyte would show them as text."""


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Folders of its own for the app, in a usual terminal."""
    return {
        **{name: value for name, value in os.environ.items() if name not in NOT_INHERITED},
        "TERM": "xterm-256color",
        "AVRDECK_DATA": str(folder / "data"),
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        **more,
    }


class Terminal:
    """A terminal of ``size`` columns and lines that runs avrdeck with ``arguments``."""

    def __init__(
        self, environment: Mapping[str, str], arguments: Sequence[str], size: tuple[int, int] = (120, 40)
    ) -> None:
        columns, lines = size
        self.master, slave = pty.openpty()
        ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "avrdeck", *arguments],
            stdin=slave, stdout=slave, stderr=slave, env=dict(environment), close_fds=True,
            start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self.sent = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)

    @property
    def text(self) -> str:
        """The screen, line by line."""
        return "\n".join(self.screen.display)

    def see(self, *wanted: str) -> None:
        """Wait until the screen shows all of it."""
        self._until(lambda: all(words in self.text for words in wanted), f"{wanted} is not")

    def see_no(self, gone: str) -> None:
        """Wait until the screen no longer shows it."""
        self._until(lambda: gone not in self.text, f"{gone!r} is still")

    def _until(self, met, complaint: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not met():
            assert time.monotonic() < deadline, f"{complaint} on\n{self.text}"
            assert self._read(0.2) or self.process.poll() is None, f"{complaint}; it ended\n{self.text}"

    def _read(self, patience: float) -> bool:
        ready, _, _ = select.select([self.master], [], [], patience)
        if not ready:
            return False
        try:
            data = os.read(self.master, 65_536)
        except OSError:
            return False
        self.sent += data
        for mode in NOT_PYTES:
            data = data.replace(mode, b"")
        self._stream.feed(data)
        return bool(data)

    def type(self, keys: str) -> None:
        """Type, as fast as it goes."""
        os.write(self.master, keys.encode())

    def leave(self) -> int:
        """Leave the app; its exit status."""
        self.type("\x11")
        return self.ended()

    def ended(self) -> int:
        """Wait for its end; its exit status."""
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it does not end\n{self.text}"
            self._read(0.1)
        return self.process.returncode
