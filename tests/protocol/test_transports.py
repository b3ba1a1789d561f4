"""Real pseudo-terminals and real sockets: what the kernel does is what is tested."""

import asyncio
import contextlib
import os
import pty
import subprocess
import sys
import tty
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from avrdeck.protocol.errors import PortError, PortReason
from avrdeck.protocol.transports.opening import open_transport
from avrdeck.protocol.transports.threaded import open_threaded

HOLD = """
import serial, sys
port = serial.Serial(sys.argv[1], exclusive=True)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def terminal() -> Iterator[tuple[int, str]]:
    """The master's descriptor and the slave's name of a raw pseudo-terminal."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    name = os.ttyname(slave)
    os.close(slave)
    yield master, name
    with contextlib.suppress(OSError):
        os.close(master)


async def test_a_local_port_carries_bytes_both_ways(terminal: tuple[int, str]) -> None:
    master, name = terminal
    port = await open_transport(name, 19_200)
    assert (port.name, port.baud) == (name, 19_200)
    port.write(b"0 ")
    assert os.read(master, 10) == b"0 "
    os.write(master, b"\x14\x10\x00\xff\x11\x13\x03")
    assert await port.read(1.0) == b"\x14\x10\x00\xff\x11\x13\x03"
    await port.close()
    await port.close()


async def test_reading_ends_when_its_time_is_over(terminal: tuple[int, str]) -> None:
    _, name = terminal
    port = await open_transport(name, 19_200)
    before = port.now()
    assert await port.read(0.02) == b""
    assert port.now() - before >= 0.02
    await port.close()


async def test_what_arrived_unread_can_be_dropped(terminal: tuple[int, str]) -> None:
    master, name = terminal
    port = await open_transport(name, 19_200)
    os.write(master, b"abc")
    await asyncio.sleep(0.01)
    assert port.discard() == b"abc"
    assert port.discard() == b""
    await port.close()


async def test_more_than_the_kernel_takes_at_once_arrives_whole(terminal: tuple[int, str]) -> None:
    master, name = terminal
    port = await open_transport(name, 115_200)
    data = os.urandom(200_000)
    port.write(data[:100_000])
    port.write(data[100_000:])

    def collect() -> bytes:
        got = b""
        while len(got) < len(data):
            got += os.read(master, 65_536)
        return got

    assert await asyncio.to_thread(collect) == data
    await port.close()


async def test_a_port_that_vanishes_fails_every_read_and_write(terminal: tuple[int, str]) -> None:
    master, name = terminal
    port = await open_transport(name, 19_200)
    os.close(master)
    with pytest.raises(PortError) as caught:
        await port.read(1.0)
    assert caught.value.reason is PortReason.VANISHED
    with pytest.raises(PortError):
        port.write(b"x")
    await port.close()


async def test_a_busy_port_names_the_process_that_holds_it(terminal: tuple[int, str]) -> None:
    _, name = terminal
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLD, name, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout
    assert await holder.stdout.readline() == b"held\n"
    with pytest.raises(PortError, match=rf"python\S* \(pid {holder.pid}\) has it open") as caught:
        await open_transport(name, 19_200)
    await holder.communicate(b"")
    assert caught.value.reason is PortReason.BUSY


async def test_a_missing_port_is_called_missing(tmp_path: Path) -> None:
    with pytest.raises(PortError, match=r"There is no port .*sim: is the virtual programmer") as caught:
        await open_transport(str(tmp_path / "ttyACM7"), 19_200)
    assert caught.value.reason is PortReason.MISSING


@pytest.mark.parametrize("name", ["/dev/null", "/tmp"])
async def test_what_is_no_serial_port_is_called_that(name: str) -> None:
    with pytest.raises(PortError, match="is not a serial port") as caught:
        await open_transport(name, 19_200)
    assert caught.value.reason is PortReason.UNSUPPORTED


async def test_a_forbidden_port_names_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests may run as root, whom nothing is forbidden: the system call is made to say so."""

    def forbid(*args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("serial.Serial", forbid)
    monkeypatch.setattr(Path, "group", lambda self: "dialout")
    with pytest.raises(PortError, match="usermod -aG dialout") as caught:
        await open_transport("/dev/ttyACM0", 19_200)
    assert caught.value.reason is PortReason.FORBIDDEN


@pytest.fixture
async def server() -> AsyncIterator[tuple[str, asyncio.Queue[asyncio.StreamWriter]]]:
    """A TCP server that answers every byte with its complement."""
    writers: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.put_nowait(writer)
        while data := await reader.read(100):
            writer.write(bytes(byte ^ 0xFF for byte in data))
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listener:
        host, port = listener.sockets[0].getsockname()
        yield f"socket://{host}:{port}", writers


async def test_a_socket_carries_bytes_both_ways(
    server: tuple[str, asyncio.Queue[asyncio.StreamWriter]],
) -> None:
    name, writers = server
    port = await open_transport(name, 115_200)
    port.write(b"\x00\x55")
    assert await port.read(5.0) == b"\xff\xaa"
    (await writers.get()).close()
    with pytest.raises(PortError, match="vanished"):
        await port.read(5.0)
    await port.close()


async def test_a_server_that_is_not_there_is_called_unreachable() -> None:
    with pytest.raises(PortError, match="cannot be reached"):
        await open_transport("socket://127.0.0.1:1", 19_200)


@pytest.mark.parametrize(
    "name", ["socket://", "socket://host", "socket://host:notaport", "socket://[::1", "nonsense://x"]
)
async def test_addresses_that_are_none_are_refused(name: str) -> None:
    with pytest.raises(PortError) as caught:
        await open_transport(name, 19_200)
    assert caught.value.reason is PortReason.UNSUPPORTED


async def test_a_port_of_pyserials_is_read_by_a_thread() -> None:
    port = await open_threaded("loop://", 19_200)
    port.write(b"round")
    got = b""
    while len(got) < 5:
        got += await port.read(5.0)
    assert got == b"round"
    await port.set_dtr(True)
    await port.close()
    await port.close()
