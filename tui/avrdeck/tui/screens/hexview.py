"""The hex view of one memory, with what it is compared to beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message

from avrdeck.boards.images import Image
from avrdeck.tui.actions import Scope, bindings
from avrdeck.tui.closing import Closing
from avrdeck.tui.controllers import beside, files
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.hexmodel import HexModel
from avrdeck.tui.offering import Offering
from avrdeck.tui.pages import PageMap
from avrdeck.tui.screens.hexmoves import HexMoves
from avrdeck.tui.screens.hexside import Foot, HexPane, Side
from avrdeck.tui.telling import Telling
from avrdeck.tui.views import hexstatus
from avrdeck.tui.widgets.chrome import Footer, StatusBar
from avrdeck.tui.widgets.hexgrid import HexGrid, HexHead
from avrdeck.tui.widgets.sheet import Sheet

SIDE_WIDTH = 108
"""From here on the comparison stands beside the bytes."""


class HexScreen(Telling, Closing, Offering, HexMoves):
    """Looks at, searches, compares and edits the bytes of a memory that was read.

    With a ``model`` of its own it looks at a backup, whose edited bytes can only be saved.
    """

    CSS_PATH = "hexview.tcss"
    AUTO_FOCUS = "#hex-grid"
    scope = Scope.HEX
    BINDINGS = bindings(Scope.HEX)

    @dataclass
    class WriteAsked(Message):
        """The user wants the staged bytes of a memory in the chip."""

        memory: str

    def __init__(
        self, session: Session, memory: str, address: int = 0, model: HexModel | None = None
    ) -> None:
        self.session = session
        found = self.pages = session.maps[memory] if model is None else _pages(model)
        super().__init__(model or HexModel.of(found))
        self._address = address

    def go_to_difference(self) -> None:
        """Open at the first difference."""
        if self.model.differing:
            self._address = self.model.differing[0][0]

    def compose(self) -> ComposeResult:
        """Status, bytes, comparison, footer."""
        yield StatusBar()
        with Horizontal(id="hex"):
            with HexPane(self.session, self.model):
                yield HexHead(id="hex-head")
                yield HexGrid(self.model, self._address)
            with Vertical(id="hex-compare", classes="pane") as box:
                box.border_title = Content("Compare")
                yield Side(self.model, self.session, self.pages)
        yield Foot(self.model)
        yield Footer((Scope.HEX,), self.word)

    def on_mount(self) -> None:
        """Show where it is."""
        self._show()

    def on_resize(self, event: events.Resize) -> None:
        """The comparison needs room."""
        self.set_class(event.size.width < SIDE_WIDTH, "-narrow")

    def on_screen_resume(self) -> None:
        """Take over what was written meanwhile."""
        found, model = self.pages, self.model
        if not model.source and found.complete and len(found.data) == len(model.data):
            model.staged = dict(found.staged)
            model.take(bytes(found.data))
            self.grid.reload()
            self._show()

    def on_hex_grid_moved(self) -> None:
        """Show where it is."""
        self._show()

    def _show(self) -> None:
        model, grid = self.model, self.grid
        if model.staged != self.pages.staged:
            self.pages.stage(model.staged)
            self.session.changed()
        side, foot = self.query_one(Side), self.query_one(Foot)
        side.address = foot.address = grid.cursor
        foot.editing = grid.editing
        for sheet in (side, foot, self.query_one(Footer)):
            sheet.repaint()
        self._label()

    def _label(self) -> None:
        model, grid = self.model, self.grid
        pane = self.query_one(HexPane)
        pane.words = hexstatus.place(model, grid.cursor, editing=grid.editing)
        pane.label()
        left = hexstatus.left(model, self.session.part)
        self.query_one(StatusBar).show(left, hexstatus.right(model))

    def works(self, verb: str) -> bool:
        """See `Offering.works`; while bytes are typed over, letters are digits."""
        model = self.model
        match verb:
            case "match":
                return bool(model.matches)
            case "difference":
                return bool(model.differing)
            case "edit" | "compare":
                return not self.grid.editing
            case "take_back":
                return self.grid.editing
            case "merge":
                return model.differs(self.grid.cursor) and not self.grid.editing
            case "revert":
                return bool(model.staged)
            case "write":
                return bool(model.staged) and not model.source
        return True

    @property
    def leaving(self) -> str:
        """See `Offering.leaving`."""
        return "end typing" if self.grid.editing else ""

    def on_sheet_clicked(self, event: Sheet.Clicked) -> None:
        """Go to a difference."""
        if isinstance(event.target, int):
            self.grid.go(event.target)

    def action_leave(self) -> None:
        """Back; typing over ends first. What is staged stays so."""
        if self.grid.editing:
            self.grid.editing = False
        else:
            self.dismiss(None)

    def action_compare(self) -> None:
        """Hold a backup or a file beside the memory."""
        beside.ask(self.app, self.session, self.pages, self._compared)

    def _compared(self, image: Image | None) -> None:
        """Show the difference to ``image``; the cursor goes to the first."""
        self.model.compare(image)
        if self.left:
            return
        self.grid.reload()
        if self.model.differing and not self.model.differs(self.grid.cursor):
            self.grid.go(self.model.differing[0][0])
        self._show()

    def action_edit(self) -> None:
        """Begin typing over."""
        self.grid.editing = True

    def action_merge(self) -> None:
        """Stage the other's bytes of the difference here."""
        self.model.merge(self.grid.cursor)
        self.grid.refresh()
        self._show()

    def action_take_back(self) -> None:
        """Undo what was typed over last."""
        self.grid.take_back()

    def action_revert(self) -> None:
        """Take the staged bytes back."""
        self.model.revert()
        self.grid.refresh()
        self._show()

    def action_write(self) -> None:
        """See what writing the staged bytes takes."""
        self.grid.editing = False
        self._show()
        self.post_message(self.WriteAsked(self.model.memory))

    def action_save(self) -> None:
        """Save the memory with the staged bytes in it."""
        self.app.push_screen(files.save_prompt(self.session, self.model.image()), self._saved)

    def _saved(self, path: object) -> None:
        if isinstance(path, Path):
            self.notify(f"{self.model.memory} is in {path}", markup=False)


def _pages(model: HexModel) -> PageMap:
    """The map of a memory that is not on the deck."""
    return PageMap(model.memory, len(model.data), model.page_size, bytearray(model.data), model.other)
