"""The hex view of one memory, with what it is compared to beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen

from avrdeck.tui.actions import Scope, bindings
from avrdeck.tui.controllers import files
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.hexmodel import BadPattern, HexModel
from avrdeck.tui.screens.dialogs import PromptScreen, Refusal
from avrdeck.tui.views import status
from avrdeck.tui.views.ink import Pen, Row, heading
from avrdeck.tui.widgets.chrome import Footer, StatusBar
from avrdeck.tui.widgets.hexgrid import HexGrid, HexHead, inspector
from avrdeck.tui.widgets.sheet import Sheet

SIDE_WIDTH = 108
"""From here on the comparison stands beside the bytes."""
LISTED = 200


class Side(Sheet):
    """Differences, the byte under the cursor, staged bytes."""

    can_focus = False

    def __init__(self, model: HexModel, session: Session) -> None:
        super().__init__(id="hex-side")
        self.model, self.session, self.address = model, session, 0

    def paint(self, width: int) -> Sequence[Row]:
        """Three groups."""
        return [
            *self._differences(width),
            *inspector(self.model, self.address, width),
            Row(),
            *self._staged(width),
        ]

    def _differences(self, width: int) -> list[Row]:
        model = self.model
        part = self.session.part
        rows = [
            Pen(width).put("Chip  ", "muted", at=1).put(f"{part.name if part else ''} {model.memory}").row()
        ]
        if model.other is None:
            return [
                *rows,
                Pen(width).put("File  ", "muted", at=1).put("d compares with one", "muted").row(),
                Row(),
            ]
        rows.append(Pen(width).put("File  ", "muted", at=1).put(Path(model.other.file).name).row())
        count, size = len(model.differing), model.different_bytes
        rows += [Row(), heading(width, "Differences", f"{count} ranges, {size} B" if count else "none")]
        if count:
            rows.append(Pen(width).put("at      bytes  chip  file", "disabled", at=3).row())
        for start, end in model.differing[:LISTED]:
            here = start <= self.address < end
            pen = Pen(width).put("►" if here else " ", "accent bold", at=1)
            pen.put(f"{start:04X}", "bold" if here else "", at=3, target=start)
            pen.put(f"{end - start:5}", "muted", at=11).put(f"  {model.data[start]:02X}").put("    ")
            rows.append(pen.put(f"{model.other.read(start, 1)[0]:02X}", "warning").row())
        return [*rows, Row()]

    def _staged(self, width: int) -> list[Row]:
        model = self.model
        if not model.staged:
            return []
        count = len(model.staged)
        rows = [heading(width, "Staged", f"{count} byte{'s' if count > 1 else ''}, not on the chip")]
        for address, value in sorted(model.staged.items())[:LISTED]:
            pen = Pen(width).put("◆ ", "warning", at=1).put(f"{address:04X}  ")
            pen.put(f"{model.data[address]:02X}", "muted").put(" → ", "warning").put(
                f"{value:02X}", "warning bold"
            )
            rows.append(pen.row())
        return rows


class HexScreen(Screen[None]):
    """Looks at, searches, compares and edits the bytes of a memory that was read."""

    CSS_PATH = "hexview.tcss"
    AUTO_FOCUS = "#hex-grid"
    scope = Scope.HEX
    BINDINGS = bindings(Scope.HEX)

    def __init__(self, session: Session, memory: str, address: int) -> None:
        super().__init__()
        found = session.maps[memory]
        self.session = session
        self.model = HexModel(memory, bytes(found.data), found.page_size, found.other)
        self._address = address
        self._search = ""

    def compose(self) -> ComposeResult:
        """Status, bytes, comparison, footer."""
        yield StatusBar()
        with Horizontal(id="hex"):
            with Vertical(id="hex-pane", classes="pane") as box:
                box.border_title = Content(self.model.memory.capitalize())
                yield HexHead(id="hex-head")
                yield HexGrid(self.model, self._address)
            with Vertical(id="hex-compare", classes="pane") as box:
                box.border_title = Content("Compare")
                yield Side(self.model, self.session)
        yield Footer((Scope.HEX,))

    @property
    def grid(self) -> HexGrid:
        """The bytes."""
        return self.query_one(HexGrid)

    def on_mount(self) -> None:
        """Show where it is."""
        self._show()

    def on_resize(self, event: events.Resize) -> None:
        """The comparison needs room."""
        self.set_class(event.size.width < SIDE_WIDTH, "-narrow")

    def on_hex_grid_moved(self) -> None:
        """Show where it is."""
        self._show()

    def _show(self) -> None:
        side, model = self.query_one(Side), self.model
        side.address = self.grid.cursor
        side.repaint()
        pane = self.query_one("#hex-pane", Vertical)
        mode = "typing over, e ends · " if self.grid.editing else ""
        pane.border_subtitle = Content(f"{mode}{self.grid.cursor:04X} of {len(model.data) - 1:04X}")
        part = self.session.part
        left: list[status.Group] = [(("avrdeck", "bold"),), ((part.name if part else "", "bold"),)]
        left.append((("hex ", "muted"), (model.memory, "bold")))
        if model.other:
            left.append((("against ", "muted"), (Path(model.other.file).name, "")))
        self.query_one(StatusBar).show(left, self._counts())

    def _counts(self) -> list[status.Group]:
        model = self.model
        right: list[status.Group] = []
        if self._search:
            right.append(((f"{len(model.matches)} × {self._search[:24]}", "accent"),))
        if model.differing:
            right.append(((f"≠ {model.different_bytes} bytes differ", "warning bold"),))
        if model.staged:
            right.append(((f"◆ {len(model.staged)} staged", "warning bold"),))
        return right

    def on_sheet_clicked(self, event: Sheet.Clicked) -> None:
        """Go to a difference."""
        if isinstance(event.target, int):
            self.grid.go(event.target)

    def action_leave(self) -> None:
        """Back; typing over ends first."""
        if self.grid.editing:
            self.grid.editing = False
        else:
            self.dismiss(None)

    def action_goto(self) -> None:
        """Go to an address in bytes, hex."""
        size = len(self.model.data)

        def take(text: str) -> object:
            try:
                address = int(text.lower().removeprefix("0x").replace("_", ""), 16)
            except ValueError:
                return Refusal("an address in hex: 7E00")
            return address if address < size else Refusal(f"the last address is {size - 1:04X}")

        def go(address: object) -> None:
            if isinstance(address, int):
                self.grid.go(address)

        self.app.push_screen(PromptScreen("Go to address", take, hint="7E00"), go)

    def action_search(self) -> None:
        """Search bytes or text."""

        def take(text: str) -> object:
            try:
                self.model.search(text)
            except BadPattern as error:
                return Refusal(str(error))
            if not self.model.matches:
                return Refusal("not in this memory")
            return text

        def go(text: object) -> None:
            if isinstance(text, str):
                self._search = text
                self.action_match(1)
                self.grid.refresh()

        self.app.push_screen(
            PromptScreen("Search", take, self._search, 'bytes as 11 24 ?? BE, or "text"'), go
        )

    def action_match(self, step: int) -> None:
        """The next or previous match."""
        found = self.model.next_match(self.grid.cursor, step)
        if found is not None:
            self.grid.go(found)
        self._show()

    def action_difference(self, step: int) -> None:
        """The next or previous difference."""
        found = self.model.next_difference(self.grid.cursor, step)
        if found is not None:
            self.grid.go(found)

    def action_compare(self) -> None:
        """Hold a file beside the memory."""

        def go(image: object) -> None:
            if isinstance(image, files.Image):
                self.model.compare(image)
                self.session.maps[self.model.memory].compare(image)
                self.session.changed()
                self.grid.reload()
                self._show()

        self.app.push_screen(files.compare_prompt(self.session, self.model.memory), go)

    def action_edit(self) -> None:
        """Begin or end typing over."""
        self.grid.editing = not self.grid.editing

    def action_revert(self) -> None:
        """Take the staged bytes back."""
        self.model.staged.clear()
        self.grid.refresh()
        self._show()

    def action_save(self) -> None:
        """Save the memory with the staged bytes in it."""
        self.app.push_screen(files.save_prompt(self.session, self.model.image()), self._saved)

    def _saved(self, path: object) -> None:
        if isinstance(path, Path):
            self.notify(f"{self.model.memory} is in {path}", markup=False)
