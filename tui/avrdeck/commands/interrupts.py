"""Signals that stop work: with the line in sync, and in two steps where the first lets it come to its end."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from avrdeck.commands.verb import Work
from avrdeck.protocol.errors import Cancelled

ENDINGS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Somebody ends the program, or closes its terminal."""


def when_ended(act: Callable[[], object]) -> None:
    """Have `ENDINGS` call ``act`` in the running loop, unless they are ignored, as they are under nohup.

    Else a programmer would wait for the rest of a command, and take what comes next for it.
    """
    for ending in ENDINGS:
        if signal.getsignal(ending) is signal.SIG_DFL:
            with suppress(NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread
                asyncio.get_running_loop().add_signal_handler(ending, act)


async def tidily(work: Work) -> None:
    """Await ``work``; `ENDINGS` cancel it, as Ctrl-C does."""
    if task := asyncio.current_task():
        when_ended(task.cancel)
    await work


def stopped() -> Cancelled:
    """What a console tells of a command that its user stopped before it did anything."""
    return Cancelled("Stopped", advice="The line to the programmer is in sync.")


@contextmanager
def stopped_by_the_second() -> Iterator[None]:
    """Within the block the second Ctrl-C cancels the running task, as the first does.

    Otherwise asyncio ends the program with it wherever it is, and nobody says what the chips hold. It still
    does with the third.
    """
    task = asyncio.current_task()
    before = signal.getsignal(signal.SIGINT)
    if task is None or not callable(before) or threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    count = 0

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal count
        count += 1
        if count == 2:
            loop.call_soon_threadsafe(task.cancel)
        else:
            before(number, frame)

    signal.signal(signal.SIGINT, on_signal)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
