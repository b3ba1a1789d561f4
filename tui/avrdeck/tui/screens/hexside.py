"""What stands around the bytes of a hex view: the frame, differences, a map, the byte under the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from avrdeck.tui.controllers.session import Session
from avrdeck.tui.hexmodel import HexModel
from avrdeck.tui.pages import PageMap
from avrdeck.tui.views import hexstatus, memorymap
from avrdeck.tui.views.ink import Pen, Row, clipped, heading
from avrdeck.tui.views.memorymap import title_of
from avrdeck.tui.widgets.hexgrid import HexGrid
from avrdeck.tui.widgets.pane import Pane
from avrdeck.tui.widgets.sheet import Sheet

NAME_AT = 7
FIXED = 14
"""Rows besides the two lists and the map."""


class HexPane(Pane):
    """The frame around the bytes."""

    name_text = "hex-pane"

    def __init__(self, session: Session, model: HexModel) -> None:
        super().__init__(session)
        self.model, self.words = model, ""

    @property
    def title(self) -> str:
        """The memory."""
        return title_of(self.model.memory)

    @property
    def subtitle(self) -> str:
        """Where the cursor is."""
        return self.words

    def entry(self) -> HexGrid:
        """See `Pane.entry`."""
        return self.query_one(HexGrid)


class Side(Sheet):
    """Differences, map, the byte under the cursor, staged bytes."""

    can_focus = False

    def __init__(self, model: HexModel, session: Session, pages: PageMap) -> None:
        super().__init__(id="hex-side")
        self.model, self.session, self.pages, self.address = model, session, pages, 0
        self._drawn: tuple[tuple[int, ...], list[Row]] | None = None

    def paint(self, width: int) -> Sequence[Row]:
        """Four groups, the two lists cut to what there is room for."""
        drawn = self._map(width)
        drawn = drawn if self.size.height >= FIXED + len(drawn) + 6 else []
        room = max(self.size.height - FIXED - len(drawn), 4)
        staged = min(len(self.model.staged), room // 2)
        return [
            *self._names(width),
            *self._differences(width, room - staged),
            *([*drawn, Row()] if drawn else []),
            *hexstatus.readings(self.model, self.address, width),
            Row(),
            *self._staged(width, max(staged, 3)),
        ]

    def _map(self, width: int) -> list[Row]:
        """The map, painted anew only when it may be another: the cursor moves more often."""
        state = (width, self.session.revision, id(self.model.other), len(self.model.staged))
        if self._drawn is None or self._drawn[0] != state:
            cells = memorymap.cells(self.session, self.pages, width, boot=not self.model.source)
            self._drawn = state, [heading(width, "Map"), *cells]
        return self._drawn[1]

    def _names(self, width: int) -> list[Row]:
        model, part = self.model, self.session.part
        mine = model.source or f"{part.name if part else ''} {model.memory}"
        pen = Pen(width).put("Here" if model.source else "Chip", "muted", at=1)
        rows = [pen.put(clipped(mine, width - NAME_AT - 1), at=NAME_AT).row()]
        pen = Pen(width).put("Other" if model.source else "File", "muted", at=1)
        if model.other is None:
            return [*rows, pen.put("d compares", "muted", at=NAME_AT).row(), Row()]
        name = clipped(Path(model.other.file).name, width - NAME_AT - 1)
        return [*rows, pen.put(name, at=NAME_AT).row(), Row()]

    def _differences(self, width: int, room: int) -> list[Row]:
        model = self.model
        if model.other is None:
            return []
        count, size = len(model.differing), model.different_bytes
        told = f"{count} range{'s' * (count != 1)}, {size} B" if count else "none"
        rows = [heading(width, "Differences", told)]
        if not count:
            return [*rows, Row()]
        rows.append(Pen(width).put("at", "disabled", at=3).put("bytes  here  there", "disabled", at=14).row())
        first = self._first(room)
        for start, end in model.differing[first : first + room]:
            rows.append(self._difference(start, end, width))
        hidden = count - min(room, count - first) - first
        words = [f"{first} before" if first else "", f"{hidden} more" if hidden else ""]
        if first or hidden:
            rows.append(Pen(width).put(" and ".join(filter(None, words)), "muted", at=3).row())
        return [*rows, Row()]

    def _first(self, room: int) -> int:
        """The first range to list, so that the one under or before the cursor is among them."""
        here = self.model.difference_before(self.address)
        return max(0, min(here - room // 2, len(self.model.differing) - room))

    def _difference(self, start: int, end: int, width: int) -> Row:
        here = start <= self.address < end
        theirs = self.model.other.read(start, 1)[0] if self.model.other else 0
        pen = Pen(width).put("►" if here else " ", "accent bold", at=1)
        extent = f"{start:04X}" + (f"-{end - 1:04X}" if end - start > 1 else "")
        pen.put(extent, "bold" if here else "", at=3, target=start)
        pen.put(f"{end - start:5}", "muted", at=14).put(f"  {self.model.data[start]:02X}")
        return pen.put("    ").put(f"{theirs:02X}", "warning").row()

    def _staged(self, width: int, room: int) -> list[Row]:
        model = self.model
        if not model.staged:
            return []
        count = len(model.staged)
        where = "to be saved" if model.source else "w writes them"
        rows = [heading(width, "Staged", f"{count} byte{'s' if count > 1 else ''}, {where}")]
        for address, value in sorted(model.staged.items())[:room]:
            pen = Pen(width).put("◆ ", "warning", at=1).put(f"{address:04X}  ")
            pen.put(f"{model.data[address]:02X}", "muted").put(" → ", "warning")
            rows.append(pen.put(f"{value:02X}", "warning bold").row())
        if count > room:
            rows.append(Pen(width).put(f"and {count - room} more", "muted", at=3).row())
        return rows


class Foot(Sheet):
    """The same in one line, where there is no room beside the bytes."""

    can_focus = False

    def __init__(self, model: HexModel) -> None:
        super().__init__(id="hex-foot")
        self.model, self.address, self.editing = model, 0, False

    def paint(self, width: int) -> Sequence[Row]:
        """The address, the difference there or how many there are, the byte's readings."""
        model, at = self.model, self.address
        byte = model.byte(at)
        pen = Pen(width).put(f"{at:04X}", "bold", at=1).put(f" of {len(model.data) - 1:04X}", "muted")
        if self.editing:
            pen.put("   typing over", "accent bold").put(", esc ends", "muted")
        index = model.difference_at(at)
        if index is not None and model.other:
            theirs = model.other.read(at, 1)[0]
            pen.put(f"   ≠ {index + 1} of {len(model.differing)}", "warning bold")
            pen.put(f"  {byte:02X} here, {theirs:02X} there")
        elif model.differing:
            pen.put(f"   ≠ {len(model.differing)} to see", "warning bold").put("  ] next", "muted")
        elif model.other:
            pen.put("   no difference", "success")
        letter = f"'{chr(byte)}'  " if 0x20 <= byte < 0x7F else ""
        return [pen.right(f"{letter}u8 {byte}  {byte:08b}", "muted", margin=1).row()]
