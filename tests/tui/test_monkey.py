"""The app driven at random, with a line that fails now and then: it never crashes, hangs or writes unasked.

``AVRDECK_MONKEY=5000`` presses that many keys for each seed; ``AVRDECK_MONKEY_SEED`` begins elsewhere.
"""

import asyncio
import os
import random
import sys

import pytest
from textual import events
from textual.command import CommandPalette

from avrdeck.protocol.simulator.faults import Fault as Strike
from avrdeck.protocol.simulator.faults import Kind
from avrdeck.tui.actions import ACTIONS
from avrdeck.tui.controllers.fusewrite import Phase
from avrdeck.tui.screens.answer import AnswerScreen
from avrdeck.tui.screens.deck import DeckScreen
from avrdeck.tui.screens.fusewrite import FuseWriteScreen
from tui.watching import watch

KEYS = int(os.environ.get("AVRDECK_MONKEY", "600"))
SEED = int(os.environ.get("AVRDECK_MONKEY_SEED", "0"))
PATIENCE = 120.0
"""Seconds of real time in which an app that is stuck would show it, on however slow a machine."""
LOOKS = 1000
REGISTRY = sorted({key for action in ACTIONS for key in action.keys.split(",")} - {"ctrl+q"})
TYPED = [*"0123456789abcdefyw", "space", "enter", "escape", "backspace", "tab", "slash", "enter", "escape"]
LINES = (
    "fuse set lfuse=0x6B -w", "fuse set factory", "lock", "erase", "read eeprom e.hex", "write eeprom e.hex",
    "isp AC 80 00 00", "isp {30,58} 00 {0..3} 00", "isp 4C 00 00 00", "stk 52 20", "stk 60 00 00 20", "id",
    "disconnect", "burn --board uno", "backup", "doctor", "trace on", "sig", "let x 1", "'", "script e.hex",
    "write flash e.hex -e", "fill eeprom 00", "param", "connect", "inventory", "upload e.hex",
)  # fmt: skip
STRIKES = (*[Kind.DROP, Kind.FLIP, Kind.DOUBLE, Kind.RESET_PROGRAMMER, Kind.CUT_POWER] * 2, Kind.VANISH)
SIZES = ((120, 40), (80, 24), (100, 30), (59, 19), (200, 60))


class Monkey:
    """Somebody who knows every key, reads nothing, and says yes more often than is good."""

    def __init__(self, bench, seed: int) -> None:
        self.bench, self.dice = bench, random.Random(seed)
        self.pressed = 0

    async def go_on(self) -> None:
        """Do something: mostly press some keys, faster than they can be handled."""
        what = self.dice.random()
        if what < 0.5:
            for _ in range(self.dice.randint(1, 6)):
                self._press(self.dice.choice(REGISTRY if self.dice.random() < 0.6 else TYPED))
        elif what < 0.65:
            self._say_yes()
            await self._be_asked()
        elif what < 0.8:
            self._go_back()
        elif what < 0.9:
            self._go_back()
            self._press("4")
            self._press("ctrl+u")
            self._type(self.dice.choice(LINES))
            self._press("enter")
            await self._be_asked()
        elif what < 0.95:
            self._click()
        elif what < 0.97:
            self.bench.app.post_message(events.Paste(self.dice.choice(LINES)))
        else:
            await self.bench.pilot.resize_terminal(*self.dice.choice(SIZES))
        await self.bench.settled()

    def _press(self, key: str) -> None:
        self.pressed += 1
        letter = key if len(key) == 1 else {"space": " ", "slash": "/"}.get(key)
        self.bench.app.post_message(events.Key(key, letter))

    def _type(self, text: str) -> None:
        for letter in text:
            self._press({" ": "space"}.get(letter, letter))

    async def _be_asked(self) -> None:
        """Mostly wait for what the job asks, and say yes; else go on at once."""
        if self.dice.random() < 0.3:
            return
        await self.bench.settled()
        for _ in range(LOOKS):
            if isinstance(self.bench.app.screen, AnswerScreen):
                self._say_yes()
            if not self.bench.app.busy:
                return
            await asyncio.sleep(0.001)  # a backup is written by a thread

    def _say_yes(self) -> None:
        """Give the answer that is asked for, whatever the question."""
        screen = self.bench.app.screen
        if isinstance(screen, AnswerScreen):
            self._type(screen.question.required)
            self._press("enter")
        elif isinstance(screen, FuseWriteScreen) and screen.job.phase is Phase.CONFIRM:
            self._type(screen.job.question.required if screen.job.fatal else "w")
            self._press("enter")
        elif isinstance(screen, CommandPalette):
            self._press("down")
            self._press("enter")
        else:
            self._press("w")

    def _go_back(self) -> None:
        """Leave dialogs; connect again where the port is lost."""
        for _ in range(3):
            self._press("escape")
        self._press("2")
        if not self.bench.session.connected:
            self._press("x")

    def _click(self) -> None:
        width, height = self.bench.app.size
        x, y = self.dice.randrange(width), self.dice.randrange(height)
        place = {"x": x, "y": y, "delta_x": 0, "delta_y": 0, "button": 1}
        for kind in (events.MouseMove, events.MouseDown, events.MouseUp):
            self.bench.app.post_message(
                kind(None, **place, shift=False, meta=False, ctrl=False, screen_x=x, screen_y=y)
            )

    def trip_over_the_cable(self) -> None:
        """Disturb the line soon."""
        programmer = self.bench.session.programmer
        if programmer:
            faults = programmer.link.transport.machine.faults
            to_host = self.dice.random() < 0.3
            gone = faults.to_host if to_host else faults.to_device
            kind = self.dice.choice(STRIKES)
            faults.add(
                Strike(kind, gone + self.dice.randrange(200), to_host, self.dice.choice((1, 0x40, 0x81)))
            )

    async def come_to_rest(self) -> None:
        """Leave whatever is open: the deck is in front, nothing runs, and nothing is asked any more."""
        bench = self.bench
        while bench.app.typing or bench.session.job or not isinstance(bench.app.screen, DeckScreen):
            self._press("ctrl+x" if self.dice.random() < 0.2 else "escape")
            if isinstance(bench.app.screen, FuseWriteScreen):
                self._press("enter")
            await bench.settled()


@pytest.mark.parametrize("seed", range(SEED, SEED + 2))
async def test_random_keys_do_no_harm(deck, seed, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("avrdeck.tui.app.DeckApp.action_quit", lambda _: None)
    seen = watch(monkeypatch)
    async with deck("sim:?autoreset=no&part=attiny13", size=SIZES[1]) as bench:
        seen.app = bench.app
        monkey = Monkey(bench, seed)
        disturbed = 0
        while monkey.pressed < KEYS:
            async with asyncio.timeout(PATIENCE):
                await monkey.go_on()
            assert bench.app.is_running
            assert not seen.unasked, f"after {monkey.pressed} keys"
            if monkey.pressed // 100 > disturbed:
                disturbed = monkey.pressed // 100
                monkey.trip_over_the_cable()
        async with asyncio.timeout(PATIENCE):
            await monkey.come_to_rest()
            bench.session.port = "sim:?autoreset=no&part=attiny13"
            bench.session.chosen = None
            await bench.app.session.connect()
            await bench.done()
        assert bench.session.connected, "it is as good as new"
        told = f"{len(seen.sent)} changes sent, all answered for; {seen.garbled} made by a disturbed line"
        sys.stdout.write(f"seed {seed}: {monkey.pressed} keys, {told}\n")
