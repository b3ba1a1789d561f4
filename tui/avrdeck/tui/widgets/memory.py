"""Pane 3: the memory map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from textual.app import ComposeResult
from textual.message import Message
from textual.reactive import reactive

from avrdeck.tui.actions import Scope, bindings
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.offering import Waiting
from avrdeck.tui.pages import PageMap
from avrdeck.tui.views import memorymap, pagegrid
from avrdeck.tui.views.ink import Row
from avrdeck.tui.views.pagegrid import MapCursor
from avrdeck.tui.widgets.pane import Pane
from avrdeck.tui.widgets.sheet import Sheet


class MemoryMap(Sheet, Waiting, can_focus=True):
    """Flash, EEPROM and the signature row, with a cursor that moves by pages."""

    scope = Scope.MEMORY
    BINDINGS = bindings(Scope.MEMORY)
    cursor: reactive[MapCursor] = reactive(MapCursor(), repaint=False)

    @dataclass
    class HexAsked(Message):
        """The user wants to see a memory from an address on."""

        memory: str
        address: int

    @dataclass
    class SaveAsked(Message):
        """The user wants a memory in a file."""

        memory: str

    @dataclass
    class CompareAsked(Message):
        """The user wants a memory compared with a file."""

        memory: str

    @dataclass
    class WriteAsked(Message):
        """The user wants the staged bytes of a memory in the chip."""

        memory: str

    def __init__(self, session: Session) -> None:
        super().__init__(id="memory-map")
        self.session = session

    @property
    def map(self) -> PageMap | None:
        """The memory that the cursor is in."""
        return self.session.maps.get(self.cursor.memory)

    def paint(self, width: int) -> Sequence[Row]:
        """See `views.memorymap`."""
        self._stay_inside()
        shown = self.cursor if self.has_focus or width >= memorymap.WIDE else None
        return memorymap.rows(self.session, shown, width, self.size.height)

    def _stay_inside(self) -> None:
        """Another part may have less of the memory that the cursor is in, or none."""
        found = self.map or self.session.maps.get("flash")
        if found:
            inside = MapCursor(found.memory, min(self.cursor.page, found.count - 1))
            self.set_reactive(MemoryMap.cursor, inside)

    def watch_cursor(self) -> None:
        """Show the cursor where it is."""
        self.repaint()
        self._describe()

    def _describe(self) -> None:
        if isinstance(self.parent, MemoryPane):
            self.parent.label()

    def watch_has_focus(self, _has_focus: bool) -> None:
        """Show the cursor or hide it, in the paint in which the frame changes."""
        self.watch_cursor()

    def waits(self, verb: str) -> bool:
        """See `Waiting.waits`: bytes that were not read are neither shown, saved nor compared."""
        draft, maps = self.session.draft, self.session.maps.values()
        match verb:
            case "hex" | "save" | "compare":
                return not any(found.complete for found in maps)
            case "write":
                return not any(found.staged for found in maps) and not (draft and draft.staged)
        return False

    def _go(self, page: int) -> None:
        if self.map:
            self.cursor = replace(self.cursor, page=max(0, min(page, self.map.count - 1)))

    def action_move(self, step: int) -> None:
        """One page on."""
        self._go(self.cursor.page + step)

    def action_row(self, step: int) -> None:
        """One row of the map on; beyond its end into the next memory."""
        if self.map is None:
            return
        flash = self.session.maps["flash"]
        plan = pagegrid.grid(flash, self.scrollable_content_region.width, self.size.height)
        page = self.cursor.page + step * plan.pages_a_row
        if page >= self.map.count and self.cursor.memory == "flash" and "eeprom" in self.session.maps:
            self.cursor = MapCursor("eeprom", 0)
        elif page < 0 and self.cursor.memory == "eeprom":
            self.cursor = MapCursor("flash", flash.count - 1)
        else:
            self._go(page)

    def action_jump(self, page: int) -> None:
        """The first or the last page."""
        if self.map:
            self._go(page if page >= 0 else self.map.count - 1)

    def action_switch(self) -> None:
        """The other memory."""
        names = list(self.session.maps)
        if len(names) > 1:
            self.cursor = MapCursor(names[1 - names.index(self.cursor.memory)], 0)

    def action_hex(self) -> None:
        """Open the hex view at the cursor."""
        if self.map:
            self.post_message(self.HexAsked(self.cursor.memory, self.cursor.page * self.map.page_size))

    def action_save(self) -> None:
        """Save the memory."""
        self.post_message(self.SaveAsked(self.cursor.memory))

    def action_compare(self) -> None:
        """Compare the memory with a backup or a file."""
        self.post_message(self.CompareAsked(self.cursor.memory))

    async def action_write(self) -> None:
        """See what writing the staged bytes takes, first here, then elsewhere; else fuses are meant."""
        maps = self.session.maps
        here = self.cursor.memory
        names = [name for name in (here, *maps) if name in maps and maps[name].staged]
        if names:
            self.post_message(self.WriteAsked(names[0]))
        else:
            await self.app.run_action("app.write_fuses")

    def on_sheet_clicked(self, event: Sheet.Clicked) -> None:
        """Move to the page that was clicked; a second click opens it."""
        event.stop()
        if isinstance(event.target, MapCursor):
            again = event.target == self.cursor
            self.cursor = event.target
            if again:
                self.action_hex()


class MemoryPane(Pane):
    """The memory map."""

    number, name_text = 3, "Memory"

    def compose(self) -> ComposeResult:
        """The map alone."""
        yield MemoryMap(self.session)

    @property
    def subtitle(self) -> str:
        """The page under the cursor, where the map has no room for it."""
        sheet = self.entry()
        if sheet.map is None or not sheet.has_focus or sheet.size.width >= memorymap.WIDE:
            return ""
        return " ".join(memorymap.page_text(self.session, sheet.cursor))

    def entry(self) -> MemoryMap:
        """See `Pane.entry`."""
        return self.query_one(MemoryMap)

    def refresh_session(self) -> None:
        """See `Pane.refresh_session`."""
        super().refresh_session()
        self.entry().repaint()
