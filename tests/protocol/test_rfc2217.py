"""RFC 2217 against pyserial's own server side, over real sockets; and the Telnet codec by itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serial.rfc2217 import PortManager, Serial

from avrdeck.protocol.errors import PortError, PortReason
from avrdeck.protocol.transports import rfc2217, telnet
from avrdeck.protocol.transports.opening import open_transport

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class FarPort:
    """What pyserial's server drives: a port that keeps its settings and everything done to it."""

    baudrate: int = 9_600
    bytesize: int = 7
    parity: str = "E"
    stopbits: float = 2
    xonxoff: bool = True
    rtscts: bool = True
    cts = dsr = ri = cd = False
    received: bytearray = field(default_factory=bytearray)
    done: list[tuple[str, bool]] = field(default_factory=list)

    def __setattr__(self, name: str, value: object) -> None:
        if name in {"dtr", "rts", "break_condition"}:
            self.done.append((name, bool(value)))
        else:
            super().__setattr__(name, value)


def echoing(far: FarPort) -> Serve:
    """A server that echoes what reaches its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server = manager(far, writer)
        while received := await reader.read(50):
            data = b"".join(server.filter(received))
            far.received += data
            writer.write(b"".join(piece if piece != b"\xff" else b"\xff\xff" for piece in each(data)))

    return serve


def each(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def manager(far: FarPort, writer: asyncio.StreamWriter) -> PortManager:
    """pyserial's server side, which takes anything that looks like a port and a connection."""
    return PortManager(cast("Serial", far), cast("Serial", writer))


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[str]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.close()

    listener = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with listener:
        host, number = listener.sockets[0].getsockname()
        yield f"rfc2217://{host}:{number}"


async def test_every_byte_passes_both_ways_and_the_port_is_set_up() -> None:
    far = FarPort()
    every = bytes(range(256)) * 2 + b"\xff\xff\xff"
    async with listening(echoing(far)) as name:
        port = await open_transport(name, 115_200)
        port.write(every)
        got = b""
        while len(got) < len(every):
            got += await port.read(5.0)
        assert got == every
        assert bytes(far.received) == every
        assert (far.baudrate, far.bytesize, far.parity, far.stopbits) == (115_200, 8, "N", 1)
        assert (far.xonxoff, far.rtscts) == (False, False)
        assert far.done == [("dtr", True), ("rts", True)]
        await port.close()


async def test_speed_control_lines_and_break_reach_the_far_port() -> None:
    far = FarPort()
    async with listening(echoing(far)) as name:
        port = await open_transport(name, 19_200)
        await port.set_baud(38_400)
        far.done.clear()
        await port.set_dtr(False)
        await port.set_dtr(True)
        await port.set_break(True)
        await port.set_break(False)
        await port.set_baud(1_200)
        assert far.done == [
            ("dtr", False),
            ("rts", False),
            ("dtr", True),
            ("rts", True),
            ("break_condition", True),
            ("break_condition", False),
        ]
        assert (far.baudrate, port.baud) == (1_200, 1_200)
        await port.close()


async def test_a_port_that_cannot_run_so_fast_is_told_of() -> None:
    class Slow(FarPort):
        def __setattr__(self, name: str, value: object) -> None:
            if name == "baudrate" and value == 1_000_000:
                raise ValueError
            super().__setattr__(name, value)

    async with listening(echoing(Slow())) as name:
        with pytest.raises(PortError, match="runs at 9600 baud, not at 1000000"):
            await open_transport(name, 1_000_000)


async def test_a_server_that_declines_is_told_from_one_that_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def declines(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(3)
        writer.write(telnet.negotiation(telnet.Verb.DONT, telnet.Option.COM_PORT))
        await reader.read()

    async def is_silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(declines) as name:
        with pytest.raises(PortError, match="does not speak RFC 2217") as caught:
            await open_transport(name, 19_200)
    assert caught.value.reason is PortReason.UNSUPPORTED
    monkeypatch.setattr(rfc2217, "ANSWER_SECONDS", 0.01)
    async with listening(is_silent) as name:
        with pytest.raises(PortError, match="does not answer as RFC 2217 asks"):
            await open_transport(name, 19_200)


async def test_options_nobody_needs_are_declined_once() -> None:
    far = FarPort()
    said = bytearray()

    async def chatty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(bytes((255, 253, 31, 255, 251, 1)))  # DO NAWS, WILL ECHO
        server = manager(far, writer)
        while received := await reader.read(100):
            said.extend(received)
            far.received += b"".join(server.filter(received))
            writer.write(b"!" if far.received else b"")

    async with listening(chatty) as name:
        port = await open_transport(name, 19_200)
        port.write(b"e")
        assert await port.read(5.0) == b"!"
        assert said.count(telnet.negotiation(telnet.Verb.WONT, 31)) == 1
        assert said.count(telnet.negotiation(telnet.Verb.DONT, 1)) >= 1
        assert far.received == b"e"
        await port.close()


async def test_a_server_that_goes_away_fails_reading_and_writing() -> None:
    far = FarPort()

    async def dies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server = manager(far, writer)
        while b"x" not in far.received:
            far.received += b"".join(server.filter(await reader.read(50)))

    async with listening(dies) as name:
        port = await open_transport(name, 19_200)
        port.write(b"x")
        with pytest.raises(PortError, match=r"vanished") as caught:
            await port.read(5.0)
        assert "serial server" in caught.value.advice
        with pytest.raises(PortError):
            await port.set_dtr(False)
        await port.close()


async def test_a_server_that_is_not_there_is_called_unreachable() -> None:
    with pytest.raises(PortError, match="cannot be reached"):
        await open_transport("rfc2217://127.0.0.1:1", 19_200)


@given(st.binary(max_size=300), st.lists(st.integers(1, 20), max_size=30))
def test_data_survives_being_cut_anywhere(data: bytes, cuts: list[int]) -> None:
    wire = telnet.escaped(data[: len(data) // 2]) + telnet.negotiation(telnet.Verb.DO, 44)
    wire += telnet.com_port(telnet.ComPort.SET_BAUDRATE, 0xFF_FF_01_00, size=4)
    wire += telnet.escaped(data[len(data) // 2 :])
    reader, got = telnet.Reader(), b""
    events: list[telnet.Event] = []
    for size in [*cuts, len(wire)]:
        piece, wire = wire[:size], wire[size:]
        more, said = reader.feed(piece)
        got, events = got + more, events + said
    assert got == data
    assert events == [telnet.Negotiation(telnet.Verb.DO, 44)]


@given(st.integers(0, 0xFFFF_FFFF))
def test_a_confirmation_gives_its_number_back(value: int) -> None:
    body = telnet.escaped(value.to_bytes(4, "big"))
    wire = b"\xff\xfa\x2c\x65" + body + b"\xff\xf0"
    assert telnet.Reader().feed(wire) == (b"", [telnet.Confirmation(telnet.ComPort.SET_BAUDRATE, value)])


@given(st.lists(st.sampled_from([0xFF, 0xFA, 0xF0, 0xFB, 0xFE, 0x2C, 0x65, 0x00]), max_size=400))
def test_no_stream_of_commands_breaks_the_reader(stream: list[int]) -> None:
    reader = telnet.Reader()
    data, _ = reader.feed(bytes(stream))
    assert len(data) <= len(stream)


def test_an_endless_subnegotiation_is_not_stored() -> None:
    reader = telnet.Reader()
    reader.feed(b"\xff\xfa\x2c" + bytes(100_000))
    assert len(reader._inside or b"") == telnet.MAX_SUBNEGOTIATION
    assert reader.feed(b"\xff\xf0data") == (b"data", [])
