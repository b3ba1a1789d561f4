"""The deck's dealings with a chip: connect to it, read it, lend it to a job, remember what it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from avrdeck.protocol.errors import Fault, UsageFault
from avrdeck.tui import messages
from avrdeck.tui.controllers import ports
from avrdeck.tui.controllers.wire import Wire

if TYPE_CHECKING:  # the engine is loaded with the first connection, after the first paint
    from avrdeck.jobs.ledger import Ledger
    from avrdeck.protocol.programmer import Programmer


class Session(Wire):
    """The one owner of the programmer. Every method that talks to the wire is a coroutine and holds it."""

    # -- the port ---------------------------------------------------------

    async def connect(self) -> None:
        """Open the port, find out who answers and what chip is behind it, read its fuse bytes."""
        async with self.telling("connect"):
            from avrdeck.tui.controllers import reading

            self.entry = await asyncio.to_thread(ports.known, self.port)
            programmer = await self.line.connect(self.port, self.baud)
            self.lost = False
            self._was_open = True
            self.post(messages.Connected(self.port))
            self.changed()
            await reading.identify(self, programmer)
            await self._greet()

    async def reconnect(self, device: str) -> None:
        """Connect to the board that is back; only once, so that no device is tried for ever."""
        before = self.part
        self.port, self.lost = device, False
        await self.connect()
        if self.connected:
            stale = tuple(name for name, found in self.maps.items() if found.data)
            another = before is not None and before is not self.part
            self.post(messages.PortReturned(device, stale, another))

    async def adopt(self, *, changes: bool) -> None:
        """Take over what a command did on the line: another port or part, staged bytes, a changed chip."""
        from avrdeck.tui.controllers import reading

        staged = dict(self.line.staged)
        programmer = self.programmer
        if programmer is None or programmer.part is None:
            self.changed()
            return
        self.port, self.lost = programmer.link.transport.name, False
        self.take_part(programmer.part)
        self.stale = self.stale or (changes and any(found.data for found in self.maps.values()))
        if self.draft:
            fitting = {name: value for name, value in staged.items() if name in self.draft.part.fuses}
            self.edit(self.draft.reverted().put_all(fitting))
        if programmer.in_progmode:
            async with self.telling("look again"):
                self.proven = True
                await reading.fuse_bytes(self, programmer)

    # -- the chip ---------------------------------------------------------

    @asynccontextmanager
    async def lent(self, name: str, ledger: Ledger | None = None) -> AsyncIterator[Programmer]:
        """The programmer with its target in programming mode, as a job whose faults are raised, not told.

        Without a ``ledger`` it leaves the chip as it is.
        """
        async with self.held(name, ledger, looks=ledger is None):
            programmer = await self._ready()
            try:
                yield programmer
            finally:
                await self._keep(programmer.fuses)

    async def read_fuses(self) -> None:
        """Read every fuse byte and the lock byte."""
        from avrdeck.tui.controllers import reading

        async with self.telling("read fuses"):
            await reading.fuse_bytes(self, await self._ready())

    async def read_all(self) -> None:
        """Read fuses, signature row, EEPROM and flash."""
        from avrdeck.tui.controllers import reading

        async with self.telling("read all"):
            await reading.everything(self, await self._ready())

    async def _ready(self) -> Programmer:
        if self.programmer is None:
            advice = "On the deck x connects, o chooses the port."
            raise UsageFault("No programmer is connected", advice=advice)
        if not (self.programmer.in_progmode and self.proven):
            from avrdeck.tui.controllers import reading

            self.take_part(await self.programmer.identify(self.part or self.chosen))
            self.proven = True
            # Another chip of the kind may be there by now: what happens to it is not the other one's history.
            self.sighting = None
            with suppress(Fault):  # of one that cannot be told or noted there is no history
                await reading.fuse_bytes(self, self.programmer)
                await reading.signature_row(self, self.programmer)
                await self._greet()
        return self.programmer

    # -- its history ------------------------------------------------------

    async def _greet(self) -> None:
        """Tell the inventory that the chip is here, and take what it knows of it."""
        if self.draft is None:
            return
        self.last_fuses, self.last_port = dict(self.draft.read), self.port
        from avrdeck.tui.controllers.remembering import chip_of, sighted

        if chip := chip_of(self):
            self.sighting = await sighted(chip, self.port, self.draft.read)
            self.changed()

    async def _keep(self, values: Mapping[str, int]) -> None:
        """Remember the fuse bytes that the chip has, for when it no longer answers because of them."""
        if values.items() <= self.last_fuses.items():
            return
        self.last_fuses |= values
        if self.sighting:
            from avrdeck.tui.controllers.remembering import noted_fuses

            with suppress(Fault):  # a history that cannot be kept stops nothing
                await noted_fuses(self.sighting, self.last_fuses)
