"""Burns that are stopped and resumed: who answers, and how the plug is pulled."""

from __future__ import annotations

from collections.abc import Callable

from avrdeck.jobs.burn.job import Burnt, Keeping, resume, unfinished
from avrdeck.jobs.events import Event, EventHandler, StepStarted, unheard
from avrdeck.jobs.questions import Question
from avrdeck.protocol.transports.sim import SimTransport
from virtual import programmer_on


async def yes(question: Question) -> str | None:
    return question.required


async def no(question: Question) -> str | None:
    return None


async def resume_on(wire: SimTransport, keeping: Keeping, on_event: EventHandler = unheard) -> Burnt:
    programmer = await programmer_on(wire)
    return await resume(programmer, await unfinished(programmer, keeping), yes, keeping, on_event)


def stop_at(wire: SimTransport, step: str) -> Callable[[Event], None]:
    """An event handler that pulls the plug when ``step`` begins."""

    def on_event(event: Event) -> None:
        if isinstance(event, StepStarted) and event.step == step:
            wire.machine.vanished = True

    return on_event


def plug_in_again(wire: SimTransport) -> None:
    wire.machine.vanished = False
    wire.machine.reset_board()
    wire.machine.target.power_cycle()
