"""A virtual AVR on a virtual board: pins, supply and clock around its programming interface.

Fuses take effect when RESET is released or power comes up, not when they are written, so a fuse that
locks the programmer out (RSTDISBL, DWEN, a clock that nobody provides or that is too slow for SCK)
does so for the next session, as on a real bench. Even on parts that want a power cycle for DWEN the
virtual one takes the pin at once.
"""

from __future__ import annotations

from enum import Enum

from avrdeck.boards.fuses import max_sck_hz
from avrdeck.boards.models import Part
from avrdeck.protocol.simulator.cells import Cells, factory_fresh
from avrdeck.protocol.simulator.isp_port import IspPort
from avrdeck.protocol.simulator.oscillator import UNO_CRYSTAL, Xtal, cpu_hz

FLOATING = 0xFF
"""MISO with nobody driving it."""
SILENT = 0x00
"""MISO of a chip in reset that cannot follow: no clock, or SCK too fast."""

AT_THE_LIMIT_HZ = 1
"""An SCK at exactly the limit is not safe, but works on real chips: a new ATtiny4313 at 125 kHz."""


class Lockout(Enum):
    """Why a chip does not answer serial programming, and what would help."""

    SPIEN = "SPIEN is unprogrammed: serial programming is off. High-voltage programming can restore it."
    RSTDISBL = "RSTDISBL is programmed: RESET is an I/O pin. Only high-voltage programming reaches the chip."
    DWEN = "DWEN is programmed: RESET belongs to debugWIRE. A debugWIRE tool or high voltage can restore it."
    NO_CLOCK = "Nothing clocks the chip. Fit what the clock fuses select, or drive XTAL1."
    SLOW_CLOCK = "The CPU clock is too slow for this SCK. Slow SCK down, or drive XTAL1 with a faster clock."


class Target:
    """One chip with what is soldered around it. Times are virtual ns.

    ``cpu_hz`` is the CPU clock, `None` while there is none.
    """

    def __init__(self, cells: Cells, xtal: Xtal = UNO_CRYSTAL) -> None:
        self.cells = cells
        self.xtal = xtal
        self.port = IspPort(cells)
        self._latched: dict[str, int] = {}
        self._held = False
        self._lost_pin: Lockout | None = None
        self._max_sck_hz = 0
        self.cpu_hz: int | None = None
        self._latch(power_up=True)

    @property
    def part(self) -> Part:
        """What kind of chip it is."""
        return self.cells.part

    @property
    def active_fuses(self) -> dict[str, int]:
        """The fuse bytes in effect; those in `cells` may be newer."""
        return dict(self._latched)

    @property
    def in_reset(self) -> bool:
        """Whether RESET is held and the chip minds it."""
        return self._held and not self._lost_pin

    @property
    def programming(self) -> bool:
        """Whether serial programming mode is on."""
        return self.port.enabled

    def lockout(self, sck_hz: int) -> Lockout | None:
        """Why serial programming at ``sck_hz`` cannot work now, or `None` when it can."""
        if self._lost_pin:
            return self._lost_pin
        if self.cpu_hz is None:
            return Lockout.NO_CLOCK
        return Lockout.SLOW_CLOCK if sck_hz > self._max_sck_hz + AT_THE_LIMIT_HZ else None

    def drive_reset(self, high: bool) -> None:
        """The programmer drives the RESET pin. AVRs are held by low, AT89S by high."""
        held = high != self.part.is_avr
        if self._held and not held:
            self._released()
        self._held = held

    def release_reset(self) -> None:
        """The programmer lets go of RESET and the pull resistor releases it."""
        self.drive_reset(self.part.is_avr)

    def transfer(self, byte: int, sck_hz: int, at: int) -> int:
        """Clock one byte in on MOSI and one out on MISO."""
        if self._lost_pin or not self._held:
            return FLOATING
        if self.lockout(sck_hz):
            return SILENT
        return self.port.exchange(byte, at)

    def power_cycle(self) -> None:
        """Take the supply away and back: fuses are latched, what was not in non-volatile cells is gone."""
        self.port.reset()
        self.port.busy_until = 0
        self._latch(power_up=True)

    def set_xtal(self, xtal: Xtal) -> None:
        """Change what is on XTAL1."""
        self.xtal = xtal
        self._start_clock()

    def hv_rescue(self) -> None:
        """Erase by high voltage and write the factory fuses: works whatever the fuses say."""
        fresh = factory_fresh(self.part)
        self.cells.erase(keep_eeprom=False)
        self.cells.fuses.update(fresh.fuses)
        self.power_cycle()

    def _released(self) -> None:
        self.port.reset()
        self._latch(power_up=False)

    def _latch(self, *, power_up: bool) -> None:
        for name, fuse in self.part.fuses.items():
            if power_up or not fuse.power_cycle_after_write:
                self._latched[name] = self.cells.fuses[name]
        self._lost_pin = self._pin_taken()
        self._start_clock()

    def _start_clock(self) -> None:
        self.cpu_hz = cpu_hz(self.part, self._latched, self.xtal)
        self._max_sck_hz = max_sck_hz(self.part, self.cpu_hz) if self.cpu_hz else 0

    def _pin_taken(self) -> Lockout | None:
        if self._active("reset_disable"):
            return Lockout.RSTDISBL
        if self._active("debugwire_enable"):
            return Lockout.DWEN
        return Lockout.SPIEN if self._active("spi_enable") is False else None

    def _active(self, role: str) -> bool | None:
        return self.cells.programmed(role, self._latched)
