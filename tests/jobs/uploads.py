"""Boards with bootloaders on virtual time, for the tests of uploads."""

import random
from collections.abc import Callable

from avrdeck.boards.catalog import part
from avrdeck.boards.images import Image
from avrdeck.jobs.upload.reaching import Way, reach_bootloader
from avrdeck.jobs.upload.resetting import Reset
from avrdeck.jobs.upload.touching import Surroundings
from avrdeck.protocol.codes import Op
from avrdeck.protocol.framing import NEED_DATA, CommandReader, Malformed
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.simulator import optiboot
from avrdeck.protocol.simulator.bootchip import with_bootloader
from avrdeck.protocol.simulator.machine import Machine
from avrdeck.protocol.simulator.optiboot import Optiboot
from avrdeck.protocol.simulator.oscillator import UNO_CRYSTAL
from avrdeck.protocol.simulator.target import Target
from avrdeck.protocol.trace import Direction
from avrdeck.protocol.transports.sim import SimTransport, open_sim

PAGE = 128


def ops(programmer: Programmer) -> list[Op]:
    """Every command that was sent, in order."""
    reader = CommandReader()
    for event in programmer.link.trace.events:
        if event.direction is Direction.SENT:
            reader.feed(event.data)
    found = []
    while (command := reader.next_command()) is not NEED_DATA:
        assert not isinstance(command, Malformed), command
        found.append(command.op)
    return found


def sketch(size: int = 4000, seed: int = 3, start: int = 0) -> Image:
    return Image.of(random.Random(seed).randbytes(size), start, "blink.hex")


class Bench:
    """A board that stays plugged in while its port is opened and closed; nothing waits for real."""

    def __init__(self, options: str = "dialect=optiboot", machine: Machine | None = None) -> None:
        self.machine = machine or open_sim(f"sim:?{options}").machine
        self.heard: list[object] = []
        self.slept = 0.0
        self.ports: Callable[[], set[str]] = lambda: {"bench"}
        self.opened: list[tuple[str, int]] = []
        self.wires: list[SimTransport] = []

    async def open(self, port: str, baud: int) -> SimTransport:
        self.opened.append((port, baud))
        self.machine.host_baud = baud
        self.wires.append(SimTransport(self.machine, port))
        return self.wires[-1]

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds

    def present(self, port: str) -> set[str]:
        return self.ports()

    async def reach(self, how: Reset = Reset.DTR, baud: int | None = None) -> Programmer:
        around = Surroundings(self.open, self.present, self.sleep)
        return await reach_bootloader(Way("bench", how, baud), None, self.heard.append, around)

    async def identified(self, how: Reset = Reset.DTR) -> Programmer:
        programmer = await self.reach(how)
        await programmer.identify()
        return programmer

    @property
    def flash(self) -> bytearray:
        return self.machine.target.cells.flash

    @property
    def seconds(self) -> float:
        return self.machine.now / 1e9

    def holds(self, image: Image) -> bool:
        return all(self.flash[one.start : one.end] == one.data for one in image.segments)


class Answering(Optiboot):
    """A bootloader that answers every GET_PARAMETER alike: 0 as picoboot does, anything else is unknown."""

    answer = 0x00

    async def _command(self, op: int) -> None:
        if op == 0x41:
            await self.get()
            await self._in_sync()
            await self.put(self.answer)
        else:
            await super()._command(op)


def answering(value: int, name: str = "ATmega328P") -> Bench:
    cells = with_bootloader(part(name), 0, UNO_CRYSTAL, b"\0\0", optiboot.ROOM)
    firmware = Answering(Target(cells, UNO_CRYSTAL))
    firmware.answer = value
    return Bench(machine=Machine(firmware, firmware.nominal_baud))
