"""One burn: the job of `avrdeck.jobs.burn`, planned from a board, rehearsed, seen step by step."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from enum import Enum, auto
from pathlib import Path

from avrdeck.boards.images import Image
from avrdeck.boards.safety import Xtal1
from avrdeck.jobs.burn.choosing import Choice, Hand, for_board
from avrdeck.jobs.burn.job import Keeping, carry_out
from avrdeck.jobs.burn.model import BurnReceipt
from avrdeck.jobs.burn.outline import Outline, outline, prepare
from avrdeck.jobs.burn.rehearsal import Rehearsal, rehearse
from avrdeck.jobs.events import Event
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.questions import Ask
from avrdeck.protocol.errors import Fault, Refused, UsageFault
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.controllers.steplog import StepLog
from avrdeck.tui.views.steps import Step

SIGNATURE, BACKUP = "signature", "backup"
NOTHING = "The chip is unchanged."


class Phase(Enum):
    """How far it is."""

    PLANNING = auto()
    RUNNING = auto()
    DONE = auto()
    FAILED = auto()


class Burn:
    """A burn being planned and carried out. ``changed`` is called whenever it moves."""

    def __init__(self, session: Session, changed: Callable[[], object]) -> None:
        self.session = session
        self.choice: Choice | None = None
        self.outline: Outline | None = None
        self.rehearsals: tuple[Rehearsal, ...] = ()
        self.phase = Phase.PLANNING
        self.receipt: BurnReceipt | None = None
        self.ledger = Ledger(NOTHING)
        self._board: tuple[str, Mapping[str, str]] | None = None
        self._changed = changed
        self.log = StepLog([], changed, grows=False)

    @property
    def image(self) -> Image | None:
        """The bootloader."""
        return self.choice.plan.image if self.choice else None

    def choose(self, name: str, menu: Mapping[str, str]) -> None:
        """Plan for a board, with its own bootloader where its file is on this machine.

        Raises `Fault`, `ImageError` and `LookupError` for what cannot be planned.
        """
        self._board = name, menu
        self._plan(Hand())

    def load(self, file: Path) -> None:
        """Take another bootloader's file for the board; raises as `choose`."""
        self._plan(Hand(file=file))

    def _plan(self, hand: Hand) -> None:
        if self._board is None:
            raise UsageFault("No board is chosen yet", advice="Choose one with b.")
        self.choice = self.outline = None
        self.choice = for_board(*self._board, hand)
        self.refresh()

    def refresh(self) -> None:
        """Outline the plan for the chip on the deck, as far as it is known. Raises `Fault`."""
        self.phase, self.receipt, self.rehearsals = Phase.PLANNING, None, ()
        self.ledger = Ledger(NOTHING)
        draft = self.session.draft
        if self.choice and draft:
            self.outline = outline(self.choice.plan, draft.part, draft.bases, xtal=self._xtal)
        self._lay_out()
        self._changed()

    @property
    def _xtal(self) -> Xtal1 | None:
        told = self.session.context.xtal1
        return None if told == Xtal1() else told

    def _lay_out(self) -> None:
        operations = self.outline.operations if self.outline else ()
        steps = [Step(one.step, one.title, one.after, one.before) for one in operations]
        self.log = StepLog(steps, self._changed, grows=False)

    def check(self) -> None:
        """Raise `UsageFault` unless everything is there to begin."""
        if self.choice is None:
            raise UsageFault("No board is chosen yet", advice="Choose one with b.")
        if not self.session.connected:
            raise UsageFault("No programmer is connected", advice="Connect it with x on the deck.")

    async def rehearse(self) -> None:
        """Play the burn on a virtual chip; nothing touches the real one."""
        if self.outline:
            self.rehearsals = await rehearse(self.outline, self._xtal)
            self._changed()

    async def run(self, ask: Ask) -> None:
        """Look at the chip, ask, back up, burn; a fault is raised after the steps show it."""
        self.check()
        if self.choice is None:
            return
        plan = self.choice.plan
        self.phase = Phase.RUNNING
        try:
            async with self.session.lent("burn") as programmer:
                self.outline = await prepare(programmer, plan, self._xtal)
                self._lay_out()
                self.log.finish(SIGNATURE)
                self.log.begin(BACKUP)
                self.session.maps["flash"].plan(plan.image)
                burnt = await carry_out(programmer, self.outline, ask, Keeping(), self._event, self.ledger)
                self.receipt = burnt.receipt
                self._hold(plan.image)
                await programmer.identify(self.outline.part)
        except Refused:
            self.refresh()
        except (Fault, asyncio.CancelledError):
            self.phase = Phase.FAILED
            self.session.stale = True
            self.log.fail()
            raise
        else:
            self._finished()

    def _finished(self) -> None:
        self.phase = Phase.DONE
        self.log.end()
        if self.session.draft and self.receipt:
            self.session.edit(self.session.draft.reverted().reread(self.receipt.after))
        self._changed()

    def _hold(self, image: Image) -> None:
        """The maps show what the chip holds now."""
        flash = self.session.maps["flash"]
        flash.erased()
        flash.hold(image)
        if "eeprom" in self.session.maps:
            self.session.maps["eeprom"].reset()

    def _event(self, event: Event) -> None:
        self.session.event(event)
        self.log.event(event)
