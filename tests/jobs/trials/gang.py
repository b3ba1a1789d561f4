"""Two boards in one gang, of which one is disturbed: the other must not notice."""

from __future__ import annotations

from unittest import mock

from avrdeck.jobs import session
from avrdeck.jobs.events import EventHandler
from avrdeck.jobs.gang import Gang
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.writing import write_image
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.transports.base import Transport
from avrdeck.protocol.transports.sim import SimTransport
from jobs.trials.isp import PATIENCE, SKETCH, empty
from jobs.trials.model import Content, Stage, Trial


class Touched(AssertionError):
    """A board came to harm by its neighbour's fault."""


async def write_both(stage: Stage) -> object:
    """Write `SKETCH` into both chips; raises the fault of the disturbed board."""
    other = empty()
    before = Content.of(other)
    boards = {"bench": stage.machine, "other": other}

    async def opened(port: str, baud: int | None = None) -> Transport:
        return SimTransport(boards[port], port)

    async def work(programmer: Programmer, on_event: EventHandler, ledger: Ledger) -> str:
        await write_image(programmer, SKETCH, erase=True, on_event=on_event)
        return "written"

    with mock.patch.object(session, "open_transport", opened):
        async with Gang(work) as gang:
            for port in boards:
                gang.join(port)
            rows = {row.port: row for row in await gang.finish()}
    fault = rows["other"].fault
    if fault or not before.erased().written(SKETCH).same(Content.of(other)):
        raise Touched(str(fault))
    if rows["bench"].fault:
        raise rows["bench"].fault
    return rows["bench"].result


TRIALS = {
    "gang": Trial(
        empty,
        write_both,
        lambda before: before.erased().written(SKETCH),
        2 * PATIENCE,
        opens=True,
    )
}
