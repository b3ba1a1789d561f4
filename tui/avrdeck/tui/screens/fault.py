"""The one way an error reaches the screen: what happened, what the chip holds, what to do next."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from avrdeck.protocol.errors import Fault
from avrdeck.tui.actions import Scope, bindings
from avrdeck.tui.advising import in_app
from avrdeck.tui.closing import Closing
from avrdeck.tui.views.ink import Pen, Row, wrapped
from avrdeck.tui.widgets.sheet import Sheet


class FaultText(Sheet, can_focus=True):
    """A fault in full."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(id="fault-text")
        self.fault = fault

    def paint(self, width: int) -> Sequence[Row]:
        """What happened in bold, then a group each for the rest."""
        fault = self.fault
        rows = [Pen(width).put(line, "bold", at=1).row() for line in wrapped(fault.title, width - 2)]
        if fault.detail:
            rows += [Pen(width).put(line, at=1).row() for line in wrapped(fault.detail, width - 2)]
        for title, text in (("The chip", fault.holds), ("What to do", in_app(fault.advice))):
            if text:
                rows += [Row(), Pen(width).put(title, "muted", at=1).rule().row()]
                rows += [Pen(width).put(line, at=1).row() for line in wrapped(text, width - 2)]
        keys = Pen(width).put("c", "accent bold", at=1).put(" copy   ", "muted")
        return [*rows, Row(), keys.put("esc", "accent bold").put(" close", "muted").row()]


class FaultScreen(Closing, ModalScreen[None]):
    """A fault over whatever was there."""

    CSS_PATH = "fault.tcss"
    scope = Scope.FAULT
    BINDINGS = bindings(Scope.FAULT)

    def __init__(self, fault: Fault) -> None:
        super().__init__()
        self.fault = fault

    def compose(self) -> ComposeResult:
        """The text."""
        with Vertical(id="fault") as box:
            box.border_title = Content("× It did not work")
            yield FaultText(self.fault)

    def action_leave(self) -> None:
        """Close."""
        self.dismiss(None)

    def action_copy(self) -> None:
        """Copy the whole message."""
        fault = self.fault
        parts = (fault.title, fault.detail, fault.holds, in_app(fault.advice))
        self.app.copy_to_clipboard("\n".join(text for text in parts if text))
        self.notify("The message is in the clipboard.", markup=False)
