"""The app as a whole: it begins, looks and ends here; what it does is in the classes it builds on."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from typing import ClassVar

from textual.binding import BindingType
from textual.driver import Driver

from avrdeck.boards.catalog import part as find_part
from avrdeck.commands.interrupts import when_ended
from avrdeck.protocol.errors import UsageFault
from avrdeck.tui import actions, messages, themes
from avrdeck.tui.actions import Scope, bindings
from avrdeck.tui.controllers import ports
from avrdeck.tui.jobapp import WATCH_SECONDS
from avrdeck.tui.palette import ActionProvider, Palette
from avrdeck.tui.paneapp import PaneApp
from avrdeck.tui.screens.deck import DeckScreen
from avrdeck.tui.settings import Settings


class DeckApp(PaneApp):
    """avrdeck on one screen."""

    TITLE = "avrdeck"
    CSS_PATH = ["app.tcss", "screens/deck.tcss"]  # noqa: RUF012 - Textual reads it
    COMMANDS: ClassVar = {ActionProvider}
    BINDINGS: ClassVar[list[BindingType]] = bindings(Scope.APP)
    COMMAND_PALETTE_BINDING = "ctrl+underscore"
    """Out of the way: the registry binds the palette's key."""

    def __init__(
        self,
        port: str | None = None,
        part: str | None = None,
        baud: int | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.settings = settings or Settings()
        super().__init__(port or self.settings.port or ports.SIMULATOR, baud)
        for theme in themes.themes():
            self.register_theme(theme)
        self.theme = themes.PLAIN if self.no_color else self.settings.theme
        self._wanted_part = part

    def get_default_screen(self) -> DeckScreen:
        """The deck is the first screen."""
        return DeckScreen(self.session)

    def get_driver_class(self) -> type[Driver]:
        """A terminal that may go away."""
        if sys.platform == "win32":
            return super().get_driver_class()
        from avrdeck.tui.terminal import Terminal

        return Terminal

    def on_mount(self) -> None:
        """Begin with the part and the port that were named."""
        actions.give_keys(self.settings.keys)
        self.set_keymap(dict(self.settings.keys))
        if self.settings.complaint:
            self.notify(self.settings.complaint, title="Settings", severity="warning", markup=False)
        self.set_interval(WATCH_SECONDS, self.look_for_lost_port)
        when_ended(self.leave)
        if self._wanted_part:
            try:
                self.session.choose_part(find_part(self._wanted_part))
            except Exception as error:  # no part of that name, or a broken data file
                self.tell(error)
        self.run_job(self._begin())

    async def _begin(self) -> None:
        """Connect, once the deck was painted for the first time."""
        painted = asyncio.Event()
        self.call_after_refresh(painted.set)
        await painted.wait()
        try:
            await self.session.connect()
        finally:
            gc.freeze()  # what is loaded by now stays: looking through it for garbage held up a key

    def on_connected(self, event: messages.Connected) -> None:
        """Remember the port."""
        self.settings.remember(port=event.port)

    def action_command_palette(self) -> None:
        """Find a command."""
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    def action_help(self) -> None:
        """Show what the keys do here."""
        from avrdeck.tui.screens.help import HelpScreen

        scope = getattr(self.screen, "scope", None)
        scopes = [scope] if isinstance(scope, Scope) else list(self.deck.scopes)
        self.push_screen(HelpScreen([*scopes, Scope.APP]))

    def action_next_theme(self) -> None:
        """Change to the next theme."""
        names = list(themes.PALETTES)
        here = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(here + 1) % len(names)]
        self.notify(f"Theme {self.theme}.", markup=False)
        self.settings.remember(theme=self.theme)


def run_app(port: str | None = None, part: str | None = None, baud: int | None = None) -> None:
    """Run the app until the user leaves it.

    Raises `UsageFault` where there is no terminal that can show it, and the fault of a job that was stopped
    by leaving.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("TERM", "dumb") == "dumb":
        raise UsageFault(
            "This terminal cannot show the app",
            advice="Use avrdeck console, or one command: avrdeck id -P PORT.",
        )
    app = DeckApp(port, part, baud, Settings.load())
    app.run()
    if app.parting:
        raise app.parting
