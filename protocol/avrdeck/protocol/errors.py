"""What can go wrong between avrdeck and a chip, as values.

Every fault has a `title` (what happened, one line), an optional `detail`, and `advice` (what to do
next). Jobs add what the chip holds now in `holds`. Faces render these four and nothing else.
Faults of the caller are `UsageFault`; of the line `PortError`, `SyncError`, `RemoteProtocolError`;
of the chip `TargetError`.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """Exit status of a command, by class of fault."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    PORT = 3
    NO_ANSWER = 4
    PROTOCOL = 5
    TARGET = 6
    SIGNATURE = 7
    VERIFY = 8
    INPUT = 9
    REFUSED = 10
    CANCELLED = 130


class Fault(Exception):
    """Base of everything that avrdeck reports to a person.

    ``misheard``: it ended a read of which the line may have made a write, so that a page may have changed.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.FAILURE

    def __init__(self, title: str, *, detail: str = "", advice: str = "", holds: str = "") -> None:
        super().__init__(title)
        self.title = title
        self.detail = detail
        self.advice = advice
        self.holds = holds
        self.misheard = False

    def __str__(self) -> str:
        more = [text for text in (self.detail, self.holds, self.advice) if text]
        stop = "." if more and not self.title.endswith((".", "?", "!")) else ""
        return " ".join([self.title + stop, *more])


class UsageFault(Fault):
    """avrdeck was asked for something that cannot be; nothing was sent."""

    exit_code = ExitCode.USAGE


class InputFault(Fault):
    """A file cannot be used; nothing was sent."""

    exit_code = ExitCode.INPUT


class Refused(Fault):
    """avrdeck will not do this without a confirmation it did not get; nothing was sent."""

    exit_code = ExitCode.REFUSED


class Cancelled(Fault):
    """The user stopped the work."""

    exit_code = ExitCode.CANCELLED


class PortReason(Enum):
    """Why a port is of no use."""

    MISSING = "missing"
    BUSY = "busy"
    FORBIDDEN = "forbidden"
    VANISHED = "vanished"
    UNSUPPORTED = "unsupported"
    FAILED = "failed"


class PortError(Fault):
    """The port cannot be opened or has stopped working. ``port`` and ``reason`` say which and why."""

    exit_code = ExitCode.PORT

    def __init__(
        self, port: str, reason: PortReason, title: str, *, detail: str = "", advice: str = ""
    ) -> None:
        super().__init__(title, detail=detail, advice=advice)
        self.port = port
        self.reason = reason


class SyncError(Fault):
    """Nobody answered in time, or what answered does not speak STK500.

    ``heard`` holds the bytes that came instead of an answer.
    """

    exit_code = ExitCode.NO_ANSWER

    def __init__(self, title: str, *, heard: bytes = b"", detail: str = "", advice: str = "") -> None:
        super().__init__(title, detail=detail, advice=advice)
        self.heard = heard


class RemoteProtocolError(Fault):
    """The programmer answered with something that the command cannot have as an answer.

    ``received`` holds the whole answer so far.
    """

    exit_code = ExitCode.PROTOCOL

    def __init__(self, title: str, *, received: bytes = b"", detail: str = "", advice: str = "") -> None:
        super().__init__(title, detail=detail, advice=advice)
        self.received = received


class TargetError(Fault):
    """The programmer works, the chip behind it does not do what was asked."""

    exit_code = ExitCode.TARGET


class SignatureMismatch(TargetError):
    """Another chip answers than was named. ``candidates`` are the parts with the signature found."""

    exit_code = ExitCode.SIGNATURE

    def __init__(
        self, expected: bytes, actual: bytes, title: str, *, candidates: Sequence[str] = (), advice: str = ""
    ) -> None:
        super().__init__(title, advice=advice)
        self.expected = expected
        self.actual = actual
        self.candidates = tuple(candidates)


class VerifyError(TargetError):
    """Memory ``memory`` does not hold what was written. ``ranges`` are (start, end) byte addresses."""

    exit_code = ExitCode.VERIFY

    def __init__(
        self,
        memory: str,
        ranges: Sequence[tuple[int, int]],
        title: str,
        *,
        detail: str = "",
        advice: str = "",
    ) -> None:
        super().__init__(title, detail=detail, advice=advice)
        self.memory = memory
        self.ranges = tuple(ranges)
