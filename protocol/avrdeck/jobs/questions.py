"""What a job asks the person at the keyboard, and how an answer is judged."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum

from avrdeck.boards.safety import Finding, Severity
from avrdeck.protocol.errors import Refused

YES = "yes"


class Topic(Enum):
    """What is being asked."""

    CONFIRM = "confirm"
    """Go on with something that changes the chip?"""
    UNDO = "undo"
    """Take the new fuses back while they are not in effect yet?"""


@dataclass(frozen=True, slots=True)
class Question:
    """Asked by a job that waits.

    ``required`` is the word whose typing means yes: the part's name where ISP alone could not undo
    it, so that no reflex answers. ``notes`` tell what will be done, a sentence each.
    """

    topic: Topic
    text: str
    required: str = YES
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def fatal(self) -> bool:
        """Whether more than a yes is needed."""
        return self.required != YES

    def granted_by(self, answer: str | None) -> bool:
        """Whether ``answer`` means yes."""
        given = (answer or "").strip().lower()
        return given == self.required.lower() or (given == "y" and not self.fatal)


Ask = Callable[[Question], Awaitable[str | None]]
"""Puts a question and brings what was typed; `None` where nobody answers."""


def confirmation(text: str, part: str, findings: tuple[Finding, ...]) -> Question:
    """The question before something that ``findings`` warn of.

    Raises `Refused` for a finding that no confirmation can make right.
    """
    blocking = next((finding for finding in findings if finding.blocks), None)
    if blocking:
        raise Refused(blocking.message, advice=blocking.advice)
    fatal = any(finding.severity is Severity.FATAL for finding in findings)
    return Question(Topic.CONFIRM, text, part if fatal else YES, findings)


async def insist(ask: Ask, question: Question) -> None:
    """Put ``question``; raises `Refused` unless the answer means yes."""
    if not question.granted_by(await ask(question)):
        what = f"the part's name ({question.required})" if question.fatal else "yes"
        raise Refused("Nothing was written", advice=f"It goes on only after {what} is typed.")
