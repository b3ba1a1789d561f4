"""Pane 2: the fuse editor and its findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.message import Message
from textual.reactive import reactive

from avrdeck.boards.models import BitField
from avrdeck.tui.actions import Scope, bindings
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.draft import Draft
from avrdeck.tui.offering import Waiting
from avrdeck.tui.views import frame, fusegrid, fuserows, unread
from avrdeck.tui.views.fusegrid import BitCell, ByteCell, Cell, Cursor, FieldCell, Line
from avrdeck.tui.views.ink import Row
from avrdeck.tui.widgets.findings import Findings, told
from avrdeck.tui.widgets.pane import Pane
from avrdeck.tui.widgets.sheet import Sheet


class FuseEditor(Sheet, Waiting, can_focus=True):
    """Bytes, bits and fields; an edit in any of the three moves the others."""

    scope = Scope.FUSES
    BINDINGS = bindings(Scope.FUSES)
    cursor: reactive[Cursor] = reactive(Cursor(), repaint=False)

    @dataclass
    class FieldAsked(Message):
        """The user wants to choose a field's value."""

        bits: BitField

    @dataclass
    class ByteAsked(Message):
        """The user wants to type a byte."""

        memory: str

    @dataclass
    class PresetAsked(Message):
        """The user wants the fuses of a board."""

    @dataclass
    class Copied(Message):
        """The user wants the bytes as avrdude arguments."""

        text: str

    def __init__(self, session: Session) -> None:
        super().__init__(id="fuse-editor")
        self.session = session
        self._lines: tuple[Line, ...] = ()
        self._cells: list[list[Cell]] = []
        self._laid_out: tuple[str, int] = ("", 0)
        self._painted: fuserows.Editor | None = None

    @property
    def cell(self) -> Cell | None:
        """What is under the cursor; nothing until another part is painted."""
        draft = self.session.draft
        return self._held if draft and draft.part.name == self._laid_out[0] else None

    @property
    def _held(self) -> Cell | None:
        """What is under the cursor, be it of the part before."""
        return self._cells[self.cursor.row][self.cursor.column] if self._cells else None

    def paint(self, width: int) -> Sequence[Row]:
        """See `views.fuserows`."""
        draft = self.session.draft
        if draft is None:
            return told(unread.no_part(self.session), width)
        key = (draft.part.name, width)
        if key != self._laid_out:
            held, self._laid_out = self._held, key
            self._lines = fusegrid.layout(draft.part, width)
            self._cells = fusegrid.cursor_rows(self._lines, draft.part)
            place = fusegrid.place_of(self._cells, held) or self.cursor.inside(self._cells)
            self.set_reactive(FuseEditor.cursor, place)
            self._painted = None
        if self._painted is None:
            self._painted = fuserows.Editor(draft, self._lines, width)
        self._painted.draft = draft
        return self._painted.rows(self.cell if self.has_focus else None, self.height_wanted())

    def height_wanted(self) -> int:
        """The rows that the pane has for the editor when findings take their share."""
        pane = self.parent
        return pane.size.height * 3 // 4 if isinstance(pane, FusePane) else self.size.height

    def watch_cursor(self) -> None:
        """Show the cursor where it is."""
        self.repaint()
        self._describe()

    def _describe(self) -> None:
        if isinstance(self.parent, FusePane):
            self.parent.label()

    def watch_has_focus(self, _has_focus: bool) -> None:
        """Show the cursor or hide it, in the paint in which the frame changes."""
        self.watch_cursor()

    def _edit(self, draft: Draft) -> None:
        self.session.edit(draft)

    def action_move(self, down: int, right: int) -> None:
        """Move the cursor."""
        if self._cells:
            self.cursor = self.cursor.moved(self._cells, down, right)

    def action_toggle_cell(self) -> None:
        """Turn the bit or flag under the cursor; what has more values than two is chosen or typed."""
        draft, cell = self.session.draft, self.cell
        if draft is None:
            return
        match cell:
            case BitCell(memory, bit):
                self._edit(draft.toggled(memory, bit))
            case FieldCell(bits) if fusegrid.is_flag(bits):
                self._edit(draft.toggled(bits.memory, bits.lsb))
            case _:
                self.action_choose()

    def action_choose(self) -> None:
        """Choose the field's value, or type the byte."""
        match self.cell:
            case FieldCell(bits) if fusegrid.is_flag(bits):
                self.action_toggle_cell()
            case FieldCell(bits):
                self.post_message(self.FieldAsked(bits))
            case ByteCell(memory) | BitCell(memory):
                self.post_message(self.ByteAsked(memory))

    def waits(self, verb: str) -> bool:
        """See `Waiting.waits`: there is nothing to edit without a part, and nothing to take back unstaged."""
        draft = self.session.draft
        return draft is None or (verb == "revert" and not draft.staged)

    def action_findings(self, pages: int) -> None:
        """Scroll the findings."""
        sheet = self.screen.query_one(Findings)
        step = pages * max(sheet.size.height - 1, 1)
        sheet.scroll_relative(y=step, animate=False, immediate=True, force=True)

    def action_revert(self) -> None:
        """Take every staged change back."""
        if self.session.draft:
            self._edit(self.session.draft.reverted())

    def action_factory(self) -> None:
        """Stage the factory values."""
        if self.session.draft:
            self._edit(self.session.draft.factory())

    def action_preset(self) -> None:
        """Stage a board's fuses."""
        if self.session.draft:
            self.post_message(self.PresetAsked())

    def action_copy(self) -> None:
        """Copy the bytes as avrdude arguments."""
        if self.session.draft:
            self.post_message(self.Copied(self.session.draft.avrdude_arguments()))

    def on_sheet_clicked(self, event: Sheet.Clicked) -> None:
        """Move to what was clicked; a second click on it chooses."""
        event.stop()
        place = fusegrid.place_of(self._cells, event.target)
        if place is None:
            return
        again, self.cursor = place == self.cursor, place
        if isinstance(event.target, BitCell):
            self.action_toggle_cell()
        elif again:
            self.action_choose()


class FusePane(Pane):
    """Fuses and lock bits."""

    number, name_text = 2, "Fuses"

    def compose(self) -> ComposeResult:
        """The editor above, its findings below."""
        yield FuseEditor(self.session)
        yield Findings(self.session)

    @property
    def title(self) -> str:
        """With the count of staged bits."""
        draft = self.session.draft
        return super().title + (f" ◆{draft.changes}" if draft and draft.staged else "")

    def entry(self) -> FuseEditor:
        """See `Pane.entry`."""
        return self.query_one(FuseEditor)

    @property
    def subtitle(self) -> str:
        """What is under the cursor."""
        draft, editor = self.session.draft, self.entry()
        if draft is None or not editor.has_focus:
            return ""
        return fuserows.described(draft, editor.cell, self.outer_size.width - frame.BESIDE)

    def refresh_session(self) -> None:
        """See `Pane.refresh_session`."""
        editor = self.entry()
        editor.repaint()
        super().refresh_session()
        sheet = self.query_one(Findings)
        sheet.repaint()
        self._share(len(editor.rows))

    def _share(self, editor_rows: int) -> None:
        """Give findings what the editor leaves, and at least a quarter: their number moves nothing."""
        room = self.size.height
        height = max(1, room - min(editor_rows + 1, self.entry().height_wanted()))
        sheet = self.query_one(Findings)
        if sheet.styles.height is None or sheet.styles.height.value != height:
            sheet.styles.height = height
