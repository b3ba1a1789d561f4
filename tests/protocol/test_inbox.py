"""Bytes that came while the program stood still, as after Ctrl-Z and ``fg``, count as in time."""

import asyncio
import os
import selectors
import sys

import pytest

from avrdeck.protocol.transports.inbox import Inbox


class Stopping(selectors.SelectSelector):
    """Whoever waits is stopped, and goes on when the time is over; a byte has come by then.

    The system ends the wait with EINTR, and Python does not look again.
    """

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.now = 0.0

    def select(self, timeout=None):
        if not timeout:
            return super().select(0)
        self.now += timeout + 5
        os.write(self.line, b"\x10")
        return []


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe stands for the port")
def test_what_came_meanwhile_is_taken() -> None:
    ours, line = os.pipe()
    selector = Stopping(line)

    def loop_of_its_own() -> asyncio.SelectorEventLoop:
        loop = asyncio.SelectorEventLoop(selector)
        loop.time = lambda: selector.now  # type: ignore[method-assign]
        return loop

    async def take() -> bytes:
        inbox = Inbox()
        asyncio.get_running_loop().add_reader(ours, lambda: inbox.put(os.read(ours, 100)))
        return await inbox.take(1.0)

    with asyncio.Runner(loop_factory=loop_of_its_own) as runner:
        assert runner.run(take()) == b"\x10"
    os.close(ours)
    os.close(line)
