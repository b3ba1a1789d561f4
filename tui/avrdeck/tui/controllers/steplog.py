"""The steps of a running job, kept up to date by its events."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from avrdeck.jobs.events import Countdown, Event, StepDone, StepStarted
from avrdeck.protocol.target.progress import Progress
from avrdeck.tui.views.steps import State, Step

now = time.monotonic
"""The clock of durations and of the log's lines."""


class StepLog:
    """A list of steps.

    Where it ``grows``, steps that were not foreseen are added as they come; else
    what they say is said of the step under way.

    ``lines`` holds what happened, as (seconds since the beginning, text); ``changed`` is called after
    each event.
    """

    def __init__(self, steps: Sequence[Step], changed: Callable[[], object], *, grows: bool = True) -> None:
        self._grows = grows
        self.steps = list(steps)
        self.progress: Progress | None = None
        self.countdown: Countdown | None = None
        self.lines: list[tuple[float, str]] = []
        self._changed = changed
        self._began = now()
        self._transfer_began = self._began

    @property
    def keys(self) -> set[str]:
        """The steps that are listed."""
        return {step.key for step in self.steps}

    def find(self, key: str) -> Step:
        """The step of that key, added when there is none."""
        for step in self.steps:
            if step.key == key:
                return step
        self.steps.append(Step(key, key))
        return self.steps[-1]

    def event(self, event: Event) -> None:
        """Take what the job tells."""
        self.countdown = None
        match event:
            case StepStarted(key) | StepDone(key) if not self._grows and key not in self.keys:
                self.within(event)
            case StepStarted(key, text):
                if key not in self.keys:
                    self.steps.append(Step(key, text))
                self.begin(key)
                self.say(text)
            case StepDone(key, text):
                self.finish(key, text)
                if text:
                    self.say(text)
            case Countdown(text):
                self.countdown = event
                self.say(text)
            case Progress():
                if self.progress is None or (self.progress.operation, self.progress.memory) != (
                    event.operation,
                    event.memory,
                ):
                    self._transfer_began = now()
                self.progress = event
        self._changed()

    def within(self, event: Event) -> None:
        """Take what a job tells that is one step here: its words go to the log only."""
        if isinstance(event, Progress):
            self.progress = event
        elif event.text and not isinstance(event, Countdown):
            self.say(event.text)
        self._changed()

    def begin(self, key: str) -> None:
        """A step begins; steps before it that never began are not needed."""
        step = self.find(key)
        for earlier in self.steps[: self.steps.index(step)]:
            if earlier.state is State.WAITING:
                earlier.state = State.SKIPPED
            elif earlier.state is State.NOW:
                self.finish(earlier.key)
        step.state, step.began, self.progress = State.NOW, now(), None

    def finish(self, key: str, text: str = "") -> None:
        """A step is done."""
        step = self.find(key)
        step.state = State.DONE
        step.note = text or step.note
        if step.began is not None:
            step.seconds = now() - step.began

    def fail(self) -> None:
        """The step under way failed; those after it are not tried."""
        self.countdown = None
        for step in self.steps:
            if step.state is State.NOW:
                step.state = State.FAILED
            elif step.state is State.WAITING:
                step.state = State.SKIPPED
        self._changed()

    def end(self) -> None:
        """Everything is done; what never began was not needed."""
        for step in self.steps:
            if step.state is State.NOW:
                self.finish(step.key)
            elif step.state is State.WAITING:
                step.state = State.SKIPPED
        self._changed()

    @property
    def rate(self) -> float | None:
        """Bytes a second of the transfer under way."""
        elapsed = now() - self._transfer_began
        return self.progress.done / elapsed if self.progress and elapsed > 0.05 else None

    @property
    def seconds_left(self) -> float | None:
        """How long the transfer will still take."""
        rate = self.rate
        return (self.progress.total - self.progress.done) / rate if self.progress and rate else None

    def say(self, text: str) -> None:
        """Keep a line of what happened; the clock begins with the first."""
        if not self.lines:
            self._began = now()
        self.lines.append((now() - self._began, text))
