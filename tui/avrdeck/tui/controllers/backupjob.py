"""A backup being taken, compared with the chip or restored: steps, what came of it, what the chip holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from avrdeck.jobs.events import Event, StepDone, StepStarted
from avrdeck.jobs.ledger import UNCHANGED, Ledger
from avrdeck.jobs.questions import Ask
from avrdeck.tui.controllers import backing_up
from avrdeck.tui.controllers.backing_up import Pair
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.controllers.skipping import Skip
from avrdeck.tui.controllers.steplog import StepLog
from avrdeck.tui.views.steps import State, Step

TITLES = {
    "identity": "Identity, fuses",
    "contents": "Memories",
    "keep": "Keep EEPROM",
    "erase": "Chip erase",
    "flash": "Write flash",
    "verify": "Verify flash",
    "eeprom": "EEPROM",
    "restart": "Leave, re-enter",
    "revert": "Undo",
}
"""Steps by name, as far as they have one; what they say stands beside it."""
TOLD = {"backup": "Backup", "flash": "Flash", "eeprom": "EEPROM"}
"""What is told of without a step of its own."""


class BackupJob:
    """One job with a backup: ``take`` a new one, ``compare`` or ``restore`` that of ``path``.

    ``changed`` is called whenever it moves. At the end ``said`` is what came of it in a sentence, or ``pair``
    the comparison.
    """

    def __init__(self, session: Session, what: str, path: Path | None, changed: Callable[[], object]) -> None:
        self.session, self.what, self.path = session, what, path
        self.skip, self.ledger, self.log = Skip(), Ledger(), StepLog([], changed)
        self.running = True
        self.said = ""
        self.pair: Pair | None = None
        self._changed = changed

    @property
    def holds(self) -> str:
        """What a chip that is being restored holds, or would if one stopped now; empty where all is well."""
        well = self.said or (self.running and self.ledger.holds == UNCHANGED)
        return "" if well or self.what != "restore" else self.ledger.holds

    async def run(self, ask: Ask) -> None:
        """Do it; a fault is raised after the steps show it."""
        try:
            await self._carry_out(ask)
        except BaseException:
            self.log.fail()
            self.session.stale = self.session.stale or self.ledger.holds != UNCHANGED
            raise
        else:
            self.log.end()
        finally:
            self.running, self.skip.running = False, ""
            self._changed()

    async def _carry_out(self, ask: Ask) -> None:
        session, path = self.session, self.path
        if self.what == "take":
            self.said = await backing_up.take_now(session, self.event, self.skip)
        elif path and self.what == "compare":
            self.pair = await backing_up.with_chip(session, path, self.event)
        elif path:
            self.said = await backing_up.restored(session, path, ask, self.event, self.skip, self.ledger)

    def event(self, event: Event) -> None:
        """What the job tells: a line a step, and one for what is told without having been begun."""
        self.skip.watch(event)
        self.session.event(event)
        match event:
            case StepStarted(key, text) if key not in self.log.keys:
                self.log.steps.append(Step(key, TITLES.get(key, f"Write {key}"), text))
            case StepDone(key, text) if key not in self.log.keys:
                told = Step(f"told of {key}", TOLD.get(key, key), text, state=State.DONE)
                self.log.steps.append(told)
                return
        self.log.event(event)
