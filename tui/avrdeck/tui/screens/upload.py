"""Upload a sketch: choose file and way, see the plan, run it with every step's state."""

from __future__ import annotations

from avrdeck.boards.images import ImageError
from avrdeck.jobs.upload.resetting import MEANS, Reset
from avrdeck.protocol.errors import Fault
from avrdeck.tui.actions import Scope, bindings
from avrdeck.tui.controllers import choices, files
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.controllers.undertaking import Phase
from avrdeck.tui.controllers.uploading import Upload
from avrdeck.tui.screens.dialogs import ChooseScreen, Option
from avrdeck.tui.screens.jobscreen import JobScreen, JobSheet
from avrdeck.tui.views.ink import Pen, Row, clipped, wrapped

VALUE = 9
"""Column of what is chosen."""
BY_BOOTLOADER = frozenset({"delta", "reset", "speed", "board"})
"""What is chosen for the way through the bootloader only."""


class UploadSheet(JobSheet):
    """The plan of an upload, a line a choice with the key that changes it."""

    def __init__(self, upload: Upload) -> None:
        super().__init__(upload)
        self.upload = upload

    def chosen(self, width: int) -> list[Row]:
        """File, way, pages, speed, board."""
        upload = self.upload
        rows = [self._file(width), self._line(width, "Way", *self._way(), "i")]
        if not upload.isp:
            pages = "only those that differ" if upload.delta else "all"
            rows.append(self._line(width, "Pages", pages, "", "d"))
            named = upload.board is not None
            board = upload.board.name if upload.board else "not named"
            speeds = ", ".join(map(str, upload.way.bauds))
            turns = " baud, in turn" if len(upload.way.bauds) > 1 else " baud"
            rows.append(self._line(width, "Reset", MEANS[upload.how], "", "r"))
            rows.append(self._line(width, "Speed", speeds, turns, "s"))
            rows.append(self._line(width, "Board", board, "", "b", role="" if named else "muted"))
        return [*rows, *self._warning(width)]

    def _file(self, width: int) -> Row:
        image = self.upload.image
        if image is None:
            return self._line(width, "File", "not chosen", "", "f", role="muted")
        last = f"  {image.size} B at 0x{image.start:04X}-{image.end - 1:04X}"
        return self._line(width, "File", image.file, last, "f", role="bold")

    def _way(self) -> tuple[str, str]:
        upload = self.upload
        if not upload.isp:
            return "through the bootloader", f"  on {upload.session.port}"
        programmer = upload.session.programmer
        return "over ISP", f"  by {programmer.dialect.name}" if programmer else "  no programmer is connected"

    def _line(self, width: int, label: str, text: str, tail: str, key: str, *, role: str = "") -> Row:
        """What is chosen, and the key that changes it as long as it can be."""
        pen = Pen(width).put(label, "muted", at=1)
        pen.put(clipped(text, width - VALUE - 6), role, at=VALUE)
        pen.put(clipped(tail, max(width - pen.at - 5, 0)), "muted")
        return pen.right("" if self.upload.running else key, "accent bold", margin=1).row()

    def _warning(self, width: int) -> list[Row]:
        """That the programmer itself would be overwritten."""
        name = self.upload.replaces
        if not name or self.upload.phase is not Phase.PLANNING:
            return []
        text = f"{name} answers on this port: the upload goes into this board and replaces that sketch."
        lines = wrapped(text, width - VALUE - 4)
        rows = [Pen(width).put("!", "warning bold", at=VALUE - 2).put(lines[0], "warning", at=VALUE).row()]
        return [*rows, *(Pen(width).put(line, "warning", at=VALUE).row() for line in lines[1:])]

    def more(self, width: int) -> list[Row]:
        """The receipt."""
        if self.upload.receipt is None:
            return []
        first, *rest = self.upload.receipt.lines
        pen = Pen(width).put("✓", "success bold", at=1).put(clipped(first, width - 4), "bold", at=3)
        lines = [line for text in rest for line in wrapped(text, width - 4)]
        return [Row(), pen.row(), *(Pen(width).put(line, at=3).row() for line in lines)]

    def next(self, width: int) -> list[Row]:
        """See `JobSheet.next`."""
        pen = Pen(width, at=1)
        match self.upload.phase:
            case Phase.PLANNING | Phase.FAILED if self.upload.image is None:
                pen.put("f", "accent bold").put(" chooses the file", "muted")
            case Phase.PLANNING:
                pen.put("enter", "accent bold").put(" uploads, after a confirmation", "muted")
            case Phase.RUNNING:
                pen.put("esc", "accent bold").put(" stops at a safe place", "muted")
            case Phase.FAILED:
                pen.put("enter", "accent bold").put(" tries again, after a confirmation", "muted")
            case Phase.DONE if not self.upload.isp:
                pen.put("The sketch runs now, and the port is closed.", "muted")
        return [pen.row()]


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
