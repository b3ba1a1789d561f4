"""What happened in the session, as past-tense facts that screens render."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from avrdeck.protocol.errors import Fault


@dataclass
class SessionChanged(Message):
    """Something that the panes show is different now."""


@dataclass
class Connected(Message):
    """A programmer answers on ``port``."""

    port: str


@dataclass
class Disconnected(Message):
    """The port was closed on request."""

    port: str


@dataclass
class PortLost(Message):
    """The port went away under us; what was read is kept and may be out of date."""

    port: str


@dataclass
class PortReturned(Message):
    """The board is back and connected; ``stale`` are the memories whose content is from before.

    ``another`` says that another chip is behind it than before.
    """

    port: str
    stale: tuple[str, ...]
    another: bool = False


@dataclass
class FusesRead(Message):
    """Fuse and lock bytes were read."""


@dataclass
class MemoryRead(Message):
    """A memory was read."""

    memory: str


@dataclass
class JobStarted(Message):
    """A job holds the wire."""

    name: str


@dataclass
class JobEnded(Message):
    """The job is over; ``fault`` says why it failed, if it did."""

    name: str
    fault: Fault | None = None


@dataclass
class Failed(Message):
    """Something went wrong that a person should read."""

    fault: Fault
