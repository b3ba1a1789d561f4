"""The sheets of a job's screen: what is planned and done, the memory map, the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from avrdeck.tui.actions import by_id
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.controllers.undertaking import Phase, Undertaking
from avrdeck.tui.views import memorymap, steps
from avrdeck.tui.views.ink import Pen, Row, heading, wrapped
from avrdeck.tui.views.steps import State
from avrdeck.tui.widgets.sheet import Sheet

LOG_HEIGHT = 30
"""Lines of a terminal that has room for a log."""


def key_of(identifier: str) -> str:
    """The key that an action has now."""
    action = by_id(identifier)
    return action.key_text if action else ""


def offer(pen: Pen, identifier: str, words: str, role: str = "muted") -> Pen:
    """Write what a key does: ``enter burns``."""
    return pen.put(key_of(identifier), "accent bold").put(f" {words}", role)


class JobSheet(Sheet, can_focus=True):
    """What is chosen, the steps, what the chip holds if one stops now, and what to do next.

    In sight is the step under way, then the end. ``title`` and ``far`` stand above, where no frame has them.
    """

    def __init__(self, job: Undertaking) -> None:
        super().__init__(id="job-sheet")
        self.job = job
        self.title = self.far = ""

    def paint(self, width: int) -> Sequence[Row]:
        """Everything, from top to bottom."""
        log = self.job.log
        rows = [heading(width, self.title, self.far)] if self.title else []
        rows += [*self.chosen(width), Row()]
        before = any(step.before for step in log.steps)
        if before and self.job.phase is not Phase.PLANNING and self.app.size.height >= LOG_HEIGHT:
            rows.append(steps.header(width))
        for number, step in enumerate(log.steps, 1):
            rows += steps.step_rows(number, step, width, before=before)
            if step.state is State.NOW:
                rows += steps.countdown_rows(log.countdown, width)
                rows += steps.progress_rows(log.progress, log.rate, log.seconds_left, width)
                rows += steps.skip_rows(width, wanted=self.job.skip.wanted) if self.job.skip.running else []
        if log.steps:
            rows += [Row(), heading(width, "If you stop now" if self.job.running else "The chip")]
            rows += [Pen(width).put(line, at=1).row() for line in wrapped(self.job.ledger.words, width - 2)]
        rows += [*self.more(width), Row(), *self.next(width)]
        return [*rows[:-1], replace(rows[-1], cursor=self.job.over)]

    def chosen(self, width: int) -> list[Row]:
        """What the job is to do, as chosen."""
        raise NotImplementedError

    def more(self, width: int) -> list[Row]:
        """What there is to say besides."""
        raise NotImplementedError

    def next(self, width: int) -> list[Row]:
        """The keys that matter now, or the receipt."""
        raise NotImplementedError


class MapSheet(Sheet):
    """The memory map beside the steps."""

    can_focus = False

    def __init__(self, session: Session) -> None:
        super().__init__(id="job-map")
        self.session = session

    def paint(self, width: int) -> Sequence[Row]:
        """The same map as the deck's."""
        return memorymap.rows(self.session, None, width, keys=False)


def receipt_rows(lines: Sequence[str], width: int) -> list[Row]:
    """What came of a job that ended well, its first line in bold."""
    first, *rest = lines
    rows = [Pen(width).put(line, "bold", at=3) for line in wrapped(first, width - 4)]
    rows[0].put("✓", "success bold", at=1)
    more = [Pen(width).put(line, at=3).row() for text in rest for line in wrapped(text, width - 4)]
    return [Row(), *(pen.row() for pen in rows), *more]


def spent_rows(text: str, width: int) -> list[Row]:
    """What became of a serial number that no other chip gets, where there is something to say."""
    lines = wrapped(text, width - 4) if text else []
    rows = [Pen(width).put(line, "warning", at=3) for line in lines]
    if rows:
        rows[0].put("!", "warning bold", at=1)
    return [Row(), *(pen.row() for pen in rows)] if rows else []


class LogSheet(Sheet, can_focus=True):
    """What happened, the newest last and in sight, unless one reads here."""

    def __init__(self, job: Undertaking) -> None:
        super().__init__(id="job-log")
        self.job = job

    def paint(self, width: int) -> Sequence[Row]:
        """A line an event, or as many as it takes."""
        rows = []
        for at, text in self.job.log.lines:
            first, *more = wrapped(text, width - 13)
            rows.append(Pen(width).put(f"{at:8.3f}", "muted", at=1).put(first, at=12).row())
            rows += [Pen(width).put(line, at=12).row() for line in more]
        return [*rows[:-1], replace(rows[-1], cursor=not self.has_focus)] if rows else []
