"""Standard output and standard error when nobody takes them any more: no reason to stop work half way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from avrdeck.protocol.errors import Fault


class OutputLost(Fault):
    """What a command tells goes to a full disk or the like."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"standard output cannot be written: {reason}",
            detail="The work itself is done; what it should tell is lost.",
            advice="Look at the disk that the output goes to.",
        )


class Outlet:
    """A stream to a reader who may go at any time, as ``head`` does: from then on nothing is told.

    Other failures are taken the same way, or raise `OutputLost` where what is told is ``needed``. ``stream``
    is `None` where there has never been one.
    """

    def __init__(self, stream: TextIO | None, *, needed: bool = False) -> None:
        self._stream = stream
        self._needed = needed

    def write(self, text: str) -> int:
        """Take ``text``, as a text stream does; characters that its encoding lacks are escaped."""
        with self._heard() as stream:
            if stream:
                try:
                    stream.write(text)
                except UnicodeEncodeError as error:
                    stream.write(text.encode(error.encoding, "backslashreplace").decode(error.encoding))
        return len(text)

    def flush(self) -> None:
        """See that it is on its way."""
        with self._heard() as stream:
            if stream:
                stream.flush()

    def isatty(self) -> bool:
        """Whether a person reads it."""
        return bool(self._stream and self._stream.isatty())

    @contextmanager
    def _heard(self) -> Iterator[TextIO | None]:
        try:
            yield self._stream
        except OSError as error:
            self._silence()
            if self._needed and not isinstance(error, BrokenPipeError):
                raise OutputLost(error.strerror or str(error)) from error

    def _silence(self) -> None:
        """Let what is kept back in the stream go nowhere too: Python tries it once more on its way out."""
        lost, self._stream = self._stream, None
        with suppress(OSError, ValueError):
            if lost:
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, lost.fileno())
                os.close(nowhere)
