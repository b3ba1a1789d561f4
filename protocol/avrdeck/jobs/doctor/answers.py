"""Who answers on a line: found out with GET_SYNC, GET_SIGN_ON and GET_PARAMETER only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from avrdeck.protocol.codes import EOP, Op
from avrdeck.protocol.dialects import UNKNOWN, Reach
from avrdeck.protocol.errors import RemoteProtocolError, SyncError
from avrdeck.protocol.link import Link
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.text import hexadecimal, mostly_text, printable

ECHOED = {Op.GET_SYNC, EOP}
LEAST_ECHO = 4
"""Bytes; two of them could be chance."""
LEAST_LETTERS = 4
"""Different bytes in a text; a wrong speed makes rows of one or two that may be letters by chance."""
SHOWN_BYTES = 32


class Kind(Enum):
    """What a probe met."""

    PROGRAMMER = "a programmer"
    BOOTLOADER = "a bootloader"
    STRANGER = "unknown firmware that speaks STK500"
    TEXT = "an application's own text"
    ECHO = "what was sent comes back"
    NOISE = "bytes that make no sense"
    SILENCE = "nothing"
    IMPOSSIBLE = "this port does not have that speed"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came to one probe.

    ``how`` names circumstances that are not the usual ones. ``after`` is in seconds from its beginning.
    """

    baud: int
    kind: Kind
    how: str = ""
    after: float = 0.0
    heard: bytes = b""
    programmer: Programmer | None = None

    @property
    def place(self) -> str:
        """Line speed and circumstances."""
        return f"{self.baud}, {self.how}" if self.how else str(self.baud)

    @property
    def who(self) -> str:
        """Name and version of what answers, or what was heard."""
        if self.programmer:
            return f"{self.programmer.dialect.name} {self.programmer.identity.version}".strip()
        match self.kind:
            case Kind.TEXT:
                return f"an application says “{printable(self.heard, SHOWN_BYTES)}”"
            case Kind.NOISE:
                return f"noise, {hexadecimal(self.heard, 8)}"
        return str(self.kind.value)


async def probe(link: Link, tries: int, how: str = "") -> Answer:
    """Ask who is there, so many times. Raises `PortError` when the port goes away."""
    wire = link.transport
    began = wire.now()
    try:
        await link.synchronise(tries)
    except SyncError as silence:
        return Answer(wire.baud, heard_kind(silence.heard), how, wire.now() - began, silence.heard)
    after = wire.now() - began
    try:
        programmer = await Programmer.connect(link)
    except (SyncError, RemoteProtocolError) as fault:
        heard = fault.heard if isinstance(fault, SyncError) else fault.received
        return Answer(wire.baud, Kind.NOISE, how, after, heard)
    return Answer(wire.baud, _programmer_kind(programmer), how, after, programmer=programmer)


def heard_kind(heard: bytes) -> Kind:
    """What bytes are that came instead of an answer."""
    if not heard:
        return Kind.SILENCE
    if len(heard) >= LEAST_ECHO and set(heard) <= ECHOED:
        return Kind.ECHO
    return Kind.TEXT if mostly_text(heard) and len(set(heard)) >= LEAST_LETTERS else Kind.NOISE


def _programmer_kind(programmer: Programmer) -> Kind:
    if programmer.dialect is UNKNOWN:
        return Kind.STRANGER
    return Kind.PROGRAMMER if programmer.dialect.reach is Reach.ISP else Kind.BOOTLOADER
