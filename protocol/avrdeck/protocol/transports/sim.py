"""``sim:``, a virtual board in this process. Time is virtual: nothing here ever waits for real."""

from __future__ import annotations

import asyncio
import math
import time

from avrdeck.protocol.errors import PortError, PortReason
from avrdeck.protocol.simulator import board
from avrdeck.protocol.simulator.machine import Machine
from avrdeck.protocol.simulator.options import BadOption, Options, from_url
from avrdeck.protocol.simulator.state import BadState
from avrdeck.protocol.simulator.wire import NS_PER_S

SPELL_S = 0.002
"""Real seconds that the machine may work before others have their turns."""
TURNS = 40
"""So many of the loop's turns: what a key of the app takes to be on the screen."""


def open_sim(url: str = "sim:", baud: int | None = None) -> SimTransport:
    """Open ``sim:`` or ``sim:?name=value&…`` (names: `avrdeck.protocol.simulator.options`).

    Without ``baud`` the line runs at the firmware's own speed; another one garbles, as on a real
    wire. Opening asserts DTR, which resets a virtual board with auto-reset. Raises `PortError`.
    """
    try:
        options = from_url(url)
        machine = board.build(options, baud)
    except (BadOption, BadState) as error:
        raise _unusable(url, str(error)) from error
    except OSError as error:
        raise _unusable(url, f"The state file cannot be read: {error}.") from error
    return SimTransport(machine, url, options)


def _unusable(url: str, detail: str) -> PortError:
    return PortError(url, PortReason.UNSUPPORTED, "There is no such virtual programmer.", detail=detail)


class SimTransport:
    """The host's end of a virtual serial line (`avrdeck.protocol.transports.base.Transport`).

    ``machine`` is the board behind it, for tests and for teaching: faults, crystals, power cuts.
    """

    def __init__(self, machine: Machine, name: str = "sim:", options: Options | None = None) -> None:
        self.machine = machine
        self._name = name
        self._options = options or Options()
        self._open = True
        self._breathed = 0.0
        machine.set_dtr(asserted=True)

    @property
    def name(self) -> str:
        """The port as the user named it."""
        return self._name

    @property
    def baud(self) -> int:
        """Bits per second on the host's side."""
        return round(self.machine.host_baud)

    def now(self) -> float:
        """Virtual seconds since the board was put together."""
        return self.machine.now / NS_PER_S

    async def sleep(self, seconds: float) -> None:
        """Let virtual time pass."""
        await self._breathe()
        self._check()
        self.machine.run_until(self._after(seconds))

    def write(self, data: bytes) -> None:
        """Hand ``data`` to the virtual transmitter."""
        self._check()
        self.machine.feed(data)

    async def read(self, timeout: float) -> bytes:
        """Let virtual time pass until bytes arrive or ``timeout`` seconds are over."""
        await self._breathe()
        self._check()
        deadline = None if math.isinf(timeout) else self._after(timeout)
        while not (data := self.machine.take()):
            due = self.machine.next_change_at()
            if due is None and deadline is None:
                await asyncio.get_running_loop().create_future()
            elif due is None or (deadline is not None and due > deadline):
                self.machine.run_until(deadline or 0)
                return b""
            else:
                self.machine.run_until(due)
                self._check()
        return data

    def discard(self) -> bytes:
        """Take what has arrived."""
        self._check()
        return self.machine.take()

    async def set_baud(self, baud: int) -> None:
        """Change the host's line speed; the firmware keeps its own."""
        self._check()
        self.machine.host_baud = baud

    async def set_dtr(self, asserted: bool) -> None:
        """Drive DTR; the asserting edge resets the board."""
        self._check()
        self.machine.set_dtr(asserted=asserted)

    async def set_break(self, asserted: bool) -> None:
        """Hold the line low; a board with a reset by break resets when it is let go."""
        self._check()
        self.machine.set_break(asserted=asserted)

    async def close(self) -> None:
        """Unplug, and keep the chip in the state file if there is one."""
        if not self._open:
            return
        self._open = False
        try:
            board.save(self._options, self.machine)
        except OSError as error:
            title = "The virtual chip could not be saved."
            raise PortError(self._name, PortReason.FAILED, title, detail=f"{error}.") from error

    async def _breathe(self) -> None:
        """Let the rest of this process go on: a real line would be waited for, this one always works."""
        turns = 1
        if (now := time.monotonic()) - self._breathed > SPELL_S:
            self._breathed, turns = now, TURNS
        for _ in range(turns):
            await asyncio.sleep(0)

    def _after(self, seconds: float) -> int:
        return self.machine.now + round(seconds * NS_PER_S)

    def _check(self) -> None:
        if not self._open:
            raise PortError(self._name, PortReason.FAILED, "The port is closed.")
        if self.machine.vanished:
            raise PortError(self._name, PortReason.VANISHED, "The virtual programmer was unplugged.")
