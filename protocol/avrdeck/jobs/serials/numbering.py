"""One chip's serial number: judged by a sample, taken when nothing is left but to write it.

So a number of a counter is used only when it may be in a chip, and none is in two: it is drawn before the
first byte is written, and given back only when none was.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from avrdeck.boards.images import Image
from avrdeck.jobs.backup.identity import Chip
from avrdeck.jobs.events import EventHandler, StepDone, StepStarted, unheard
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.serials.order import Order
from avrdeck.jobs.serials.recipe import Serial
from avrdeck.jobs.serials.stamping import Stamp, in_chip, insist_on_place, numbered
from avrdeck.jobs.threads import to_its_end
from avrdeck.jobs.writing import write_image
from avrdeck.protocol.errors import Fault
from avrdeck.protocol.programmer import Programmer

NUMBER = "number"
"""The step that takes it; its end tells what the serial number is called."""


class Numbering:
    """The serial number of ``chip``; ``sample`` is what it would be now, with nothing used.

    ``stamp`` is what was taken, `None` before. ``ledger`` is that of the job which writes it: what it says
    tells whether anything was written since.
    """

    def __init__(
        self,
        order: Order,
        chip: Chip | None,
        sample: Stamp,
        ledger: Ledger,
        on_event: EventHandler = unheard,
    ) -> None:
        self.sample = sample
        self.stamp: Stamp | None = None
        self._order = order
        self._chip = chip
        self._ledger = ledger
        self._on_event = on_event
        self._serial: Serial | None = None
        self._held = ""

    @property
    def told(self) -> Stamp:
        """The one that was taken, before that the sample."""
        return self.stamp or self.sample

    async def take(self) -> Stamp:
        """The serial number; a counter's number is used from now on. Taken once, it stays the same.

        Raises `UsageFault` when it cannot be made, `InputFault` and `Fault` as its counter.
        """
        if self.stamp is None:
            self._on_event(StepStarted(NUMBER, "take a serial number"))
            self._held = self._ledger.holds
            await to_its_end(self._draw)
            self._on_event(StepDone(NUMBER, self.told.text))
        return self.told

    def tried_in(self, image: Image) -> Image:
        """``image`` with the sample, to be judged; raises as `stamped`."""
        return numbered(image, self.sample)

    async def taken_in(self, image: Image) -> Image:
        """``image`` with the serial number, where that is for its memory; raises as `take` and `stamped`."""
        return numbered(image, await self.take())

    async def give_back(self) -> None:
        """Nothing was written since it was taken: let its number be the next again.

        A counter that cannot be used now keeps the number used.
        """
        serial, self._serial, self.stamp = self._serial, None, None
        if serial:
            with suppress(Fault):
                await asyncio.to_thread(self._order.recipe.unmake, serial)

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """The work that writes it: stopped before that, the number goes back; later, a fault tells of it."""
        try:
            yield
        except BaseException as error:
            if self._serial and self._ledger.holds == self._held:
                await self.give_back()
            elif self.stamp and isinstance(error, Fault):
                error.advice = f"{error.advice} {self.stamp.spent}".strip()
            raise

    def _draw(self) -> None:
        self._serial = self._order.recipe.make(self._chip)
        self.stamp = self._order.stamp(self._serial)


async def number_chip(
    programmer: Programmer, number: Numbering, ledger: Ledger, on_event: EventHandler = unheard
) -> None:
    """Write the serial number into the target, which is in programming mode, and verify it.

    Raises as `stamp_chip` and `Numbering.take`.
    """
    insist_on_place(number.sample, programmer.require_part())

    async def ready() -> Image:
        return (await number.take()).image

    with ledger.told():
        await in_chip(programmer, number.sample)
        await write_image(programmer, number.sample.image, on_event=on_event, ledger=ledger, ready=ready)
