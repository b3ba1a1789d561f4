"""The one owner of the programmer: what is connected, what is known of the chip, what runs on the wire."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from textual.message import Message

from avrdeck.boards import uid
from avrdeck.boards.models import Part
from avrdeck.boards.safety import Context
from avrdeck.commands.session import Session as Line
from avrdeck.protocol.errors import Fault, PortError, PortReason, UsageFault
from avrdeck.protocol.trace import Trace
from avrdeck.tui import messages
from avrdeck.tui.controllers import ports
from avrdeck.tui.draft import Draft
from avrdeck.tui.pages import UNPAGED, PageMap

if TYPE_CHECKING:  # the engine is loaded with the first connection, after the first paint
    from avrdeck.jobs.events import Event
    from avrdeck.jobs.inventory.model import Sighting
    from avrdeck.protocol.programmer import Programmer
    from avrdeck.protocol.target.progress import Progress


@dataclass
class Job:
    """What runs on the wire: its name, when it began, and how far its transfer is."""

    name: str
    began: float
    progress: Progress | None = None
    step: str = ""

    @property
    def share(self) -> float | None:
        """How much of the transfer is done, 0 to 1."""
        if self.progress is None or not self.progress.total:
            return None
        return self.progress.done / self.progress.total


class Session:
    """State of the deck. Every method that talks to the wire is a coroutine and takes the wire's lock."""

    def __init__(self, post: Callable[[Message], object], port: str, baud: int | None = None) -> None:
        self.post = post
        self._wire = asyncio.Lock()
        self.line = Line(keep=True)
        self.port = port
        self.baud = baud
        self.entry: ports.PortEntry | None = None
        self.chosen: Part | None = None
        self.draft: Draft | None = None
        self.maps: dict[str, PageMap] = {}
        self.row = b""
        self.identity: uid.Identity | None = None
        self.sighting: Sighting | None = None
        self.last_fuses: dict[str, int] = {}
        self.last_port = ""
        self.proven = False
        self.lost = False
        self.stale = False
        self.job: Job | None = None
        self.context = Context()
        self.revision = 0
        self._was_open = False

    # -- what is known ----------------------------------------------------

    @property
    def part(self) -> Part | None:
        """The part on the deck: the one found, else the one chosen by hand."""
        return self.draft.part if self.draft else None

    @property
    def programmer(self) -> Programmer | None:
        """The programmer, as long as its line lives."""
        return self.line.programmer

    @property
    def trace(self) -> Trace:
        """Every byte of the session."""
        return self.line.trace

    @property
    def connected(self) -> bool:
        """Whether a programmer answers."""
        return self.programmer is not None

    @property
    def in_progmode(self) -> bool:
        """Whether the target is held in programming mode."""
        return self.programmer is not None and self.programmer.in_progmode

    def changed(self) -> None:
        """Let the panes show what is different."""
        self.revision += 1
        self.post(messages.SessionChanged())

    def edit(self, draft: Draft) -> None:
        """Take an edited draft."""
        self.draft = draft
        self.line.staged = dict(draft.staged)
        self.changed()

    def take_part(self, part: Part) -> None:
        """Put a part on the deck; another one starts from nothing."""
        if self.part is not part:
            self.draft = Draft(part, context=self.context)
            self.line.staged = {}
            self.maps = _maps(part)
            self.row, self.identity, self.sighting, self.proven = b"", None, None, False
            self.last_fuses = {}
        self.changed()

    def choose_part(self, part: Part | None) -> None:
        """Expect this part, `None` for whatever the signature says."""
        self.chosen = part
        if part and not self.connected:
            self.take_part(part)
        self.changed()

    def tell(self, context: Context) -> None:
        """Take what the user tells of the board: supply, crystal."""
        self.context = context
        if self.draft:
            self.draft = replace(self.draft, context=context)
        self.changed()

    # -- the port ---------------------------------------------------------

    async def connect(self) -> None:
        """Open the port, find out who answers and what chip is behind it, read its fuse bytes."""
        async with self._job("connect"):
            from avrdeck.tui.controllers import reading

            self.entry = await asyncio.to_thread(ports.known, self.port)
            programmer = await self.line.connect(self.port, self.baud)
            self.lost = False
            self._was_open = True
            self.post(messages.Connected(self.port))
            self.changed()
            await reading.identify(self, programmer)
            await self._greet()

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

    async def disconnect(self) -> None:
        """Let the target run and close the port."""
        async with self._wire:
            await self._let_go()

    async def _let_go(self) -> None:
        if self.connected:
            await self.line.disconnect()
            self.post(messages.Disconnected(self.port))
            self.changed()

    async def _forget_port(self) -> None:
        """The port is gone: keep what is known, as possibly out of date."""
        self.lost, self.stale, self.proven = True, True, False
        await self.line.disconnect()
        self.post(messages.PortLost(self.port))
        self.changed()

    async def reconnect(self, device: str) -> None:
        """Connect to the board that is back; only once, so that no device is tried for ever."""
        before = self.part
        self.port, self.lost = device, False
        await self.connect()
        if self.connected:
            stale = tuple(name for name, found in self.maps.items() if found.data)
            another = before is not None and before is not self.part
            self.post(messages.PortReturned(device, stale, another))

    @property
    def lost_identity(self) -> ports.Identity | None:
        """The device to wait for."""
        return self.entry.identity if self.lost and self.entry else None

    # -- jobs -------------------------------------------------------------

    @asynccontextmanager
    async def _job(self, name: str) -> AsyncIterator[Job]:
        """Hold the wire for a job; a fault ends it, is told, and goes no further."""
        async with self._wire:
            self._was_open = self.connected
            self.job = Job(name, time.monotonic())
            self.post(messages.JobStarted(name))
            self.changed()
            told: Fault | None = None
            try:
                yield self.job
            except Fault as fault:
                told = fault
                await self._after(fault)
            except asyncio.CancelledError:
                await self._after(None)
                raise
            finally:
                self.job = None
                for found in self.maps.values():
                    found.settle()
                self.post(messages.JobEnded(name, told))
                self.changed()
                if told:
                    self.post(messages.Failed(told))

    async def _after(self, fault: Fault | None) -> None:
        """See whether the port survived what happened."""
        was_open = self._was_open
        vanished = isinstance(fault, PortError) and fault.reason is PortReason.VANISHED
        if was_open and (vanished or self.programmer is None):
            await self._forget_port()

    @asynccontextmanager
    async def lent(self, name: str) -> AsyncIterator[Programmer]:
        """The programmer with its target in programming mode, as a job whose faults are raised, not told."""
        async with self.held(name):
            programmer = await self._ready()
            try:
                yield programmer
            finally:
                await self._keep(programmer.fuses)

    @asynccontextmanager
    async def held(self, name: str) -> AsyncIterator[None]:
        """The wire, for a job that does all else itself: its faults are raised, not told."""
        async with self._wire:
            self._was_open = self.connected
            self.job = Job(name, time.monotonic())
            self.post(messages.JobStarted(name))
            try:
                yield
            except Fault as fault:
                await self._after(fault)
                raise
            except asyncio.CancelledError:
                await self._after(None)
                raise
            finally:
                self.job = None
                for found in self.maps.values():
                    found.settle()
                self.post(messages.JobEnded(name))
                self.changed()

    @asynccontextmanager
    async def freed(self, name: str) -> AsyncIterator[None]:
        """As `held`, with the port closed, for a job that opens it in its own way; it stays closed."""
        async with self.held(name):
            self._was_open = False
            await self._let_go()
            yield

    async def _ready(self) -> Programmer:
        if self.programmer is None:
            raise UsageFault("No programmer is connected", advice="Press x to connect, o to choose the port.")
        if not self.programmer.in_progmode:
            from avrdeck.tui.controllers import reading

            await self.programmer.identify(self.part or self.chosen)
            self.proven = True
            # Another chip of the kind may be there by now: what happens to it is not the other one's history.
            self.sighting = None
            with suppress(Fault):  # of one that cannot be told or noted there is no history
                await reading.fuse_bytes(self, self.programmer)
                await reading.signature_row(self, self.programmer)
                await self._greet()
        return self.programmer

    def event(self, event: Event) -> None:
        """Take what a job tells: progress goes into the map, steps into the status line."""
        if self.job is None:
            return
        from avrdeck.protocol.target.progress import Operation, Progress

        if isinstance(event, Progress):
            self.job.progress = event
            found = self.maps.get(event.memory)
            if found and event.operation is not Operation.READ:
                found.advance(event)
        elif event.text:
            self.job.step = event.text
        self.revision += 1

    # -- reading ----------------------------------------------------------

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
            async with self._job("look again"):
                self.proven = True
                await reading.fuse_bytes(self, programmer)

    async def read_fuses(self) -> None:
        """Read every fuse byte and the lock byte."""
        from avrdeck.tui.controllers import reading

        async with self._job("read fuses"):
            await reading.fuse_bytes(self, await self._ready())

    async def read_all(self) -> None:
        """Read fuses, signature row, EEPROM and flash."""
        from avrdeck.tui.controllers import reading

        async with self._job("read all"):
            await reading.everything(self, await self._ready())


def _maps(part: Part) -> dict[str, PageMap]:
    maps = {"flash": PageMap("flash", part.flash.size, part.flash.page_size or UNPAGED)}
    if part.eeprom:
        maps["eeprom"] = PageMap("eeprom", part.eeprom.size, part.flash.page_size or UNPAGED)
    return maps
