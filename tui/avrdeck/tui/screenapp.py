"""An app that opens the screens over the deck, and runs what they ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from avrdeck.protocol.errors import Refused, UsageFault
from avrdeck.tui.jobapp import JobApp

if TYPE_CHECKING:
    from avrdeck.tui.screens.backupjobs import BackupJobs
    from avrdeck.tui.screens.doctor import DoctorScreen
    from avrdeck.tui.screens.hexview import HexScreen
    from avrdeck.tui.screens.jobscreen import JobScreen


class ScreenApp(JobApp):
    """Writing fuses and bytes, hex view, burn, upload, doctor, backups, inventory, trace, wiring."""

    # -- fuses and bytes --------------------------------------------------

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

    def open_bytes(self, memory: str, address: int) -> None:
        """Open the hex view of a memory that was read."""
        from avrdeck.tui.screens.hexview import HexScreen

        self.push_screen(HexScreen(self.session, memory, address))

    def on_hex_screen_write_asked(self, event: HexScreen.WriteAsked) -> None:
        """Write what was staged there."""
        self.write_bytes(event.memory)

    def write_bytes(self, memory: str) -> None:
        """Show what writing the staged bytes takes; the job itself asks before it begins."""
        from avrdeck.tui.screens.patch import PatchScreen

        if not self.session.connected:
            self.tell(UsageFault("No programmer is connected", advice="Connect it with x on the deck."))
            return
        screen = PatchScreen(self.session, memory)
        if self.run_job(screen.patching.look()):
            self.push_screen(screen)

    # -- burn and upload --------------------------------------------------

    def action_burn(self) -> None:
        """Open the burn screen."""
        from avrdeck.tui.screens.burn import BurnScreen

        self.push_screen(BurnScreen(self.session))

    def action_upload(self) -> None:
        """Open the upload screen."""
        from avrdeck.tui.screens.upload import UploadScreen

        self.push_screen(UploadScreen(self.session))

    def on_job_screen_asked(self, event: JobScreen.Asked) -> None:
        """Burn or upload; the job itself asks before it begins."""
        self.run_job(event.job.run(self.ask))

    # -- doctor -----------------------------------------------------------

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

    # -- what is kept, what was sent, how it is wired ---------------------

    def action_backups(self) -> None:
        """Open the backups."""
        from avrdeck.tui.screens.backups import BackupsScreen

        self.push_screen(BackupsScreen(self.session))

    def on_backup_jobs_asked(self, event: BackupJobs.Asked) -> None:
        """Run a job of the backups' screen."""
        self.run_job(event.screen.run_job(event.job, self.ask))

    def action_inventory(self) -> None:
        """Open the inventory."""
        from avrdeck.tui.screens.inventory import InventoryScreen

        self.push_screen(InventoryScreen(self.session))

    def action_trace(self) -> None:
        """Open the trace."""
        from avrdeck.tui.screens.trace import TraceScreen

        self.push_screen(TraceScreen(self.session))

    def action_wiring(self) -> None:
        """Show the wiring."""
        from avrdeck.tui.screens.wiring import WiringScreen

        self.push_screen(WiringScreen(self.session))
