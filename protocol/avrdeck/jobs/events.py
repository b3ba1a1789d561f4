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


@dataclass(frozen=True, slots=True)
class Countdown:
    """The person has to do something with the board in ``seconds`` seconds, at 0 now.

    ``text`` says it whole, the seconds included.
    """

    text: str
    seconds: int


Event = StepStarted | StepDone | Progress | Countdown
EventHandler = Callable[[Event], None]


def unheard(event: Event) -> None:
    """A handler for callers that do not want to know."""
    del event
