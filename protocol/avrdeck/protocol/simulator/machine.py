"""A virtual programmer on a virtual serial line, in virtual time. Sans-IO and deterministic.

Bytes go in with the moment the host hands them over and come out with the moment they have arrived
at the host; between the two the line is paced at the host's and the firmware's own baud rates.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Coroutine
from typing import Protocol

from avrdeck.protocol.simulator.faults import Fault, FaultPlan, Kind
from avrdeck.protocol.simulator.mcu import FOREVER, Mcu, Wait
from avrdeck.protocol.simulator.options import OtherReset
from avrdeck.protocol.simulator.target import Target
from avrdeck.protocol.simulator.usart import Usart
from avrdeck.protocol.simulator.wire import NS_PER_MS, Arrival, Wire

TOUCH_BAUD = 1200
BREAK_MS = 5
"""How long a break has to last: longer than any byte, so that no data reset the board."""


class Firmware(Protocol):
    """What runs on the virtual board."""

    @property
    def title(self) -> str:
        """Name and version."""

    @property
    def nominal_baud(self) -> int:
        """The speed that it was built for."""

    @property
    def target(self) -> Target | None:
        """The chip that is programmed, behind SPI or the board's own."""

    @property
    def runs_on_target(self) -> bool:
        """Whether that is the chip the firmware itself runs on."""

    def usart(self) -> Usart:
        """A serial port as the firmware sets it up."""

    def float_pins(self) -> None:
        """The board's processor is in reset: its pins drive nothing."""

    def run(self, mcu: Mcu, *, warm: bool) -> Coroutine[Wait, None, None]:
        """The program, from reset on; ``warm`` starts where it waits for commands."""


class Machine:
    """One board with one firmware, seen from its serial port.

    The board is up and waits for commands at virtual time 0. ``host_baud`` is the speed of the line's
    other end; with ``any_baud`` the firmware follows it. With ``auto_reset`` the asserting edge of DTR
    resets the board, as on an Uno without a capacitor on RESET; ``other_reset`` is what else does.
    """

    def __init__(
        self,
        firmware: Firmware,
        host_baud: float,
        *,
        auto_reset: bool = True,
        any_baud: bool = False,
        other_reset: OtherReset | None = None,
    ) -> None:
        self.firmware = firmware
        self.auto_reset = auto_reset
        self.any_baud = any_baud
        self.now = 0
        self.faults = FaultPlan()
        self.vanished = False
        self.other_reset = other_reset
        self._dtr = False
        self._break_since: int | None = None
        self._strikes: list[tuple[int, Kind]] = []
        self._inbound: deque[Arrival] = deque()
        self._outbound: deque[Arrival] = deque()
        usart = firmware.usart()
        self._to_device = Wire(host_baud, usart.baud)
        self._to_host = Wire(usart.baud, host_baud)
        self.host_baud = host_baud
        self._start(usart, warm=True)

    @property
    def target(self) -> Target | None:
        """The virtual chip, or `None` when nothing is connected."""
        return self.firmware.target

    @property
    def host_baud(self) -> float:
        """The speed of the host's end of the line."""
        return self._to_device.sender_baud

    @host_baud.setter
    def host_baud(self, baud: float) -> None:
        self._to_device.sender_baud = self._to_host.receiver_baud = baud
        if self.any_baud:
            self._to_device.receiver_baud = self._to_host.sender_baud = baud

    @property
    def device_baud(self) -> float:
        """The speed that the firmware's end really has."""
        return self._to_host.sender_baud

    @property
    def unsent_bytes(self) -> float:
        """How many bytes of the host wait for the line or are on it."""
        return max(0.0, (self._to_device.quiet_at - self.now) / self._to_device.byte_ns)

    @property
    def working(self) -> bool:
        """Whether there is something to do before the host's next byte, other than wait for it."""
        idle = self._wait.for_byte or self._wait.until is None
        return bool(self._inbound or self._outbound or self._strikes) or not idle

    @property
    def lost(self) -> int:
        """Bytes that found the receive buffer full since the last reset."""
        return self._mcu.usart.receiver.lost

    def reset_board(self) -> None:
        """Reset the programmer's processor: what it was sending or had received is gone."""
        self._restart(warm=False)

    def cut_power(self) -> None:
        """Take the target's supply away for a moment."""
        if self.target:
            self.target.power_cycle()
        if self.firmware.runs_on_target:
            self._restart(warm=True)

    def set_dtr(self, *, asserted: bool) -> None:
        """Drive DTR; the asserting edge resets a board with auto-reset."""
        touched = self.other_reset is OtherReset.TOUCH and self.host_baud == TOUCH_BAUD
        if (asserted and not self._dtr and self.auto_reset) or (self._dtr and not asserted and touched):
            self.reset_board()
        self._dtr = asserted

    def set_break(self, *, asserted: bool) -> None:
        """Hold the host's line low, or let it go, which resets a board that listens to breaks.

        The framing error that a receiver sees is not simulated.
        """
        since, self._break_since = self._break_since, self.now if asserted else None
        long_enough = since is not None and self.now - since >= BREAK_MS * NS_PER_MS
        if not asserted and long_enough and self.other_reset is OtherReset.BREAK:
            self.reset_board()

    def feed(self, data: bytes) -> None:
        """The host hands ``data`` to its transmitter now; it leaves at the host's baud."""
        for byte in data:
            self._inbound += self._carry(byte, self._to_device, self.now, self.faults.next(to_host=False))

    def take(self) -> bytes:
        """What has arrived at the host by now and was not taken yet."""
        taken = bytearray()
        while self._outbound and self._outbound[0].at <= self.now:
            taken.append(self._outbound.popleft().byte)
        return bytes(taken)

    def next_output_at(self) -> int | None:
        """When the next byte that is already under way reaches the host."""
        return self._outbound[0].at if self._outbound else None

    def next_event_at(self) -> int | None:
        """When something happens next inside; `None` while only the host can change anything."""
        if self._wait.for_byte and self._mcu.usart.receiver:
            return self.now
        moments = [at for at, _ in self._strikes]
        if self._inbound:
            moments.append(self._inbound[0].at)
        if self._wait.until is not None:
            moments.append(self._wait.until)
        return max(min(moments), self.now) if moments else None

    def next_change_at(self) -> int | None:
        """When a byte reaches the host or something happens inside, whichever is first."""
        moments = [at for at in (self.next_output_at(), self.next_event_at()) if at is not None]
        return min(moments, default=None)

    def run_until(self, moment: int) -> None:
        """Let time pass until ``moment`` (virtual ns)."""
        while (due := self.next_event_at()) is not None and due <= moment:
            self.now = due
            self._step()
        self.now = max(self.now, moment)

    def _step(self) -> None:
        """Do one thing that is due: a fault, an arriving byte, or the firmware's next stretch."""
        if struck := next((strike for strike in self._strikes if strike[0] <= self.now), None):
            self._strikes.remove(struck)
            self._strike(struck[1])
        elif self._inbound and self._inbound[0].at <= self.now:
            self._mcu.usart.receiver.put(self._inbound.popleft())
        else:
            self._resume()

    def _restart(self, *, warm: bool) -> None:
        self._run.close()
        self._outbound = deque(arrival for arrival in self._outbound if arrival.at <= self.now)
        self.firmware.float_pins()
        self._start(self.firmware.usart(), warm=warm)

    def _start(self, usart: Usart, *, warm: bool) -> None:
        self._mcu = Mcu(usart, self._send, self.now)
        self._run = self.firmware.run(self._mcu, warm=warm)
        self._resume()

    def _resume(self) -> None:
        try:
            self._wait = self._run.send(None)
        except StopIteration:
            self._wait = FOREVER

    def _send(self, byte: int, at: int) -> int:
        self._outbound += self._carry(byte, self._to_host, at, self.faults.next(to_host=True))
        return self._to_host.quiet_at

    def _carry(self, byte: int, wire: Wire, at: int, fault: Fault | None) -> list[Arrival]:
        """Put a byte on a wire, as the fault leaves it; return what the far end sees."""
        if fault is None:
            return wire.send(byte, at)
        match fault.kind:
            case Kind.FLIP:
                return wire.send(byte ^ fault.mask, at)
            case Kind.DOUBLE:
                return wire.send(byte, at) + wire.send(byte, at)
            case Kind.DELAY:
                return wire.send(byte, at + fault.delay_ns)
            case Kind.DROP:
                wire.send(byte, at)
            case _:
                self._strikes.append((max(at, wire.quiet_at), fault.kind))
                wire.send(byte, at)
        return []

    def _strike(self, kind: Kind) -> None:
        match kind:
            case Kind.RESET_PROGRAMMER:
                self.reset_board()
            case Kind.CUT_POWER:
                self.cut_power()
            case Kind.VANISH:
                self.vanished = True
