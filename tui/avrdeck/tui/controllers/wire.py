"""The wire, one job at a time: how far the job is, and what became of the port when it failed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from avrdeck.protocol.errors import Cancelled, Fault, PortError, PortReason
from avrdeck.tui import messages
from avrdeck.tui.controllers import ports
from avrdeck.tui.controllers.state import State

if TYPE_CHECKING:  # the engine is loaded with the first connection, after the first paint
    from avrdeck.jobs.events import Event
    from avrdeck.jobs.ledger import Ledger
    from avrdeck.protocol.target.progress import Progress


@dataclass
class Job:
    """What runs on the wire: its name, when it began, and how far its transfer is.

    One that only ``looks`` leaves the chip as it is.
    """

    name: str
    began: float
    looks: bool = False
    progress: Progress | None = None
    step: str = ""

    @property
    def share(self) -> float | None:
        """How much of the transfer is done, 0 to 1."""
        if self.progress is None or not self.progress.total:
            return None
        return self.progress.done / self.progress.total


class Wire(State):
    """The port, and the job that holds it."""

    def __init__(self, post: Callable[[Message], object], port: str, baud: int | None = None) -> None:
        super().__init__(post)
        self.port = port
        self.baud = baud
        self.entry: ports.PortEntry | None = None
        self.lost = False
        self.job: Job | None = None
        self.stopped: Cancelled | None = None
        """What the last job that was stopped half way has left."""
        self._free = asyncio.Lock()
        self._was_open = False

    @asynccontextmanager
    async def held(
        self, name: str, ledger: Ledger | None = None, *, looks: bool = False
    ) -> AsyncIterator[None]:
        """The wire, for a job that does all else itself: its faults are raised, not told.

        ``ledger`` says what the chip holds when it is stopped.
        """
        async with self._free:
            self._was_open = self.connected
            self.job = Job(name, time.monotonic(), looks)
            self.post(messages.JobStarted(name))
            self.changed()
            cause: Fault | None = None
            try:
                yield
            except Fault as fault:
                cause = fault
                await self._after(fault)
                raise
            except asyncio.CancelledError:
                if ledger and ledger.touched:
                    self.stopped = Cancelled(f"The job “{name}” was stopped", holds=ledger.words)
                await self._after(None)
                raise
            finally:
                self.job = None
                for found in self.maps.values():
                    found.settle()
                self.post(messages.JobEnded(name, cause))
                self.changed()

    @asynccontextmanager
    async def telling(self, name: str) -> AsyncIterator[None]:
        """As `held`, for a look of the deck's own: a fault ends it, is told, and goes no further."""
        try:
            async with self.held(name, looks=True):
                yield
        except Fault as fault:
            self.post(messages.Failed(fault))

    @asynccontextmanager
    async def freed(self, name: str, ledger: Ledger | None = None) -> AsyncIterator[None]:
        """As `held`, with the port closed, for a job that opens it in its own way; it stays closed."""
        async with self.held(name, ledger, looks=ledger is None):
            self._was_open = False
            await self._let_go()
            yield

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

    async def disconnect(self) -> None:
        """Let the target run and close the port."""
        async with self._free:
            await self._let_go()

    async def _let_go(self) -> None:
        if self.connected:
            await self.line.disconnect()
            self.post(messages.Disconnected(self.port))
            self.changed()

    async def _after(self, fault: Fault | None) -> None:
        """See whether the port survived what happened."""
        was_open = self._was_open
        vanished = isinstance(fault, PortError) and fault.reason is PortReason.VANISHED
        if was_open and (vanished or self.programmer is None):
            await self._forget_port()

    async def _forget_port(self) -> None:
        """The port is gone: keep what is known, as possibly out of date."""
        self.lost, self.stale, self.proven = True, True, False
        await self.line.disconnect()
        self.post(messages.PortLost(self.port))
        self.changed()

    @property
    def lost_identity(self) -> ports.Identity | None:
        """The device to wait for."""
        return self.entry.identity if self.lost and self.entry else None
