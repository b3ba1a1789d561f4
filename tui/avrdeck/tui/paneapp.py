"""An app that does what the deck's panes ask for: choose a value, stage an edit, save, run a line."""

from __future__ import annotations

from avrdeck.tui.screenapp import ScreenApp
from avrdeck.tui.widgets.connection import ConnectionForm
from avrdeck.tui.widgets.console import ConsolePane
from avrdeck.tui.widgets.fuses import FuseEditor
from avrdeck.tui.widgets.memory import MemoryMap


class PaneApp(ScreenApp):
    """Connection, fuses, memory, console."""

    # -- connection -------------------------------------------------------

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

    # -- memory -----------------------------------------------------------

    def on_memory_map_hex_asked(self, event: MemoryMap.HexAsked) -> None:
        """Open the hex view, once the memory is read."""
        if self._read(event.memory):
            self.open_bytes(event.memory, event.address)

    def on_memory_map_write_asked(self, event: MemoryMap.WriteAsked) -> None:
        """Show what writing the staged bytes takes."""
        self.write_bytes(event.memory)

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

        console = self.deck.console

        def take(value: object) -> None:
            if isinstance(value, str) and not console.search(value) and value:
                self.notify(f"{value[:40]} is not there.", markup=False)

        note = "enter searches, again goes to the one before"
        self.push_screen(PromptScreen("Search the output", str, console.log_sheet.found, note=note), take)
