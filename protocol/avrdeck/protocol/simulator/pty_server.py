"""A virtual programmer as a serial port for other programs, in real time.

Both directions keep the pace of the client's baud rate, by absolute times, so that nothing drifts.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from avrdeck.protocol.errors import PortError, PortReason
from avrdeck.protocol.simulator import board
from avrdeck.protocol.simulator.machine import Machine
from avrdeck.protocol.simulator.options import BadOption, DialectName, Options
from avrdeck.protocol.simulator.pty_port import READ_BYTES, PtyPort
from avrdeck.protocol.simulator.state import BadState
from avrdeck.protocol.simulator.wire import NS_PER_S

ABSENT_POLL_S = 0.02
"""How often to look whether a client has opened the port: nothing reports it."""
STEPS_AT_A_TIME = 500
"""Without pacing: how much to simulate before looking at the event loop again."""
BAUD_TOLERANCE = 0.04
END_SIGNALS = (signal.SIGINT, signal.SIGTERM)


async def serve(
    path: Path,
    options: Options,
    *,
    fast: bool = False,
    reset_on_open: bool | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> None:
    """Offer the virtual board as serial port ``path`` until SIGINT, SIGTERM or cancellation.

    ``fast`` lets virtual time run ahead of real time while there is work. ``reset_on_open`` resets the
    board whenever a client opens the port, as DTR does on an Uno, for a pseudo-terminal has no DTR;
    `None` does so for bootloaders, which nobody would reach otherwise. ``report`` is called with a line
    about everything worth telling, first when the port is ready. At the end the name is removed and
    the chip is saved if the options name a state file. Raises `PortError`.
    """
    try:
        machine = board.build(options)
    except (BadOption, BadState, OSError) as error:
        title = "There is no such virtual programmer."
        raise PortError(str(path), PortReason.UNSUPPORTED, title, detail=str(error)) from error
    if reset_on_open is None:
        reset_on_open = options.dialect is not DialectName.ARDUINOISP
    _save(path, options, machine)
    port = PtyPort(path)
    try:
        server = _Server(machine, port, fast, reset_on_open, report)
        firmware = machine.firmware
        with _on_signals(server.stop):
            report(f"{firmware.title} at {firmware.nominal_baud} baud on {path} ({port.device})")
            await server.run()
    finally:
        port.close()
        _save(path, options, machine)


def _save(path: Path, options: Options, machine: Machine) -> None:
    """Keep the chip; also before the start, so that a file that cannot be written is known at once."""
    try:
        board.save(options, machine)
    except OSError as error:
        title = "The virtual chip cannot be saved."
        raise PortError(str(path), PortReason.FAILED, title, detail=f"{error}.") from error


@contextlib.contextmanager
def _on_signals(action: Callable[[], None]) -> Iterator[None]:
    """Run ``action`` when the process is interrupted or terminated, where signals can be had."""
    loop = asyncio.get_running_loop()
    try:
        for number in END_SIGNALS:
            loop.add_signal_handler(number, action)
    except (RuntimeError, ValueError):
        yield
        return
    try:
        yield
    finally:
        for number in END_SIGNALS:
            loop.remove_signal_handler(number)


class _Server:
    def __init__(
        self, machine: Machine, port: PtyPort, fast: bool, reset_on_open: bool, report: Callable[[str], None]
    ) -> None:
        self._machine = machine
        self._port = port
        self._fast = fast
        self._reset_on_open = reset_on_open
        self._report = report
        self._present = False
        self._baud = 0
        self._zero = time.monotonic_ns()
        self._wake = asyncio.Event()
        self._stopped = False

    def stop(self) -> None:
        """Let `run` return."""
        self._stopped = True
        self._wake.set()

    async def run(self) -> None:
        """Carry bytes until stopped."""
        loop, wake = asyncio.get_running_loop(), self._wake
        while not self._stopped:
            self._watch_client()
            self._exchange()
            if self._fast:
                await self._run_ahead()
            listening = self._present and self._has_room
            if listening:
                loop.add_reader(self._port.fd, wake.set)
            timer = loop.call_later(self._seconds_to_next(), wake.set)
            try:
                await wake.wait()
            finally:
                timer.cancel()
                if listening:
                    loop.remove_reader(self._port.fd)
            wake.clear()

    def _watch_client(self) -> None:
        present = self._port.present
        if present and not self._present:
            self._report("A client opened the port.")
            if self._reset_on_open:
                self._catch_up()
                self._machine.reset_board()
        elif self._present and not present:
            self._report("The client closed the port.")
        self._present = present

    def _exchange(self) -> None:
        """Let virtual time catch up, then hand over what came from each side."""
        self._catch_up()
        self._receive()
        self._deliver()

    def _receive(self) -> None:
        if self._has_room and (data := self._port.read()):
            self._follow_baud()
            self._machine.feed(data)

    def _follow_baud(self) -> None:
        baud = self._port.baud
        if baud and baud != self._baud:
            self._baud = self._machine.host_baud = baud
            own = self._machine.device_baud
            if abs(baud / own - 1) > BAUD_TOLERANCE:
                self._report(f"The client speaks {baud} baud, the firmware {own:.0f}: neither understands.")

    def _catch_up(self) -> None:
        self._machine.run_until(max(self._machine.now, time.monotonic_ns() - self._zero))

    def _deliver(self) -> None:
        if data := self._machine.take():
            self._port.write(data)

    async def _run_ahead(self) -> None:
        machine = self._machine
        while machine.working:
            sent = bytearray()
            for _ in range(STEPS_AT_A_TIME):
                machine.run_until(machine.next_change_at() or 0)
                sent += machine.take()
                if not machine.working:
                    break
            self._port.write(bytes(sent))
            await asyncio.sleep(0)
            self._receive()
        self._zero = time.monotonic_ns() - machine.now

    @property
    def _has_room(self) -> bool:
        """Whether the virtual transmitter takes more, as a real one's driver blocks when it is full."""
        return self._machine.unsent_bytes < READ_BYTES

    def _seconds_to_next(self) -> float:
        due = self._machine.next_change_at()
        wait = ABSENT_POLL_S if due is None else (due + self._zero - time.monotonic_ns()) / NS_PER_S
        return max(0.0, wait if self._present and due is not None else min(wait, ABSENT_POLL_S))
