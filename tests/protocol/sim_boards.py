"""Virtual boards for the simulator's own tests, driven without any transport."""

from avrdeck.boards.catalog import part
from avrdeck.protocol import isp
from avrdeck.protocol.simulator import board
from avrdeck.protocol.simulator.arduinoisp import SCK_HZ
from avrdeck.protocol.simulator.cells import factory_fresh
from avrdeck.protocol.simulator.machine import Machine
from avrdeck.protocol.simulator.options import from_url
from avrdeck.protocol.simulator.oscillator import UNO_CRYSTAL, Xtal
from avrdeck.protocol.simulator.target import Target

MS = 1_000_000
SET_DEVICE_328P = "42 86 00 00 01 01 01 01 03 FF FF FF FF 00 80 04 00 00 00 80 00 20"


def machine(options: str = "", host_baud: int | None = None) -> Machine:
    """A virtual board; its bootloader, if it has one, was just reset and listens."""
    built = board.build(from_url(f"sim:?{options}" if options else "sim:"), host_baud)
    if "dialect" in options:
        built.set_dtr(asserted=True)
        built.run_until(500 * MS)
    return built


def ask(to: Machine, request: str | bytes, ms: float = 100) -> str:
    """Send ``request`` (hex or bytes) and return in hex what has come back ``ms`` later."""
    to.feed(bytes.fromhex(request) if isinstance(request, str) else request)
    to.run_until(to.now + round(ms * MS))
    return to.take().hex(" ")


def timed(to: Machine, request: str | bytes, count: int) -> list[tuple[float, int]]:
    """Send ``request``; the first ``count`` bytes of the answer, each with its ms from the start."""
    began = to.now
    to.feed(bytes.fromhex(request) if isinstance(request, str) else request)
    answer: list[tuple[float, int]] = []
    while len(answer) < count:
        due = to.next_change_at()
        assert due is not None, f"nothing comes after {answer}"
        to.run_until(due)
        answer += [((to.now - began) / MS, byte) for byte in to.take()]
    return answer


class Bench:
    """A virtual chip with a programmer's hands on its pins. Time passes by ``wait``."""

    def __init__(self, name: str = "ATmega328P", xtal: Xtal = UNO_CRYSTAL, seed: int = 0) -> None:
        self.target = Target(factory_fresh(part(name), seed), xtal)
        self.part = self.target.part
        self.now = 0

    def enter(self) -> None:
        """RESET pulse and programming enable."""
        self.target.release_reset()
        self.target.drive_reset(not self.part.is_avr)
        self.send("AC 53 00 00")

    def leave(self) -> None:
        """Let go of RESET."""
        self.target.release_reset()

    def send(self, frame: str | bytes, sck_hz: int = SCK_HZ) -> bytes:
        """Exchange one frame, return what MISO said."""
        data = bytes.fromhex(frame) if isinstance(frame, str) else frame
        return bytes(self.target.transfer(byte, sck_hz, self.now) for byte in data)

    def op(self, op: str, address: int = 0, data: int = 0) -> int:
        """One instruction of the part by name; the byte that comes back."""
        return self.send(isp.encode(self.part, op, address, data))[3]

    def write(self, op: str, address: int = 0, data: int = 0) -> None:
        """One instruction, and the wait that it asks for."""
        self.op(op, address, data)
        self.wait(100)

    def wait(self, ms: float) -> None:
        """Let time pass."""
        self.now += round(ms * MS)
