"""The one owner of the programmer: what is connected, what is known of the chip, what runs on the wire."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from textual.message import Message

from avrdeck.boards import uid
from avrdeck.boards.models import Part
from avrdeck.boards.safety import Context
from avrdeck.commands.session import Session as Line
from avrdeck.jobs.events import Event
from avrdeck.jobs.ledger import Ledger
from avrdeck.protocol.dialects import Reach
from avrdeck.protocol.errors import Fault, PortError, PortReason, UsageFault
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import fuses, memories, rows
from avrdeck.protocol.target.progress import Operation, Progress
from avrdeck.protocol.trace import Trace
from avrdeck.tui import messages
from avrdeck.tui.controllers import ports
from avrdeck.tui.draft import Draft
from avrdeck.tui.pages import UNPAGED, PageMap

if TYPE_CHECKING:
    from avrdeck.jobs.inventory.model import Sighting

READ_CHUNK = 2048
"""Bytes read between two looks at the map: small enough for the map to fill before one's eyes."""


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
        self._post = post
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
        self._post(messages.SessionChanged())

    def edit(self, draft: Draft) -> None:
        """Take an edited draft."""
        self.draft = draft
        self.line.staged = dict(draft.staged)
        self.changed()

    def take_part(self, part: Part) -> None:
        """Put a part on the deck; another one starts from nothing."""
        if self.part is not part:
            self.draft = Draft(part, context=self.context)
            self.maps = _maps(part)
            self.row, self.identity, self.sighting, self.proven = b"", None, None, False
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
            self.entry = await asyncio.to_thread(ports.known, self.port)
            programmer = await self.line.connect(self.port, self.baud)
            self.lost = False
            self._was_open = True
            self._post(messages.Connected(self.port))
            self.changed()
            with Ledger().told():
                part = await programmer.identify(self.chosen)
                again = self.part is part
                self.take_part(part)
                self.proven = True
                self.stale = again and any(found.data for found in self.maps.values())
                await self._read_fuses()
                await self._read_row()
                await self._greet()

    async def _greet(self) -> None:
        """Tell the inventory that the chip is here, and take what it knows of it."""
        if self.draft is None or self.identity is None:
            return
        from avrdeck.tui.controllers.remembering import sighted

        self.sighting = await sighted(self.draft.part, self.identity, self.port, self.draft.read)
        self.changed()

    async def disconnect(self) -> None:
        """Let the target run and close the port."""
        async with self._wire:
            if self.connected:
                await self.line.disconnect()
                self._post(messages.Disconnected(self.port))
                self.changed()

    async def _forget_port(self) -> None:
        """The port is gone: keep what is known, as possibly out of date."""
        self.lost, self.stale, self.proven = True, True, False
        await self.line.disconnect()
        self._post(messages.PortLost(self.port))
        self.changed()

    @property
    def lost_identity(self) -> ports.PortIdentity | None:
        """The USB device to wait for."""
        return self.entry.identity if self.lost and self.entry else None

    # -- jobs -------------------------------------------------------------

    @asynccontextmanager
    async def _job(self, name: str) -> AsyncIterator[Job]:
        """Hold the wire for a job; a fault ends it, is told, and goes no further."""
        async with self._wire:
            self._was_open = self.connected
            self.job = Job(name, time.monotonic())
            self._post(messages.JobStarted(name))
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
                self._post(messages.JobEnded(name, told))
                self.changed()
                if told:
                    self._post(messages.Failed(told))

    async def _after(self, fault: Fault | None) -> None:
        """See whether the port survived what happened."""
        was_open = self._was_open
        vanished = isinstance(fault, PortError) and fault.reason is PortReason.VANISHED
        if was_open and (vanished or self.programmer is None):
            await self._forget_port()

    @asynccontextmanager
    async def target(self, name: str) -> AsyncIterator[Programmer]:
        """The programmer with its target in programming mode, as a job of that name."""
        async with self._job(name):
            yield await self._ready()

    @asynccontextmanager
    async def lent(self, name: str) -> AsyncIterator[Programmer]:
        """The same for somebody who handles faults himself: they are raised, not told."""
        async with self.held(name):
            yield await self._ready()

    @asynccontextmanager
    async def held(self, name: str) -> AsyncIterator[None]:
        """The wire, for a job that does all else itself: its faults are raised, not told."""
        async with self._wire:
            self._was_open = self.connected
            self.job = Job(name, time.monotonic())
            self._post(messages.JobStarted(name))
            try:
                yield
            except Fault as fault:
                await self._after(fault)
                raise
            finally:
                self.job = None
                for found in self.maps.values():
                    found.settle()
                self._post(messages.JobEnded(name))
                self.changed()

    async def _ready(self) -> Programmer:
        if self.programmer is None:
            raise UsageFault("No programmer is connected", advice="Press x to connect, o to choose the port.")
        if not self.programmer.in_progmode:
            await self.programmer.identify(self.part or self.chosen)
            self.proven = True
        return self.programmer

    def event(self, event: Event) -> None:
        """Take what a job tells: progress goes into the map, steps into the status line."""
        if self.job is None:
            return
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
        staged = dict(self.line.staged)
        programmer = self.programmer
        if programmer is None or programmer.part is None:
            self.changed()
            return
        async with self._job("look again"):
            self.port, self.lost = programmer.link.transport.name, False
            self.take_part(programmer.part)
            self.stale = self.stale or (changes and any(found.data for found in self.maps.values()))
            if programmer.in_progmode:
                self.proven = True
                await self._read_fuses()
            if self.draft:
                self.edit(self.draft.reverted().put_all(staged))

    async def read_fuses(self) -> None:
        """Read every fuse byte and the lock byte."""
        async with self.target("read fuses"):
            await self._read_fuses()

    async def read_all(self) -> None:
        """Read fuses, signature row, EEPROM and flash."""
        async with self.target("read all") as programmer:
            with Ledger().told():
                await self._read_fuses()
                await self._read_row()
                for memory in ("eeprom", "flash"):
                    if memory in self.maps:
                        await self._read_memory(programmer, memory)
            self.stale = False

    async def _read_fuses(self) -> None:
        programmer = self.programmer
        if programmer is None or self.draft is None or not programmer.dialect.universal:
            return
        self.context = self._context(programmer)
        self.draft = replace(self.draft, context=self.context)
        self.edit(self.draft.reread(await fuses.read_all(programmer)))
        self._post(messages.FusesRead())
        self.changed()

    def _context(self, programmer: Programmer) -> Context:
        sck = programmer.dialect.sck_hz
        return replace(self.context, sck_hz=sck) if sck else self.context

    async def _read_row(self) -> None:
        programmer, part = self.programmer, self.part
        if programmer is None or part is None or programmer.dialect.reach is Reach.BOOTLOADER:
            return
        if "prodsig" in part.rows and "prodsig.read" in part.opcodes and part.rows["prodsig"].readable:
            self.row = await rows.read(programmer, "prodsig")
            self.identity = uid.identify(part, dict(enumerate(self.row)))
            self.changed()

    async def _read_memory(self, programmer: Programmer, memory: str) -> None:
        """Read a memory piece by piece, so that the map fills as it comes."""
        found = self.maps[memory]
        found.reset()
        while not found.complete:
            start = len(found.data)
            size = min(READ_CHUNK, found.size - start)

            def watch(progress: Progress, before: int = start, total: int = found.size) -> None:
                self.event(replace(progress, done=before + progress.done, total=total))

            found.append(await memories.read(programmer, memory, start, size, watch))
        self._post(messages.MemoryRead(memory))


def _maps(part: Part) -> dict[str, PageMap]:
    maps = {"flash": PageMap("flash", part.flash.size, part.flash.page_size or UNPAGED)}
    if part.eeprom:
        maps["eeprom"] = PageMap("eeprom", part.eeprom.size, part.flash.page_size or UNPAGED)
    return maps
