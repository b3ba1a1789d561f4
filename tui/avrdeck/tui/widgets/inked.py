"""What all that is painted in rows has in common: a role becomes a style of the theme."""

from __future__ import annotations

from functools import cached_property

from rich.style import Style
from textual.widget import Widget

from avrdeck.tui import themes
from avrdeck.tui.views.ink import ATTRIBUTES, ROLES


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

    def _mixed(self, role: str, *, band: bool) -> Style:
        words = role.split()
        colour = next((word for word in words if word in ROLES), "text")
        attributes = {word: True for word in words if word in ATTRIBUTES}
        inks = themes.inks(self.app.theme)
        ground = inks.panel if band else self.rich_style.bgcolor
        return Style(color=inks.of[colour], bgcolor=ground, **attributes)  # type: ignore[arg-type]

    def notify_style_update(self) -> None:
        """Forget the colours of an earlier theme."""
        super().notify_style_update()
        self._inks.clear()
