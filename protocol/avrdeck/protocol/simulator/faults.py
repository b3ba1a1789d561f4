"""Faults that tests inject into the line, each at one byte."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Kind(Enum):
    """What goes wrong."""

    DROP = "the byte is lost"
    FLIP = "bits of the byte change"
    DOUBLE = "the byte comes twice"
    DELAY = "the byte comes late"
    RESET_PROGRAMMER = "the programmer's processor resets"
    CUT_POWER = "the target loses its supply for a moment"
    VANISH = "the port is unplugged"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault at byte ``index`` (from 0) of one direction.

    ``mask`` are the bits that FLIP inverts, ``delay_ns`` is how much later DELAY hands a byte over.
    A reset, a cut and an unplugging happen just before the byte, which is then lost.
    """

    kind: Kind
    index: int
    to_host: bool = False
    mask: int = 0x01
    delay_ns: int = 0


@dataclass(slots=True)
class FaultPlan:
    """The faults still to come, and how many bytes have gone each way."""

    faults: list[Fault] = field(default_factory=list)
    to_device: int = 0
    to_host: int = 0

    def add(self, fault: Fault) -> None:
        """Inject ``fault`` when its byte comes."""
        self.faults.append(fault)

    def next(self, *, to_host: bool) -> Fault | None:
        """Count a byte and return the fault that strikes it, if any."""
        index = self.to_host if to_host else self.to_device
        if to_host:
            self.to_host += 1
        else:
            self.to_device += 1
        struck = (fault for fault in self.faults if fault.to_host == to_host and fault.index == index)
        return next(struck, None)
