"""Runs lines of the console pane through the one command tree, on the session's own programmer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TextIO

from avrdeck.commands.advising import in_console
from avrdeck.commands.deck import Deck
from avrdeck.commands.interpreter import Interpreter
from avrdeck.commands.interrupts import stopped
from avrdeck.commands.output import Output
from avrdeck.commands.settings import Settings
from avrdeck.commands.tree import FACES
from avrdeck.jobs.events import Countdown, Event, StepDone, StepStarted
from avrdeck.jobs.guard import judge_command
from avrdeck.jobs.questions import Ask, Question
from avrdeck.protocol.errors import Cancelled, Fault, UsageFault
from avrdeck.protocol.framing import CommandReader, Malformed
from avrdeck.protocol.stk500v1 import Command
from avrdeck.protocol.trace import Direction, TraceEvent
from avrdeck.tui.controllers.session import Session

OUTSIDE = frozenset({*FACES, "sim"})
"""Verbs that would take the terminal or never end."""

Write = Callable[[str, str], None]
"""Takes a line and its role."""


@dataclass(frozen=True)
class PaneOutput:
    """An `Output` that writes into the pane; progress goes to the session's map and status line."""

    session: Session
    write: Write
    answer: Ask

    def result(self, text: str, data: Mapping[str, object]) -> None:
        """See `Output`."""
        del data
        for line in text.split("\n"):
            self.write(line, "")

    def note(self, text: str) -> None:
        """See `Output`."""
        for line in text.split("\n"):
            self.write(line, "muted")

    def event(self, event: Event) -> None:
        """See `Output`."""
        self.session.event(event)
        if isinstance(event, StepStarted):
            self.write(event.text, "muted")
        elif isinstance(event, StepDone) and event.text:
            self.write(f"  {event.text}", "muted")
        elif isinstance(event, Countdown):
            self.write(event.text, "warning bold")

    def fault(self, fault: Fault) -> None:
        """See `Output`."""
        self.write(f"× {fault.title}", "error bold")
        for text in (fault.detail, fault.holds):
            if text:
                self.write(f"  {text}", "")
        if fault.advice:
            self.write(f"  {in_console(fault.advice)}", "muted")

    async def ask(self, question: Question) -> str | None:
        """See `Output`."""
        return await self.answer(question)

    def terminal(self) -> TextIO | None:
        """The app reads the keys."""
        return None

    def fitted(self, *, json: bool) -> Output:
        """The pane is for people."""
        del json
        return self


def _deck(session: Session, output: Output) -> Deck:
    part = session.chosen.name if session.chosen else None
    return Deck(Settings(port=session.port, baud=session.baud, part=part), output, session.line)


async def run_line(line: str, session: Session, write: Write, ask: Ask) -> None:
    """Run one line and write what it says; questions are put by ``ask``. Faults are written, not raised."""
    output = PaneOutput(session, write, ask)
    verb = line.split(maxsplit=1)[0]
    sent: list[TraceEvent] = []
    stop = session.trace.subscribe(sent.append)
    try:
        if verb in OUTSIDE:
            raise UsageFault(f"{verb} is for a terminal of its own", advice="Leave the app first, with ^q.")
        async with session.held("command"):
            await Interpreter(_deck(session, output)).run_line(line)
    except Fault as fault:
        output.fault(fault)
        session.stopped = fault if isinstance(fault, Cancelled) else None
    except asyncio.CancelledError:
        output.fault(stopped())
        raise
    finally:
        stop()
    await session.adopt(changes=_changed_the_chip(sent, session))


def _changed_the_chip(sent: list[TraceEvent], session: Session) -> bool:
    """Whether any command on the wire changed a memory, so that what was read is out of date."""
    reader = CommandReader()
    for event in sent:
        if event.direction is Direction.SENT:
            reader.feed(event.data)
            while isinstance(command := reader.next_command(), Command | Malformed):
                if isinstance(command, Command) and judge_command(session.part, command, {}).effects:
                    return True
    return False


def completions(line: str, session: Session) -> list[tuple[str, str]]:
    """What the last word of ``line`` can become, as (whole word, help)."""
    from avrdeck.commands.candidates import candidates

    output = PaneOutput(session, lambda _text, _role: None, _nobody)
    found = candidates(_deck(session, output), line)
    return [(word, note) for word, note, _ in found if word not in OUTSIDE]


async def _nobody(question: Question) -> str | None:
    del question
    return None
