"""The four panes: a titled frame around the sheets of one subject."""

from __future__ import annotations

from textual.containers import Vertical
from textual.geometry import Offset, Region, Size
from textual.strip import Strip
from textual.widget import Widget

from avrdeck.tui.controllers.session import Session
from avrdeck.tui.views import frame
from avrdeck.tui.views.ink import Row
from avrdeck.tui.widgets.inked import Inked

REPAINT_SECONDS = 0.1
"""Repainting progress more often slows the wire of a remote terminal."""
MOST_STRIPS = 32
"""Lines of its frame that a pane keeps: those with the focus and without, and some words on them."""


class Pane(Vertical, Inked):
    """One of the deck's panes. ``number`` is the key that goes there.

    The style sheet's border keeps the room for the frame; its look is painted here. For a border that
    changes with the focus, Textual styles and paints anew all that is inside.
    """

    number = 0
    name_text = ""

    def __init__(self, session: Session) -> None:
        super().__init__(id=self.name_text.lower())
        self.session = session
        self.active = False
        self._look = ("", "", False)
        self._strips: dict[Row, Strip] = {}

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

    def on_resize(self) -> None:
        """Share the new room out; a pane that comes to the front may hold another part than before."""
        self.refresh_session()

    def on_descendant_focus(self) -> None:
        """Show where the focus is."""
        self.activate(active=self.has_focus_within)

    def on_descendant_blur(self) -> None:
        """Show where it is no more."""
        self.activate(active=self.has_focus_within)

    def activate(self, *, active: bool) -> None:
        """Show whether the focus is here."""
        self.active = active
        self.label()

    def label(self) -> None:
        """Write title and subtitle on the frame, and paint no more than the edges that changed."""
        before, self._look = self._look, (self.title, self.subtitle, self.active)
        changed = [old != new for old, new in zip(before, self._look, strict=True)]
        width, height = self.outer_size
        if not any(changed) or not height:
            return
        upper, upright = Size(width, 1).region, Size(1, height).region
        edges = [upper] * (changed[0] or changed[2])
        edges += [upper.translate(Offset(0, height - 1))] * (changed[1] or changed[2])
        edges += [upright, upright.translate(Offset(width - 1, 0))] * changed[2]
        self.refresh(*(edge.translate(-self.content_offset) for edge in edges))

    def render_lines(self, crop: Region) -> list[Strip]:
        """The frame, where there is room for one."""
        if not self.styles.border_top[0]:
            return super().render_lines(crop)
        width, height = self.outer_size
        upper, between, lower = self._framed(width)
        lines = [upper, *[between] * (height - 2), lower][crop.y : crop.bottom]
        return lines if crop.column_span == (0, width) else [line.crop(*crop.column_span) for line in lines]

    def _framed(self, width: int) -> list[Strip]:
        """The strips of `views.frame`; those of the looks before are kept: Textual keeps their pieces."""
        title, subtitle, active = self._look
        rows = frame.rows(width, title, subtitle, active=active)
        if len(self._strips) > MOST_STRIPS:
            self._strips.clear()
        return [self._strips.get(row) or self._strips.setdefault(row, self.strip(row, width)) for row in rows]

    def notify_style_update(self) -> None:
        """Forget the colours of an earlier theme."""
        super().notify_style_update()
        self._strips = {}
