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


@asynccontextmanager
async def connected(
    port: str, baud: int | None = None, trace: Trace | None = None
) -> AsyncIterator[Programmer]:
    """A programmer that answers on ``port``. On the way out the target is let go and the port closed.

    Raises `PortError` or `SyncError` when there is none.
    """
    link = Link(await open_transport(port, baud), trace)
    try:
        programmer = await Programmer.connect(link)
        try:
            yield programmer
        finally:
            await _part(programmer)
    finally:
        await link.close()


@asynccontextmanager
async def on_target(
    port: str, baud: int | None = None, part: Part | None = None, trace: Trace | None = None
) -> AsyncIterator[Programmer]:
    """A programmer whose target is in programming mode and identified, as ``part`` when that is given.

    Raises as `connected` and `Programmer.identify`.
    """
    async with connected(port, baud, trace) as programmer:
        with Ledger().told():
            await programmer.identify(part)
        yield programmer


async def _part(programmer: Programmer) -> None:
    """Let the target run, unless the line is gone: the fault that ended it is told already."""
    if not programmer.in_progmode or programmer.link.closed:
        return
    try:
        async with asyncio.timeout(PARTING_SECONDS):
            await programmer.leave()
    except (Fault, TimeoutError):
        return
