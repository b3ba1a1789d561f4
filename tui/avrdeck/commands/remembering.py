"""An output that remembers the last result, for `expect`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from avrdeck.commands.output import Output
from avrdeck.commands.session import Session
from avrdeck.jobs.events import Event
from avrdeck.jobs.questions import Question
from avrdeck.protocol.errors import Fault


@dataclass(frozen=True, slots=True)
class Remembering:
    """Hands everything on to ``inner``."""

    inner: Output
    session: Session

    def result(self, text: str, data: Mapping[str, object]) -> None:
        """See `Output`."""
        self.session.last_text = text
        self.inner.result(text, data)

    def note(self, text: str) -> None:
        """See `Output`."""
        self.inner.note(text)

    def event(self, event: Event) -> None:
        """See `Output`."""
        self.inner.event(event)

    def fault(self, fault: Fault) -> None:
        """See `Output`."""
        self.inner.fault(fault)

    async def ask(self, question: Question) -> str | None:
        """See `Output`."""
        return await self.inner.ask(question)

    def terminal(self) -> TextIO | None:
        """See `Output`."""
        return self.inner.terminal()

    def fitted(self, *, json: bool) -> Output:
        """See `Output`."""
        return Remembering(self.inner.fitted(json=json), self.session)
