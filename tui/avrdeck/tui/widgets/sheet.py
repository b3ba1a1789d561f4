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


def _at(rows: Sequence[Row], line: int) -> Row:
    """The row of a line; below the last one there is nothing."""
    return rows[line] if line < len(rows) else Row()


class Sheet(ScrollView, Inked):
    """Rows of `avrdeck.tui.views.ink`. Subclasses give them in `paint` and call `repaint`.

    A sheet has no border and no padding: what stands around it has.
    """

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
        self._strips: dict[int, Strip] = {}

    def paint(self, width: int) -> Sequence[Row]:
        """The rows for a sheet of ``width`` columns."""
        raise NotImplementedError

    def repaint(self) -> None:
        """Paint anew from the state."""
        width = self.scrollable_content_region.width
        if not width:
            return
        before, self.rows = self.rows, tuple(self.paint(width))
        same = (line for line in self._strips if _at(before, line) == _at(self.rows, line))
        self._strips = {line: self._strips[line] for line in same}
        size, shown = Size(width, len(self.rows)), self.virtual_size
        self.virtual_size = size
        if size.width != shown.width or (size != shown and self.styles.auto_dimensions):
            self.refresh(layout=bool(self.styles.auto_dimensions))
        else:
            self._refresh_changed(width)
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

    def _refresh_changed(self, width: int) -> None:
        """Refresh the lines in sight that look different: over SSH every line counts."""
        top = self.scroll_offset.y
        in_sight = range(top, top + self.size.height)
        changed = [Region(0, line - top, width, 1) for line in in_sight if line not in self._strips]
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
        self.notify_style_update()
        self.rows = ()
        self.repaint()
        self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines in sight, each made once as long as its row looks the same.

        For a change anywhere on the screen Textual asks for every line of all that stands beside it.
        """
        if not self.rows:  # its lines are of a kind of their own
            return super().render_lines(crop)
        width, top = self.outer_size.width, self.scroll_offset.y
        lines = [self._kept(line + top, width) for line in crop.line_range]
        return lines if crop.column_span == (0, width) else [line.crop(*crop.column_span) for line in lines]

    def _kept(self, line: int, width: int) -> Strip:
        strip = self._strips.get(line)
        if strip is None or strip.cell_length != width:
            strip = self._strips[line] = self.strip(_at(self.rows, line), width)
        return strip

    def render_line(self, y: int) -> Strip:
        """One line of what is in sight."""
        width = self.scrollable_content_region.width
        line = y + self.scroll_offset.y
        if not 0 <= line < len(self.rows):
            return Strip([Segment(" " * width, self.ink(""))], width)
        row = self.rows[line]
        parts = pieces(row, width)
        return Strip([Segment(text, self.ink(role, band=row.band)) for text, role in parts], width)

    def notify_style_update(self) -> None:
        """Forget the colours of an earlier theme."""
        super().notify_style_update()
        self._strips.clear()

    def on_click(self, event: events.Click) -> None:
        """Tell what was clicked; a click elsewhere only takes the focus."""
        place = event.get_content_offset(self)
        line = place.y + self.scroll_offset.y if place else -1
        if place is None or not 0 <= line < len(self.rows):
            return
        target = target_at(self.rows[line], place.x)
        if target is not None:
            self.post_message(self.Clicked(self, target))
