"""What a job tells while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from avrdeck.protocol.target.progress import Progress


@dataclass(frozen=True, slots=True)
class StepStarted:
    """The job begins ``step``, which reads ``text`` to a person."""

    step: str
    text: str


@dataclass(frozen=True, slots=True)
class StepDone:
    """``step`` is finished; ``text`` says what came of it."""

    step: str
    text: str = ""


Event = StepStarted | StepDone | Progress
EventHandler = Callable[[Event], None]


def unheard(event: Event) -> None:
    """A handler for callers that do not want to know."""
    del event
