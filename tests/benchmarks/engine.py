"""Round trips of the engine over a pseudo-terminal, beside bare system calls on the same one."""

import asyncio
import os
import pty
import statistics
import subprocess
import sys
import time
import tty

from avrdeck.protocol.link import Link
from avrdeck.protocol.stk500v1 import GetSync
from avrdeck.protocol.transports.opening import open_transport

ROUNDS = 5000
ECHO = """
import os, sys
fd = int(sys.argv[1])
while os.read(fd, 64):
    os.write(fd, b"\\x14\\x10")
"""


def main() -> None:
    """Print p50 and p99 of both, and their ratio."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    name = os.ttyname(slave)
    with subprocess.Popen([sys.executable, "-c", ECHO, str(master)], pass_fds=[master]) as echo:
        bare = _bare(slave)
        engine = asyncio.run(_engine(name))
        echo.kill()
    os.close(slave)
    os.close(master)
    _show("bare read and write", bare)
    _show("engine request", engine)
    ratio = statistics.median(engine) / statistics.median(bare)
    print(f"  engine / bare         {ratio:8.2f}   (p50 ≤ 150 µs wanted)")


def _bare(fd: int) -> list[float]:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        os.write(fd, b"0 ")
        got = b""
        while len(got) < 2:
            got += os.read(fd, 64)
        times.append(time.perf_counter() - began)
    return times


async def _engine(name: str) -> list[float]:
    link = Link(await open_transport(name, 1_000_000))
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        await link.request(GetSync())
        times.append(time.perf_counter() - began)
    await link.close()
    return times


def _show(what: str, times: list[float]) -> None:
    ordered = sorted(times)
    p50, p99 = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
    print(f"  {what:21} p50 {p50 * 1e6:6.0f} µs   p99 {p99 * 1e6:6.0f} µs")
