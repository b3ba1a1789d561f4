"""One fuse transaction: the job of `avrdeck.jobs.fuses`, seen step by step and answered from the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum, auto

from avrdeck.boards.safety import Severity
from avrdeck.jobs.course import Course
from avrdeck.jobs.events import Event
from avrdeck.jobs.fuses import Change, FusePlan, FuseReceipt, plan, write_fuses
from avrdeck.jobs.inventory.model import Kind
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.questions import YES, Question, Topic
from avrdeck.protocol import isp
from avrdeck.protocol.errors import Fault, Refused
from avrdeck.tui.controllers.remembering import back_up, stop_noted
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.controllers.steplog import StepLog
from avrdeck.tui.draft import Draft
from avrdeck.tui.views.steps import State, Step

READ, BACKUP, CONFIRM, UNDO, RESTART = "read", "backup", "confirm", "undo", "restart"


class Phase(Enum):
    """What the screen waits for."""

    READING = auto()
    CONFIRM = auto()
    WRITING = auto()
    UNDO = auto()
    DONE = auto()
    FAILED = auto()


class FuseWrite:
    """A transaction over the staged bytes of a session. ``changed`` is called whenever it moves."""

    def __init__(self, session: Session, draft: Draft, changed: Callable[[], object]) -> None:
        self.session = session
        self.draft = draft
        self.plan: FusePlan = plan(draft.part, draft.bases, draft.staged, draft.context)
        self.question: Question | None = None
        self.receipt: FuseReceipt | None = None
        self.phase = Phase.READING
        self._changed = changed
        self._answer: asyncio.Future[str | None] | None = None
        self.log = StepLog(self._steps(), changed)

    def _steps(self) -> list[Step]:
        steps = [
            Step(BACKUP, "Snapshot", "fuses, lock and identity"),
            Step(READ, "Read 3 times", " ".join(f"{value:02X}" for value in self.draft.bases.values())),
            Step(CONFIRM, "Confirm", "waits for you"),
        ]
        steps += [self._write_step(change) for change in self.plan.changes]
        if (self.plan.severity or Severity.INFO) >= Severity.RECOVERABLE:
            old = " ".join(f"{change.old:02X}" for change in self.plan.changes)
            steps.append(Step(UNDO, "Undo window", f"u writes {old} back", note="open until you leave"))
        return [
            *steps,
            Step(RESTART, "Leave, re-enter", "the fuses take effect", note="and the chip must answer"),
        ]

    def _write_step(self, change: Change) -> Step:
        op = f"{change.memory}.write"
        frame = isp.encode(self.draft.part, op, data=change.new) if op in self.draft.part.opcodes else b""
        title = f"Write {change.memory}"
        return Step(
            change.memory,
            title,
            f"{change.new:02X}   {frame.hex(' ').upper()}",
            f"{change.old:02X}",
            "read back",
        )

    async def run(self) -> None:
        """Carry it out; a fault is raised after the steps show it. A refusal ends it quietly."""
        try:
            course, ledger = Course(), Ledger()
            async with self.session.lent("write fuses", ledger) as programmer:
                self.log.begin(BACKUP)
                await back_up(programmer, self._backed_up, contents=False)
                self.log.begin(READ)
                what = ", ".join(f"{name} {value:02X}" for name, value in self.draft.staged.items())
                event, context = course.watching(self._event), self.draft.context
                async with stop_noted(self.session.sighting, Kind.FUSE_WRITE, what, ledger, course):
                    self.receipt = await write_fuses(
                        programmer, self.draft.staged, self._ask, event, context, ledger
                    )
        except Refused:
            self._move_to(Phase.FAILED)
            self.log.fail()
            if self.question is None:
                raise
        except (Fault, asyncio.CancelledError):
            self._move_to(Phase.FAILED)
            self.log.fail()
            raise
        else:
            self._finished(self.receipt)

    def _finished(self, receipt: FuseReceipt) -> None:
        if not receipt.changes:
            self.log.finish(READ, "the chip holds that already")
        self.log.end()
        if self.session.draft:
            kept = self.session.draft
            staged = kept.staged if receipt.reverted else {}
            self.session.edit(kept.reverted().reread(receipt.after).put_all(staged))
        self._move_to(Phase.DONE)

    def _backed_up(self, event: Event) -> None:
        """What the backup tells while nothing is confirmed yet."""
        self.log.within(event)

    def _move_to(self, phase: Phase) -> None:
        self.phase = phase
        self._changed()

    def _event(self, event: Event) -> None:
        if self.phase is not Phase.WRITING:
            self._move_to(Phase.WRITING)
        self.session.event(event)
        self.log.event(event)

    async def _ask(self, question: Question) -> str | None:
        """Wait for the user's answer."""
        self.question = question
        self._answer = asyncio.get_running_loop().create_future()
        if question.topic is Topic.UNDO:
            self.log.begin(UNDO)
            self._move_to(Phase.UNDO)
        else:
            self.log.finish(READ, "all three agree")
            self.log.begin(CONFIRM)
            self._move_to(Phase.CONFIRM)
        answer = await self._answer
        key = UNDO if question.topic is Topic.UNDO else CONFIRM
        if question.granted_by(answer) or question.topic is Topic.UNDO:
            self.log.finish(key)
        self._move_to(Phase.WRITING)
        return answer

    def answer(self, text: str | None) -> None:
        """Answer the question that is open."""
        if self._answer and not self._answer.done():
            self._answer.set_result(text)

    def confirm(self) -> None:
        """Yes, where that is enough."""
        if self.phase is Phase.CONFIRM and self.question and not self.question.fatal:
            self.answer(YES)

    def undo(self) -> None:
        """Put the old values back."""
        if self.phase is Phase.UNDO:
            self.answer(YES)

    def keep(self) -> None:
        """Let the new values take effect."""
        if self.phase is Phase.UNDO:
            self.answer("no")

    @property
    def fatal(self) -> bool:
        """Whether the part's name has to be typed."""
        return self.draft.fatal

    @property
    def holds(self) -> str:
        """What the chip holds if one stops now."""
        match self.phase:
            case Phase.READING | Phase.CONFIRM:
                return "nothing is written yet"
            case Phase.WRITING:
                return "written bytes take effect when programming mode is left"
            case Phase.UNDO:
                return "written and read back; nothing is in effect yet"
            case Phase.DONE:
                undone = self.receipt and self.receipt.reverted
                return "the old values are back" if undone else "written, read back and in effect"
            case Phase.FAILED:
                done = any(s.state is State.DONE and s.key in self.draft.staged for s in self.log.steps)
                return "it stopped midway: read the fuses again" if done else "nothing was written"
