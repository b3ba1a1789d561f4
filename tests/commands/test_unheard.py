"""Whoever should read the output has gone, or never was: the work is done all the same, and told truly."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from json import loads
from pathlib import Path
from subprocess import DEVNULL, PIPE, CompletedProcess
from typing import IO, Any

import pytest

from avrdeck.commands.output import TextOutput
from avrdeck.protocol.errors import Fault
from avrdeck.protocol.target.progress import Operation, Progress
from commands.conftest import Avrdeck

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")
Stream = int | IO[Any]


@dataclass(frozen=True)
class Job:
    """Writes code into a virtual chip."""

    folder: Path
    avrdeck: Avrdeck

    @property
    def chip(self) -> str:
        return f"sim:?state={self.folder / 'chip.json'}"

    @property
    def code(self) -> Path:
        return self.folder / "code.bin"

    @property
    def words(self) -> list[str]:
        return ["write", "flash", str(self.code), "-e", "-y", "-P", self.chip]

    @property
    def done(self) -> bool:
        return self.avrdeck("verify", "flash", self.code, "-P", self.chip).status == 0


@pytest.fixture
def job(tmp_path: Path, avrdeck: Avrdeck) -> Job:
    made = Job(tmp_path, avrdeck)
    made.code.write_bytes(bytes(range(1, 201)))
    return made


@pytest.fixture
def nobody() -> Iterator[int]:
    """The writing end of a pipe that nobody reads, as after ``| head -1``."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


def run(words: Sequence[str], out: Stream, err: Stream) -> "CompletedProcess[str]":
    command = [sys.executable, "-m", "avrdeck", *words]
    return subprocess.run(command, stdout=out, stderr=err, text=True, timeout=120, check=False)


@pytest.mark.parametrize("gone", ["out", "err", "out and err"])
@pytest.mark.parametrize("json", [(), ("--json",)])
def test_work_goes_on_when_its_reader_has_gone(
    gone: str, json: tuple[str, ...], nobody: int, job: Job
) -> None:
    streams = [nobody if name in gone else DEVNULL for name in ("out", "err")]
    assert run([*job.words, *json], *streams).returncode == 0
    assert job.done


@needs_full
def test_a_full_disk_behind_the_progress_stops_nothing(job: Job) -> None:
    with FULL.open("w") as full:
        ran = run(job.words, PIPE, full)
    assert ran.returncode == 0
    assert "200 bytes" in ran.stdout
    assert job.done


@needs_full
@pytest.mark.parametrize("json", [(), ("--json",)])
def test_a_result_that_a_full_disk_takes_is_told_of(json: tuple[str, ...], job: Job) -> None:
    with FULL.open("w") as full:
        ran = run([*job.words, *json], full, PIPE)
    assert ran.returncode == 1
    assert "standard output cannot be written: No space left on device" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert job.done


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell closes the streams")
@pytest.mark.parametrize("closed", ["<&-", "2>&-", ">&-", "<&- >&- 2>&-"])
def test_streams_may_be_closed_from_the_start(closed: str, job: Job) -> None:
    command = f'"$0" -m avrdeck "$@" {closed}'
    ran = subprocess.run(["sh", "-c", command, sys.executable, *job.words], timeout=120, check=False)
    assert ran.returncode == 0
    assert job.done


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_fault_begins_on_a_line_of_its_own() -> None:
    """It is told by another output than the one that has shown the progress."""
    screen = Screen()
    TextOutput(screen, screen).event(Progress(Operation.WRITE, "flash", 128, 128, 1024))
    TextOutput(screen, screen).fault(Fault("Nobody answers"))
    assert screen.getvalue().endswith("\navrdeck: Nobody answers\n")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
@pytest.mark.parametrize("json", [(), ("--json",)])
def test_a_terminal_that_lacks_a_sign_gets_its_number(
    encoding: str, json: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, where a pipe takes what its code page has."""
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    ran = run(["fuse", "set", "bodlevel=2.7V", "-w", "-y", *json, "-P", "sim:"], PIPE, PIPE)
    assert ran.returncode == 0
    assert "\\u2192" in (ran.stderr if json else ran.stdout)
    assert not json or loads(ran.stdout)["after"]["efuse"] == 0xFD
