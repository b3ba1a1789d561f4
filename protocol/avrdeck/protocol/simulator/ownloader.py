"""What both sizes of deckboot share as virtual bootloaders.

Their code stands in the virtual flash, as it does on a real board: its divisor gives the speed, its trailer
what GET_PARAMETER tells, and a chip whose boot section holds anything else starts its application.
"""

from __future__ import annotations

from abc import abstractmethod
from contextlib import suppress

from avrdeck.boards.deckboot import IDENTITY, Variant, Wish, made_for
from avrdeck.protocol.simulator.bootloader import F_CPU, AppStarts, Bootloader
from avrdeck.protocol.simulator.target import Target
from avrdeck.protocol.simulator.usart import Fifo, Usart, actual_baud

USUAL_BAUDS = (115_200, 76_800, 57_600, 38_400, 19_200, 9_600)
TIMEOUT_MS = 1000
COMMAND_US = 2.0
"""What it does about a byte."""
FILL_US = 1.4
"""A word into the page buffer."""
SLIDE_MS = 1
"""What the CPU takes to run over an empty application, whose words do nothing, into the loader again."""


def section(one: Variant, baud: int | None) -> bytes:
    """What its boot section holds; raises `avrdeck.boards.deckboot.DeckbootError` for an impossible rate."""
    return made_for(one, Wish(F_CPU, baud or USUAL_BAUDS[0])).read(one.start, one.section_bytes)


class OwnLoader(Bootloader):
    """A deckboot. ``baud`` is what the host should use; without it, what the code comes nearest to."""

    trailer_bytes: int
    """The end of the section, which tells who is there."""

    def __init__(self, target: Target, one: Variant, baud: int | None = None, *, echo: bool = False) -> None:
        self.variant = one
        start = one.start + one.divisor_at
        # LDI has its constant in the low half of either byte.
        low, high = target.cells.flash[start : start + 2]
        self._baud = actual_baud(F_CPU, 8, (high & 0x0F) << 4 | low & 0x0F)
        nearest = min(USUAL_BAUDS, key=lambda usual: abs(usual - self._baud))
        super().__init__(target, baud or nearest, echo=echo)
        self.title = f"deckboot {self.trailer[1]}.{self.trailer[2]}"

    def actual_baud(self) -> float:
        """The speed of the divisor in its code."""
        return self._baud

    def usart(self) -> Usart:
        """A byte waits for the one before to leave, and the loader with it."""
        return Usart(self.actual_baud(), Fifo(), 1)

    def sent(self) -> None:
        """Wait for the end of the last byte's stop bit."""
        self._mcu.time = max(self._mcu.time, self._mcu.usart.backlog.room_at)

    async def serve(self) -> None:
        """Serve a host; again and again where the application is blank, as the CPU runs over it."""
        trailer = self.trailer
        if (trailer[0], trailer[3]) != (IDENTITY, self.variant.features):
            raise AppStarts
        while True:
            with suppress(AppStarts):
                await self.session()
            if self._echo or not self._chip.is_blank(0, self.variant.start):
                raise AppStarts
            await self._mcu.delay_ms(SLIDE_MS)
            self._mcu.usart.receiver = Fifo()

    @property
    def trailer(self) -> bytes:
        """Identity, version, features and what else GET_PARAMETER tells."""
        end = self.variant.start + self.variant.section_bytes
        return bytes(self._chip.cells.flash[end - self.trailer_bytes : end])

    @abstractmethod
    async def session(self) -> None:
        """From its first instruction on; ends by `AppStarts`."""
