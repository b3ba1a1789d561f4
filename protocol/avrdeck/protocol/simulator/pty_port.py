"""A pseudo-terminal under a name of the user's choice, as other programs' serial port. POSIX only."""

from __future__ import annotations

import errno
import fcntl
import os
import select
import struct
import sys
import termios
import tty
from pathlib import Path

from avrdeck.protocol.errors import PortError, PortReason

READ_BYTES = 4096
DEVICES = Path("/dev")
TCGETS2 = 0x802C542A
TERMIOS2 = struct.Struct("4I20s2I")
"""Linux's termios with the speeds as numbers: flags, line and characters, input and output speed."""
_SPEEDS = {
    getattr(termios, name): int(name[1:])
    for name in dir(termios)
    if name[0] == "B" and name[1:].isdigit() and name != "B0"
}


class PtyPort:
    """The programmer's end of a pseudo-terminal; clients open the symbolic link ``path``."""

    def __init__(self, path: Path) -> None:
        """Make the terminal and its name. Raises `PortError` when ``path`` is taken or cannot be made."""
        self.path = path
        self.fd, slave = os.openpty()
        self.device = os.ttyname(slave)
        tty.setraw(slave)
        os.close(slave)
        os.set_blocking(self.fd, False)
        try:
            _claim(path, self.device)
        except PortError:
            os.close(self.fd)
            raise

    def close(self) -> None:
        """Take the name away, unless somebody else uses it by now."""
        if _points_to(self.path) == self.device:
            self.path.unlink(missing_ok=True)
        os.close(self.fd)

    @property
    def present(self) -> bool:
        """Whether a client has the port open."""
        poll = select.poll()
        poll.register(self.fd, 0)
        return not any(event & select.POLLHUP for _, event in poll.poll(0))

    @property
    def baud(self) -> int:
        """The line speed that the client chose; 0 when it hung up or cannot be known."""
        if sys.platform == "linux":
            fields = TERMIOS2.unpack(fcntl.ioctl(self.fd, TCGETS2, bytes(TERMIOS2.size)))
            return int(fields[-1])
        return _SPEEDS.get(termios.tcgetattr(self.fd)[5], 0)

    def read(self) -> bytes:
        """What the client sent and was not read yet; ``b""`` also when it is gone."""
        try:
            return os.read(self.fd, READ_BYTES)
        except OSError as error:
            if error.errno in {errno.EAGAIN, errno.EIO}:
                return b""
            raise

    def write(self, data: bytes) -> None:
        """Send to the client; what it leaves unread beyond the kernel's buffer is lost, as on a real port."""
        try:
            os.write(self.fd, data)
        except OSError as error:
            if error.errno not in {errno.EAGAIN, errno.EIO}:
                raise


def _claim(path: Path, device: str) -> None:
    """Make ``path`` a link to ``device``; a link that a dead server left behind may be replaced."""
    try:
        left = _points_to(path)
        if left is not None and Path(left).is_relative_to(DEVICES):
            path.unlink()
        path.symlink_to(device)
    except FileExistsError as error:
        title, advice = f"{path} exists already.", "Choose another path for the virtual port."
        raise PortError(str(path), PortReason.BUSY, title, advice=advice) from error
    except OSError as error:
        raise PortError(
            str(path), PortReason.FAILED, f"{path} cannot be made.", detail=f"{error}."
        ) from error


def _points_to(path: Path) -> str | None:
    return str(path.readlink()) if path.is_symlink() else None
