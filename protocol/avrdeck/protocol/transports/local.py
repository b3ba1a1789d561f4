"""Local serial ports on POSIX: pyserial opens and locks them, the event loop moves the bytes."""

from __future__ import annotations

import asyncio
import os
import termios

import serial

from avrdeck.protocol.transports.faults import as_os_error, cannot_open, vanished
from avrdeck.protocol.transports.realtime import RealTime

CHUNK = 65_536


class LocalPort(RealTime):
    """An open local port. See `base.Transport`."""

    def __init__(self, port: serial.Serial, name: str) -> None:
        super().__init__()
        self.name = name
        self._port = port
        self._fd = port.fileno()
        self._unsent = bytearray()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._fd, self._readable)

    @property
    def baud(self) -> int:
        """Bits per second."""
        return int(self._port.baudrate)

    def write(self, data: bytes) -> None:
        """Write what the kernel takes now and the rest when it can."""
        self._inbox.check()
        self._unsent += data
        if len(self._unsent) == len(data):
            self._writable()

    async def set_baud(self, baud: int) -> None:
        """Change the line speed once everything written has left."""
        try:
            self._port.flush()
            self._port.baudrate = baud
        except (OSError, ValueError, termios.error) as error:
            raise cannot_open(self.name, as_os_error(error)) from error

    async def set_dtr(self, asserted: bool) -> None:
        """Drive DTR and RTS together; a pseudo-terminal has neither."""
        try:
            self._port.dtr = asserted
            self._port.rts = asserted
        except (OSError, termios.error):
            return

    async def set_break(self, asserted: bool) -> None:
        """See `base.Transport.set_break`; a pseudo-terminal has no line to hold."""
        try:
            self._port.break_condition = asserted
        except (OSError, termios.error):
            return

    async def close(self) -> None:
        """Release the port."""
        if self._port.is_open:
            self._detach()
            self._port.close()

    def _readable(self) -> None:
        try:
            data = os.read(self._fd, CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(error)
            return
        if data:
            self._inbox.put(data)
        else:
            self._fail(None)

    def _writable(self) -> None:
        try:
            sent = os.write(self._fd, self._unsent)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._fail(error)
            return
        del self._unsent[:sent]
        if self._unsent:
            self._loop.add_writer(self._fd, self._writable)
        else:
            self._loop.remove_writer(self._fd)

    def _fail(self, error: OSError | None) -> None:
        self._detach()
        self._inbox.fail(vanished(self.name, error))

    def _detach(self) -> None:
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)


async def open_local(name: str, baud: int) -> LocalPort:
    """Open and lock the port ``name``; raises `PortError`. Most boards reset when it opens."""
    try:
        port = serial.Serial(name, baud, timeout=0, write_timeout=0, exclusive=True)
    except (OSError, ValueError, termios.error) as error:
        raise cannot_open(name, as_os_error(error)) from error
    os.set_blocking(port.fileno(), False)
    return LocalPort(port, name)
