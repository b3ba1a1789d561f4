"""A counter in a file that hands no number out twice: not after a crash, not to two programs at once.

A number that was drawn counts as used, unless it is given back before anybody has drawn the next. The file
holds the next number as text and a line end, so that a person can read it and set it.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from avrdeck.boards import wholefile
from avrdeck.boards.text import printable
from avrdeck.jobs.serials import locks
from avrdeck.protocol.errors import Fault, InputFault

MAX_NUMBER = 2**64 - 1
MAX_FILE = 64
PATIENCE = 10.0
"""Seconds to wait for another program; each holds the counter for the time of two file writes."""
RETRY = 0.005

_NUMBER = re.compile(rb"\d{1,20}\r?\n?")


class Counter:
    """The counter in ``path``, which begins at ``first`` where there is no such file."""

    def __init__(self, path: Path, first: int = 1) -> None:
        self.path = path
        self._first = first

    def draw(self) -> int:
        """The next number, which from now on is used. Blocks for up to `PATIENCE` seconds.

        Raises `InputFault` when the file is damaged or cannot be used, `Fault` when it stays locked.
        """
        with self._held():
            number = self._next()
            if number >= MAX_NUMBER:
                raise self._bad("has come to its end")
            self._set(number + 1)
            return number

    def give_back(self, number: int) -> None:
        """Let ``number``, which was drawn and written nowhere, be the next again.

        Nothing happens when another was drawn since: then it stays unused. Blocks and raises as `draw`.
        """
        with self._held():
            if self._next() == number + 1:
                self._set(number)

    def peek(self) -> int:
        """The number that would come next; raises as `draw`."""
        with _told(self.path):
            return self._next()

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Keep other programs from the counter."""
        with _told(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with _locked(self.path.with_name(f"{self.path.name}.lock")):
                yield

    def _set(self, number: int) -> None:
        _replace(self.path, f"{number}\n".encode())

    def _next(self) -> int:
        try:
            with self.path.open("rb") as file:
                content = file.read(MAX_FILE)
        except FileNotFoundError:
            return self._first
        if not _NUMBER.fullmatch(content) or int(content) > MAX_NUMBER:
            raise self._bad("holds no number")
        return int(content)

    def _bad(self, what: str) -> InputFault:
        return InputFault(
            f"The counter {printable(str(self.path))} {what}",
            advice="Write the next number into it, higher than all that are in use.",
        )


def _replace(path: Path, content: bytes) -> None:
    """On Windows nothing takes the place of a file that somebody is reading: wait for that to end."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            wholefile.replace(path, content)
        except PermissionError:
            if sys.platform != "win32" or time.monotonic() > deadline:
                raise
            time.sleep(RETRY)
        else:
            return


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock on ``path``. The system takes it away when the program dies."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        deadline = time.monotonic() + PATIENCE
        while not locks.try_lock(descriptor):
            if time.monotonic() > deadline:
                raise Fault(
                    f"{printable(str(path))} stays locked", advice="Another program holds the counter."
                )
            time.sleep(RETRY)
        try:
            yield
        finally:
            locks.unlock(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputFault(
            f"The counter {printable(str(path))} cannot be used", detail=f"{error.strerror or error}."
        ) from error
