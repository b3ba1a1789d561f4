"""The terminal that the app is shown on, which may go away: an SSH connection that is lost."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from avrdeck.commands.outlets import Outlet

if TYPE_CHECKING:
    from textual.app import App

LOOK_SECONDS = 0.5


class Terminal(LinuxDriver):
    """Textual's own reads and writes for ever where nobody is left, and resumes what was not suspended.

    Overridden are parts that Textual does not promise to keep: it is pinned.
    """

    class Lost(Message):
        """Nobody sees the app any more."""

    def __init__(self, app: App[object], **options: Any) -> None:  # noqa: ANN401 - Textual's own options
        super().__init__(app, **options)
        self._file: Any = Outlet(self._file)
        self._lost = False
        if self.input_tty:
            self._look()

    def write(self, data: str) -> None:
        """Show ``data``, as long as there is where."""
        if not self._lost:
            super().write(data)

    def _look(self) -> None:
        if self._there():
            self._loop.call_later(LOOK_SECONDS, self._look)

    def _there(self) -> bool:
        """Whether the terminal is there; the first time that it is not the app is told."""
        if not self._lost and not os.isatty(self.fileno):
            self._lost = True
            self.exit_event.set()  # else the thread that reads the keys reads nothing, again and again
            self._app.post_message(self.Lost())
        return not self._lost

    def _sigcont_application(self, *_: object) -> None:
        """Come back in the loop: what a handler interrupts may hold the lock that is needed for it."""
        self._loop.call_soon_threadsafe(self._come_back)

    def _come_back(self) -> None:
        """Take the terminal again, after giving it away: keys would be read twice."""
        if self._there() and self._auto_restart:
            if not self._must_signal_resume:
                self.suspend_application_mode()
            self.resume_application_mode()
