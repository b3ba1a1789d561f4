"""What all that is painted in rows has in common: a role becomes a style of the theme."""

from __future__ import annotations

from functools import cached_property

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from avrdeck.tui import themes
from avrdeck.tui.views.ink import ATTRIBUTES, ROLES, Row, pieces


class Inked(Widget):
    """A widget whose rows are those of `avrdeck.tui.views.ink`.

    Among the bases of a class it stands last: of the first one Textual takes the style.
    """

    @cached_property
    def _inks(self) -> dict[tuple[str, bool], Style]:
        return {}

    def ink(self, role: str, *, band: bool = False) -> Style:
        """The style of a role in the present theme."""
        style = self._inks.get((role, band))
        if style is None:
            style = self._inks[role, band] = self._mixed(role, band=band)
        return style

    def strip(self, row: Row, width: int) -> Strip:
        """A row as it is painted."""
        parts = pieces(row, width)
        return Strip([Segment(text, self.ink(role, band=row.band)) for text, role in parts], width)

    def _mixed(self, role: str, *, band: bool) -> Style:
        words = role.split()
        colour = next((word for word in words if word in ROLES), "text")
        attributes = {word: True for word in words if word in ATTRIBUTES}
        inks = themes.inks(self.app.theme)
        ground = inks.panel if band else self.rich_style.bgcolor
        style = Style(color=inks.of[colour], bgcolor=ground, **attributes)  # type: ignore[arg-type]
        return self._filtered(style)

    def _filtered(self, style: Style) -> Style:
        """As the app's filters leave it: they look at nothing but the style, so once is enough."""
        segments = [Segment(" ", style)]
        for line_filter in self.get_line_filters():
            segments = line_filter.apply(segments, self.background_colors[1])
        return segments[0].style or style

    def notify_style_update(self) -> None:
        """Forget the colours of an earlier theme."""
        super().notify_style_update()
        self._inks.clear()
