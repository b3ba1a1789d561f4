"""What the chip holds, kept up to date by a job so that a fault can say it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from avrdeck.protocol.errors import Fault

UNCHANGED = "The chip is unchanged."
MISHEARD = "Nothing was written; unless the line made PROG_PAGE of a READ_PAGE, the chip is unchanged."
"""What is true instead where a read has no answer and the firmware may have taken it for a write."""


@dataclass(slots=True)
class Ledger:
    """``holds`` is one or two sentences for a person; ``done`` is what a job before it has done for good."""

    holds: str = UNCHANGED
    done: str = ""

    @property
    def touched(self) -> bool:
        """Whether the chip may be other than it was."""
        return bool(self.done) or self.holds != UNCHANGED

    @property
    def words(self) -> str:
        """All of it, without what goes without saying."""
        if not self.done:
            return self.holds
        return self.done if self.holds == UNCHANGED else f"{self.done} {self.holds}"

    @contextmanager
    def told(self) -> Iterator[None]:
        """Add what the chip holds by then to a fault that leaves the block."""
        try:
            yield
        except Fault as fault:
            fault.holds = fault.holds or (self.words if self.touched or not fault.misheard else MISHEARD)
            raise
