"""From a port to a bootloader that answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from avrdeck.boards.models import Part
from avrdeck.jobs.events import EventHandler, StepDone, StepStarted, unheard
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.session import close_programmer
from avrdeck.jobs.upload.resetting import Reset, reset
from avrdeck.jobs.upload.touching import Surroundings, touch
from avrdeck.protocol.dialects import UNKNOWN, UNKNOWN_BOOTLOADER, Reach
from avrdeck.protocol.errors import SyncError, UsageFault
from avrdeck.protocol.link import Link
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.trace import Trace
from avrdeck.protocol.transports.base import Transport

USUAL_BAUDS = (115_200, 57_600, 19_200)
"""Optiboot and picoboot, ATmegaBOOT of 16 and 8 MHz boards, ATmegaBOOT of the oldest."""
TRIES = 5
"""How often to ask after a reset: a bootloader waits for about a second."""
PATIENT_TRIES = 32
"""How often where a person has to find the button: 8 s."""
PROBLEM = {
    Reset.DTR: "The pulse on DTR may not reach RESET, or the board has no bootloader.",
    Reset.TOUCH: "The board may not know the 1200-baud touch, or its bootloader does not speak STK500.",
    Reset.BREAK: "The board may have no reset by break, or no bootloader.",
    Reset.MANUAL: "The button was pressed too early or too late, or the board has no bootloader.",
    Reset.NONE: "Nothing was reset, and no bootloader waits.",
}


@dataclass(frozen=True, slots=True)
class Way:
    """How to get at a board's bootloader; without ``baud`` the usual ones are tried in turn."""

    port: str
    how: Reset = Reset.DTR
    baud: int | None = None

    @property
    def bauds(self) -> tuple[int, ...]:
        """The line speeds to try."""
        return (self.baud,) if self.baud else USUAL_BAUDS


@asynccontextmanager
async def on_board(
    way: Way, part: Part | None = None, trace: Trace | None = None, on_event: EventHandler = unheard
) -> AsyncIterator[Programmer]:
    """A bootloader whose chip is identified, for the length of a block; its sketch runs afterwards.

    Raises as `reach_bootloader` and `Programmer.identify`.
    """
    programmer = await reach_bootloader(way, trace, on_event)
    try:
        with Ledger().told():
            await programmer.identify(part)
        yield programmer
    finally:
        await close_programmer(programmer)


async def reach_bootloader(
    way: Way,
    trace: Trace | None = None,
    on_event: EventHandler = unheard,
    around: Surroundings | None = None,
) -> Programmer:
    """Reset the board and synchronise with its bootloader, at the first line speed at which it answers.

    Raises `PortError`, `SyncError` when no bootloader answers, `UsageFault` when an ISP programmer does.
    """
    around = around or Surroundings()
    port = way.port
    if way.how is Reset.TOUCH:
        on_event(StepStarted("reset", f"touch {port} at 1200 baud"))
        port = await touch(port, around)
        on_event(StepDone("reset", f"the board is on {port}"))
    wire = await around.open(port, way.bauds[0])
    link = Link(wire, trace)
    try:
        return await _reach(link, wire, way, on_event)
    except BaseException:
        await link.close()
        raise


async def _reach(link: Link, wire: Transport, way: Way, on_event: EventHandler) -> Programmer:
    heard = b""
    for baud in way.bauds:
        on_event(StepStarted("bootloader", f"look for a bootloader at {baud} baud"))
        await wire.set_baud(baud)
        await reset(wire, way.how, on_event)
        try:
            await link.synchronise(PATIENT_TRIES if way.how is Reset.MANUAL else TRIES)
        except SyncError as silence:
            heard = heard or silence.heard
            continue
        programmer = _insist_on_bootloader(await Programmer.connect(link))
        name = f"{programmer.dialect.name} {programmer.identity.version}".strip()
        on_event(StepDone("bootloader", f"{name} answers at {baud} baud"))
        return programmer
    tried = ", ".join(str(baud) for baud in way.bauds)
    raise SyncError(
        f"No bootloader answers on {way.port} at {tried} baud",
        heard=heard,
        detail=PROBLEM[way.how],
        advice="Try another --reset, or name the speed with -b; doctor says who answers there.",
    )


def _insist_on_bootloader(programmer: Programmer) -> Programmer:
    """What is not known is taken for a bootloader, since one was asked for, and treated with caution."""
    if programmer.dialect is UNKNOWN:
        programmer.dialect = UNKNOWN_BOOTLOADER
        programmer.link.window = UNKNOWN_BOOTLOADER.window
    if programmer.dialect.reach is not Reach.BOOTLOADER:
        raise UsageFault(
            f"{programmer.dialect.name} answers, which is a programmer and no bootloader",
            detail="The sketch would go into the chip behind it.",
            advice="If that is meant, use --isp. To upload into this board itself, take the capacitor off "
            "its RESET first.",
        )
    return programmer
