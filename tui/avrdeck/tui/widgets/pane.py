"""The four panes: a titled frame around the sheets of one subject."""

from __future__ import annotations

from typing import Self

from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget

from avrdeck.tui.controllers.session import Session


class Pane(Vertical):
    """One of the deck's panes. ``number`` is the key that goes there."""

    number = 0
    name_text = ""

    def __init__(self, session: Session) -> None:
        super().__init__(id=self.name_text.lower(), classes="pane")
        self.session = session
        self._labels = ("", "")
        self._edge: tuple[Region, ...] = ()

    @property
    def title(self) -> str:
        """Number, name and what needs to be seen from elsewhere."""
        return f"{self.number} {self.name_text}"

    @property
    def subtitle(self) -> str:
        """What stands on the lower edge."""
        return ""

    def entry(self) -> Widget:
        """The widget that takes the focus."""
        raise NotImplementedError

    def refresh_session(self) -> None:
        """Show the session as it is now."""
        self.label()

    def label(self) -> None:
        """Write title and subtitle on the frame, and paint no more than the edge that changed."""
        before, self._labels = self._labels, (self.title, self.subtitle)
        title, subtitle = self._labels
        width, height = self.outer_size
        if title != before[0]:
            self._edge = (Region(0, 0, width, 1),)
            self.border_title = Content(title)
        if subtitle != before[1]:
            self._edge = (Region(0, height - 1, width, 1),)
            self.border_subtitle = Content(subtitle)
        self._edge = ()

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """As Textual does it, but for a word on the frame it would paint all that is inside as well."""
        edge = [region.translate(-self.content_offset) for region in self._edge]
        return super().refresh(*(regions or edge), repaint=repaint, layout=layout, recompose=recompose)
