"""A job of a command that changes a chip: how it ends in the chip's history, also when it is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from avrdeck.boards.text import printable
from avrdeck.commands.chronicle import noted_event
from avrdeck.commands.deck import Deck
from avrdeck.commands.output import fault_data
from avrdeck.commands.serialoptions import number_data
from avrdeck.jobs.course import Course, stop_text
from avrdeck.jobs.inventory.model import Kind
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.serials.numbering import Numbering
from avrdeck.jobs.serials.stamping import Stamp
from avrdeck.protocol.errors import Cancelled, Fault

AGAIN = "Do it again to bring it to its end."


class Undertaking:
    """``name`` of this ``kind`` is being done; its job keeps ``ledger`` and is heard by ``course``.

    ``title`` is what is told when the user stops it. ``number`` is the chip's serial number, where one is
    ordered. The chip is that of the connection, as far as the inventory knows it.
    """

    def __init__(self, deck: Deck, kind: Kind, name: str, title: str) -> None:
        self.ledger = Ledger()
        self.course = Course()
        self.number: Numbering | None = None
        self._deck = deck
        self._kind = kind
        self._name = name
        self._title = title

    @property
    def stamp(self) -> Stamp | None:
        """The serial number, once it was taken."""
        return self.number.stamp if self.number else None

    @asynccontextmanager
    async def under_way(self) -> AsyncIterator[None]:
        """Within the block the job runs. Stopped by a fault or by the user, the history says how far it was.

        Of a chip that is unchanged nothing is noted. Raises `Cancelled`, with what the chip holds, where the
        user stopped it after the first write.
        """
        try:
            async with AsyncExitStack() as stack:
                if self.number:
                    await stack.enter_async_context(self.number.kept())
                yield
        except Fault as fault:
            await self._stopped(fault)
            raise
        except asyncio.CancelledError as cancelled:
            if not self.ledger.touched:
                raise
            advice = f"{AGAIN} {self.stamp.spent}" if self.stamp else AGAIN
            stopped = Cancelled(self._title, holds=self.ledger.words, advice=advice)
            await self._stopped(stopped)
            raise stopped from cancelled

    async def ended(self, receipt: Mapping[str, object]) -> None:
        """Note that it came to its end."""
        await self._note(self._words, receipt)

    @property
    def _words(self) -> str:
        return f"{self._name}, serial number {self.stamp.text}" if self.stamp else self._name

    async def _stopped(self, fault: Fault) -> None:
        if not self.ledger.touched:
            return
        at = self.course.words
        data = {"stopped": True, "step": at, **number_data(self.stamp), "fault": fault_data(fault)}
        await self._note(stop_text(self._words, at, fault.holds or self.ledger.words, fault), data)

    async def _note(self, text: str, data: Mapping[str, object]) -> None:
        await noted_event(self._deck, self._deck.session.sighting, self._kind, printable(text), data)
