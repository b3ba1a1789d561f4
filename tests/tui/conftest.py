from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from textual.message import Message
from textual.pilot import Pilot

from avrdeck.protocol.transports.sim import SimTransport
from avrdeck.tui.app import DeckApp
from avrdeck.tui.settings import Settings
from avrdeck.tui.widgets.pane import Pane
from avrdeck.tui.widgets.sheet import Sheet

SIM = "sim:?autoreset=no"
NEVER = 1e9


class Bench:
    """An app under test, the messages it got, and the virtual board behind it."""

    def __init__(self, app: DeckApp, pilot: Pilot[None], messages: list[Message]) -> None:
        self.app, self.pilot, self.messages = app, pilot, messages

    @property
    def session(self):
        return self.app.session

    @property
    def machine(self):
        programmer = self.session.programmer
        assert programmer is not None
        transport = programmer.link.transport
        assert isinstance(transport, SimTransport)
        return transport.machine

    async def press(self, *keys: str) -> None:
        """Press keys; a word after ``TYPE:`` is typed."""
        for key in keys:
            if key.startswith("TYPE:"):
                await self.pilot.press(*(NAMES.get(letter, letter) for letter in key[5:]))
            else:
                await self.pilot.press(key)
        await self.pilot.pause()

    async def settled(self) -> None:
        """Wait until every key sent so far has had its effect, jobs on the wire apart."""
        app = self.app
        while (app.typing or app.message_queue_size) and app.is_running:  # noqa: ASYNC110 - a step on each turn
            await asyncio.sleep(0)
        for _ in range(ROUNDS):
            await asyncio.sleep(0)

    async def done(self) -> None:
        """Wait for the job on the wire."""
        await self.app.workers.wait_for_complete()
        await self.pilot.pause()
        await self.pilot.pause()

    async def until(self, condition: Callable[[], object]) -> None:
        """Give the app time until something is so."""
        for _ in range(6000):
            if condition():
                return
            await self.pilot.pause(0.01)
        shown = [row.text for sheet in self.app.screen.query(Sheet) for row in sheet.rows]
        raise AssertionError("\n".join(shown))

    def seen(self, kind: type[Message]) -> list[Message]:
        """The messages of a kind, once each: the hook sees them again as they bubble."""
        found = {id(message): message for message in self.messages if isinstance(message, kind)}
        return list(found.values())

    def text(self, selector: str) -> str:
        """What a sheet shows."""
        return "\n".join(row.text for row in self.app.screen.query_one(selector).rows)

    def edges(self, pane: str) -> tuple[str, str]:
        """The upper and the lower edge of a pane's frame."""
        found = self.app.screen.query_one(f"#{pane}", Pane)
        lines = found.render_lines(found.outer_size.region)
        return lines[0].text, lines[-1].text


ROUNDS = 20
"""Turns of the event loop in which what a key led to is on the screen."""
NAMES = {
    " ": "space", "/": "slash", ".": "full_stop", "-": "minus", "_": "underscore", '"': "quotation_mark",
    "{": "left_curly_bracket", "}": "right_curly_bracket", "=": "equals_sign", ":": "colon",
    ">": "greater_than_sign", "?": "question_mark",
}  # fmt: skip

OpenDeck = Callable[..., AbstractAsyncContextManager[Bench]]


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Backups, inventory and settings of a test are its own; no real ports; it looks for lost ones itself."""
    monkeypatch.setenv("AVRDECK_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr("serial.tools.list_ports.comports", list)
    monkeypatch.setattr("avrdeck.tui.app.WATCH_SECONDS", NEVER)


@pytest.fixture
def deck() -> OpenDeck:
    """Open the app on a virtual board, connected unless told otherwise."""

    @asynccontextmanager
    async def opened(
        port: str = SIM,
        *,
        size: tuple[int, int] = (120, 40),
        part: str | None = None,
        theme: str = "",
        **settings,
    ) -> AsyncIterator[Bench]:
        messages: list[Message] = []
        app = DeckApp(port, part, settings=Settings(**settings))
        if theme:
            app.theme = theme
        async with app.run_test(size=size, message_hook=messages.append) as pilot:
            bench = Bench(app, pilot, messages)
            await bench.done()
            yield bench

    return opened
