"""Work in a thread of which it has to be known whether it was done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def to_its_end(work: Callable[[], object]) -> None:
    """Do ``work``, which blocks, in a thread; raises what it raises.

    Who is cancelled meanwhile is so only after its end, so that nothing happens behind his back.
    """
    working = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait([working])
        if not working.cancelled():
            working.exception()
        raise
