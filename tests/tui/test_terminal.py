"""The app in a real terminal: a pseudo-terminal with pyte's screen behind it."""

import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl

import pytest

pyte = pytest.importorskip("pyte", reason="pyte draws the terminal")

COLUMNS, LINES = 120, 40
PATIENCE = 60.0
NOT_INHERITED = {"NO_COLOR", "COLUMNS", "LINES"}
START = "from avrdeck.tui.app import run_app; run_app('sim:?autoreset=no')"


class Terminal:
    """A program behind a pty, and what its screen shows."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.master, slave = pty.openpty()
        ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-c", START],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            close_fds=True,
        )
        os.close(slave)
        self.screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self.screen)

    @property
    def text(self) -> str:
        return "\n".join(self.screen.display)

    def see(self, wanted: str) -> None:
        """Wait until the screen shows it."""
        deadline = time.monotonic() + PATIENCE
        while wanted not in self.text:
            assert time.monotonic() < deadline, f"{wanted!r} is not on\n{self.text}"
            self._read(0.2)

    def _read(self, patience: float) -> None:
        ready, _, _ = select.select([self.master], [], [], patience)
        if ready:
            try:
                data = os.read(self.master, 65_536)
            except OSError:
                data = b""
            # pyte has no private modes with intermediate bytes: they would show as text.
            self._stream.feed(
                data.replace(b"\x1b[?2026$p", b"").replace(b"\x1b[>1u", b"").replace(b"\x1b[<u", b"")
            )

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def close(self) -> int:
        self.type("\x11")
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < deadline:
            self._read(0.1)
        self.process.kill()
        os.close(self.master)
        return self.process.wait()


def test_a_session_from_connecting_to_an_undone_fuse(tmp_path):
    environment = {
        **{name: value for name, value in os.environ.items() if name not in NOT_INHERITED},
        "TERM": "xterm-256color",
        "AVRDECK_DATA": str(tmp_path / "data"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }
    terminal = Terminal(environment)
    try:
        terminal.see("programming mode")
        terminal.see("ATmega328P")
        terminal.type("4")
        terminal.see("esc deck")
        terminal.type("isp 30 00 {0..2} 00\r")
        terminal.see("read signature byte 2")
        terminal.type("\x1b")
        terminal.see("space toggle")
        for key in "jjjj ":
            terminal.type(key)
            time.sleep(0.05)
        terminal.see("FATAL")
        terminal.type("w")
        terminal.see("Type the part's name")
        terminal.type("ATmega328P\r")
        terminal.see("undo: put the old values back")
        terminal.type("u")
        terminal.see("The old values are back.")
        terminal.type("\x1b")
        time.sleep(0.5)
    finally:
        status = terminal.close()
    assert status == 0


def test_without_a_terminal_it_says_so(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-c", START],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode != 0
    assert "This terminal cannot show the app" in ran.stderr
