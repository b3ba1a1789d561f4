"""What the deck knows: part, staged bytes, memories, identity. Nothing here talks to the wire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.message import Message

from avrdeck.boards import uid
from avrdeck.boards.models import Part
from avrdeck.boards.safety import Context
from avrdeck.commands.session import Session as Line
from avrdeck.protocol.trace import Trace
from avrdeck.tui import messages
from avrdeck.tui.draft import Draft
from avrdeck.tui.pages import PageMap, map_of

if TYPE_CHECKING:  # the engine is loaded with the first connection, after the first paint
    from avrdeck.jobs.inventory.model import Sighting
    from avrdeck.protocol.programmer import Programmer


class State:
    """What is known of the chip and its board, by reading it or from the user."""

    def __init__(self, post: Callable[[Message], object]) -> None:
        self.post = post
        self.line = Line(keep=True)
        self.chosen: Part | None = None
        self.draft: Draft | None = None
        self.maps: dict[str, PageMap] = {}
        self.row = b""
        self.identity: uid.Identity | None = None
        self.sighting: Sighting | None = None
        self.last_fuses: dict[str, int] = {}
        self.last_port = ""
        self.proven = False
        self.stale = False
        self.context = Context()
        self.revision = 0

    @property
    def part(self) -> Part | None:
        """The part on the deck: the one found, else the one chosen by hand."""
        return self.draft.part if self.draft else None

    @property
    def programmer(self) -> Programmer | None:
        """The programmer, as long as its line lives."""
        return self.line.programmer

    @property
    def trace(self) -> Trace:
        """Every byte of the session."""
        return self.line.trace

    @property
    def connected(self) -> bool:
        """Whether a programmer answers."""
        return self.programmer is not None

    @property
    def in_progmode(self) -> bool:
        """Whether the target is held in programming mode."""
        return self.programmer is not None and self.programmer.in_progmode

    def changed(self) -> None:
        """Let the panes show what is different."""
        self.revision += 1
        self.post(messages.SessionChanged())

    def edit(self, draft: Draft) -> None:
        """Take an edited draft."""
        self.draft = draft
        self.line.staged = dict(draft.staged)
        self.changed()

    def take_part(self, part: Part) -> None:
        """Put a part on the deck; another one starts from nothing."""
        if self.part is not part:
            self.draft = Draft(part, context=self.context)
            self.line.staged = {}
            self.maps = _maps(part)
            self.row, self.identity, self.sighting, self.proven = b"", None, None, False
            self.last_fuses = {}
        self.changed()

    def choose_part(self, part: Part | None) -> None:
        """Expect this part, `None` for whatever the signature says."""
        self.chosen = part
        if part and not self.connected:
            self.take_part(part)
        self.changed()

    def tell(self, context: Context) -> None:
        """Take what the user tells of the board: supply, crystal."""
        self.context = context
        if self.draft:
            self.draft = replace(self.draft, context=context)
        self.changed()


def _maps(part: Part) -> dict[str, PageMap]:
    return {name: map_of(part, name) for name in ("flash", "eeprom") if name == "flash" or part.eeprom}
