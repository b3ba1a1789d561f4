"""The key that leaves out the rest of a running backup."""

from __future__ import annotations

from dataclasses import replace

from avrdeck.jobs.backup.guarding import BEFORE_DESTROYING
from avrdeck.jobs.backup.taking import Wish
from avrdeck.jobs.events import Event, StepDone, StepStarted

BEGUN = frozenset({"identity", "contents"})
"""The steps in which a backup reads the chip; flash and EEPROM, which take time, in the second."""
SAVED = frozenset({"contents", "backup"})


class Skip:
    """Whether the user wants no more of a backup; ``running`` is what it says of itself while one runs."""

    def __init__(self) -> None:
        self.running = ""
        self.wanted = False

    def watch(self, event: Event) -> None:
        """See when a backup reads the chip, and when it has done."""
        match event:
            case StepStarted(step, text) if step in BEGUN:
                self.running = text
            case StepDone(step) if step in SAVED:
                self.running = ""

    @property
    def possible(self) -> bool:
        """Whether there is anything left to leave out."""
        return bool(self.running) and not self.wanted

    def ask(self) -> None:
        """Leave out what is not read yet."""
        self.wanted = self.wanted or bool(self.running)

    def wish(self, base: Wish = BEFORE_DESTROYING) -> Wish:
        """``base`` for a job that heeds this."""
        self.running, self.wanted = "", False
        return replace(base, skip=lambda: self.wanted)
