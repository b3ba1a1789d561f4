"""The app on a virtual or real port, which tells by a pipe when a key came and when something was painted.

``python deck_probe.py PORT BAUD PIPE``; `keystrokes` runs it in a terminal. A line is a word, the time and
the processor time of the thread that does all the app's work, both in seconds.
"""

import os
import sys
import time
from typing import Any

from avrdeck.tui.app import DeckApp

# isort: split
from textual import events
from textual.app import App

PORT, BAUD, PIPE = sys.argv[1], int(sys.argv[2]) or None, int(sys.argv[3])


def tell(word: str) -> None:
    os.write(PIPE, f"{word} {time.monotonic()} {time.thread_time()}\n".encode())


def watch() -> None:
    """Tell of keys when they are taken, of paints when they are written."""
    taken, shown = DeckApp.on_event, App._display

    async def on_event(app: DeckApp, event: events.Event) -> None:
        if isinstance(event, events.Key) and not event.is_forwarded:
            tell("key")
        await taken(app, event)

    def display(app: App[Any], *arguments: Any) -> None:
        shown(app, *arguments)
        tell("paint")

    DeckApp.on_event = on_event  # type: ignore[method-assign]
    App._display = display  # type: ignore[method-assign]


watch()
DeckApp(PORT, None, BAUD).run()
