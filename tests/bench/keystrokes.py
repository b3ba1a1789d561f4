"""From a key on the terminal to what it changes there: the deck in a pseudo-terminal, seen from outside.

*Wall* is the time between the writing of a key and the arrival of the bytes after which the part of the
screen that it changes looks as it does in the end; it counts on an idle machine only. *CPU* is what the app's
thread worked between taking the key and painting that; a running job's work in between is in it.
"""

import contextlib
import fcntl
import os
import pty
import random
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyte

COLUMNS, LINES = 120, 40
LIMIT_P50_MS, LIMIT_P99_MS = 5.0, 20.0
KEYS = 60
"""Keys of each kind."""
WINDOW_S, SPREAD_S = 0.06, 0.04
"""How long the screen is watched after a key; at random longer, so as not to keep step with the progress."""
SETTLED_S, PATIENCE_S = 0.4, 60.0
RIGHT, LEFT, ESCAPE = "\x1b[C", "\x1b[D", "\x1b"
PRIVATE = (b"\x1b[?2026$p", b"\x1b[>1u", b"\x1b[<u")
"""What pyte would show as text."""
PROBE = Path(__file__).with_name("deck_probe.py")


@dataclass(frozen=True)
class Kind:
    """Keys of one kind: how to get there, what is typed by turns, which columns and lines show it.

    ``words`` match what of the text there is the key's doing, where the job changes the rest.
    """

    name: str
    before: str
    keys: Sequence[str]
    columns: range
    lines: range
    words: str = ""


FUSES, CONSOLE = (range(28, 78), range(1, 28)), (range(COLUMNS), range(28, LINES - 1))
KINDS = (
    Kind("fuse cursor", "2" + RIGHT, (RIGHT, LEFT), *FUSES),
    Kind("fuse toggle", "2" + LEFT * 9 + RIGHT, (" ",), *FUSES),
    Kind("pane", "2", ("3", "2"), *FUSES),
    Kind("map cursor", "3", (RIGHT,), range(78, COLUMNS), range(27, 28), r"Page \d+"),
    Kind("typing", "4", "ispx30x00x", *CONSOLE),
)


@dataclass
class Times:
    """Milliseconds of the keys of one kind; ``lost`` keys changed nothing in time."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    lost: int = 0

    def add(self, other: "Times") -> None:
        self.wall += other.wall
        self.cpu += other.cpu
        self.lost += other.lost


class Deck:
    """The app in a terminal."""

    def __init__(self, port: str, baud: int = 0) -> None:
        folder = tempfile.mkdtemp()
        own = {name: f"{folder}/{name}" for name in ("AVRDECK_DATA", "XDG_STATE_HOME", "XDG_CONFIG_HOME")}
        environment = {**os.environ, **own, "TERM": "xterm-256color"}
        environment.pop("NO_COLOR", None)
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.pipe, told = os.pipe()
        os.set_blocking(self.pipe, False)
        self.process = subprocess.Popen(
            [sys.executable, str(PROBE), port, str(baud), str(told)],
            stdin=slave, stdout=slave, stderr=slave, env=environment, pass_fds=(told,),
            start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        os.close(told)
        self.screen = pyte.Screen(COLUMNS, LINES)
        self.stream = pyte.ByteStream(self.screen)

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def arrivals(self, seconds: float) -> list[tuple[float, bytes]]:
        """What comes within so many seconds, and when."""
        end, found = time.monotonic() + seconds, []
        while (left := end - time.monotonic()) > 0:
            if select.select([self.master], [], [], left)[0]:
                data = os.read(self.master, 65_536)
                found.append((time.monotonic(), data))
        return found

    def show(self, data: bytes) -> None:
        for mode in PRIVATE:
            data = data.replace(mode, b"")
        self.stream.feed(data)

    def settle(self, seconds: float = SETTLED_S) -> None:
        for _, data in self.arrivals(seconds):
            self.show(data)

    def wait_for(self, words: str, line: int | None = None) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while words not in "\n".join(self.screen.display if line is None else [self.screen.display[line]]):
            if time.monotonic() > deadline:
                sys.exit(f"no {words!r} on\n" + "\n".join(self.screen.display))
            self.settle(0.05)

    @property
    def busy(self) -> bool:
        """Whether a job is in the status line."""
        return "►" in self.screen.display[0]

    def look(self, kind: Kind) -> list[tuple[object, ...]]:
        """How the part of the screen looks that keys of this kind change."""
        if kind.words:
            text = "\n".join(self.screen.display[y][kind.columns.start :] for y in kind.lines)
            return [(found,) for found in re.findall(kind.words, text)]
        rows = [self.screen.buffer[y] for y in kind.lines]
        cells = [row[x] for row in rows for x in kind.columns]
        return [(cell.data, cell.fg, cell.bold, cell.reverse) for cell in cells]

    def told(self) -> list[tuple[str, float, float]]:
        """What the app told since the last look: the word, the time, the processor time."""
        data = b""
        with contextlib.suppress(BlockingIOError):
            while more := os.read(self.pipe, 65_536):
                data += more
        lines = (line.split() for line in data.decode().splitlines())
        return [(word, float(when), float(worked)) for word, when, worked in lines]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.pipe)


def press(deck: Deck, kind: Kind, key: str, times: Times) -> None:
    """Type a key and add how long it took."""
    before = deck.look(kind)
    deck.told()
    sent = time.monotonic()
    deck.type(key)
    looks = []
    for when, data in deck.arrivals(WINDOW_S + random.random() * SPREAD_S):
        deck.show(data)
        looks.append((when, deck.look(kind)))
    if not looks or looks[-1][1] == before:
        times.lost += 1
        return
    done = next(when for when, look in looks if look == looks[-1][1])
    told = deck.told()
    taken = next((worked for word, _, worked in told if word == "key"), None)
    painted = [worked for word, when, worked in told if word == "paint" and sent < when <= done]
    times.wall.append((done - sent) * 1e3)
    if taken is not None and painted:
        times.cpu.append((painted[-1] - taken) * 1e3)


def measure(deck: Deck, kind: Kind, *, job: bool) -> Times:
    """Keys of one kind, a job on the wire all the while if wanted."""
    times = Times()
    for number in range(KEYS):
        if number == 0 or (job and not deck.busy):
            deck.type(ESCAPE)
            deck.settle()
            if job and not deck.busy:
                deck.type("r")
                deck.wait_for("►", line=0)
            deck.type(kind.before)
            deck.settle()
        press(deck, kind, kind.keys[number % len(kind.keys)], times)
    return times


@contextlib.contextmanager
def programmer() -> Iterator[str]:
    """A virtual programmer in a process of its own, behind a pseudo-terminal at the pace of a real line."""
    port = Path(tempfile.mkdtemp()) / "uno"
    command = [sys.executable, "-m", "avrdeck", "sim", "--pty", str(port)]
    board = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not port.exists():
            time.sleep(0.05)
        yield str(port)
    finally:
        board.kill()
        board.wait()


def percentile(times: Sequence[float], share: float) -> float:
    return sorted(times)[min(int(len(times) * share), len(times) - 1)] if times else float("nan")


def row(name: str, times: Times) -> str:
    middles = [percentile(times.wall, 0.5), percentile(times.cpu, 0.5)]
    worst = [percentile(times.wall, 0.99), percentile(times.cpu, 0.99)]
    cells = "   ".join(
        f"{middle:5.1f} ×{middle / LIMIT_P50_MS:4.2f}  {high:5.1f} ×{high / LIMIT_P99_MS:4.2f}"
        for middle, high in zip(middles, worst, strict=True)
    )
    return f"  {name:14} {cells}   {len(times.wall):4}" + (f", {times.lost} lost" if times.lost else "")


def table(title: str, port: str, *, baud: int = 0, job: bool) -> None:
    """Print the times of every kind, and of all keys."""
    deck, every = Deck(port, baud), Times()
    try:
        deck.wait_for("read")
        deck.wait_for("Signature row")
        deck.settle(2)
        print(f"\n{title}")
        for kind in KINDS:
            times = measure(deck, kind, job=job)
            every.add(times)
            print(row(kind.name, times), flush=True)
        print(row("all of these", every))
    finally:
        deck.close()


def main() -> None:
    """Keys without a job, with one in the app's own process, and with one on a programmer of its own."""
    print(f"\nkey to paint, × of the limits: p50 {LIMIT_P50_MS:g} ms, p99 {LIMIT_P99_MS:g} ms")
    print(f"  {'':14} {'wall p50':12} {'p99':14} {'CPU p50':12} {'p99':12} keys")
    table("no job", "sim:?autoreset=no", job=False)
    table("a job in this process: the simulator works between key and paint", "sim:?autoreset=no", job=True)
    with programmer() as port:
        table("a job on a programmer in another process, at 19200 baud", port, baud=19200, job=True)


if __name__ == "__main__":
    main()
