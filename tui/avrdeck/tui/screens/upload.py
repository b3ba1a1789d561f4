"""Upload a sketch: choose file and way, see the plan, run it with every step's state."""

from __future__ import annotations

from avrdeck.boards.images import ImageError
from avrdeck.jobs.upload.resetting import MEANS, Reset
from avrdeck.protocol.errors import Fault
from avrdeck.tui.actions import Scope, bindings
from avrdeck.tui.controllers import choices, files
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.controllers.uploading import Upload
from avrdeck.tui.screens.dialogs import ChooseScreen, Option
from avrdeck.tui.screens.jobscreen import JobScreen
from avrdeck.tui.screens.serialprompt import serial_prompt
from avrdeck.tui.widgets.uploadsheet import UploadSheet

BY_BOOTLOADER = frozenset({"delta", "reset", "speed", "board"})
"""What is chosen for the way through the bootloader only."""


class UploadScreen(JobScreen):
    """One upload from the choice of the file to the receipt."""

    title_text = "Upload"
    scope = Scope.UPLOAD
    BINDINGS = bindings(Scope.UPLOAD)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.upload = Upload(session, self.move)

    @property
    def job(self) -> Upload:
        """The upload."""
        return self.upload

    def sheet(self) -> UploadSheet:
        """See `JobScreen.sheet`."""
        return UploadSheet(self.upload)

    def works(self, verb: str) -> bool:
        """See `JobScreen.works`; over ISP there is no bootloader to reach."""
        return super().works(verb) and not (self.upload.isp and verb in BY_BOOTLOADER)

    def action_file(self) -> None:
        """Choose the sketch's file."""
        self.app.push_screen(files.load_prompt("Sketch", self.upload.load))

    def action_way(self) -> None:
        """Through the bootloader, or over ISP."""
        self.upload.plan_for(isp=not self.upload.isp)

    def action_delta(self) -> None:
        """Through a bootloader: only the pages that differ, or all."""
        self.upload.plan_for(delta=not self.upload.delta)

    def action_reset(self) -> None:
        """Choose what starts the bootloader."""
        options = [Option(how, how.value, MEANS[how], how is self.upload.how) for how in Reset]

        def take(value: object) -> None:
            if isinstance(value, Reset):
                self.upload.plan_for(how=value)

        self.app.push_screen(ChooseScreen("Reset", options), take)

    def action_speed(self) -> None:
        """Choose the bootloader's line speed."""
        options = choices.baud_options(self.upload.baud)

        def take(value: object) -> None:
            if value is not None:
                self.upload.plan_for(baud=value if isinstance(value, int) else 0)

        self.app.push_screen(ChooseScreen("Speed", options, choices.typed_baud), take)

    def action_serial(self) -> None:
        """Give the chip a serial number."""
        self.app.push_screen(serial_prompt(self.upload.stamp, self.upload.line))

    def action_board(self) -> None:
        """Name the board."""
        self.app.push_screen(ChooseScreen("Board", choices.board_options()), self.take_board)

    def take_board(self, value: object) -> None:
        """Plan for the board that was chosen."""
        if not isinstance(value, tuple):
            return
        try:
            self.upload.choose(*value)
        except (Fault, ImageError, LookupError) as error:
            self.tell(error)
