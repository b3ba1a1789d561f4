"""What a command works with: the user's settings, a way to the target, a place for results."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from avrdeck.boards.catalog import part as find_part
from avrdeck.boards.models import Part
from avrdeck.commands.output import Output, TextOutput
from avrdeck.protocol.errors import Refused, UsageFault
from avrdeck.protocol.programmer import Programmer


@dataclass(frozen=True, slots=True)
class Settings:
    """The shared options; `None` and false where the user said nothing."""

    port: str | None = None
    baud: int | None = None
    part: str | None = None
    json: bool = False
    yes: bool = False

    def over(self, other: Settings) -> Settings:
        """These settings, and ``other`` where these say nothing."""
        return Settings(
            port=self.port or other.port,
            baud=self.baud or other.baud,
            part=self.part or other.part,
            json=self.json or other.json,
            yes=self.yes or other.yes,
        )


@dataclass(frozen=True, slots=True)
class Deck:
    """One command's surroundings."""

    settings: Settings = field(default_factory=Settings)
    out: Output = field(default_factory=TextOutput)

    def refined(self, settings: Settings) -> Deck:
        """This deck under ``settings``, where they say something."""
        merged = settings.over(self.settings)
        return replace(self, settings=merged, out=self.out.fitted(json=merged.json))

    @property
    def part(self) -> Part | None:
        """The part the user named; raises `UnknownPart` for a name that is none."""
        return find_part(self.settings.part) if self.settings.part else None

    @asynccontextmanager
    async def target(self) -> AsyncIterator[Programmer]:
        """A programmer with its target identified and in programming mode, for the length of a block."""
        from avrdeck.jobs.session import on_target

        async with on_target(self.port, self.settings.baud, self.part) as programmer:
            yield programmer

    @property
    def port(self) -> str:
        """The port the user named; raises `UsageFault` when there is none."""
        if not self.settings.port:
            raise UsageFault("No port is given", advice="Name one with -P; sim: is the virtual programmer.")
        return self.settings.port

    def confirm(self, question: str) -> None:
        """Ask the user; raises `Refused` unless the answer is yes."""
        if not self.settings.yes and not self.out.ask(question):
            raise Refused("Nothing was done", advice="Answer yes, or give --yes in a script.")
