"""The four panes: a titled frame around the sheets of one subject."""

from __future__ import annotations

from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from avrdeck.tui.controllers.session import Session


class Pane(Vertical):
    """One of the deck's panes. ``number`` is the key that goes there."""

    number = 0
    name_text = ""

    def __init__(self, session: Session) -> None:
        super().__init__(id=self.name_text.lower(), classes="pane")
        self.session = session

    @property
    def title(self) -> str:
        """Number, name and what needs to be seen from elsewhere."""
        return f"{self.number} {self.name_text}"

    def entry(self) -> Widget:
        """The widget that takes the focus."""
        raise NotImplementedError

    def refresh_session(self) -> None:
        """Show the session as it is now."""
        self.border_title = Content(self.title)
