"""What the chip holds, kept up to date by a job so that a fault can say it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from avrdeck.protocol.errors import Fault

UNCHANGED = "The chip is unchanged."


@dataclass(slots=True)
class Ledger:
    """``holds`` is one or two sentences for a person."""

    holds: str = UNCHANGED

    @contextmanager
    def told(self) -> Iterator[None]:
        """Add what the chip holds by then to a fault that leaves the block."""
        try:
            yield
        except Fault as fault:
            fault.holds = fault.holds or self.holds
            raise
