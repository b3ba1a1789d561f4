"""A processor that runs a firmware written as a coroutine, in virtual time.

The firmware awaits what takes time: a byte from the line, room in the transmitter, a delay. Each of
these suspends it with a `Wait`; whoever owns the clock resumes it when the wait is over. Between
awaits the firmware adds up its own execution time with `Mcu.cost`.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass

from avrdeck.protocol.simulator.usart import Usart
from avrdeck.protocol.simulator.wire import NS_PER_MS, NS_PER_US, Arrival


@dataclass(frozen=True, slots=True)
class Wait:
    """What a suspended firmware waits for: a moment (virtual ns), or a byte if that comes first.

    ``until`` `None` is for ever.
    """

    until: int | None
    for_byte: bool = False


FOREVER = Wait(until=None)
Run = Coroutine[Wait, None, None]
"""A running firmware."""


@types.coroutine
def _suspend(wait: Wait) -> Generator[Wait, None, None]:
    yield wait


class Mcu:
    """The processor as its firmware sees it.

    ``time`` is the firmware's own moment (virtual ns). ``send`` puts a byte on the line at a moment and
    returns when its stop bit ends.
    """

    def __init__(self, usart: Usart, send: Callable[[int, int], int], time: int = 0) -> None:
        self.usart = usart
        self.time = time
        self._send = send

    def cost(self, us: float) -> None:
        """Execution time of what the firmware just did."""
        self.time += round(us * NS_PER_US)

    async def settle(self) -> None:
        """Let the world reach the firmware's own moment."""
        await _suspend(Wait(self.time))

    async def delay_ms(self, ms: float) -> None:
        """Busy-wait."""
        self.time += round(ms * NS_PER_MS)
        await self.settle()

    async def hang(self) -> None:
        """Loop without end; only a reset helps."""
        await _suspend(FOREVER)

    async def byte(self, until: int | None = None) -> Arrival | None:
        """The next byte from the line, or `None` when ``until`` passes first."""
        await self.settle()
        receiver = self.usart.receiver
        if not receiver:
            await _suspend(Wait(until, for_byte=True))
            if not receiver:
                self.time = max(self.time, until or 0)
                return None
        arrival = receiver.take()
        self.time = max(self.time, arrival.at)
        return arrival

    async def put(self, byte: int) -> None:
        """Send a byte, waiting for room in the transmitter."""
        self.time = max(self.time, self.usart.backlog.room_at)
        await self.settle()
        self.usart.backlog.add(self._send(byte, self.time))
