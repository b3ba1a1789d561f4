"""The virtual programmer as a serial port: real pseudo-terminals, and avrdude as an independent client."""

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
import termios
import time
import tty
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from avrdeck.protocol.errors import PortError, PortReason
from avrdeck.protocol.simulator import state
from avrdeck.protocol.simulator.cells import Cells
from avrdeck.protocol.simulator.options import from_pairs
from avrdeck.protocol.simulator.pty_server import serve
from debian import tool

GIVE_UP_S = 30.0
LOCKED = 0xCF
SERVER = """
import asyncio, sys
from pathlib import Path
from avrdeck.protocol.simulator.options import from_pairs
from avrdeck.protocol.simulator.pty_server import serve
options = from_pairs({"state": sys.argv[2]})
asyncio.run(serve(Path(sys.argv[1]), options, report=lambda line: print(line, flush=True)))
"""


class Served:
    """A virtual board on a port, with what its server reported."""

    def __init__(self, folder: Path, options: dict[str, str]) -> None:
        self.path = folder / "uno"
        self.chip = folder / "chip.json"
        self.reports: list[str] = []
        self.options = from_pairs({"state": str(self.chip), **options})

    @property
    def cells(self) -> Cells:
        """The chip as it was left; only when the server has ended."""
        kept = state.load(self.chip)
        assert kept
        return kept.cells


@contextlib.asynccontextmanager
async def served(folder: Path, *, fast: bool = True, **options: str) -> AsyncIterator[Served]:
    """A running server; the chip is saved when the block ends."""
    at = Served(folder, options)
    server = asyncio.create_task(serve(at.path, at.options, fast=fast, report=at.reports.append))
    while not at.reports:
        await asyncio.sleep(0)
        assert not server.done() or server.exception() is None
    try:
        yield at
    finally:
        server.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await server


def uploads(specifications: list[str]) -> list[str]:
    """avrdude's -U before each."""
    return [word for text in specifications for word in ("-U", text)]


async def avrdude(at: Served, *arguments: str, programmer: str = "stk500v1", baud: int = 19200) -> str:
    """Run Debian's avrdude on the port and return what it said; it must succeed."""
    wanted = ["-c", programmer, "-b", str(baud), "-p", "m328p", "-P", str(at.path), *arguments]
    program = await asyncio.create_subprocess_exec(
        tool("avrdude", "avrdude"), *wanted, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        said, _ = await asyncio.wait_for(program.communicate(), GIVE_UP_S)
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()
    assert program.returncode == 0, said.decode()
    return said.decode()


@contextlib.contextmanager
def opened(path: Path, baud: int = termios.B19200) -> Iterator[int]:
    """The port as a client opens it."""
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
    try:
        tty.setraw(fd)
        settings = termios.tcgetattr(fd)
        settings[4] = settings[5] = baud
        termios.tcsetattr(fd, termios.TCSANOW, settings)
        os.set_blocking(fd, False)
        yield fd
    finally:
        os.close(fd)


async def answer(fd: int, count: int, patience: float = 60.0) -> bytes:
    """``count`` bytes from the port, fewer when they do not come."""
    heard, until = b"", time.monotonic() + patience
    while len(heard) < count and time.monotonic() < until:
        with contextlib.suppress(BlockingIOError):
            heard += os.read(fd, 4096)
        await asyncio.sleep(0.001)
    return heard


async def test_avrdude_erases_writes_and_verifies(tmp_path: Path) -> None:
    image = random.Random(1).randbytes(2000)
    (tmp_path / "image.bin").write_bytes(image)
    writes = ["flash:w:image.bin:r", "lfuse:w:0xFF:m", "hfuse:w:0xDE:m", "efuse:w:0xFD:m", "lock:w:0xCF:m"]
    reads = ["flash:r:back.bin:r", "lock:r:lock.bin:r", "hfuse:r:hfuse.bin:r"]
    async with served(tmp_path) as at:
        with contextlib.chdir(tmp_path):
            assert "2000 bytes of flash verified" in await avrdude(at, "-e", *uploads(writes))
            await avrdude(at, *uploads(reads))
    back = (tmp_path / "back.bin").read_bytes()
    assert back[: len(image)] == image
    assert (tmp_path / "lock.bin").read_bytes() == bytes([LOCKED])
    assert (tmp_path / "hfuse.bin").read_bytes() == b"\xde"
    assert at.cells.flash[: len(image)] == image
    assert set(at.cells.flash[len(image) :]) == {0xFF}
    assert at.cells.fuses == {"lfuse": 0xFF, "hfuse": 0xDE, "efuse": 0xFD, "lock": LOCKED}


async def test_avrdude_gets_eeprom_addresses_wrong_as_with_the_sketch(tmp_path: Path) -> None:
    """It sends byte addresses where the sketch takes words: every other page stays blank."""
    (tmp_path / "data.bin").write_bytes(bytes(range(1, 13)))
    async with served(tmp_path) as at:
        await avrdude(at, "-U", f"eeprom:w:{tmp_path / 'data.bin'}:r")
    assert at.cells.eeprom[:24] == bytes.fromhex("01020304 FFFFFFFF 05060708 FFFFFFFF 090A0B0C FFFFFFFF")


async def test_avrdude_uploads_through_optiboot(tmp_path: Path) -> None:
    """Opening the port resets the board, so that the bootloader listens."""
    image = random.Random(2).randbytes(1000)
    (tmp_path / "sketch.bin").write_bytes(image)
    async with served(tmp_path, dialect="optiboot") as at:
        write = f"flash:w:{tmp_path / 'sketch.bin'}:r"
        said = await avrdude(at, "-D", "-U", write, programmer="arduino", baud=115200)
        assert "1000 bytes of flash verified" in said
    assert at.cells.flash[: len(image)] == image


async def test_a_locked_out_programmer_stays_locked_out(tmp_path: Path) -> None:
    async with served(tmp_path) as at:
        await avrdude(at, "-U", "lfuse:w:0xE0:m")
        with pytest.raises(AssertionError, match="0x000000"):
            await avrdude(at)


async def test_reading_keeps_the_pace_of_the_wire(tmp_path: Path) -> None:
    """1 KiB takes 0.533 s at the firmware's 19231 baud; a loaded machine may add, but nothing may save."""
    async with served(tmp_path, fast=False) as at:
        with opened(at.path) as fd:
            os.write(fd, b"P ")
            assert await answer(fd, 2) == b"\x14\x10"
            began = time.monotonic()
            os.write(fd, b"t\x04\x00F ")
            assert len(await answer(fd, 1026)) == 1026
            took = time.monotonic() - began
    assert took >= 0.53


async def test_without_pacing_everything_comes_all_the_same(tmp_path: Path) -> None:
    async with served(tmp_path) as at:
        with opened(at.path) as fd:
            os.write(fd, b"P t\x10\x00F ")
            assert len(await answer(fd, 4100)) == 4100


async def test_clients_come_and_go(tmp_path: Path) -> None:
    async with served(tmp_path) as at:
        for _ in range(3):
            with opened(at.path) as fd:
                os.write(fd, b"0 ")
                assert await answer(fd, 2) == b"\x14\x10"
            await asyncio.sleep(0.05)
    opening = [line for line in at.reports if "opened" in line]
    assert len(opening) == 3


async def test_another_speed_is_garbled_and_reported(tmp_path: Path) -> None:
    async with served(tmp_path) as at:
        with opened(at.path, termios.B115200) as fd:
            os.write(fd, b"0 0 0 ")
            assert b"\x14\x10" not in await answer(fd, 6, patience=0.3)
    assert any("115200 baud, the firmware 19231" in line for line in at.reports)


@pytest.mark.parametrize("speed", [termios.B57600, termios.B1000000])
async def test_a_firmware_for_any_speed_follows_the_client(tmp_path: Path, speed: int) -> None:
    async with served(tmp_path, baud="any") as at:
        with opened(at.path, speed) as fd:
            os.write(fd, b"0 ")
            assert await answer(fd, 2) == b"\x14\x10"


async def test_the_name_goes_with_the_server(tmp_path: Path) -> None:
    async with served(tmp_path) as at:
        assert at.path.is_symlink()
    assert not at.path.is_symlink()
    assert at.chip.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_in_order(tmp_path: Path, number: signal.Signals) -> None:
    path, chip = tmp_path / "uno", tmp_path / "chip.json"
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, str(path), str(chip), stdout=subprocess.PIPE
    )
    assert server.stdout
    assert b"ArduinoISP" in await asyncio.wait_for(server.stdout.readline(), GIVE_UP_S)
    server.send_signal(number)
    assert await asyncio.wait_for(server.wait(), GIVE_UP_S) == 0
    assert not path.is_symlink()
    assert chip.exists()


async def test_a_file_is_never_replaced(tmp_path: Path) -> None:
    at = Served(tmp_path, {})
    at.path.write_text("mine")
    with pytest.raises(PortError) as caught:
        await serve(at.path, at.options)
    assert caught.value.reason is PortReason.BUSY
    assert at.path.read_text() == "mine"


async def test_the_name_of_a_dead_server_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "uno").symlink_to("/dev/pts/99999")
    async with served(tmp_path) as at:
        with opened(at.path) as fd:
            os.write(fd, b"0 ")
            assert await answer(fd, 2) == b"\x14\x10"


async def test_a_port_that_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(PortError) as caught:
        await serve(tmp_path / "no" / "uno", from_pairs({}))
    assert caught.value.reason is PortReason.FAILED


async def test_a_state_file_that_cannot_be_written_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(PortError, match="cannot be saved"):
        await serve(tmp_path / "uno", from_pairs({"state": str(tmp_path / "no" / "chip.json")}))
    assert not (tmp_path / "uno").is_symlink()
