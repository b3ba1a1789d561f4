"""Staged bytes into the chip: what changes, what that takes, then every step's state."""

from __future__ import annotations

from collections.abc import Sequence

from avrdeck.jobs.patch.model import Span
from avrdeck.tui.actions import Scope, bindings
from avrdeck.tui.controllers.patching import Patching
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.controllers.undertaking import Phase
from avrdeck.tui.screens.jobscreen import SIDE_WIDTH, JobScreen
from avrdeck.tui.views import memorymap
from avrdeck.tui.views.ink import Pen, Row, heading, wrapped
from avrdeck.tui.widgets.jobsheets import JobSheet

LISTED = 6
"""Ranges told in full; of more only the number."""
SHOWN_BYTES = 8


class PatchSheet(JobSheet):
    """The bytes before and after, what writing them does to the chip, and the steps."""

    def __init__(self, patching: Patching) -> None:
        super().__init__(patching)
        self.patching = patching

    def chosen(self, width: int) -> list[Row]:
        """What changes and what will happen."""
        patch = self.patching.patch
        spans = patch.spans
        count = sum(len(span.new) for span in spans)
        told = f"{count} byte{'s' * (count != 1)} in {len(spans)} range{'s' * (len(spans) != 1)}"
        rows = [heading(width, memorymap.title_of(patch.memory), told), *_changes(spans, width)]
        plan = self.patching.plan
        if plan and not self.patching.receipt:
            rows += [Row(), heading(width, "What it takes", plan.way.value)]
            rows += [row for note in plan.notes for row in _note(note, width)]
        return rows

    def more(self, width: int) -> list[Row]:
        """The map, where there is no room for it beside."""
        session = self.patching.session
        if self.app.size.width >= SIDE_WIDTH or not self.patching.running:
            return []
        found = session.maps[self.patching.patch.memory]
        return [Row(), *memorymap.cells(session, found, width)]

    def next(self, width: int) -> list[Row]:
        """See `JobSheet.next`."""
        pen = Pen(width, at=1)
        receipt = self.patching.receipt
        match self.patching.phase:
            case Phase.PLANNING | Phase.FAILED if self.patching.plan:
                again = "tries again" if self.patching.phase is Phase.FAILED else "writes"
                pen.put("enter", "accent bold").put(f" {again}, after a confirmation   ", "muted")
                pen.put("esc", "accent bold").put(" back, nothing written", "muted")
            case Phase.RUNNING:
                pen.put("esc", "accent bold").put(" stops at a safe place", "muted")
            case Phase.DONE if receipt:
                count = f"{receipt.changed} byte{'s' * (receipt.changed != 1)}"
                pen.put("✓ ", "success bold").put(f"{count} written and verified", "bold")
        return [pen.row()]


def _changes(spans: Sequence[Span], width: int) -> list[Row]:
    rows = [_change(span, width) for span in spans[:LISTED]]
    left = len(spans) - LISTED
    if left > 0:
        last = spans[-1].end - 1
        more = f"and {left} more range{'s' * (left != 1)}, up to {last:04X}"
        rows.append(Pen(width).put(more, "muted", at=3).row())
    return rows


def _change(span: Span, width: int) -> Row:
    pen = Pen(width).put("◆ ", "warning", at=1).put(f"{span.start:04X}", "bold")
    pen.put(f"-{span.end - 1:04X}" if len(span.new) > 1 else "     ").put(f"{len(span.new):6} B  ", "muted")
    room = max((width - pen.at - 6) // 6, 1)
    pen.put(_bytes(span.old, min(room, SHOWN_BYTES)), "muted").put(" → ", "warning")
    return pen.put(_bytes(span.new, min(room, SHOWN_BYTES)), "warning bold").row()


def _bytes(data: bytes, most: int) -> str:
    return data[:most].hex(" ").upper() + (" …" if len(data) > most else "")


def _note(text: str, width: int) -> list[Row]:
    first, *rest = wrapped(text, width - 5)
    rows = [Pen(width).put("·", "accent bold", at=1).put(first, at=3).row()]
    return [*rows, *(Pen(width).put(line, at=3).row() for line in rest)]


class PatchScreen(JobScreen):
    """One write of staged bytes. Opening it looks at the chip; nothing is written before a yes."""

    title_text = "Write staged bytes"
    scope = Scope.PATCH
    BINDINGS = bindings(Scope.PATCH)

    def __init__(self, session: Session, memory: str) -> None:
        super().__init__(session)
        self.patching = Patching(session, memory, self.move)

    @property
    def job(self) -> Patching:
        """The write."""
        return self.patching

    def sheet(self) -> PatchSheet:
        """See `JobScreen.sheet`."""
        return PatchSheet(self.patching)
