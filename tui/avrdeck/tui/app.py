"""The app: it wires screens, the session and the jobs, and shows nothing itself."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from avrdeck.boards.catalog import UnknownPart
from avrdeck.boards.catalog import part as find_part
from avrdeck.boards.images import Image
from avrdeck.boards.models import Part
from avrdeck.boards.safety import Xtal1
from avrdeck.protocol.errors import Refused, UsageFault
from avrdeck.tui import messages, themes
from avrdeck.tui.actions import Scope, bindings
from avrdeck.tui.controllers import choices, console, files, ports
from avrdeck.tui.jobapp import WATCH_SECONDS, JobApp
from avrdeck.tui.palette import ActionProvider
from avrdeck.tui.screens.deck import DeckScreen
from avrdeck.tui.screens.dialogs import ChooseScreen, PromptScreen
from avrdeck.tui.settings import Settings
from avrdeck.tui.views.connection import Line
from avrdeck.tui.widgets.connection import ConnectionForm
from avrdeck.tui.widgets.console import ConsolePane
from avrdeck.tui.widgets.fuses import FuseEditor
from avrdeck.tui.widgets.memory import MemoryMap

if TYPE_CHECKING:
    from avrdeck.tui.screens.backups import BackupsScreen
    from avrdeck.tui.screens.burn import BurnScreen


class DeckApp(JobApp):
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
        self.theme = themes.MONO if self.no_color else self.settings.theme
        self._wanted_part = part

    def get_default_screen(self) -> DeckScreen:
        """The deck is the first screen."""
        return DeckScreen(self.session)

    def on_mount(self) -> None:
        """Begin with the part and the port that were named."""
        self.set_keymap(dict(self.settings.keys))
        if self.settings.complaint:
            self.notify(self.settings.complaint, title="Settings", severity="warning", markup=False)
        self.set_interval(WATCH_SECONDS, self.look_for_lost_port)
        if self._wanted_part:
            try:
                self.session.choose_part(find_part(self._wanted_part))
            except UnknownPart as error:
                self.tell(error)
        self.action_connect()

    def on_connected(self, event: messages.Connected) -> None:
        """Remember the port."""
        self.settings.remember(port=event.port)

    # -- choosing ---------------------------------------------------------

    def on_connection_form_asked(self, event: ConnectionForm.Asked) -> None:
        """Choose what a line of the connection holds."""
        match event.line:
            case Line.PORT:
                self.action_choose_port()
            case Line.BAUD:
                options = choices.baud_options(self.session.baud)
                self.push_screen(ChooseScreen("Baud", options, choices.typed_baud), self._baud_chosen)
            case Line.PART:
                self.action_choose_part()
            case Line.SUPPLY:
                options = choices.supply_options(self.session.context.vcc)
                self.push_screen(ChooseScreen("Supply", options, choices.typed_supply), self._supply_chosen)
            case Line.XTAL1:
                options = choices.xtal_options(self.session.context.xtal1)
                self.push_screen(ChooseScreen("At XTAL1", options, choices.typed_xtal), self._xtal_chosen)

    def action_choose_port(self) -> None:
        """Choose the port."""
        options = choices.port_options(self.session.port)
        free = str
        self.push_screen(
            ChooseScreen("Port", options, free, "or type one: socket://host:port"), self._port_chosen
        )

    def _port_chosen(self, value: object) -> None:
        if isinstance(value, str):
            self.session.port = value
            self.run_job(self.session.connect())

    def _baud_chosen(self, value: object) -> None:
        if value is not None:
            self.session.baud = value if isinstance(value, int) else None
            self.run_job(self.session.connect())

    def _supply_chosen(self, value: object) -> None:
        if value is not None:
            volts = value if isinstance(value, float) else None
            self.session.tell(replace(self.session.context, vcc=volts))

    def _xtal_chosen(self, value: object) -> None:
        if isinstance(value, Xtal1):
            self.session.tell(replace(self.session.context, xtal1=value))

    def action_choose_part(self) -> None:
        """Choose the part by hand."""
        chosen = self.session.chosen
        options = choices.part_options(chosen.name if chosen else None)
        self.push_screen(ChooseScreen("Part", options), self._part_chosen)

    def _part_chosen(self, value: object) -> None:
        if value is None:
            return
        part: Part | None = find_part(str(value)) if value != choices.ANY else None
        self.session.choose_part(part)
        if self.session.connected:
            self.run_job(self.session.connect())

    # -- fuses ------------------------------------------------------------

    def on_fuse_editor_edited(self, event: FuseEditor.Edited) -> None:
        """Stage an edit."""
        self.session.edit(event.draft)

    def on_fuse_editor_field_asked(self, event: FuseEditor.FieldAsked) -> None:
        """Choose a field's value."""
        draft, bits = self.session.draft, event.bits
        if draft is None:
            return

        def take(value: object) -> None:
            if isinstance(value, int):
                self.session.edit(draft.coded(bits, value))

        title = f"{bits.name}, {draft.state(bits).title}"
        options = choices.field_options(draft, bits)
        self.push_screen(ChooseScreen(title, options, choices.typed_value(draft, bits)), take)

    def on_fuse_editor_byte_asked(self, event: FuseEditor.ByteAsked) -> None:
        """Type a byte."""
        draft = self.session.draft
        if draft is None:
            return

        def take(value: object) -> None:
            if isinstance(value, int):
                self.session.edit(draft.put(event.memory, value))

        text = f"{draft.value(event.memory):02X}"
        self.push_screen(PromptScreen(event.memory, choices.typed_byte, text, note="hex, or 0b…"), take)

    def on_fuse_editor_preset_asked(self) -> None:
        """Stage a board's fuses."""
        self.push_screen(ChooseScreen("Fuses of a board", choices.board_options()), self._preset_chosen)

    def _preset_chosen(self, value: object) -> None:
        draft = self.session.draft
        if not isinstance(value, tuple) or draft is None:
            return
        from avrdeck.boards.boards import find

        board = find(value[0], value[1])
        if board.part and find_part(board.part).name != draft.part.name:
            fault = UsageFault(
                f"{board.name} has an {find_part(board.part).name}, not an {draft.part.name}",
                advice="Choose another board, or another part with p.",
            )
            self.tell(fault)
            return
        self.session.edit(draft.put_all(board.fuses))

    def on_fuse_editor_copied(self, event: FuseEditor.Copied) -> None:
        """Copy the bytes."""
        self.copy_to_clipboard(event.text)
        self.notify(event.text, title="Copied", markup=False)

    def action_write_fuses(self) -> None:
        """Open the transaction over the staged bytes."""
        from avrdeck.tui.screens.fusewrite import FuseWriteScreen

        draft = self.session.draft
        if draft is None or not draft.staged:
            self.notify("Nothing is staged: change a bit or a field first.", markup=False)
        elif not self.session.connected:
            self.tell(
                UsageFault("No programmer is connected", advice="Press x to connect, c copies the bytes.")
            )
        elif draft.blocked:
            blocking = next(found for found in draft.findings if found.blocks)
            self.tell(Refused(blocking.message, advice=blocking.advice))
        else:
            screen = FuseWriteScreen(self.session, draft)
            self.push_screen(screen)
            self.run_job(screen.job.run())

    # -- memory -----------------------------------------------------------

    def on_memory_map_hex_asked(self, event: MemoryMap.HexAsked) -> None:
        """Open the hex view, once the memory is read."""
        from avrdeck.tui.screens.hexview import HexScreen

        if self._read(event.memory):
            self.push_screen(HexScreen(self.session, event.memory, event.address))

    def on_memory_map_save_asked(self, event: MemoryMap.SaveAsked) -> None:
        """Save a memory."""
        if self._read(event.memory):
            image = Image.of(bytes(self.session.maps[event.memory].data), memory=event.memory)
            self.push_screen(files.save_prompt(self.session, image), self._saved)

    def _saved(self, path: object) -> None:
        if path is not None:
            self.notify(f"Saved in {path}", markup=False)

    def on_memory_map_compare_asked(self, event: MemoryMap.CompareAsked) -> None:
        """Compare a memory with a file."""

        def take(image: object) -> None:
            if isinstance(image, Image):
                self.session.maps[event.memory].compare(image)
                self.session.changed()

        if self._read(event.memory):
            self.push_screen(files.compare_prompt(self.session, event.memory), take)

    def _read(self, memory: str) -> bool:
        """Whether a memory was read; says so if not."""
        if self.session.maps[memory].complete:
            return True
        self.notify(f"{memory} was not read yet: r reads it.", markup=False)
        return False

    # -- screens ----------------------------------------------------------

    def action_burn(self) -> None:
        """Open the burn screen."""
        from avrdeck.tui.screens.burn import BurnScreen

        self.push_screen(BurnScreen(self.session))

    def on_burn_screen_asked(self, event: BurnScreen.Asked) -> None:
        """Burn; the job itself asks before it begins."""
        self.run_job(event.burn.run(self.ask))

    def action_trace(self) -> None:
        """Open the trace."""
        from avrdeck.tui.screens.trace import TraceScreen

        self.push_screen(TraceScreen(self.session))

    def action_backups(self) -> None:
        """Open the backups."""
        from avrdeck.tui.screens.backups import BackupsScreen

        self.push_screen(BackupsScreen(self.session))

    def on_backups_screen_asked(self, event: BackupsScreen.Asked) -> None:
        """Run a job of the backups' screen."""
        self.run_job(event.screen.run_job(event.job, self.ask))

    def action_inventory(self) -> None:
        """Open the inventory."""
        from avrdeck.tui.screens.inventory import InventoryScreen

        self.push_screen(InventoryScreen(self.session))

    def action_wiring(self) -> None:
        """Show the wiring."""
        from avrdeck.tui.screens.wiring import WiringScreen

        self.push_screen(WiringScreen(self.session))

    # -- console ----------------------------------------------------------

    def on_console_pane_entered(self, event: ConsolePane.Entered) -> None:
        """Run a line."""
        pane = self.deck.console
        pane.write(event.line, "command")
        self.run_job(console.run_line(event.line, self.session, pane.write, self.ask), waits=True)

    def on_console_pane_search_asked(self) -> None:
        """Search the console's output."""
        log = self.deck.console.log_sheet

        def take(value: object) -> None:
            if isinstance(value, str) and not log.search(value) and value:
                self.notify(f"{value[:40]} is not there.", markup=False)

        self.push_screen(PromptScreen("Search the output", str, log.found), take)

    # -- the rest ---------------------------------------------------------

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
        self.settings.remember(theme=self.theme)


def run_app(port: str | None = None, part: str | None = None, baud: int | None = None) -> None:
    """Run the app until the user leaves it.

    Raises `UsageFault` where there is no terminal that can show it.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("TERM", "dumb") == "dumb":
        raise UsageFault(
            "This terminal cannot show the app",
            advice="Use avrdeck console, or one command: avrdeck id -P PORT.",
        )
    DeckApp(port, part, baud, Settings.load()).run()
