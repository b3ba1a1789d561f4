"""Ctrl-C in two steps: the first tells the work to come to its end, the second stops it."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


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
