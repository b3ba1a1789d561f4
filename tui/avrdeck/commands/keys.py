"""Single keys from a terminal, without waiting for them and without a line end."""

from __future__ import annotations

import sys
from typing import Any, TextIO

MOST = 64
"""Keys taken at once: nobody types faster."""

if sys.platform == "win32":
    import msvcrt

    class Keys:
        """The console's keys; it needs no preparation."""

        def __init__(self, terminal: TextIO) -> None:
            self._terminal = terminal

        def begin(self) -> None:
            """Listen from now on."""

        def end(self) -> None:
            """Listen no more."""

        def pressed(self) -> str:
            """The keys pressed since the last look."""
            found = ""
            while msvcrt.kbhit() and len(found) < MOST:
                found += msvcrt.getwch()
            return found
else:
    import os
    import select
    import termios
    import tty

    class Keys:
        """A terminal that hands its keys on at once and unseen, between `begin` and `end`."""

        def __init__(self, terminal: TextIO) -> None:
            self._descriptor = terminal.fileno()
            self._before: list[Any] | None = None

        def begin(self) -> None:
            """Listen from now on. Ctrl-C stays what it is."""
            if self._before is None:
                self._before = termios.tcgetattr(self._descriptor)
                tty.setcbreak(self._descriptor, termios.TCSADRAIN)

        def end(self) -> None:
            """Listen no more: the terminal is as it was. Calling it twice is allowed."""
            before, self._before = self._before, None
            if before is not None:
                termios.tcsetattr(self._descriptor, termios.TCSADRAIN, before)

        def pressed(self) -> str:
            """The keys pressed since the last look; none while nobody listens."""
            if self._before is None or not select.select([self._descriptor], [], [], 0)[0]:
                return ""
            return os.read(self._descriptor, MOST).decode("ascii", "replace")
