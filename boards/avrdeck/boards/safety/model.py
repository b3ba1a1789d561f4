"""Findings, their severity, and what a rule is told besides the bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import cached_property

from avrdeck.boards.fuses import Decoded, decode
from avrdeck.boards.models import BitField, Clock, ClockKind, Part

STOCK_SCK_HZ = 125_000
"""What the stock ArduinoISP sketch makes of its 166 kHz on a 16 MHz or 8 MHz board."""


class Severity(IntEnum):
    """How bad it is, in ascending order."""

    INFO = 0
    """Good to know; nothing breaks."""
    WARNING = 1
    """The application or the board may not work; ISP does."""
    RECOVERABLE = 2
    """ISP stops until the named help is given."""
    FATAL = 3
    """ISP alone cannot undo it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a person should know before writing.

    ``bits`` names what it rests on (``hfuse.RSTDISBL``). ``recovery`` says how the chip comes back.
    ``blocks`` marks what no confirmation can make right: the part or the connection is not what was
    assumed.
    """

    id: str
    severity: Severity
    message: str
    advice: str = ""
    recovery: str = ""
    bits: tuple[str, ...] = ()
    blocks: bool = False


class Fitted(StrEnum):
    """What is connected to XTAL1."""

    UNKNOWN = "unknown"
    CRYSTAL = "crystal"
    CLOCK = "clock"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Xtal1:
    """What is connected to XTAL1, and its frequency in Hz where known."""

    fitted: Fitted = Fitted.UNKNOWN
    hz: int | None = None


@dataclass(frozen=True, slots=True)
class BootImage:
    """A bootloader: the bytes it covers as (first, end) pairs, and the clock and baud rate of its build."""

    extents: tuple[tuple[int, int], ...]
    f_cpu_hz: int | None = None
    baud: int | None = None

    @property
    def start(self) -> int:
        """Its first byte address."""
        return min(first for first, _ in self.extents)


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of the board, the programmer and the transaction; everything may be unknown.

    ``bootloader`` is the one that will be on the chip. ``flash_used`` holds the flash that will not be
    blank, as (first, end) byte pairs, without it. ``order`` names what the transaction writes, in
    order: memories, and ``chip_erase``. ``made_for`` is the part that the new bytes were meant for,
    ``signature`` what the chip answered. ``over_isp`` is false for a tool that can write SPIEN.
    """

    vcc: float | None = None
    sck_hz: int = STOCK_SCK_HZ
    xtal1: Xtal1 = Xtal1()
    bootloader: BootImage | None = None
    flash_used: tuple[tuple[int, int], ...] | None = None
    erase: bool = False
    order: tuple[str, ...] = ()
    made_for: Part | None = None
    signature: bytes | None = None
    over_isp: bool = True

    @property
    def erases(self) -> bool:
        """Whether the transaction erases the chip."""
        return self.erase or "chip_erase" in self.order


@dataclass(frozen=True)
class Case:
    """One question to the rules: the bytes before (as far as known) and those to write."""

    part: Part
    old: Mapping[str, int]
    new: Mapping[str, int]
    context: Context

    @cached_property
    def values(self) -> Mapping[str, int]:
        """The bytes after the transaction; an erase sets every lock bit to 1 before what is written."""
        erased = {"lock": 0xFF} if self.context.erases else {}
        return {**self.old, **erased, **self.new}

    @cached_property
    def after(self) -> Decoded:
        """What the chip does after the transaction, as far as the bytes are known."""
        return decode(self.part, self.values, partial=True, xtal_hz=self.context.xtal1.hz)

    @cached_property
    def before(self) -> Decoded:
        """What the chip does now, as far as the bytes are known."""
        return decode(self.part, self.old, partial=True)

    def meaning(self, role: str) -> object | None:
        """The meaning of the field of that role after the transaction; `None` also when reserved."""
        bits = self.field(role)
        known = bits and bits.meaning(bits.get(self.values[bits.memory]))
        return known.meaning if known else None

    def field(self, role: str) -> BitField | None:
        """The field of that role, when part and byte are there."""
        bits = self.part.role(role)
        return bits if bits and bits.memory in self.values else None

    def programmed(self, role: str) -> bool:
        """Whether the field of that role will be programmed."""
        bits = self.field(role)
        return bits is not None and bits.get(self.values[bits.memory]) == 0

    def bits(self, *roles: str) -> tuple[str, ...]:
        """The names of those fields of the part: ``hfuse.RSTDISBL``."""
        found = (self.part.role(role) for role in roles)
        return tuple(f"{bits.memory}.{bits.name}" for bits in found if bits)

    @cached_property
    def clock(self) -> Clock:
        """The clock field's meaning after the transaction."""
        for role in CLOCK_ROLES:
            meaning = self.meaning(role)
            if isinstance(meaning, Clock):
                return meaning
        return Clock()

    @property
    def clock_bits(self) -> tuple[str, ...]:
        """The names of the fields that choose the clock."""
        return self.bits(*CLOCK_ROLES)

    @cached_property
    def clock_proven(self) -> bool:
        """Whether the source stays what it is now: a chip that was read by ISP has it running."""
        now, then = self.before, self.after
        if then.clock_kind is ClockKind.RESERVED:
            return all(self._unchanged(role) for role in CLOCK_ROLES)
        return now.clock_kind is not None and _source(now) == _source(then)

    def _unchanged(self, role: str) -> bool:
        """Whether the field of that role keeps its value; also when the part has none."""
        bits = self.part.role(role)
        if bits is None:
            return True
        old = self.old.get(bits.memory)
        return old is not None and bits.get(old) == bits.get(self.values[bits.memory])


CLOCK_ROLES = ("clock", "clock_source", "clock_rc_enable")


def _source(decoded: Decoded) -> tuple[object, ...]:
    return decoded.clock_kind, decoded.clock_hz, decoded.freq_min_hz, decoded.freq_max_hz
