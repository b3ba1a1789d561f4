"""What the virtual bootloaders share: a bare USART, a time-out into the application, and the application."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress

from avrdeck.protocol.simulator.bootchip import BootChip
from avrdeck.protocol.simulator.mcu import Mcu
from avrdeck.protocol.simulator.target import Target
from avrdeck.protocol.simulator.usart import BARE_TX_DEPTH, Fifo, Ring, Usart

F_CPU = 16_000_000
OK, INSYNC, EOP = 0x10, 0x14, 0x20
EEPROM = ord("E")


class AppStarts(Exception):
    """The bootloader gives up or is done: the application runs."""


class Bootloader(ABC):
    """A bootloader on the chip that it programs, run by an external reset only.

    Power-on starts the application, which is silent or, with ``echo``, returns what it receives.
    """

    title: str
    runs_on_target = True

    def __init__(self, target: Target, nominal_baud: int, *, echo: bool = False) -> None:
        self.target = target
        self.nominal_baud = nominal_baud
        self._chip = BootChip(target.cells)
        self._echo = echo

    @abstractmethod
    def actual_baud(self) -> float:
        """The speed that its divisor gives."""

    @abstractmethod
    async def serve(self) -> None:
        """Carry out commands; ends by `AppStarts`."""

    @abstractmethod
    async def get(self) -> int:
        """The next byte; raises `AppStarts` when the time-out passes first."""

    def usart(self) -> Usart:
        """The serial port as the bootloader sets it up."""
        return Usart(self.actual_baud(), Fifo(), BARE_TX_DEPTH)

    def float_pins(self) -> None:  # noqa: B027  # nothing hangs on this board's pins
        """The board is in reset."""

    async def run(self, mcu: Mcu, *, warm: bool) -> None:
        """From reset on; ``warm`` is power-on, which starts the application."""
        self._mcu = mcu
        # A system reset erases the temporary page buffer (data sheet, "Filling the Temporary Buffer").
        self._chip.forget_page()
        if not warm and self._chip.has_bootloader:
            with suppress(AppStarts):
                await self.serve()
        mcu.usart.receiver = Ring()
        while True:
            arrival = await mcu.byte()
            if self._echo and arrival:
                await mcu.put(arrival.byte)

    async def put(self, *data: int) -> None:
        """Send bytes."""
        for byte in data:
            await self._mcu.put(byte)

    async def skip(self, count: int) -> None:
        """Take ``count`` bytes and forget them."""
        for _ in range(count):
            await self.get()
