"""The chips that were seen: a table, and what happened to the chosen one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen

from avrdeck.boards.text import printable
from avrdeck.jobs.inventory.book import Inventory
from avrdeck.jobs.inventory.model import Happening, Known
from avrdeck.protocol.errors import Fault
from avrdeck.tui.actions import Scope, bindings
from avrdeck.tui.closing import Closing
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.screens.dialogs import PromptScreen, Refusal
from avrdeck.tui.telling import Telling
from avrdeck.tui.views import status
from avrdeck.tui.views.ink import Pen, Row, clipped, wrapped
from avrdeck.tui.widgets.chrome import Footer, StatusBar
from avrdeck.tui.widgets.sheet import Sheet
from avrdeck.tui.widgets.table import Column, Table

COLUMNS = (
    Column("label", 22),
    Column("part", 13),
    Column("serial", 24, from_width=90),
    Column("seen", 5),
    Column("last seen (UTC)", 16),
    Column("notes", 20, from_width=104),
)


class History(Sheet, can_focus=True):
    """What happened to a chip, the newest first."""

    def __init__(self) -> None:
        super().__init__(id="history")
        self.known: Known | None = None
        self.happenings: Sequence[Happening] = ()

    def paint(self, width: int) -> Sequence[Row]:
        """Notes, then a line a happening."""
        if self.known is None:
            return []
        known = self.known
        port = f"  on {known.port}" if known.port else ""
        times = "once" if known.sightings == 1 else f"{known.sightings} times"
        seen = f"first {_minute(known.first_seen)}, {times}{port}"
        rows = [*_group("Label", known.label, width), *_group("Serial", known.chip.serial_text, width)]
        rows += [*_group("Seen", seen, width), *_group("Notes", known.notes, width), Row()]
        for one in reversed(self.happenings):
            pen = Pen(width).put(_minute(one.at), "muted", at=1).put(clipped(one.kind, 9), "bold", at=19)
            rows.append(pen.put(clipped(known.told(one), width - 31), at=30).row())
        return rows


def _group(title: str, text: str, width: int) -> list[Row]:
    """A title and all of a text beside it; nothing where there is none."""
    rows = []
    lines = [piece for line in text.splitlines() for piece in wrapped(line, width - 9)]
    for index, line in enumerate(lines):
        rows.append(Pen(width).put("" if index else title, "muted", at=1).put(line, at=8).row())
    return rows


class InventoryScreen(Telling, Closing, Screen[None]):
    """Shows the chips, labels them and keeps notes."""

    CSS_PATH = "lists.tcss"
    AUTO_FOCUS = "#chip-table"
    scope = Scope.INVENTORY
    BINDINGS = bindings(Scope.INVENTORY)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.chips: Sequence[Known] = ()

    def compose(self) -> ComposeResult:
        """Status, table, history, footer."""
        yield StatusBar()
        with Vertical(classes="pane list-pane") as box:
            box.border_title = Content("Inventory")
            yield Table(COLUMNS, "No chip was seen yet.", id="chip-table")
        with Vertical(classes="pane detail-pane") as box:
            box.border_title = Content("History")
            yield History()
        yield Footer((Scope.INVENTORY,))

    async def on_mount(self) -> None:
        """List the chips."""
        await self._reload()

    async def _reload(self) -> None:
        self.chips = await asyncio.to_thread(_chips)
        self.query_one(Table).show([_texts(known) for known in self.chips])
        narrow = self.size.width < 100
        self.query_one(StatusBar).show(status.left(self.session, narrow), status.right(self.session, narrow))
        await self._remember()

    @property
    def chosen(self) -> Known | None:
        """The chip under the cursor."""
        at = self.query_one(Table).cursor
        return self.chips[at] if at < len(self.chips) else None

    async def on_table_moved(self) -> None:
        """Show what happened to the chip."""
        await self._remember()

    async def _remember(self) -> None:
        sheet = self.query_one(History)
        sheet.known = self.chosen
        sheet.happenings = await asyncio.to_thread(_history, sheet.known.id) if sheet.known else ()
        sheet.repaint()

    def action_label(self) -> None:
        """Name the chip."""
        self._edit("Label", "label", self.chosen.label if self.chosen else "")

    def action_note(self) -> None:
        """Keep a note on the chip."""
        self._edit("Notes", "note", self.chosen.notes if self.chosen else "", r"\n begins a new line")

    def _edit(self, title: str, what: str, value: str, note: str = "") -> None:
        known = self.chosen
        if known is None:
            return

        def take(text: str) -> object:
            if text == printable(value):
                return text
            try:
                with Inventory() as inventory:
                    if what == "label":
                        inventory.label(known.id, text)
                    else:
                        inventory.note(known.id, text.replace(r"\n", "\n"))
            except Fault as fault:
                return Refusal(fault.title)
            return text

        async def done(text: object) -> None:
            if isinstance(text, str):
                await self._reload()

        self.app.push_screen(PromptScreen(title, take, value, note=note), done)

    def action_leave(self) -> None:
        """Back to the deck."""
        self.dismiss(None)


def _chips() -> Sequence[Known]:
    with Inventory() as inventory:
        return inventory.chips()


def _history(number: int) -> Sequence[Happening]:
    with Inventory() as inventory:
        return inventory.history(number)


def _minute(at: str) -> str:
    """``2026-01-02 12:00`` of a time in ISO 8601."""
    return clipped(at[:16].replace("T", " "), 16)


def _texts(known: Known) -> tuple[str, ...]:
    seen = _minute(known.last_seen)
    serial = known.chip.serial_text or "cannot be told apart"
    return known.label or "-", known.chip.part, serial, str(known.sightings), seen, known.notes
