"""The connection that commands work on: for one command, or for as long as a console lives."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from avrdeck.protocol.trace import Trace, TraceEvent

if TYPE_CHECKING:
    from avrdeck.boards.models import Part
    from avrdeck.jobs.inventory.model import Sighting
    from avrdeck.protocol.programmer import Programmer


class Session:
    """At most one connected programmer. With ``keep`` it stays connected between commands.

    ``staged`` holds fuse and lock bytes that are edited and not written yet, ``variables`` what scripts
    have set, ``last_text`` the result before. ``sighting`` is the connected chip's in the inventory, where
    it is noted, ``noted`` the fuse bytes that are noted there.
    """

    def __init__(self, *, keep: bool = False) -> None:
        self.keep = keep
        self.trace = Trace()
        self.staged: dict[str, int] = {}
        self.variables: dict[str, str] = {}
        self.last_text = ""
        self.sighting: Sighting | None = None
        self.noted: dict[str, int] = {}
        self._stop_watching: Callable[[], None] | None = None
        self._programmer: Programmer | None = None

    @property
    def programmer(self) -> Programmer | None:
        """The connected programmer, as long as its line lives."""
        if self._programmer and self._programmer.link.closed:
            self._programmer = None
        return self._programmer

    def watch(self, show: Callable[[str], None] | None) -> None:
        """Hand every frame from now on to ``show``, as a line of a ladder; `None` ends that."""
        from avrdeck.jobs.tracing import Framer, ladder

        if self._stop_watching:
            self._stop_watching()
            self._stop_watching = None
        if show:
            framer = Framer(self._programmer.part if self._programmer else None)

            def on_event(event: TraceEvent) -> None:
                for line in ladder(framer.feed(event)):
                    show(line)

            self._stop_watching = self.trace.subscribe(on_event)

    async def connect(self, port: str, baud: int | None = None) -> Programmer:
        """Connect to ``port``, after disconnecting from any other. Raises as `open_programmer`."""
        from avrdeck.jobs.session import open_programmer

        await self.disconnect()
        self.forget_chip()
        self._programmer = await open_programmer(port, baud, self.trace)
        return self._programmer

    def forget_chip(self) -> None:
        """What is noted of the chip so far says nothing of the one that is there now."""
        self.sighting, self.noted = None, {}

    async def disconnect(self) -> None:
        """Let the target run and close the port; nothing happens when there is none."""
        programmer, self._programmer = self.programmer, None
        if programmer:
            from avrdeck.jobs.session import close_programmer

            await close_programmer(programmer)

    @asynccontextmanager
    async def connected(self, port: str, baud: int | None = None) -> AsyncIterator[Programmer]:
        """The programmer on ``port``, the one at hand when that is it."""
        programmer = self.programmer
        if programmer is None or programmer.link.transport.name != port:
            programmer = await self.connect(port, baud)
        try:
            yield programmer
        finally:
            if not self.keep:
                await self.disconnect()

    @asynccontextmanager
    async def target(
        self, port: str, baud: int | None = None, part: Part | None = None
    ) -> AsyncIterator[Programmer]:
        """The same with its target identified, as ``part`` when that is given, and in programming mode."""
        from avrdeck.jobs.session import identify

        async with self.connected(port, baud) as programmer:
            known = programmer.part
            if not programmer.in_progmode or known is None or (part and part.name != known.name):
                # Another chip may be there by now: what happens to it is not the other one's history.
                self.forget_chip()
                programmer.fuses.clear()
                await identify(programmer, part)
            yield programmer
