"""Many programmers at once in one process: a row a port, and one that fails touches no other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from enum import Enum
from types import TracebackType
from typing import Generic, Self, TypeVar

from avrdeck.boards.models import Part
from avrdeck.boards.text import printable
from avrdeck.jobs.events import Event, EventHandler, StepDone, StepStarted
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.questions import Ask, Question, Topic
from avrdeck.jobs.serials.numbering import NUMBER
from avrdeck.jobs.session import on_target
from avrdeck.protocol.errors import Cancelled, Fault
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target.progress import Progress

T = TypeVar("T")
LOOK_SECONDS = 0.5
"""How often to look for ports that appear or go."""


class Standing(Enum):
    """How far a port is."""

    CONNECTING = "connecting"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"

    @property
    def over(self) -> bool:
        """Whether nothing more happens on the port."""
        return self in {Standing.DONE, Standing.FAILED}


@dataclass(frozen=True, slots=True)
class Row(Generic[T]):
    """One port. ``done`` of ``total`` bytes of the step that ``step`` names in words.

    ``chip`` is the part, with its unique ID once that was read; ``serial`` is what the serial number that
    it gets is called, once that was made.
    ``result`` is what the work brought when it is done, ``fault`` why it failed.
    """

    port: str
    standing: Standing = Standing.CONNECTING
    chip: str = ""
    step: str = ""
    done: int = 0
    total: int = 0
    result: T | None = None
    fault: Fault | None = None
    serial: str = ""


Work = Callable[[Programmer, EventHandler, Ledger], Awaitable[T]]
"""What is done on each port, with its target identified and in programming mode; it keeps the ledger."""


class Gang(Generic[T]):
    """Does ``work`` on every port that joins, each by itself. ``on_row`` is called whenever a row moves.

    To be used as a context: leaving it stops what is still at work, and what that chip holds then is told by
    the fault in its row. ``ended`` holds the rows that are over, in the order of their ends.
    """

    def __init__(
        self,
        work: Work[T],
        *,
        baud: int | None = None,
        part: Part | None = None,
        on_row: Callable[[Row[T]], None] = lambda _: None,
    ) -> None:
        self.rows: dict[str, Row[T]] = {}
        self.ended: list[Row[T]] = []
        self._work = work
        self._baud = baud
        self._part = part
        self._on_row = on_row
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ledgers: dict[str, Ledger] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks.values():
            task.cancel()
        try:
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        finally:
            for port in [port for port, row in self.rows.items() if not row.standing.over]:
                stopped = Cancelled("It was stopped", holds=self._ledgers[port].holds)
                self._end(port, Standing.FAILED, fault=stopped)

    def join(self, port: str) -> None:
        """Begin on ``port``, unless it has a row already."""
        if port not in self.rows:
            self._ledgers[port] = Ledger()
            self._show(Row(port))
            self._tasks[port] = asyncio.create_task(self._serve(port))

    async def finish(self) -> tuple[Row[T], ...]:
        """Wait until every port that has joined is over; their rows."""
        while pending := [task for task in self._tasks.values() if not task.done()]:
            await asyncio.wait(pending)
        return tuple(self.ended)

    async def watch(
        self,
        look: Callable[[], Collection[str]],
        count: int | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Let ports join as ``look`` finds them, until ``count`` rows are over, or for ever.

        A port that is over and has gone may join again when it comes back: there is another board on it.
        """
        while count is None or len(self.ended) < count:
            there = await asyncio.to_thread(look)
            for port in [port for port, row in self.rows.items() if row.standing.over and port not in there]:
                del self.rows[port]
            for port in there:
                if count is None or len(self.ended) + self._at_work < count:
                    self.join(port)
            await sleep(LOOK_SECONDS)

    @property
    def _at_work(self) -> int:
        return sum(not row.standing.over for row in self.rows.values())

    async def _serve(self, port: str) -> None:
        try:
            async with on_target(port, self._baud, self._part) as programmer:
                part = programmer.require_part().name
                self._show(replace(self.rows[port], standing=Standing.WORKING, chip=part))
                result = await self._work(programmer, self._handler(port), self._ledgers[port])
        except Fault as fault:
            self._end(port, Standing.FAILED, fault=fault)
        except Exception as error:
            # A defect that shows on one port must not stop the others.
            self._end(port, Standing.FAILED, fault=_defect(error))
        else:
            self._end(port, Standing.DONE, result=result)

    def _handler(self, port: str) -> EventHandler:
        def on_event(event: Event) -> None:
            row = self.rows[port]
            match event:
                case StepStarted():
                    self._show(replace(row, step=event.text, done=0, total=0))
                case StepDone(step="identity", text=chip) if chip:
                    self._show(replace(row, chip=chip))
                case StepDone(step=step, text=serial) if step == NUMBER:
                    self._show(replace(row, serial=serial))
                case Progress():
                    self._show(replace(row, done=event.done, total=event.total))

        return on_event

    def _end(
        self, port: str, standing: Standing, *, result: T | None = None, fault: Fault | None = None
    ) -> None:
        row = replace(self.rows[port], standing=standing, result=result, fault=fault)
        self.ended.append(row)
        self._show(row)

    def _show(self, row: Row[T]) -> None:
        self.rows[row.port] = row
        self._on_row(row)


class Consent:
    """An `Ask` for many: a question is put once, and its answer holds for all that ask the same.

    Chips with other findings ask another question. An undo is nobody's to wish in a gang.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._lock = asyncio.Lock()
        self._given: dict[object, str | None] = {}

    async def __call__(self, question: Question) -> str | None:
        """See `avrdeck.jobs.questions.Ask`."""
        if question.topic is Topic.UNDO:
            return None
        same = question.text, question.required, frozenset(question.findings)
        async with self._lock:
            if same not in self._given:
                text = f"{question.text} The answer holds for every port alike."
                self._given[same] = await self._ask(replace(question, text=text))
            return self._given[same]


def _defect(error: Exception) -> Fault:
    return Fault(
        f"avrdeck itself failed on this port: {type(error).__name__}",
        detail=printable(str(error)),
        holds="What the chip holds is not known.",
        advice="Please report this; the other ports are not touched by it.",
    )
