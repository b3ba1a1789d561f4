"""A wire without a programmer: answers from a script, on a clock that only moves when waited for."""

import asyncio
from collections.abc import Callable

from avrdeck.protocol.codes import Status
from avrdeck.protocol.errors import PortError
from avrdeck.protocol.framing import NEED_DATA, CommandReader, Malformed, Reply
from avrdeck.protocol.transports.base import byte_time

Script = Callable[[bytes], bytes]


class FakeWire:
    """Feeds every write to ``script`` and lets its answer arrive after ``delay`` seconds.

    ``written`` keeps what was sent, chunk by chunk, with its time.
    """

    def __init__(self, script: Script, *, baud: int = 19_200, delay: float = 0.0) -> None:
        self.name = "fake"
        self.baud = baud
        self.written: list[tuple[float, bytes]] = []
        self.failure: PortError | None = None
        self.closed = False
        self._script = script
        self.delay = delay
        self._clock = 0.0
        self._coming: list[tuple[float, bytes]] = []

    def now(self) -> float:
        return self._clock

    async def sleep(self, seconds: float) -> None:
        self._clock += seconds

    def write(self, data: bytes) -> None:
        if self.failure:
            raise self.failure
        self.written.append((self._clock, bytes(data)))
        answer = self._script(bytes(data))
        if answer:
            self._coming.append((self._clock + len(data) * byte_time(self.baud) + self.delay, answer))

    async def read(self, timeout: float) -> bytes:
        await asyncio.sleep(0)
        if self.failure:
            raise self.failure
        if self._coming and self._coming[0][0] <= self._clock + timeout:
            at, data = self._coming.pop(0)
            self._clock = max(self._clock, at)
            return data
        self._clock += timeout
        return b""

    def discard(self) -> bytes:
        arrived = [data for at, data in self._coming if at <= self._clock]
        self._coming = [(at, data) for at, data in self._coming if at > self._clock]
        return b"".join(arrived)

    async def set_baud(self, baud: int) -> None:
        self.baud = baud

    async def set_dtr(self, asserted: bool) -> None:
        pass

    async def set_break(self, asserted: bool) -> None:
        pass

    async def close(self) -> None:
        self.closed = True

    @property
    def sent(self) -> bytes:
        return b"".join(data for _, data in self.written)


class Obedient:
    """A script that answers every command with OK and as many zeros as it asks for."""

    def __init__(self) -> None:
        self.commands = []
        self._reader = CommandReader()

    def __call__(self, data: bytes) -> bytes:
        self._reader.feed(data)
        answer = b""
        while (command := self._reader.next_command()) is not NEED_DATA:
            self.commands.append(command)
            if isinstance(command, Malformed):
                answer += bytes([Status.NOSYNC])
            else:
                answer += Reply(Status.OK, bytes(command.reply_size)).encode()
        return answer
