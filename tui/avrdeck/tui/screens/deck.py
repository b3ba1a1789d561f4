"""The deck: four panes side by side, two columns, or tabs."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from avrdeck.tui import messages
from avrdeck.tui.actions import Action, Scope, bindings
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.offering import Waiting
from avrdeck.tui.telling import Telling
from avrdeck.tui.views import status
from avrdeck.tui.widgets.chrome import Footer, LastLine, StatusBar, TabBar
from avrdeck.tui.widgets.connection import ConnectionPane
from avrdeck.tui.widgets.console import ConsolePane
from avrdeck.tui.widgets.fuses import FusePane
from avrdeck.tui.widgets.memory import MemoryPane
from avrdeck.tui.widgets.pane import REPAINT_SECONDS, Pane
from avrdeck.tui.widgets.sheet import Sheet

WIDE, TWO_COLUMNS = 120, 100
LEAST = (60, 20)


class Panes(Container):
    """The four side by side, which leave nothing of it to be seen."""

    BLANK = True


class DeckScreen(Telling, Waiting, Screen[None]):
    """Where everything is seen. What the panes ask for is done by the app."""

    BLANK = True
    is_deck = True
    AUTO_FOCUS = ""
    BINDINGS = bindings(Scope.DECK)
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    """Textual paints the whole screen anew when the focus moves; here no more than two panes change."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._before = "fuses"
        self._active = "fuses"
        self._shown = -1
        self.panes = (ConnectionPane(session), FusePane(session), MemoryPane(session), ConsolePane(session))
        """By number."""

    def compose(self) -> ComposeResult:
        """Status, tabs, panes, footer."""
        yield StatusBar()
        yield TabBar()
        with Panes(id="panes"):
            yield from self.panes
        yield Static(f"avrdeck needs {LEAST[0]} × {LEAST[1]} characters: enlarge the window.", id="too-small")
        yield LastLine()
        yield Footer((Scope.FUSES, Scope.DECK), self._word, self._waits)

    def on_mount(self) -> None:
        """Show the state, and progress from now on."""
        self.set_interval(REPAINT_SECONDS, self._tick)
        self.focus_pane("fuses")
        self.refresh_session()

    def on_resize(self, event: events.Resize) -> None:
        """Lay out for the new size."""
        width, height = event.size
        tiny = width < LEAST[0] or height < LEAST[1]
        self.set_class(tiny, "-tiny")
        self.set_class(width >= WIDE, "-wide")
        self.set_class(TWO_COLUMNS <= width < WIDE, "-two")
        self.set_class(width < TWO_COLUMNS, "-narrow")
        self.set_class(height < 36, "-low")
        self.set_class(44 <= height < 56, "-high")
        self.set_class(height >= 56, "-higher")
        self.call_after_refresh(self._settle)

    def _settle(self) -> None:
        """Show everything for the new size; a deck that was too small has lost the focus."""
        if self.focused is None and not self.has_class("-tiny"):
            self.focus_pane(self._active)
        self.refresh_session()

    # -- panes ------------------------------------------------------------

    @property
    def active(self) -> Pane:
        """The pane that has the focus."""
        return self.query_one(f"#{self._active}", Pane)

    @property
    def console(self) -> ConsolePane:
        """The console pane."""
        return self.query_one(ConsolePane)

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """Whose keys work here, the narrowest first."""
        own = getattr(self.active.entry(), "scope", None)
        if own is Scope.CONSOLE:
            return (own,)
        return (own, Scope.DECK) if isinstance(own, Scope) else (Scope.DECK,)

    def focus_pane(self, name: str) -> None:
        """Give a pane the focus, and the screen on a narrow deck."""
        self._activate(name)
        self.set_focus(self.query_one(f"#{name}", Pane).entry())  # at once: the next key may be here already

    def _activate(self, name: str) -> None:
        """Show that a pane has the focus."""
        if name != self._active:
            self._before = self._active
        self._active = name
        alone = self.has_class("-narrow") or self.has_class("-zoomed")
        for pane in self.panes:
            pane.set_class(pane.id == name, "-active", update=alone)
            pane.activate(active=pane.id == name)
        self.query_one(LastLine).set_class(name == "console", "-console")
        self._chrome()

    def action_focus_pane(self, name: str) -> None:
        """Go to a pane."""
        self.focus_pane(name)

    def action_zoom(self) -> None:
        """Give the pane the whole screen, or take it back; on a narrow deck it has it."""
        if self.has_class("-narrow"):
            return
        self.toggle_class("-zoomed")
        self.call_after_refresh(self.refresh_session)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """A click can move the focus too."""
        for node in event.widget.ancestors_with_self:
            if isinstance(node, Pane) and node.id and node.id != self._active and node.has_focus_within:
                self._activate(node.id)

    def on_sheet_clicked(self, event: Sheet.Clicked) -> None:
        """A tab was clicked."""
        if isinstance(event.sheet, TabBar):
            self.focus_pane(str(event.target))

    def on_console_pane_left(self) -> None:
        """Back from the console."""
        self.focus_pane(self._before if self._before != "console" else "fuses")

    # -- keys -------------------------------------------------------------

    def waits(self, verb: str) -> bool:
        """See `Waiting.waits`."""
        draft = self.session.draft
        match verb:
            case "app.write_fuses":
                return not (draft and draft.staged)
            case "app.read_all":
                return not self.session.connected
        return False

    def _waits(self, action: Action) -> bool:
        home = self if action.scope is Scope.DECK else self.active.entry()
        return isinstance(home, Waiting) and home.waits(action.verb)

    def _word(self, action: Action) -> str:
        """What the footer calls a key."""
        return "disconnect" if action.verb == "app.connect" and self.session.connected else action.label

    # -- showing ----------------------------------------------------------

    def on_session_changed(self, _: messages.SessionChanged) -> None:
        """Show what changed."""
        self.refresh_session()

    def _tick(self) -> None:
        """Show progress, at most ten times a second."""
        if self._shown != self.session.revision:
            self.refresh_session()

    def refresh_session(self) -> None:
        """Show the session as it is now."""
        if not self.is_mounted or not self.size.width:
            return
        self._shown = self.session.revision
        for pane in self.panes:
            if pane.display:
                pane.refresh_session()
        self._chrome()

    def _chrome(self) -> None:
        narrow = self.size.width < TWO_COLUMNS
        bar = self.query_one(StatusBar)
        bar.show(status.left(self.session, narrow), status.right(self.session, narrow))
        footer = self.query_one(Footer)
        footer.show(self.scopes)
        footer.repaint()
        self.query_one(TabBar).show([(pane.id or "", pane.title) for pane in self.panes], self._active)
        last = self.query_one(LastLine)
        last.line = self.console.log_sheet.last()
        last.repaint()
