"""A connection to a programmer, from opening the port to letting the target go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from avrdeck.boards.models import Part
from avrdeck.jobs.ledger import Ledger
from avrdeck.protocol.errors import Fault
from avrdeck.protocol.link import Link
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.trace import Trace
from avrdeck.protocol.transports.opening import open_transport

PARTING_SECONDS = 3.0
"""How long letting the target go may take when the session ends."""


async def open_programmer(port: str, baud: int | None = None, trace: Trace | None = None) -> Programmer:
    """Open ``port`` and find out who answers; raises `PortError` or `SyncError`, with the port closed."""
    link = Link(await open_transport(port, baud), trace)
    try:
        return await Programmer.connect(link)
    except BaseException:
        await link.close()
        raise


async def close_programmer(programmer: Programmer) -> None:
    """Let the target run, unless the line is gone already, and close the port."""
    if programmer.in_progmode and not programmer.link.closed:
        try:
            async with asyncio.timeout(PARTING_SECONDS):
                await programmer.leave()
        except (Fault, TimeoutError):
            pass  # the fault that ended the session is told already
    await programmer.link.close()


async def identify(programmer: Programmer, part: Part | None = None) -> Part:
    """Put the target into programming mode and identify it; a fault says that it is unchanged."""
    with Ledger().told():
        return await programmer.identify(part)


@asynccontextmanager
async def on_target(
    port: str, baud: int | None = None, part: Part | None = None, trace: Trace | None = None
) -> AsyncIterator[Programmer]:
    """A programmer whose target is identified and in programming mode, for the length of a block.

    Raises as `open_programmer` and `Programmer.identify`.
    """
    programmer = await open_programmer(port, baud, trace)
    try:
        await identify(programmer, part)
        yield programmer
    finally:
        await close_programmer(programmer)
