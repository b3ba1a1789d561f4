"""Ports that only pyserial can read, by a thread: Windows' COM ports and pyserial's other URLs."""

from __future__ import annotations

import asyncio
import threading

import serial

from avrdeck.protocol.transports.faults import as_os_error, cannot_open, not_supported, vanished
from avrdeck.protocol.transports.realtime import RealTime

POLL_SECONDS = 0.05
"""How long the reader thread may sleep in the driver before it looks whether it should end."""


class ThreadedPort(RealTime):
    """An open port with a reader thread. See `base.Transport`."""

    def __init__(self, port: serial.Serial, name: str) -> None:
        super().__init__()
        self.name = name
        self._port = port
        self._loop = asyncio.get_running_loop()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._read_forever, name=f"read {name}", daemon=True)
        self._thread.start()

    @property
    def baud(self) -> int:
        """Bits per second."""
        return int(self._port.baudrate)

    def write(self, data: bytes) -> None:
        """Hand bytes to the driver, which stores far more than a window."""
        self._inbox.check()
        try:
            self._port.write(data)
        except OSError as error:
            self._inbox.fail(vanished(self.name, as_os_error(error)))

    async def set_baud(self, baud: int) -> None:
        """Change the line speed."""
        self._port.baudrate = baud

    async def set_dtr(self, asserted: bool) -> None:
        """Drive DTR and RTS together."""
        self._port.dtr = asserted
        self._port.rts = asserted

    async def set_break(self, asserted: bool) -> None:
        """See `base.Transport.set_break`."""
        self._port.break_condition = asserted

    async def close(self) -> None:
        """End the thread and release the port."""
        if self._port.is_open:
            self._closing.set()
            await asyncio.to_thread(self._thread.join)
            self._port.close()

    def _read_forever(self) -> None:
        while not self._closing.is_set():
            try:
                data = self._port.read(max(1, self._port.in_waiting))
            except (OSError, TypeError) as error:
                fault = vanished(self.name, as_os_error(error))
                self._loop.call_soon_threadsafe(self._inbox.fail, fault)
                return
            if data:
                self._loop.call_soon_threadsafe(self._inbox.put, bytes(data))


async def open_threaded(name: str, baud: int) -> ThreadedPort:
    """Open whatever ``name`` means to pyserial; raises `PortError`."""
    try:
        port = serial.serial_for_url(name, baud, timeout=POLL_SECONDS)
    except OSError as error:
        raise cannot_open(name, as_os_error(error)) from error
    except ValueError as error:
        raise not_supported(name, "not a port that avrdeck or pyserial knows") from error
    return ThreadedPort(port, name)
