"""Whoever ends the program from outside stops its work as Ctrl-C does: with the line in sync."""

import asyncio
import io
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import DEVNULL, PIPE

import pytest

from avrdeck.commands.deck import Deck
from avrdeck.commands.output import TextOutput
from avrdeck.console.loop import _attempt
from avrdeck.protocol.errors import Cancelled, ExitCode

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
WORK = [sys.executable, "-m", "avrdeck", "stk", "30", "repeat", "1000000", "-P", "sim:?autoreset=no"]


@contextmanager
def at_work(*before: str) -> Iterator["subprocess.Popen[str]"]:
    """The program, once it has told of the first of very many answers."""
    with subprocess.Popen([*before, *WORK], text=True, stdout=DEVNULL, stderr=PIPE) as program:
        told(program, 1)
        yield program
        program.kill()


def told(program: "subprocess.Popen[str]", lines: int) -> None:
    assert program.stderr
    assert all("GET_SYNC" in program.stderr.readline() for _ in range(lines))


@pytest.fixture(params=["SIGTERM", "SIGHUP"])
def ending(request: pytest.FixtureRequest) -> Iterator[signal.Signals]:
    """A signal that is not ignored, as it would be under nohup."""
    chosen = signal.Signals[request.param]
    before = signal.signal(chosen, signal.SIG_DFL)
    yield chosen
    signal.signal(chosen, before)


def test_it_ends_tidily(ending: signal.Signals) -> None:
    with at_work() as program:
        program.send_signal(ending)
        _, err = program.communicate(timeout=60)
        assert program.returncode == ExitCode.CANCELLED
        assert err.endswith("avrdeck: Cancelled\n")


def test_under_nohup_a_terminal_may_close() -> None:
    with at_work("nohup") as program:
        program.send_signal(signal.SIGHUP)
        told(program, 5000)
        program.send_signal(signal.SIGTERM)
        program.communicate(timeout=60)
        assert program.returncode == ExitCode.CANCELLED


class Endless:
    """An interpreter whose commands end with nothing but their cancellation; burns tell it in a fault."""

    def __init__(self, told: bool) -> None:
        self.told = told
        self.deck = Deck(out=TextOutput(io.StringIO(), io.StringIO()))
        self.begun = asyncio.Event()

    async def run_line(self, line: str) -> None:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if self.told:
                raise Cancelled("The burn was stopped") from None
            raise


@pytest.mark.parametrize("told", [False, True])
async def test_a_console_ends_too_in_the_middle_of_a_command(told: bool) -> None:
    interpreter = Endless(told)
    console = asyncio.ensure_future(_attempt(interpreter, "burn uno"))
    await interpreter.begun.wait()
    console.cancel()
    with pytest.raises(asyncio.CancelledError):
        await console
