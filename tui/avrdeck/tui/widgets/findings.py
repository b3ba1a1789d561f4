"""What there is to say about fuse bytes, beneath their editor."""

from __future__ import annotations

from collections.abc import Sequence

from avrdeck.tui.controllers.session import Session
from avrdeck.tui.views import findings, unread
from avrdeck.tui.views.ink import Pen, Row, wrapped
from avrdeck.tui.widgets.sheet import Sheet


class Findings(Sheet):
    """What there is to say about the staged bytes."""

    can_focus = False

    def __init__(self, session: Session) -> None:
        super().__init__(id="findings")
        self.session = session

    def paint(self, width: int) -> Sequence[Row]:
        """What the bytes add up to, then the findings; of bytes that are not the chip's there is none."""
        draft, reason = self.session.draft, unread.no_fuses(self.session)
        if draft is None:
            return []
        if reason and not draft.staged:
            return told(reason, width)
        adds_up = findings.summary_row(draft, width)
        return [*adds_up, *([Row()] if adds_up else []), *findings.rows(draft.findings, draft.part, width)]


def told(text: str, width: int) -> list[Row]:
    """A sentence in muted rows."""
    return [Pen(width).put(line, "muted", at=1).row() for line in wrapped(text, width - 2)]
