"""The progress line of the command line: how much, how fast, how long still."""

from __future__ import annotations

import shutil
import time
from typing import ClassVar

from avrdeck.commands.outlets import Outlet
from avrdeck.protocol.target.progress import Progress

REPAINT_SECONDS = 0.1
"""Repainting more often slows the wire of a remote terminal."""
BAR_CELLS = 24


class Gauge:
    """One line that is painted over. Silent where it would not go to a terminal."""

    _open: ClassVar[bool] = False
    """Whether a line is painted and not ended: there is one terminal, whoever prints to it next."""

    def __init__(self, stream: Outlet) -> None:
        self._stream = stream
        self._enabled = stream.isatty()
        self._task: tuple[str, str] | None = None
        self._began = 0.0
        self._painted = 0.0

    def show(self, progress: Progress) -> None:
        """Paint ``progress``, unless the last painting is too fresh."""
        if not self._enabled:
            return
        now = time.monotonic()
        task = (progress.operation.value, progress.memory)
        if task != self._task:
            self.clear()
            self._task, self._began = task, now
        if now - self._painted >= REPAINT_SECONDS or progress.done == progress.total:
            self._painted = now
            self._paint(line(progress, now - self._began))

    def clear(self) -> None:
        """End the line that is painted, if there is one, whoever has painted it."""
        self._task = None
        if Gauge._open:
            Gauge._open = False
            self._stream.write("\n")
            self._stream.flush()

    def _paint(self, text: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        Gauge._open = True
        self._stream.write(f"\r{text[:width]:{width}}")
        self._stream.flush()


def line(progress: Progress, elapsed: float) -> str:
    """``read flash ████████░░░░ 67%  1.9 KB/s  5 s left`` after ``elapsed`` seconds."""
    share = progress.done / progress.total if progress.total else 1.0
    full = round(share * BAR_CELLS)
    bar = "█" * full + "░" * (BAR_CELLS - full)
    text = f"  {progress.operation.value:6} {progress.memory:6} {bar} {share:4.0%}"
    if elapsed <= 0 or not progress.done:
        return text
    rate = progress.done / elapsed
    left = (progress.total - progress.done) / rate
    return f"{text}  {rate / 1000:.1f} KB/s  {left:.0f} s left"
