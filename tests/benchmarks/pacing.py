"""A 32 KiB read through the paced virtual ArduinoISP at 19200 baud, beside the wire's own time."""

import asyncio
import tempfile
import time
from pathlib import Path

from avrdeck.jobs.session import on_target
from avrdeck.protocol.simulator.options import Options
from avrdeck.protocol.simulator.pty_server import serve
from avrdeck.protocol.target import memories

BAUD = 19_200
SIZE = 32_768


def main() -> None:
    """Print both and their ratio."""
    asyncio.run(_measure())


async def _measure() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "uno"
        ready = asyncio.Event()
        server = asyncio.create_task(serve(path, Options(), report=lambda _: ready.set()))
        await ready.wait()
        async with on_target(str(path), BAUD) as programmer:
            began = time.monotonic()
            await memories.read(programmer, "flash")
            took = time.monotonic() - began
        server.cancel()
        await asyncio.gather(server, return_exceptions=True)
    wire = SIZE * 10 / BAUD
    print(f"  wire {wire:.2f} s   read {took:.2f} s   × {took / wire:.4f}   (≤ 1.03 wanted)")
