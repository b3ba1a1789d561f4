"""What an upload shows: a line a choice, the steps, the receipt."""

from __future__ import annotations

from avrdeck.jobs.upload.resetting import MEANS
from avrdeck.tui.controllers.undertaking import Phase
from avrdeck.tui.controllers.uploading import Upload
from avrdeck.tui.views.ink import Pen, Row, clipped, wrapped
from avrdeck.tui.widgets.jobsheets import JobSheet, key_of, offer, receipt_rows, spent_rows

VALUE = 9
"""Column of what is chosen."""


class UploadSheet(JobSheet):
    """The plan of an upload, a line a choice with the key that changes it."""

    def __init__(self, upload: Upload) -> None:
        super().__init__(upload)
        self.upload = upload

    def chosen(self, width: int) -> list[Row]:
        """File, way, pages, speed, board."""
        upload = self.upload
        rows = [self._file(width), self._line(width, "Way", *self._way(), "way")]
        if not upload.isp:
            pages = "only those that differ" if upload.delta else "all"
            rows.append(self._line(width, "Pages", pages, "", "delta"))
            named = upload.board is not None
            board = upload.board.name if upload.board else "not named"
            speeds = ", ".join(map(str, upload.way.bauds))
            turns = " baud, in turn" if len(upload.way.bauds) > 1 else " baud"
            rows.append(self._line(width, "Reset", MEANS[upload.how], "", "reset"))
            rows.append(self._line(width, "Speed", speeds, turns, "speed"))
            rows.append(self._line(width, "Board", board, "", "board", role="" if named else "muted"))
        order = upload.order
        serial = order.words if order else "none"
        rows.append(self._line(width, "Serial", serial, "", "serial", role="" if order else "muted"))
        return [*rows, *self._warning(width)]

    def _file(self, width: int) -> Row:
        image = self.upload.image
        if image is None:
            return self._line(width, "File", "not chosen", "", "file", role="muted")
        last = f"  {image.size} B at 0x{image.start:04X}-{image.end - 1:04X}"
        return self._line(width, "File", image.file, last, "file", role="bold")

    def _way(self) -> tuple[str, str]:
        upload = self.upload
        if not upload.isp:
            return "through the bootloader", f"  on {upload.session.port}"
        programmer = upload.session.programmer
        return "over ISP", f"  by {programmer.dialect.name}" if programmer else "  no programmer is connected"

    def _line(self, width: int, label: str, text: str, tail: str, action: str, *, role: str = "") -> Row:
        """What is chosen, and the key that changes it as long as it can be."""
        pen = Pen(width).put(label, "muted", at=1)
        pen.put(clipped(text, width - VALUE - 6), role, at=VALUE)
        pen.put(clipped(tail, max(width - pen.at - 5, 0)), "muted")
        key = "" if self.upload.running else key_of(f"upload.{action}")
        return pen.right(key, "accent bold", margin=1).row()

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
        """The receipt; else what became of a serial number."""
        upload = self.upload
        if upload.receipt is None:
            return spent_rows(upload.spent, width)
        stamp = upload.number.stamp if upload.number else None
        number = [f"serial number {stamp.words}"] if stamp else []
        return receipt_rows([*upload.receipt.lines, *number], width)

    def next(self, width: int) -> list[Row]:
        """See `JobSheet.next`."""
        pen = Pen(width, at=1)
        match self.upload.phase:
            case Phase.PLANNING | Phase.FAILED if self.upload.image is None:
                offer(pen, "upload.file", "chooses the file")
            case Phase.PLANNING:
                offer(pen, "upload.start", "uploads, after a confirmation")
            case Phase.RUNNING:
                offer(pen, "upload.leave", "stops at a safe place")
            case Phase.FAILED:
                offer(pen, "upload.start", "tries again, after a confirmation")
            case Phase.DONE if not self.upload.isp:
                pen.put("The sketch runs now, and the port is closed.", "muted")
        return [pen.row()]
