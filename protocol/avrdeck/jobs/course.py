"""How far a job is, by what it tells: for whoever has to say where it stopped."""

from __future__ import annotations

from avrdeck.jobs.events import Event, EventHandler, StepStarted
from avrdeck.protocol.errors import Cancelled, Fault
from avrdeck.protocol.target.progress import Progress


class Course:
    """The step that was begun last, and how much of it is done."""

    def __init__(self) -> None:
        self._step = ""
        self._progress: Progress | None = None

    def watching(self, on_event: EventHandler) -> EventHandler:
        """A handler that remembers, and hands all events on."""

        def watch(event: Event) -> None:
            match event:
                case StepStarted():
                    self._step, self._progress = event.text, None
                case Progress():
                    self._progress = event
            on_event(event)

        return watch

    @property
    def words(self) -> str:
        """``write 1500 bytes of flash, 640 of 1536 bytes``; empty before the first step."""
        if self._progress is None:
            return self._step
        return f"{self._step}, {self._progress.done} of {self._progress.total} bytes"


def stop_text(what: str, at: str, holds: str, fault: Fault | None = None) -> str:
    """What is noted in a chip's history: ``blink.hex: stopped at verify flash (ttyACM0 has vanished). …``."""
    why = f" ({fault.title})" if fault and not isinstance(fault, Cancelled) else ""
    return f"{what}: stopped at {at}{why}. {holds}"
