"""``socket://host:port``: a raw TCP stream to a serial server, such as ser2net or socat."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from avrdeck.protocol.transports.faults import not_supported, unreachable, vanished
from avrdeck.protocol.transports.inbox import Inbox
from avrdeck.protocol.transports.realtime import RealTime

CONNECT_SECONDS = 5.0


class _Receiver(asyncio.Protocol):
    def __init__(self, name: str) -> None:
        self.inbox = Inbox()
        self._name = name

    def data_received(self, data: bytes) -> None:
        self.inbox.put(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.inbox.fail(vanished(self._name, exc if isinstance(exc, OSError) else None))


class SocketPort(RealTime):
    """An open TCP stream. See `base.Transport`. ``baud`` is what the far end's port runs at."""

    def __init__(self, name: str, baud: int, stream: asyncio.Transport, inbox: Inbox) -> None:
        super().__init__()
        self.name = name
        self.baud = baud
        self._stream = stream
        self._inbox = inbox

    def write(self, data: bytes) -> None:
        """See `base.Transport.write`."""
        self._inbox.check()
        self._stream.write(data)

    async def set_baud(self, baud: int) -> None:
        """Only what time-outs are computed from: a raw stream cannot change the far end's port."""
        self.baud = baud

    async def set_dtr(self, asserted: bool) -> None:
        """A raw stream has no control lines."""

    async def set_break(self, asserted: bool) -> None:
        """A raw stream carries bytes only. Raises `PortError`."""
        del asserted
        raise not_supported(self.name, "a raw stream has no break", "Reset the board by hand.")

    async def close(self) -> None:
        """Close the connection."""
        self._stream.close()


async def open_socket(name: str, baud: int) -> SocketPort:
    """Connect to ``socket://host:port``; raises `PortError`."""
    host, port = address(name, "socket://host:port")
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            stream, receiver = await loop.create_connection(lambda: _Receiver(name), host, port)
    except (OSError, TimeoutError) as error:
        raise unreachable(name, error) from error
    return SocketPort(name, baud, stream, receiver.inbox)


def address(name: str, form: str) -> tuple[str, int]:
    """Host and TCP port of a URL that should look like ``form``; raises `PortError`."""
    try:
        url = urlsplit(name)
        host, port = url.hostname, url.port
    except ValueError:
        host = port = None
    if not host or not port:
        raise not_supported(name, "not an address", f"Write it as {form}.")
    return host, port
