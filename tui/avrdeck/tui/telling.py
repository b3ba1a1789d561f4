"""Errors of the user's files and folders, wherever they are met: one modal, and the app goes on."""

from __future__ import annotations

from textual.message import Message
from textual.message_pump import MessagePump


class Telling(MessagePump):
    """An app or a screen that tells what its handlers run into; errors of avrdeck's own making are raised."""

    async def _dispatch_message(self, message: Message) -> None:
        try:
            await super()._dispatch_message(message)
        except Exception as error:
            from avrdeck.commands.faults import translated
            from avrdeck.tui.screens.fault import FaultScreen

            fault = translated(error)
            if fault is None:
                raise
            self.app.push_screen(FaultScreen(fault))
