"""A widget that shows painted rows by the Line API: only the lines in sight cost anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import Reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from avrdeck.tui.views.ink import Row, pieces, target_at
from avrdeck.tui.widgets.inked import Inked


class Sheet(ScrollView, Inked):
    """Rows of `avrdeck.tui.views.ink`. Subclasses give them in `paint` and call `repaint`."""

    virtual_size: Reactive[Size] = Reactive(Size(0, 0), repaint=False)
    """Columns and rows of all there is. Textual lays the screen out when it changes; how much there is to
    scroll over moves no other widget, so here only the scrollbar learns of it."""

    @dataclass
    class Clicked(Message):
        """A row's text was clicked that means ``target``."""

        sheet: Sheet
        target: object

        @property
        def control(self) -> Sheet:
            """The sheet."""
            return self.sheet

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self.rows: tuple[Row, ...] = ()

    def paint(self, width: int) -> Sequence[Row]:
        """The rows for a sheet of ``width`` columns."""
        raise NotImplementedError

    def repaint(self) -> None:
        """Paint anew from the state."""
        width = self.scrollable_content_region.width
        if not width:
            return
        before, self.rows = self.rows, tuple(self.paint(width))
        size, shown = Size(width, len(self.rows)), self.virtual_size
        self.virtual_size = size
        if size.width != shown.width or (size != shown and self.styles.auto_dimensions):
            self.refresh(layout=bool(self.styles.auto_dimensions))
        else:
            self._refresh_changed(before, width)
        cursor = next((y for y, row in enumerate(self.rows) if row.cursor), None)
        if cursor is not None:
            self.scroll_to_region(Region(0, cursor, width, 1), animate=False, force=True, immediate=True)

    def watch_virtual_size(self, size: Size) -> None:
        """Let the scrollbar know how much there is."""
        self._scroll_update(size)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as there are to paint, for sheets of automatic height."""
        del container, viewport
        return len(self.paint(width))

    def _refresh_changed(self, before: tuple[Row, ...], width: int) -> None:
        """Refresh the lines in sight that look different: over SSH every line counts."""
        top = self.scroll_offset.y
        changed = [
            Region(0, line - top, width, 1)
            for line in range(top, min(top + self.size.height, max(len(self.rows), len(before))))
            if before[line : line + 1] != self.rows[line : line + 1]
        ]
        if changed:
            self.refresh(*changed)

    def on_focus(self, event: events.Focus) -> None:
        """As Textual does it, which then would paint every line anew."""
        event.prevent_default()
        self._take_focus(True, events.DescendantFocus(self))

    def on_blur(self, event: events.Blur) -> None:
        """The same when the focus leaves."""
        event.prevent_default()
        self._take_focus(False, events.DescendantBlur(self))

    def _take_focus(self, has_focus: bool, told: events.Event) -> None:
        self.has_focus = has_focus
        if isinstance(self.parent, Widget):
            self.parent.post_message(told)

    def watch_has_focus(self, _has_focus: bool) -> None:
        """Show the cursor or hide it, when what else changed has got its room; no sheet's style changes."""
        self.call_after_refresh(self.repaint)

    def on_mount(self) -> None:
        """Paint once the size is known, and anew with each theme."""
        self.app.theme_changed_signal.subscribe(self, self._restyle)

    def on_unmount(self) -> None:
        """Listen no more: the signal would keep the sheet, and its screen with it."""
        self.app.theme_changed_signal.unsubscribe(self)

    def on_resize(self) -> None:
        """Paint for the new width."""
        self.repaint()

    def watch_show_vertical_scrollbar(self) -> None:
        """The scrollbar takes a column or gives it back, of which no resize tells."""
        self.call_after_refresh(self.repaint)

    def _restyle(self, _: object) -> None:
        self._inks.clear()
        self.rows = ()
        self.repaint()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of what is in sight."""
        width = self.scrollable_content_region.width
        line = y + self.scroll_offset.y
        if not 0 <= line < len(self.rows):
            return Strip([Segment(" " * width, self.ink(""))], width)
        row = self.rows[line]
        parts = pieces(row, width)
        return Strip([Segment(text, self.ink(role, band=row.band)) for text, role in parts], width)

    def on_click(self, event: events.Click) -> None:
        """Tell what was clicked; a click elsewhere only takes the focus."""
        place = event.get_content_offset(self)
        line = place.y + self.scroll_offset.y if place else -1
        if place is None or not 0 <= line < len(self.rows):
            return
        target = target_at(self.rows[line], place.x)
        if target is not None:
            self.post_message(self.Clicked(self, target))
