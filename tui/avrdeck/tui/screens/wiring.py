"""How to wire programmer and target: a drawing, with what to mind."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from avrdeck.boards import wiring
from avrdeck.tui.actions import Scope, bindings
from avrdeck.tui.closing import Closing
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.screens.dialogs import ChooseScreen, Option
from avrdeck.tui.telling import Telling
from avrdeck.tui.views.ink import Pen, Row
from avrdeck.tui.widgets.sheet import Sheet

USUAL = "uno"
LEAST = 40
"""Columns that the text takes at least."""


class Drawing(Sheet, can_focus=True):
    """The drawing as text, warnings marked."""

    def __init__(self, plan: wiring.Plan) -> None:
        super().__init__(id="drawing")
        self.plan = plan

    def paint(self, width: int) -> Sequence[Row]:
        """A row a line."""
        return [
            Pen(width).put(line, "warning bold" if line.startswith("!") else "", at=1).row()
            for line in wiring.draw(self.plan, max(width - 2, LEAST)).splitlines()
        ]


class WiringScreen(Telling, Closing, ModalScreen[None]):
    """The wiring of one programmer to one target, both to be chosen."""

    CSS_PATH = "wiring.tcss"
    scope = Scope.WIRING
    BINDINGS = bindings(Scope.WIRING)

    def __init__(self, session: Session, programmer: str = USUAL) -> None:
        super().__init__()
        self._programmer = programmer
        self._target = _target_for(session)

    def compose(self) -> ComposeResult:
        """The drawing."""
        with Vertical(id="wiring") as box:
            box.border_title = Content("Wiring")
            box.border_subtitle = Content("p programmer · t target · c copy · esc back")
            yield Drawing(self._plan)

    @property
    def _plan(self) -> wiring.Plan:
        return wiring.plan(self._programmer, self._target)

    def _draw(self) -> None:
        sheet = self.query_one(Drawing)
        sheet.plan = self._plan
        sheet.repaint()

    def action_programmer(self) -> None:
        """Choose the programmer."""
        options = [
            Option(one.id, one.name, f"{one.volts:g} V", one.id == self._programmer)
            for one in wiring.programmers()
        ]
        self.app.push_screen(ChooseScreen("Programmer", options), self._chosen_programmer)

    def _chosen_programmer(self, value: object) -> None:
        if isinstance(value, str):
            self._programmer = value
            self._draw()

    def action_target(self) -> None:
        """Choose the target."""
        options = [Option(one.id, one.name, "", one.id == self._target) for one in wiring.targets()]
        self.app.push_screen(ChooseScreen("Target", options), self._chosen_target)

    def _chosen_target(self, value: object) -> None:
        if isinstance(value, str):
            self._target = value
            self._draw()

    def action_copy(self) -> None:
        """Copy the drawing."""
        self.app.copy_to_clipboard(wiring.draw(self._plan))
        self.notify("The drawing is in the clipboard.", markup=False)

    def action_leave(self) -> None:
        """Back to where it was opened."""
        self.dismiss(None)


def _target_for(session: Session) -> str:
    """The part on the deck, where its pins are known; else the six-pin header."""
    if session.part:
        try:
            wiring.plan(USUAL, session.part.name)
        except wiring.UnknownWiringError:
            pass
        else:
            return session.part.name
    return "icsp6"
