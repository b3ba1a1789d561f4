"""Up to 256 KiB of bytes by the Line API: only the rows in sight are painted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from rich.segment import Segment
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from avrdeck.boards.models import BLANK
from avrdeck.tui.hexmodel import ROW, HexModel
from avrdeck.tui.views.ink import Pen, Row, cells, grouped
from avrdeck.tui.widgets.sheet import Sheet

HEX_AT = 8
WITH_TEXT = HEX_AT + 51 + ROW
"""Columns from which the bytes' text stands beside them; it is left out rather than cut."""
DIGITS = "0123456789abcdefABCDEF"


class HexHead(Sheet):
    """The columns' numbers."""

    can_focus = False

    def paint(self, width: int) -> Sequence[Row]:
        """0 to F, above the bytes and above their text."""
        pen = Pen(width)
        for index in range(ROW):
            pen.put(f"{index:X}", "disabled", at=_hex_column(index) + 1)
            if width >= WITH_TEXT:
                pen.put(f"{index:X}", "disabled", at=_text_column(index))
        return [pen.row()]


class HexGrid(Sheet, can_focus=True, inherit_bindings=False):
    """Address, sixteen bytes, their text; a line with the file's bytes beneath where they differ.

    The screen has the keys; here only the digits that are typed over a byte are taken.
    """

    cursor: reactive[int] = reactive(0, repaint=False)
    editing: reactive[bool] = reactive(False)

    @dataclass
    class Moved(Message):
        """The cursor is elsewhere, or a byte was staged."""

    def __init__(self, model: HexModel, address: int = 0) -> None:
        super().__init__(id="hex-grid")
        self.model = model
        self.set_reactive(HexGrid.cursor, min(address, max(len(model.data) - 1, 0)))
        self._half = False
        self._lines: list[tuple[str, int]] = []

    @cached_property
    def _digits(self) -> int:
        return 5 if len(self.model.data) > 0x10000 else 4

    def on_mount(self) -> None:
        """Lay the rows out."""
        super().on_mount()
        self.reload()

    def reload(self) -> None:
        """Lay the rows out anew: the memory, a line a page begins, and the file's bytes."""
        model = self.model
        lines: list[tuple[str, int]] = []
        for start in range(0, len(model.data), ROW):
            if model.paged and start and start % model.page_size == 0:
                lines.append(("page", start))
            lines.append(("row", start))
            if model.differing and model.row_differs(start):
                lines.append(("file", start))
        self._lines = lines
        self._where = {start: line for line, (kind, start) in enumerate(lines) if kind == "row"}
        self.virtual_size = Size(1, len(lines))
        self.call_after_refresh(self._follow)
        self.refresh()

    def repaint(self) -> None:
        """Nothing is kept painted."""
        self.virtual_size = Size(1, len(self._lines))
        self.refresh()

    def watch_cursor(self, old: int, new: int) -> None:
        """Keep the cursor in sight."""
        self._half = False
        self._follow()
        for address in (old, new):
            line = self._where.get(address - address % ROW)
            if line is not None:
                self.refresh(Region(0, line - self.scroll_offset.y, self.size.width, 1))
        self.tell()

    def watch_editing(self) -> None:
        """Show that bytes are typed over."""
        self._half = False
        self.refresh()
        self.tell()

    def _follow(self) -> None:
        line = self._where.get(self.cursor - self.cursor % ROW)
        if line is not None:
            self.scroll_to_region(Region(0, line, 1, 1), animate=False, force=True, immediate=True)

    def go(self, address: int) -> None:
        """Move the cursor, kept inside."""
        self.cursor = max(0, min(address, len(self.model.data) - 1))

    @property
    def bytes_shown(self) -> int:
        """How many bytes a screen of rows holds, but for what one keeps in sight of the screen before."""
        return max(self.size.height - 2, 1) * ROW

    def tell(self) -> None:
        """Let the screen show what is different."""
        self.post_message(self.Moved())

    def on_key(self, event: events.Key) -> None:
        """Type over, in edit mode."""
        if self.editing and event.character and event.character in DIGITS:
            event.stop()
            event.prevent_default()
            self._type(int(event.character, 16))

    def take_back(self) -> None:
        """Undo what was typed over last: half a byte here, else the byte before."""
        if not self._half:
            self.go(self.cursor - 1)
        self._half = False
        self.model.stage(self.cursor, self.model.data[self.cursor])
        self.refresh()
        self.tell()

    def _type(self, digit: int) -> None:
        """High digit first, then low, then on to the next byte."""
        old = self.model.byte(self.cursor)
        if self._half:
            self.model.stage(self.cursor, old & 0xF0 | digit)
            self.cursor = min(self.cursor + 1, len(self.model.data) - 1)
        else:
            self.model.stage(self.cursor, digit << 4 | old & 0x0F)
            self._half = True
        self.refresh()
        self.tell()

    def render_line(self, y: int) -> Strip:
        """One line of what is in sight."""
        width = self.scrollable_content_region.width
        line = self.scroll_offset.y + y
        if not 0 <= line < len(self._lines):
            return Strip([Segment(" " * width, self.ink(""))], width)
        kind, start = self._lines[line]
        if kind == "row":
            pieces = self._data_row(start, text=width >= WITH_TEXT)
            used = sum(len(text) for text, _ in pieces)
            pieces.append((" " * max(width - used, 0), ""))
        else:
            pieces = grouped(cells(self._row(kind, start, width), width))
        return Strip([Segment(text, self.ink(role)) for text, role in pieces])

    def _row(self, kind: str, start: int, width: int) -> Row:
        if kind == "file":
            return self._file_row(start, width)
        pen = Pen(width).put("─ ", "disabled", at=HEX_AT - 1)
        return pen.put(f"page {start // self.model.page_size}", "disabled").rule(margin=2).row()

    def _data_row(self, start: int, *, text: bool) -> list[tuple[str, str]]:
        """The row's pieces, joined by hand: a screen of them is painted with every scrolled line."""
        model = self.model
        differs = bool(model.differing) and model.row_differs(start)
        pieces = [("≠ " if differs else "  ", "warning"), (f"{start:0{self._digits}X}".ljust(5), "muted")]
        letters: list[tuple[str, str]] = []
        for index in range(ROW):
            at = start + index
            if at >= len(model.data):
                pieces.append((" " * (4 if index == 8 else 3), ""))
                continue
            byte, role = model.byte(at), self._role(at)
            gap = " " if index == 8 else ""
            pieces.append((gap + ("◆" if at in model.staged else " "), "warning"))
            pieces.append((f"{byte:02X}", role))
            shown = 0x20 <= byte < 0x7F
            letters.append((chr(byte) if shown else "·", role if shown or "reverse" in role else "disabled"))
        return [*pieces, ("   ", ""), *letters] if text else pieces

    def _role(self, at: int) -> str:
        model = self.model
        if at == self.cursor:
            return "accent reverse bold" if self.editing else "accent reverse"
        if at in model.staged:
            return "warning bold"
        if model.matches and model.matched(at):
            return "accent bold underline"
        if model.differing and model.differs(at):
            return "warning bold"
        return "disabled" if model.data[at] in {0x00, BLANK} else ""

    def _file_row(self, start: int, width: int) -> Row:
        pen = Pen(width).put("file", "warning", at=2)
        other = self.model.other
        if other is None:
            return pen.row()
        content = other.read(start, ROW)
        for at in range(start, min(start + ROW, len(self.model.data))):
            if self.model.differs(at):
                byte = content[at - start]
                pen.put(f"{byte:02X}", "warning", at=_hex_column(at - start))
                if width >= WITH_TEXT:
                    letter = chr(byte) if 0x20 <= byte < 0x7F else "·"
                    pen.put(letter, "warning", at=_text_column(at - start))
        return pen.row()

    def on_click(self, event: events.Click) -> None:
        """Go to the byte that was clicked."""
        place = event.get_content_offset(self)
        line = self.scroll_offset.y + place.y if place else -1
        if place is None or not 0 <= line < len(self._lines) or self._lines[line][0] != "row":
            return
        for index in range(ROW):
            if _hex_column(index) <= place.x < _hex_column(index) + 2 or place.x == _text_column(index):
                self.go(self._lines[line][1] + index)


def _hex_column(index: int) -> int:
    return HEX_AT + index * 3 + (1 if index >= 8 else 0)


def _text_column(index: int) -> int:
    return HEX_AT + 51 + index
