"""Ways to reset a board so that its bootloader runs."""

from __future__ import annotations

from enum import StrEnum

from avrdeck.jobs.events import Countdown, EventHandler
from avrdeck.protocol.transports.base import Transport

DISCHARGE_SECONDS = 0.05
"""How long DTR and RTS rest before the pulse, so that the capacitor between them and RESET is empty."""
PULSE_SECONDS = 0.02
BREAK_SECONDS = 0.25
"""A zero-wire reset needs the line low for a tenth of a second: far longer than any byte."""
COUNTDOWN_SECONDS = 3


class Reset(StrEnum):
    """What makes the board start its bootloader."""

    DTR = "dtr"
    """A pulse on DTR and RTS: most boards with a USB bridge."""
    TOUCH = "touch"
    """Opening and closing the port at 1200 baud: boards whose own chip is the USB port."""
    BREAK = "break"
    """A long break: boards with a capacitor between RX and RESET."""
    MANUAL = "manual"
    """The person presses the button, after a countdown."""
    NONE = "none"
    """Nothing: the bootloader waits already."""


MEANS = {
    Reset.DTR: "a pulse on DTR",
    Reset.TOUCH: "the port opened at 1200 baud",
    Reset.BREAK: "a long break",
    Reset.MANUAL: "the button, after a countdown",
    Reset.NONE: "nothing: it waits already",
}
"""What each of them is, in a few words."""


async def reset(wire: Transport, how: Reset, on_event: EventHandler) -> None:
    """Reset the board on an open port; a touch needs another port and is no business of this.

    DTR and RTS stay released, or a board on which they are RESET itself would never run.
    """
    match how:
        case Reset.DTR:
            await wire.set_dtr(False)
            await wire.sleep(DISCHARGE_SECONDS)
            await wire.set_dtr(True)
            await wire.sleep(PULSE_SECONDS)
            await wire.set_dtr(False)
        case Reset.BREAK:
            await wire.set_break(True)
            await wire.sleep(BREAK_SECONDS)
            await wire.set_break(False)
        case Reset.MANUAL:
            await _count_down(wire, on_event)


async def _count_down(wire: Transport, on_event: EventHandler) -> None:
    for seconds in range(COUNTDOWN_SECONDS, 0, -1):
        on_event(Countdown(f"press the reset button in {seconds} s", seconds))
        await wire.sleep(1.0)
    on_event(Countdown("press the reset button now", 0))
