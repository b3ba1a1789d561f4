"""The 1200-baud touch: the board's own chip is the USB port, goes away and comes back as its bootloader."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from avrdeck.protocol.errors import PortError, PortReason
from avrdeck.protocol.transports.base import Transport
from avrdeck.protocol.transports.opening import open_transport

TOUCH_BAUD = 1200
POLL_SECONDS = 0.1
STAYS_POLLS = 20
"""A port that is still there after 2 s does not go away."""
RETURN_POLLS = 100


def present(port: str) -> set[str]:
    """The serial ports that are there now, ``port`` among them if it is."""
    from serial.tools.list_ports import comports

    names = {found.device for found in comports()}
    return names | {port} if Path(port).exists() else names


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a touch asks of the machine: opening a port, seeing which are there, letting time pass."""

    open: Callable[[str, int], Awaitable[Transport]] = open_transport
    present: Callable[[str], set[str]] = present
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


async def touch(port: str, around: Surroundings) -> str:
    """Open and close ``port`` at 1200 baud; the name under which the board is back.

    Raises `PortError` when the port cannot be opened or does not come back.
    """
    before = around.present(port)
    wire = await around.open(port, TOUCH_BAUD)
    try:
        await wire.set_dtr(False)
    finally:
        await wire.close()
    gone = False
    for polls in range(1, RETURN_POLLS + 1):
        await around.sleep(POLL_SECONDS)
        there = around.present(port)
        if new := there - before:
            return port if port in new else min(new)
        before &= there
        gone = gone or port not in there
        if not gone and polls >= STAYS_POLLS:
            return port
    raise PortError(
        port,
        PortReason.VANISHED,
        f"{port} went away after the 1200-baud touch and did not come back",
        advice="Unplug the board and plug it in again; press its reset button twice if it has that.",
    )
