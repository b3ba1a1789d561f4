"""Telnet as serial servers speak it: data with 0xFF doubled, option negotiation, COM-PORT-OPTION.

RFC 854 gives the commands, RFC 856 binary transmission, RFC 2217 the COM port control option.
Pure: bytes in, bytes and values out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

IAC = 0xFF
"""Interpret as command (RFC 854); a data byte of this value is sent twice."""

MAX_SUBNEGOTIATION = 64
"""Bytes of one that are kept: RFC 2217's own need five, its texts are of no use here."""


class Verb(IntEnum):
    """RFC 854's commands that a serial server sends or understands."""

    SE = 240
    SB = 250
    WILL = 251
    WONT = 252
    DO = 253
    DONT = 254


class Option(IntEnum):
    """The Telnet options that carry a serial line whole."""

    BINARY = 0
    SUPPRESS_GO_AHEAD = 3
    COM_PORT = 44


class ComPort(IntEnum):
    """RFC 2217 section 3: what a client may set; the server confirms with the same number plus 100."""

    SET_BAUDRATE = 1
    SET_DATASIZE = 2
    SET_PARITY = 3
    SET_STOPSIZE = 4
    SET_CONTROL = 5


CONFIRMED = 100
"""What a server adds to a client's command in its answer (RFC 2217 section 3)."""


class Control(IntEnum):
    """Values of `ComPort.SET_CONTROL`."""

    NO_FLOW_CONTROL = 1
    BREAK_ON = 5
    BREAK_OFF = 6
    DTR_ON = 8
    DTR_OFF = 9
    RTS_ON = 11
    RTS_OFF = 12


@dataclass(frozen=True, slots=True)
class Negotiation:
    """One side's word about one option: ``verb`` is WILL, WONT, DO or DONT."""

    verb: Verb
    option: int


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A server's answer about its port: ``command`` as the client sent it, ``value`` unsigned."""

    command: ComPort
    value: int


Event = Negotiation | Confirmation


def escaped(data: bytes) -> bytes:
    """``data`` as it travels."""
    return data.replace(b"\xff", b"\xff\xff")


def negotiation(verb: Verb, option: int) -> bytes:
    """``IAC WILL option`` and its like."""
    return bytes((IAC, verb, option))


def com_port(command: ComPort, value: int, size: int = 1) -> bytes:
    """A COM-PORT-OPTION subnegotiation; ``value`` in ``size`` bytes, the high one first."""
    body = escaped(value.to_bytes(size, "big"))
    return bytes((IAC, Verb.SB, Option.COM_PORT, command)) + body + bytes((IAC, Verb.SE))


class Reader:
    """Parts a Telnet stream into data and events, whatever pieces it comes in."""

    def __init__(self) -> None:
        self._command: int | None = None
        self._inside: bytearray | None = None
        self._escape = False

    def feed(self, received: bytes) -> tuple[bytes, list[Event]]:
        """The data in ``received``, and what was said beside it."""
        if IAC not in received and not self._escape and self._command is None and self._inside is None:
            return received, []
        data = bytearray()
        events: list[Event] = []
        for byte in received:
            event = self._take(byte, data)
            if event:
                events.append(event)
        return bytes(data), events

    def _take(self, byte: int, data: bytearray) -> Event | None:
        if self._command is not None:
            verb, self._command = Verb(self._command), None
            return Negotiation(verb, byte)
        if not self._escape:
            if byte == IAC:
                self._escape = True
            else:
                self._keep(byte, data)
            return None
        self._escape = False
        match byte:
            case 0xFF:
                self._keep(byte, data)
            case Verb.WILL | Verb.WONT | Verb.DO | Verb.DONT:
                self._command = byte
            case Verb.SB:
                self._inside = bytearray()
            case Verb.SE:
                inside, self._inside = self._inside, None
                return _confirmation(inside)
        return None

    def _keep(self, byte: int, data: bytearray) -> None:
        if self._inside is None:
            data.append(byte)
        elif len(self._inside) < MAX_SUBNEGOTIATION:
            self._inside.append(byte)


def _confirmation(inside: bytearray | None) -> Confirmation | None:
    """What a subnegotiation confirms; other options' and notifications are nobody's business here."""
    if not inside or inside[0] != Option.COM_PORT or len(inside) < 3:
        return None
    command = inside[1] - CONFIRMED
    if command not in frozenset(ComPort):
        return None
    return Confirmation(ComPort(command), int.from_bytes(inside[2:6], "big"))
