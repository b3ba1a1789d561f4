"""The app: it wires screens, the session and the jobs, and shows nothing itself."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from avrdeck.boards.catalog import part as find_part
from avrdeck.protocol.errors import Refused, UsageFault
from avrdeck.tui import messages, themes
from avrdeck.tui.actions import Scope, bindings
from avrdeck.tui.controllers import ports
from avrdeck.tui.jobapp import WATCH_SECONDS, JobApp
from avrdeck.tui.palette import ActionProvider, Palette
from avrdeck.tui.screens.deck import DeckScreen
from avrdeck.tui.settings import Settings
from avrdeck.tui.widgets.connection import ConnectionForm
from avrdeck.tui.widgets.console import ConsolePane
from avrdeck.tui.widgets.fuses import FuseEditor
from avrdeck.tui.widgets.memory import MemoryMap

if TYPE_CHECKING:
    from avrdeck.tui.screens.backups import BackupsScreen
    from avrdeck.tui.screens.doctor import DoctorScreen
    from avrdeck.tui.screens.hexview import HexScreen
    from avrdeck.tui.screens.jobscreen import JobScreen


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
        self.theme = themes.PLAIN if self.no_color else self.settings.theme
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

    # -- choosing ---------------------------------------------------------

    def on_connection_form_asked(self, event: ConnectionForm.Asked) -> None:
        """Choose what a line of the connection holds."""
        from avrdeck.tui.controllers import choosing

        choosing.choose(self, event.line)

    def action_choose_port(self) -> None:
        """Choose the port."""
        from avrdeck.tui.controllers import choosing

        choosing.port(self)

    def action_choose_part(self) -> None:
        """Choose the part by hand."""
        from avrdeck.tui.controllers import choosing

        choosing.part(self)

    # -- fuses ------------------------------------------------------------

    def on_fuse_editor_edited(self, event: FuseEditor.Edited) -> None:
        """Stage an edit."""
        self.session.edit(event.draft)

    def on_fuse_editor_field_asked(self, event: FuseEditor.FieldAsked) -> None:
        """Choose a field's value."""
        from avrdeck.tui.controllers import choosing

        choosing.field(self, event.bits)

    def on_fuse_editor_byte_asked(self, event: FuseEditor.ByteAsked) -> None:
        """Type a byte."""
        from avrdeck.tui.controllers import choosing

        choosing.byte(self, event.memory)

    def on_fuse_editor_preset_asked(self) -> None:
        """Stage a board's fuses."""
        from avrdeck.tui.controllers import choosing

        choosing.preset(self)

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
            if self.run_job(screen.job.run()):
                self.push_screen(screen)

    # -- memory -----------------------------------------------------------

    def on_memory_map_hex_asked(self, event: MemoryMap.HexAsked) -> None:
        """Open the hex view, once the memory is read."""
        from avrdeck.tui.screens.hexview import HexScreen

        if self._read(event.memory):
            self.push_screen(HexScreen(self.session, event.memory, event.address))

    def on_memory_map_write_asked(self, event: MemoryMap.WriteAsked) -> None:
        """Show what writing the staged bytes takes."""
        self._write_bytes(event.memory)

    def on_hex_screen_write_asked(self, event: HexScreen.WriteAsked) -> None:
        """The same from the hex view."""
        self._write_bytes(event.memory)

    def _write_bytes(self, memory: str) -> None:
        """Show what writing the staged bytes takes; the job itself asks before it begins."""
        from avrdeck.tui.screens.patch import PatchScreen

        if not self.session.connected:
            self.tell(UsageFault("No programmer is connected", advice="Connect it with x on the deck."))
            return
        screen = PatchScreen(self.session, memory)
        if self.run_job(screen.patching.look()):
            self.push_screen(screen)

    def on_memory_map_save_asked(self, event: MemoryMap.SaveAsked) -> None:
        """Save a memory."""
        if self._read(event.memory):
            from avrdeck.tui.controllers import files

            image = files.Image.of(bytes(self.session.maps[event.memory].data), memory=event.memory)
            self.push_screen(files.save_prompt(self.session, image), self._saved)

    def _saved(self, path: object) -> None:
        if path is not None:
            self.notify(f"Saved in {path}", markup=False)

    def on_memory_map_compare_asked(self, event: MemoryMap.CompareAsked) -> None:
        """Compare a memory with a backup or a file."""
        from avrdeck.tui.controllers import beside

        if self._read(event.memory):
            beside.ask(self, self.session, self.session.maps[event.memory])

    def _read(self, memory: str) -> bool:
        """Whether a memory was read; says so if not."""
        found = self.session.maps.get(memory)
        if found and found.complete:
            return True
        self.notify(f"{memory} was not read yet: r reads it.", markup=False)
        return False

    # -- screens ----------------------------------------------------------

    def action_burn(self) -> None:
        """Open the burn screen."""
        from avrdeck.tui.screens.burn import BurnScreen

        self.push_screen(BurnScreen(self.session))

    def action_doctor(self) -> None:
        """Let the doctor look at the port; a connection that comes to nothing is given up for it."""
        from avrdeck.tui.screens.doctor import DoctorScreen

        screen = DoctorScreen(self.session)
        if not self.session.connected:
            self.action_stop_job()
        if self.run_job(screen.examination.run(), waits=not self.session.connected):
            self.push_screen(screen)

    def on_doctor_screen_asked(self, event: DoctorScreen.Asked) -> None:
        """Look again."""
        self.run_job(event.examination.run())

    def on_doctor_screen_chosen(self, event: DoctorScreen.Chosen) -> None:
        """Connect at the speed that the doctor found."""
        self.session.baud = event.baud
        self.run_job(self.session.connect())

    def action_upload(self) -> None:
        """Open the upload screen."""
        from avrdeck.tui.screens.upload import UploadScreen

        self.push_screen(UploadScreen(self.session))

    def on_job_screen_asked(self, event: JobScreen.Asked) -> None:
        """Burn or upload; the job itself asks before it begins."""
        self.run_job(event.job.run(self.ask))

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
        from avrdeck.tui.controllers import console

        pane = self.deck.console
        pane.write(event.line, "command")
        self.run_job(console.run_line(event.line, self.session, pane.write, self.ask), waits=True)

    def on_console_pane_search_asked(self) -> None:
        """Search the console's output."""
        from avrdeck.tui.screens.dialogs import PromptScreen

        log = self.deck.console.log_sheet

        def take(value: object) -> None:
            if isinstance(value, str) and not log.search(value) and value:
                self.notify(f"{value[:40]} is not there.", markup=False)

        self.push_screen(PromptScreen("Search the output", str, log.found), take)

    # -- the rest ---------------------------------------------------------

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
