"""A list of rows with columns, a cursor, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.message import Message
from textual.reactive import reactive

from avrdeck.tui.views.ink import Pen, Row, clipped
from avrdeck.tui.widgets.sheet import Sheet


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, its width, and the narrowest table that shows it. The last one takes the rest."""

    title: str
    width: int
    from_width: int = 0


class Table(Sheet, can_focus=True):
    """Rows of texts, the first line naming the columns; the row under the cursor is banded."""

    cursor: reactive[int] = reactive(0)

    @dataclass
    class Moved(Message):
        """The cursor is on another row."""

        row: int

    def __init__(self, columns: Sequence[Column], empty: str, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.columns, self.empty = tuple(columns), empty
        self.lines: Sequence[Sequence[str]] = ()

    def show(self, lines: Sequence[Sequence[str]]) -> None:
        """Show these rows."""
        self.lines = lines
        self.cursor = max(0, min(self.cursor, len(lines) - 1))
        self.repaint()

    def paint(self, width: int) -> Sequence[Row]:
        """The columns' names and a line a row."""
        if not self.lines:
            return [Pen(width).put(self.empty, "muted", at=1).row()]
        shown = [index for index, column in enumerate(self.columns) if width >= column.from_width]
        head = self._line([column.title for column in self.columns], shown, width, "disabled")
        return [head.row(), *(self._row(index, shown, width) for index in range(len(self.lines)))]

    def _row(self, index: int, shown: Sequence[int], width: int) -> Row:
        here = index == self.cursor
        pen = self._line(self.lines[index], shown, width, "", index)
        if here:
            pen.put("►", "accent bold", at=0)
        return pen.row(band=here, cursor=here)

    def _line(
        self, texts: Sequence[str], shown: Sequence[int], width: int, role: str, target: object = None
    ) -> Pen:
        pen = Pen(width)
        at = 2
        for place in shown:
            last = place == shown[-1]
            room = width - at - 1 if last else self.columns[place].width
            bold = "bold" if place == shown[0] and not role else role or ("muted" if last else "")
            pen.put(clipped(texts[place], room), bold, at=at, target=target)
            at += room + 2
        return pen

    def watch_cursor(self) -> None:
        """Show the cursor where it is."""
        self.repaint()
        self.post_message(self.Moved(self.cursor))

    def on_key(self, event: events.Key) -> None:
        """Move."""
        page = max(self.size.height - 2, 1)
        last = max(len(self.lines) - 1, 0)
        steps = {"up": -1, "k": -1, "down": 1, "j": 1, "pageup": -page, "pagedown": page}
        goals = {"home": 0, "end": last, **{key: self.cursor + step for key, step in steps.items()}}
        if event.key in goals:
            self.cursor = max(0, min(goals[event.key], last))
            event.stop()
            event.prevent_default()

    def on_sheet_clicked(self, event: Sheet.Clicked) -> None:
        """Go to the row that was clicked."""
        event.stop()
        if isinstance(event.target, int):
            self.cursor = event.target
