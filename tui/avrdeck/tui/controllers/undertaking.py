"""A job that a screen of its own plans and carries out: how far it is, its steps, what the chip holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum, auto

from avrdeck.jobs.events import Event
from avrdeck.jobs.inventory.model import Kind
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.questions import Ask, Question
from avrdeck.protocol.errors import Fault, Refused
from avrdeck.tui.controllers.remembering import noted
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.controllers.skipping import Skip
from avrdeck.tui.controllers.steplog import StepLog
from avrdeck.tui.views.steps import Step

BACKUP_BEGINS = "identity"
"""The first step that a backup tells of."""


class Phase(Enum):
    """How far it is."""

    PLANNING = auto()
    RUNNING = auto()
    DONE = auto()
    FAILED = auto()


class Undertaking:
    """Planned first, then run with every step's state. ``changed`` is called whenever it moves."""

    def __init__(self, session: Session, changed: Callable[[], object]) -> None:
        self.session = session
        self.changed = changed
        self.phase = Phase.PLANNING
        self.ledger = Ledger()
        self.skip = Skip()
        self.log = StepLog([], changed, grows=False)
        self._declined = False

    @property
    def running(self) -> bool:
        """Whether it is under way."""
        return self.phase is Phase.RUNNING

    @property
    def over(self) -> bool:
        """Whether it has ended, well or not."""
        return self.phase in {Phase.DONE, Phase.FAILED}

    @property
    def ready(self) -> bool:
        """Whether enough is chosen to begin."""
        raise NotImplementedError

    def check(self) -> None:
        """Raise `UsageFault` or `ImageError` unless everything is there to begin."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Plan anew, from what is chosen and known. Raises `Fault`."""
        raise NotImplementedError

    async def run(self, ask: Ask) -> None:
        """Carry it out, after ``ask`` allowed it; a fault is raised after the steps show it."""
        raise NotImplementedError

    def plan_again(self) -> None:
        """Nothing has been done yet."""
        self.phase, self.ledger = Phase.PLANNING, Ledger()

    def lay_out(self, steps: Sequence[Step]) -> None:
        """These are the steps."""
        self.log = StepLog(steps, self.changed, grows=False)

    def asking(self, ask: Ask) -> Ask:
        """``ask``, for a run: what the user declines is remembered."""

        async def asked(question: Question) -> str | None:
            answer = await ask(question)
            self._declined = not question.granted_by(answer)
            return answer

        return asked

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """The run itself: a refusal leads back to the plan, anything else to an end that shows.

        A no of the user's own needs no words; what else refuses is raised.
        """
        self.phase, self._declined = Phase.RUNNING, False
        try:
            yield
        except Refused:
            self.refresh()
            if not self._declined:
                raise
        except BaseException:
            self.phase = Phase.FAILED
            self.session.stale = self.session.stale or self.ledger.touched
            self.log.fail()
            raise
        else:
            self.phase = Phase.DONE
            self.log.end()

    async def note(self, kind: Kind, text: str, receipt: Mapping[str, object]) -> None:
        """Keep it in the chip's history; a fault there is told and stops nothing."""
        try:
            await noted(self.session.sighting, kind, text, receipt)
        except Fault as fault:
            self.log.say(f"The inventory was not updated: {fault}")

    def came(self, step: str, text: str) -> None:
        """What came of a step takes the place of what was planned."""
        if text and step in self.log.keys:
            found = self.log.find(step)
            found.after, found.note = text, ""
            self.changed()

    def event(self, event: Event) -> None:
        """Take what the job tells."""
        self.skip.watch(event)
        self.session.event(event)
        self.log.event(event)
