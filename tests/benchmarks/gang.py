"""16 programmers at 115200 baud driven by one process, beside one alone: burns on paced replays.

A burn on the virtual board is recorded once, command by command with the time the board took over each. A
process of its own then plays that board on as many pseudo-terminals as wanted, at the pace of the line.
"""

import ast
import asyncio
import heapq
import os
import pty
import random
import select
import statistics
import subprocess
import sys
import time
import tty
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from avrdeck.boards.images import Image
from avrdeck.jobs.burn import BurnPlan, burn
from avrdeck.jobs.events import EventHandler, unheard
from avrdeck.jobs.gang import Gang
from avrdeck.jobs.ledger import Ledger
from avrdeck.protocol.flight import ReplyHandler, Request
from avrdeck.protocol.framing import Reply
from avrdeck.protocol.link import Link
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import memories
from avrdeck.protocol.trace import Direction, TraceEvent
from avrdeck.protocol.transports.base import Transport
from virtual import board

BAUD = 115_200
BYTE_S = 10 / BAUD
MANY = 16
ALLOWED = 1.10
LOADER = Image.of(random.Random(7).randbytes(2048), 0x7800, "loader.hex")
PLAN = BurnPlan(LOADER, {"lfuse": 0xFF, "hfuse": 0xDA, "efuse": 0xFD}, 0xCF)
SYNC, IN_SYNC = b"0 ", b"\x14\x10"

Turn = tuple[int, bytes, float]
"""One command: its length in bytes, its reply, and what the board took over it beyond the line's own time."""


def main() -> None:
    """Print the seconds of one alone and of each of many, and the processor time behind them."""
    turns = asyncio.run(_recorded())
    alone = [_burned(turns, 1)[0][0] for _ in range(3)]
    cpu = time.process_time()
    many, wall = _burned(turns, MANY)
    cpu = time.process_time() - cpu
    base = statistics.median(alone)
    print(f"  one alone             {base:6.2f} s   ({len(turns)} commands)")
    print(f"  {MANY} at once            {min(many):6.2f} to {max(many):.2f} s")
    print(f"  slowest / alone       {max(many) / base:6.3f}     (≤ {ALLOWED:.2f} wanted)")
    print(f"  processor used        {cpu / wall:6.0%}     of one core")


def _burned(turns: list[Turn], count: int) -> tuple[list[float], float]:
    """Seconds of each of ``count`` burns at once, and of all together."""
    terminals = [pty.openpty() for _ in range(count)]
    masters = [master for master, _ in terminals]
    script = [
        sys.executable,
        "-c",
        "import sys; from benchmarks import gang; gang.play(map(int, sys.argv[1:]))",
    ]
    for _, slave in terminals:
        tty.setraw(slave)
    with subprocess.Popen([*script, *map(str, masters)], pass_fds=masters, stdin=subprocess.PIPE) as player:
        assert player.stdin is not None
        player.stdin.write(repr(turns).encode())
        player.stdin.close()
        began = time.monotonic()
        seconds = asyncio.run(_gang([os.ttyname(slave) for _, slave in terminals]))
        wall = time.monotonic() - began
        player.terminate()
    for ends in terminals:
        for end in ends:
            os.close(end)
    return seconds, wall


async def _gang(names: Iterable[str]) -> list[float]:
    async def work(programmer: Programmer, on_event: EventHandler, ledger: Ledger) -> float:
        began = time.monotonic()
        await _work(programmer, on_event)
        return time.monotonic() - began

    async with Gang(work, baud=BAUD) as gang:
        for name in names:
            gang.join(name)
        rows = await gang.finish()
    for row in rows:
        if row.result is None:
            raise RuntimeError(str(row.fault))
    return [row.result for row in rows if row.result]


async def _recorded() -> list[Turn]:
    """The conversation of one burn, from the connection on."""
    link = _Recorder(board("baud=any", BAUD))
    programmer = await Programmer.connect(link)
    await programmer.identify()
    await _work(programmer)
    return link.turns


async def _work(programmer: Programmer, on_event: EventHandler = unheard) -> None:
    """What a burn does: read the flash for the backup, then write."""
    await memories.read(programmer, "flash", watch=on_event)
    await burn(programmer, PLAN, on_event)


class _Recorder(Link):
    """A link that notes every command, its reply, and how long the board took."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport)
        self.turns: list[Turn] = []
        self._arrivals: list[float] = []
        self._read = 0
        self._answered = 0.0
        self.trace.subscribe(self._on_trace)

    async def run(self, requests: Iterable[Request], on_reply: ReplyHandler) -> None:
        """As `Link.run`. What was sent before was GET_SYNC."""
        self._read = len(self._arrivals)

        def note(request: Request, reply: Reply) -> None:
            size, answer = len(request.command.encode()), reply.encode()
            self._read += size
            now = self.transport.now()
            took = now - max(self._arrivals[self._read - 1], self._answered) - len(answer) * BYTE_S
            self._answered = now
            self.turns.append((size, answer, max(took, 0.0)))
            on_reply(request, reply)

        await super().run(requests, note)

    def _on_trace(self, event: TraceEvent) -> None:
        if event.direction is Direction.SENT:
            start = max([event.time, *self._arrivals[-1:]])
            self._arrivals += [start + (index + 1) * BYTE_S for index in range(len(event.data))]


# --- the player, in a process of its own ------------------------------------------------------------------


@dataclass(slots=True)
class _Board:
    """One board on one terminal; times are of the monotonic clock."""

    turns: list[Turn]
    heard: bytes = b""
    turn: int = 0
    line_free: float = 0.0
    free: float = 0.0

    def take(self, data: bytes, now: float) -> Iterator[tuple[float, bytes]]:
        """Bytes from the host; the answers that they bring about, each with the time of its last byte."""
        self.heard += data
        self.line_free = max(self.line_free, now) + len(data) * BYTE_S
        while self.heard:
            size, answer, took = (2, IN_SYNC, 0.0) if self.heard[:1] == SYNC[:1] else self.turns[self.turn]
            if len(self.heard) < size:
                return
            self.turn += self.heard[:1] != SYNC[:1]
            self.heard = self.heard[size:]
            arrived = self.line_free - len(self.heard) * BYTE_S
            self.free = max(arrived, self.free) + took + len(answer) * BYTE_S
            yield self.free, answer


def play(terminals: Iterable[int]) -> None:
    """Play boards on ``terminals``, descriptors of pseudo-terminals' far ends, until terminated."""
    turns: list[Turn] = ast.literal_eval(sys.stdin.read())
    boards = {terminal: _Board(turns) for terminal in terminals}
    due: list[tuple[float, int, bytes]] = []
    while True:
        wait = max(0.0, due[0][0] - time.monotonic()) if due else None
        for terminal in select.select(list(boards), [], [], wait)[0]:
            data = os.read(terminal, 4096)
            for at, answer in boards[terminal].take(data, time.monotonic()):
                heapq.heappush(due, (at, terminal, answer))
        while due and due[0][0] <= time.monotonic():
            _, terminal, answer = heapq.heappop(due)
            os.write(terminal, answer)
