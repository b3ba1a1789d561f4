"""A line typed at the terminal, awaited in a way that can be stopped."""

from __future__ import annotations

import asyncio
import sys


async def typed_line() -> str:
    """The next line of standard input, a terminal; empty at its end.

    A thread that reads cannot be stopped: after Ctrl-C it would keep the program, or take the next line.
    """
    loop = asyncio.get_running_loop()
    typed = asyncio.Event()
    try:
        loop.add_reader(sys.stdin.fileno(), typed.set)
    except NotImplementedError:  # Windows' loop waits for sockets only
        return await asyncio.to_thread(sys.stdin.readline)
    try:
        await typed.wait()
    finally:
        loop.remove_reader(sys.stdin.fileno())
    return sys.stdin.readline()
