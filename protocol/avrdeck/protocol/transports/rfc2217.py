"""``rfc2217://host:port``: a serial server's port with its speed, DTR, RTS and break (RFC 2217)."""

from __future__ import annotations

import asyncio
from typing import cast

from avrdeck.protocol.errors import PortError
from avrdeck.protocol.transports import telnet
from avrdeck.protocol.transports.faults import not_supported, unreachable, vanished
from avrdeck.protocol.transports.realtime import RealTime
from avrdeck.protocol.transports.tcp import CONNECT_SECONDS, address
from avrdeck.protocol.transports.telnet import ComPort, Control, Option, Verb

ANSWER_SECONDS = 3.0
"""How long a server may take to set its port: a network's round trip and a driver's."""

NO_PARITY = 1

_OURS = (Option.COM_PORT, Option.BINARY)
_THEIRS = (Option.BINARY, Option.SUPPRESS_GO_AHEAD)


class Rfc2217Port(RealTime, asyncio.Protocol):
    """An open port of a serial server. See `base.Transport`."""

    def __init__(self, name: str, baud: int) -> None:
        super().__init__()
        self.name = name
        self.baud = baud
        self._reader = telnet.Reader()
        self._stream: asyncio.Transport | None = None
        self._rate: asyncio.Future[int] | None = None

    def write(self, data: bytes) -> None:
        """See `base.Transport.write`."""
        self._inbox.check()
        self._send(telnet.escaped(data))

    async def set_baud(self, baud: int) -> None:
        """Let the server change its port's speed; raises `PortError` when it takes another one."""
        self._inbox.check()
        self._rate = asyncio.get_running_loop().create_future()
        self._set(ComPort.SET_BAUDRATE, baud, size=4)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                got = await self._rate
        except TimeoutError:
            raise not_supported(
                self.name,
                "the server does not answer as RFC 2217 asks",
                "Use socket:// if it is a raw stream, and check the server's settings.",
            ) from None
        if got != baud:
            raise not_supported(
                self.name,
                f"the server's port runs at {got} baud, not at {baud}",
                "Choose another -b, or look at the server's settings.",
            )
        self.baud = baud

    async def set_dtr(self, asserted: bool) -> None:
        """Drive DTR and RTS of the server's port, if it has any: servers say nothing when it has none."""
        self._inbox.check()
        self._set(ComPort.SET_CONTROL, Control.DTR_ON if asserted else Control.DTR_OFF)
        self._set(ComPort.SET_CONTROL, Control.RTS_ON if asserted else Control.RTS_OFF)

    async def set_break(self, asserted: bool) -> None:
        """See `base.Transport.set_break`."""
        self._inbox.check()
        self._set(ComPort.SET_CONTROL, Control.BREAK_ON if asserted else Control.BREAK_OFF)

    async def close(self) -> None:
        """Close the connection; the server releases its port."""
        if self._stream:
            self._stream.close()

    async def settle(self) -> None:
        """Agree on binary data and on a port of 8N1 without flow control; raises `PortError`."""
        offers = [telnet.negotiation(Verb.WILL, option) for option in _OURS]
        offers += [telnet.negotiation(Verb.DO, option) for option in _THEIRS]
        self._send(b"".join(offers))
        await self.set_baud(self.baud)
        self._set(ComPort.SET_DATASIZE, 8)
        self._set(ComPort.SET_PARITY, NO_PARITY)
        self._set(ComPort.SET_STOPSIZE, 1)
        self._set(ComPort.SET_CONTROL, Control.NO_FLOW_CONTROL)
        await self.set_dtr(True)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._stream = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        payload, events = self._reader.feed(data)
        if payload:
            self._inbox.put(payload)
        for event in events:
            if isinstance(event, telnet.Negotiation):
                self._negotiate(event)
            else:
                self._confirmed(event)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._fail(vanished(self.name, exc if isinstance(exc, OSError) else None))

    def _negotiate(self, event: telnet.Negotiation) -> None:
        """Decline what is not carried here; what was offered or asked for needs no second word."""
        match event.verb:
            case Verb.DONT if event.option == Option.COM_PORT:
                why = "the server carries bytes, but does not speak RFC 2217"
                self._fail(not_supported(self.name, why, "Use socket:// instead of rfc2217://."))
            case Verb.DO if event.option not in _OURS:
                self._send(telnet.negotiation(Verb.WONT, event.option))
            case Verb.WILL if event.option not in _THEIRS and event.option != Option.COM_PORT:
                self._send(telnet.negotiation(Verb.DONT, event.option))

    def _confirmed(self, event: telnet.Confirmation) -> None:
        if event.command is ComPort.SET_BAUDRATE and self._rate and not self._rate.done():
            self._rate.set_result(event.value)

    def _set(self, command: ComPort, value: int, size: int = 1) -> None:
        self._send(telnet.com_port(command, value, size))

    def _send(self, data: bytes) -> None:
        if self._stream:
            self._stream.write(data)

    def _fail(self, fault: PortError) -> None:
        self._inbox.fail(fault)
        if self._rate and not self._rate.done():
            self._rate.set_exception(fault)


async def open_rfc2217(name: str, baud: int) -> Rfc2217Port:
    """Connect to ``rfc2217://host:port`` and set its port up; raises `PortError`."""
    host, number = address(name, "rfc2217://host:port")
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, port = await loop.create_connection(lambda: Rfc2217Port(name, baud), host, number)
    except (OSError, TimeoutError) as error:
        raise unreachable(name, error) from error
    try:
        await port.settle()
    except PortError:
        await port.close()
        raise
    return port
