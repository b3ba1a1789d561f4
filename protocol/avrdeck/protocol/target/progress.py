"""How far a transfer has come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from avrdeck.protocol.flight import ReplyHandler, Request
from avrdeck.protocol.framing import Reply
from avrdeck.protocol.link import checked


class Operation(Enum):
    """What is being done to a memory."""

    READ = "read"
    WRITE = "write"
    VERIFY = "verify"
    ERASE = "erase"


@dataclass(frozen=True, slots=True)
class Progress:
    """``done`` of ``total`` bytes of ``memory``; ``address`` is the byte address reached."""

    operation: Operation
    memory: str
    address: int
    done: int
    total: int


ProgressHandler = Callable[[Progress], None]


def unwatched(progress: Progress) -> None:
    """A handler for callers that do not want to know."""
    del progress


@dataclass(frozen=True, slots=True)
class Step(Request):
    """A request whose reply completes ``size`` bytes of a transfer, up to byte address ``end``."""

    end: int = 0
    size: int = 0


def reporter(operation: Operation, memory: str, total: int, watch: ProgressHandler) -> ReplyHandler:
    """A reply handler that insists on OK and reports each completed `Step`."""
    done = 0

    def on_reply(request: Request, reply: Reply) -> None:
        nonlocal done
        checked(request, reply)
        if isinstance(request, Step):
            done += request.size
            watch(Progress(operation, memory, request.end, done, total))

    return on_reply
