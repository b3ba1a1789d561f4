"""A screen closes itself and no other, however late what closes it comes."""

from __future__ import annotations

from textual.await_complete import AwaitComplete
from textual.message_pump import MessagePump
from textual.screen import Screen


class Closing(MessagePump):
    """A screen that stays where another came on top of it since the key that would close it."""

    left = False
    """Whether it was closed: what comes later has nothing to be shown in."""

    def dismiss(self, result: object = None) -> AwaitComplete:
        """Close and give ``result``. Textual closes whatever is on top: a fault nobody has read, say."""
        if isinstance(self, Screen) and self.is_active:
            self.left = True
            closed: AwaitComplete = Screen.dismiss(self, result)
            return closed
        return AwaitComplete()
