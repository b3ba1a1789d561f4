"""The key that goes on without the rest of a running backup; what takes milliseconds is saved in any case."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from avrdeck.commands.deck import Deck
from avrdeck.commands.keys import Keys
from avrdeck.commands.output import Output
from avrdeck.jobs.backup.guarding import BEFORE_DESTROYING
from avrdeck.jobs.backup.taking import Wish
from avrdeck.jobs.events import Event, StepDone, StepStarted

KEY = "p"
"""As in the app: proceed."""
SAVING = "contents"
"""The step of a backup that takes time."""
SAVED = frozenset({SAVING, "backup"})


class Skipping:
    """A job's ``wish`` and ``event`` handler: while it saves flash and EEPROM, the key is heard."""

    def __init__(self, out: Output, keys: Keys | None, base: Wish) -> None:
        self.wish = replace(base, skip=self._skip)
        self._out = out
        self._keys = keys
        self._wanted = False

    def event(self, event: Event) -> None:
        """Hand on to the output, and see when a backup runs."""
        self._out.event(event)
        match event:
            case StepStarted(step) if step == SAVING and self._keys:
                self._out.note(f"    {KEY} proceeds without it; fuses, lock bits and identity are saved")
                self._keys.begin()
            case StepDone(step) if step in SAVED:
                self.end()

    def end(self) -> None:
        """Give the terminal back."""
        if self._keys:
            self._keys.end()

    def _skip(self) -> bool:
        self._wanted = self._wanted or bool(self._keys and KEY in self._keys.pressed().lower())
        return self._wanted


@contextmanager
def skipping(deck: Deck, base: Wish = BEFORE_DESTROYING) -> Iterator[Skipping]:
    """For the length of a job; nothing is heard where no terminal is, and ``base`` stays as it is."""
    terminal = deck.out.terminal()
    skip = Skipping(deck.out, Keys(terminal) if terminal else None, base)
    try:
        yield skip
    finally:
        skip.end()
