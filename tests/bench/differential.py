"""Run byte streams into the real sketch and into the virtual ArduinoISP, and see where they differ.

    python tests/bench/differential.py [COUNT [FIRST [PROCESSES]]]

runs COUNT streams (10 000) from number FIRST on, in batches that begin with a fresh board and chip.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from firmware import arduino_isp
from rig import Rig
from streams import BAUD, ENTER_MS, EOP, Feed, Stream, set_device, stream

from avrdeck.protocol.simulator.machine import Machine
from avrdeck.protocol.transports.sim import open_sim

BATCH = 20
MS = 1_000_000
SETUP_MS = 1000
DRAIN_BYTES = 300
"""More than any command that may have been begun still waits for."""
DRAIN_MS = 600
FUSES = ("lfuse", "hfuse", "efuse", "lock")
EXISTING = (0xFF, 0xFF, 0x07, 0x3F)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a board answered, and what its target holds."""

    answer: bytes
    flash: bytes
    eeprom: bytes
    fuses: bytes

    def differences(self, other: Seen) -> list[str]:
        """The names of what is not the same."""
        names = ("answer", "flash", "eeprom", "fuses")
        return [name for name in names if getattr(self, name) != getattr(other, name)]


class RealBoard:
    """The sketch that runs in simavr."""

    def __init__(self, row: bytes) -> None:
        self._rig = Rig(arduino_isp(BAUD), row=row)

    def __enter__(self) -> Self:
        self._rig.__enter__()
        self._rig.control.open(BAUD)
        self._rig.control.run(SETUP_MS * MS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rig.__exit__(kind, error, trace)

    def ask(self, feed: Feed) -> bytes:
        """Write and listen."""
        self._rig.control.write(feed.data)
        return self._listen(feed.data, feed.wait)

    def reset(self) -> bytes:
        """Reset the Uno and let the sketch start."""
        self._rig.control.ask("reset")
        return self._listen(b"", SETUP_MS)

    def memories(self) -> tuple[bytes, bytes, bytes]:
        """Flash, EEPROM, fuses."""
        dump = self._rig.dump()
        return dump.flash, dump.eeprom, _existing(dump.fuses)

    def _listen(self, sent: bytes, wait: float) -> bytes:
        control = self._rig.control
        return bytes(byte for _, byte in control.run(control.now + _length(sent, wait)))


class VirtualBoard:
    """The virtual ArduinoISP."""

    def __init__(self) -> None:
        self.machine: Machine = open_sim(f"sim:?baud={BAUD}&autoreset=no&reset_ms=0").machine
        self.row = bytes(self.machine.target.cells.row) if self.machine.target else b""

    def ask(self, feed: Feed) -> bytes:
        """Write and listen."""
        self.machine.feed(feed.data)
        return self._listen(feed.data, feed.wait)

    def reset(self) -> bytes:
        """Reset the Uno and let the sketch start."""
        self.machine.reset_board()
        return self._listen(b"", SETUP_MS)

    def memories(self) -> tuple[bytes, bytes, bytes]:
        """Flash, EEPROM, fuses."""
        assert self.machine.target is not None
        cells = self.machine.target.cells
        fuses = _existing(bytes(cells.fuses[name] for name in FUSES))
        return bytes(cells.flash), bytes(cells.eeprom), fuses

    def _listen(self, sent: bytes, wait: float) -> bytes:
        self.machine.run_until(self.machine.now + _length(sent, wait))
        return self.machine.take()


Board = RealBoard | VirtualBoard


def run(board: Board, feeds: tuple[Feed, ...]) -> Seen:
    """Bring the board to programming mode, feed it, bring it back in step."""
    answer = bytearray()
    for feed in (Feed(set_device(), 2.0), Feed(b"P ", ENTER_MS), *feeds):
        answer += board.ask(feed)
    answer += _in_step(board)
    return Seen(bytes(answer), *board.memories())


def _in_step(board: Board) -> bytes:
    """Ask for a sync; after silence or nonsense end what was begun, after silence again reset."""
    heard = bytearray()
    for feed in (Feed(b"0 ", 5.0), Feed(EOP * DRAIN_BYTES, DRAIN_MS), Feed(b"0 ", 5.0)):
        heard += b"|" + board.ask(feed)
        if heard.endswith(b"|\x14\x10"):
            return bytes(heard)
    return bytes(heard + board.reset())


def batch(first: int, count: int) -> list[tuple[Stream, list[str], Seen, Seen]]:
    """Run streams on one pair of boards; those that differ, with the real board's view first.

    After a difference both boards are new.
    """
    found = []
    numbers = iter(range(first, first + count))
    while (rest := _until_different(numbers)) is not None:
        found.append(rest)
    return found


def _until_different(numbers: Iterator[int]) -> tuple[Stream, list[str], Seen, Seen] | None:
    virtual = VirtualBoard()
    with RealBoard(virtual.row) as real:
        for number in numbers:
            chosen = stream(number)
            theirs, ours = run(real, chosen.feeds), run(virtual, chosen.feeds)
            if different := theirs.differences(ours):
                return chosen, different, theirs, ours
    return None


def _length(sent: bytes, wait: float) -> int:
    return round(len(sent) * 10e9 / BAUD + wait * MS)


def _existing(fuses: bytes) -> bytes:
    return bytes(value & used for value, used in zip(fuses, EXISTING, strict=True))


def main(count: int = 10_000, first: int = 0, processes: int = 2) -> int:
    """Print every difference and how many there were."""
    different = 0
    with ProcessPoolExecutor(processes) as pool:
        firsts = range(first, first + count, BATCH)
        sizes = [min(BATCH, first + count - at) for at in firsts]
        for found in pool.map(batch, firsts, sizes):
            for chosen, what, theirs, ours in found:
                different += 1
                print(f"{chosen.seed}: {', '.join(what)}")
                for feed in chosen.feeds:
                    print(f"    {feed.data.hex(' ')}  {feed.wait:.1f} ms")
                print(f"    real    {theirs.answer.hex(' ')}")
                print(f"    virtual {ours.answer.hex(' ')}", flush=True)
    print(f"{count} streams, {different} differ")
    return int(different > 0)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
