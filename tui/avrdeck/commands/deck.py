"""What a command works with: the user's settings, a way to the target, a place for results."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import click

from avrdeck.boards.catalog import part as find_part
from avrdeck.boards.models import Part
from avrdeck.commands.output import Output, TextOutput, finding_text
from avrdeck.commands.session import Session
from avrdeck.commands.settings import Settings
from avrdeck.jobs.questions import YES, Question, Topic, insist
from avrdeck.protocol.errors import UsageFault
from avrdeck.protocol.programmer import Programmer


@dataclass(frozen=True, slots=True)
class Deck:
    """One command's surroundings."""

    settings: Settings = field(default_factory=Settings)
    out: Output = field(default_factory=TextOutput)
    session: Session = field(default_factory=Session)

    def refined(self, settings: Settings) -> Deck:
        """This deck under ``settings``, where they say something."""
        merged = settings.over(self.settings)
        return replace(self, settings=merged, out=self.out.fitted(json=merged.json))

    @property
    def part(self) -> Part | None:
        """The part the user named; raises `UnknownPart` for a name that is none."""
        return find_part(self.settings.part) if self.settings.part else None

    @property
    def port(self) -> str:
        """The port the user named, or the connected one; raises `UsageFault` when there is neither."""
        if self.settings.port:
            return self.settings.port
        if self.session.programmer:
            return self.session.programmer.link.transport.name
        raise UsageFault("No port is given", advice="Name one with -P; sim: is the virtual programmer.")

    @asynccontextmanager
    async def programmer(self) -> AsyncIterator[Programmer]:
        """A connected programmer, for the length of a block."""
        connected = self.session.connected(self.port, self.settings.baud)
        async with connected as programmer, self._remembering(programmer):
            yield programmer

    @asynccontextmanager
    async def target(self) -> AsyncIterator[Programmer]:
        """A programmer with its target identified and in programming mode, for the length of a block."""
        target = self.session.target(self.port, self.settings.baud, self.part)
        async with target as programmer, self._remembering(programmer):
            yield programmer

    @asynccontextmanager
    async def _remembering(self, programmer: Programmer) -> AsyncIterator[None]:
        """Note in the inventory, however the block ends, what it made of the fuses of a chip noted there."""
        try:
            yield
        finally:
            if self.session.sighting:
                from avrdeck.commands.chronicle import noted_fuses

                await noted_fuses(self, programmer.fuses)

    async def confirm(self, text: str) -> None:
        """Ask for a yes; raises `Refused` without one."""
        await insist(self.answer, Question(Topic.CONFIRM, text))

    async def answer(self, question: Question) -> str | None:
        """What the user says to ``question``: given beforehand by options, or typed now.

        What the question warns of is told in either case. An undo is only wanted by someone who is there to
        want it. See `jobs.questions.Ask`.
        """
        if self.settings.yes and question.topic is Topic.UNDO:
            return None
        beforehand = self.settings.force_fatal if question.fatal else YES if self.settings.yes else None
        if not beforehand:
            return await self.out.ask(question)
        for finding in question.findings:
            self.out.note(finding_text(finding))
        return beforehand


def deck_of(ctx: click.Context) -> Deck:
    """The deck of a click context, under the settings of the root; a fresh one without any."""
    return ctx.find_object(Deck) or Deck()
