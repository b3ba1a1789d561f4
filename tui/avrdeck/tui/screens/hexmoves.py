"""How one gets about in a hex view: by keys, to an address, to what is searched, to a difference."""

from __future__ import annotations

from textual.screen import Screen

from avrdeck.tui.hexmodel import ROW, BadPattern, HexModel
from avrdeck.tui.screens.dialogs import PromptScreen, Refusal
from avrdeck.tui.widgets.hexgrid import HexGrid


class HexMoves(Screen[None]):
    """A screen with a `HexGrid` over ``model`` whose cursor can be moved."""

    def __init__(self, model: HexModel) -> None:
        super().__init__()
        self.model = model

    @property
    def grid(self) -> HexGrid:
        """The bytes."""
        return self.query_one(HexGrid)

    def action_move(self, step: int) -> None:
        """So many bytes on."""
        self.grid.go(self.grid.cursor + step)

    def action_page(self, step: int) -> None:
        """So many screens on."""
        self.grid.go(self.grid.cursor + step * self.grid.bytes_shown)

    def action_row_end(self, index: int) -> None:
        """The row's first byte, 0, or its last, 15."""
        self.grid.go(self.grid.cursor - self.grid.cursor % ROW + index)

    def action_first(self) -> None:
        """The first byte of the memory."""
        self.grid.go(0)

    def action_last(self) -> None:
        """The last byte of the memory."""
        self.grid.go(len(self.model.data) - 1)

    def action_goto(self) -> None:
        """Go to an address in bytes, hex."""
        size = len(self.model.data)

        def take(text: str) -> object:
            try:
                address = int(text.lower().removeprefix("0x").replace("_", ""), 16)
            except ValueError:
                return Refusal("an address in hex: 7E00")
            return address if 0 <= address < size else Refusal(f"the last address is {size - 1:04X}")

        def go(address: object) -> None:
            if isinstance(address, int):
                self.grid.go(address)

        self.app.push_screen(PromptScreen("Go to address", take, hint="7E00"), go)

    def action_search(self) -> None:
        """Search bytes or text."""

        def take(text: str) -> object:
            try:
                found = self.model.search(text)
            except BadPattern as error:
                return Refusal(str(error))
            return text if found else Refusal("not in this memory")

        def go(text: object) -> None:
            if text is not None:
                self.action_match(1)
                self.grid.refresh()

        hint = 'bytes as 11 24 ?? BE, or "text"'
        self.app.push_screen(PromptScreen("Search", take, self.model.sought, hint), go)

    def action_match(self, step: int) -> None:
        """The next or previous match."""
        found = self.model.next_match(self.grid.cursor, step)
        if found is not None:
            self.grid.go(found)
        self.grid.tell()

    def action_difference(self, step: int) -> None:
        """The next or previous difference."""
        found = self.model.next_difference(self.grid.cursor, step)
        if found is not None:
            self.grid.go(found)
