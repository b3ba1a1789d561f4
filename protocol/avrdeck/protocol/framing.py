"""Cuts byte streams into STK500 replies and commands. Pure: bytes in any split, values out.

Both readers are fed whatever has arrived and asked for the next value; `NEED_DATA` means that it is
not complete yet.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import Final

from avrdeck.protocol.codes import EOP, Status
from avrdeck.protocol.errors import RemoteProtocolError
from avrdeck.protocol.stk500v1 import COMMANDS, Command, GetSignOn


class _Need(Enum):
    DATA = "need data"


NEED_DATA: Final = _Need.DATA
"""What a reader gives while a value is incomplete."""
NeedData = _Need

_ALONE = frozenset({Status.NOSYNC, Status.UNKNOWN, Status.FAILED})
"""Statuses that come without INSYNC before them."""
_LAST = frozenset({Status.OK, Status.FAILED, Status.NODEVICE})


@dataclass(frozen=True, slots=True)
class Reply:
    """What a programmer answered: how it went, and the data between INSYNC and the last byte."""

    status: Status
    data: bytes = b""

    @property
    def ok(self) -> bool:
        """Whether the command was carried out, as far as the programmer says."""
        return self.status is Status.OK

    def encode(self) -> bytes:
        """The reply as a well-behaved programmer sends it."""
        if self.status in {Status.NOSYNC, Status.UNKNOWN}:
            return bytes([self.status])
        return bytes([Status.INSYNC, *self.data, self.status])


class ReplyReader:
    """Cuts what a programmer sends into replies to the commands it was given, in that order."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._awaited: deque[Command] = deque()

    def expect(self, command: Command) -> None:
        """A reply to ``command`` will follow those already expected."""
        self._awaited.append(command)

    def feed(self, data: bytes) -> None:
        """Take bytes as they arrive."""
        self._buffer += data

    @property
    def partial(self) -> bytes:
        """What has arrived and is not part of a complete reply yet."""
        return bytes(self._buffer)

    def next_reply(self) -> Reply | NeedData:
        """The next complete reply.

        Raises `RemoteProtocolError` for bytes that cannot be the reply awaited, and for bytes that
        come while none is. The reader is of no use after that.
        """
        if not self._buffer:
            return NEED_DATA
        if not self._awaited:
            raise self._unexpected("The programmer sent bytes that nobody asked for")
        first = self._buffer[0]
        if first in _ALONE:
            return self._take(1, Reply(Status(first)))
        if first != Status.INSYNC:
            command = self._awaited[0]
            raise self._unexpected(f"No answer to {command.op.name} begins with {first:02X}")
        return self._in_sync(self._awaited[0])

    def _in_sync(self, command: Command) -> Reply | NeedData:
        size = command.reply_size
        if isinstance(command, GetSignOn) and self._buffer[1:2] == bytes([Status.OK]):
            return self._take(2, Reply(Status.OK))
        if len(self._buffer) < size + 2:
            return NEED_DATA
        last = self._buffer[size + 1]
        if last not in _LAST:
            raise self._unexpected(f"The answer to {command.op.name} ends with {last:02X}")
        return self._take(size + 2, Reply(Status(last), bytes(self._buffer[1 : size + 1])))

    def _unexpected(self, title: str) -> RemoteProtocolError:
        return RemoteProtocolError(
            title,
            received=bytes(self._buffer),
            detail=f"Received {bytes(self._buffer[:16]).hex(' ').upper()}.",
            advice="Check that the port and the baud rate belong to an STK500 programmer.",
        )

    def _take(self, count: int, reply: Reply) -> Reply:
        del self._buffer[:count]
        self._awaited.popleft()
        return reply


@dataclass(frozen=True, slots=True)
class Malformed:
    """Bytes that are no command: an unknown opcode, or arguments that EOP does not follow."""

    data: bytes


class CommandReader:
    """Cuts what a host sends into commands, as a programmer or a trace sees it."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """Take bytes as they arrive."""
        self._buffer += data

    def next_command(self) -> Command | Malformed | NeedData:
        """The next complete command, or the bytes that are none."""
        if not self._buffer:
            return NEED_DATA
        kind = COMMANDS.get(self._buffer[0])
        if kind is None:
            return self._unknown()
        head = bytes(self._buffer[1 : 1 + kind.argument_size])
        if len(head) < kind.argument_size:
            return NEED_DATA
        end = 1 + kind.total_arguments(head)
        if len(self._buffer) <= end:
            return NEED_DATA
        frame = self._take(end + 1)
        return kind.from_arguments(frame[1:-1]) if frame[-1] == EOP else Malformed(frame)

    def _unknown(self) -> Malformed | NeedData:
        if len(self._buffer) < 2:
            return NEED_DATA
        return Malformed(self._take(2 if self._buffer[1] == EOP else 1))

    def _take(self, count: int) -> bytes:
        frame = bytes(self._buffer[:count])
        del self._buffer[:count]
        return frame
