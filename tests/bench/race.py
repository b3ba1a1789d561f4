"""The same jobs on the same real firmware, done by avrdeck and by Debian's avrdude, and what the wire saw."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from bench_transport import BenchTransport
from firmware import Firmware
from intelhex import IntelHex
from rig import Dump, Line, Rig

from avrdeck.boards.catalog import part
from avrdeck.jobs.session import close_programmer
from avrdeck.protocol.link import Link
from avrdeck.protocol.programmer import Programmer

SETUP_NS = 1_000_000_000
"""By then the sketch has blinked and listens."""
SYNC_FRAMES = 3.5
"""From before GET_SYNC's second byte to the end of the first answer, in frames."""
PART = "ATmega328P"

Work = Callable[[Programmer], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done.

    ``avrdude`` are its arguments, session by session, with ``{bin}`` and ``{hex}`` for the image's file
    and ``{out}`` for one that it makes; the image is ``content``, which lies at ``start``. ``reach`` and
    ``known`` are seconds: what avrdeck must not exceed, and what avrdude took on another bench.
    ``before`` is what flash holds already.
    """

    title: str
    firmware: Callable[[], Firmware]
    avrdude: tuple[tuple[str, ...], ...]
    work: Work
    known: float
    reach: float
    content: bytes = b""
    start: int = 0
    before: bytes = b""
    holds: Callable[[Dump], bool] = lambda _: True


@dataclass(frozen=True, slots=True)
class Result:
    """One run, from the GET_SYNC that was answered to the last byte.

    ``wire`` is how long the line carried something in either direction, ``turns`` how often the
    client spoke after it had heard something. ``correct``: the chip's memory is as it should be and
    the programmer's UART lost nothing.
    """

    seconds: float
    wire: float
    bytes_out: int
    bytes_in: int
    turns: int
    correct: bool


def by_avrdude(job: Job) -> Result:
    """Let avrdude do it."""
    firmware = job.firmware()
    with _ready(job) as rig, tempfile.TemporaryDirectory() as folder:
        files = _files(Path(folder), job)
        for session in job.avrdude:
            rig.avrdude("-b", str(firmware.baud), *(argument.format(**files) for argument in session))
        return _result(rig, job)


async def by_avrdeck(job: Job) -> Result:
    """Let avrdeck do it, without its command line."""
    firmware = job.firmware()
    with _ready(job) as rig:
        programmer = await Programmer.connect(Link(BenchTransport(rig, firmware.baud)))
        await programmer.identify(part(PART))
        await job.work(programmer)
        await close_programmer(programmer)
        return _result(rig, job)


@contextmanager
def _ready(job: Job) -> Iterator[Rig]:
    """The sketch listens already; a bootloader is reset when the client opens the port."""
    firmware = job.firmware()
    loader = bool(firmware.boot_start)
    with Rig(firmware, target_flash=job.before, dtr_reset=loader) as rig:
        if not loader:
            rig.control.run(SETUP_NS)
        yield rig


def _files(folder: Path, job: Job) -> dict[str, Path]:
    files = {name: folder / f"image.{name}" for name in ("bin", "hex", "out")}
    files["bin"].write_bytes(job.content)
    image = IntelHex()
    image.frombytes(job.content, job.start)
    image.write_hex_file(str(files["hex"]))
    return files


def _result(rig: Rig, job: Job) -> Result:
    frame = 1e7 / job.firmware().baud
    lines = _conversation(rig.trace(), frame)
    counters = rig.counters()
    lost = counters["overruns"] + counters["framing_errors"] + counters["isp_while_busy"]
    return Result(
        seconds=(lines[-1].us - lines[0].us + frame) / 1e6,
        wire=sum(end - start for start, end in _stretches(lines, frame)) / 1e6,
        bytes_out=sum(line.mark == ">" for line in lines),
        bytes_in=sum(line.mark == "<" for line in lines),
        turns=sum(before.mark + after.mark == "<>" for before, after in pairwise(lines)),
        correct=job.holds(rig.dump()) and not lost,
    )


def _conversation(trace: list[Line], frame: float) -> list[Line]:
    """The bytes from the first command that was answered on: a bootloader takes its time to start."""
    lines = [line for line in trace if line.mark in "<>"]
    answered = next(line.us for line in lines if line.mark == "<")
    return [line for line in lines if line.us > answered - SYNC_FRAMES * frame]


def _stretches(lines: list[Line], frame: float) -> Iterator[tuple[float, float]]:
    """When the line was not silent, as (start, end) in µs without overlap. Lines are in order of end."""
    done = 0.0
    for line in lines:
        yield max(done, line.us - frame), line.us
        done = line.us
