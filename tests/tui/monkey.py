"""Somebody who knows every key, reads nothing, and says yes more often than is good."""

from __future__ import annotations

import asyncio
import random
import string
from collections.abc import Callable, Iterable

from textual import events
from textual.command import CommandPalette
from textual.keys import _character_to_key
from textual.widgets import Input

from avrdeck.protocol.simulator.faults import Fault as Strike
from avrdeck.protocol.simulator.faults import Kind
from avrdeck.tui.actions import ACTIONS
from avrdeck.tui.controllers.fusewrite import Phase
from avrdeck.tui.screens.answer import AnswerScreen
from avrdeck.tui.screens.confirm import ConfirmScreen
from avrdeck.tui.screens.deck import DeckScreen
from avrdeck.tui.screens.fusewrite import FuseWriteScreen
from tui.errands import ERRANDS, LINES, PORTS
from tui.watching import Watch

REGISTRY = sorted({key for action in ACTIONS for key in action.keys.split(",")} - {"ctrl+q"})
TYPED = [*"0123456789abcdefyw", "space", "enter", "escape", "backspace", "tab", "slash", "enter", "escape"]
LETTERS = {_character_to_key(letter): letter for letter in string.printable}
SIZES = ((120, 40), (80, 24), (100, 30), (59, 19), (200, 60))
LOOKS = 1000
"""Milliseconds that one waits for anything."""
MASKS = (0x01, 0x02, 0x10, 0x40, 0x81)
DELAYS_MS = (1, 40, 700, 4000)


class Monkey:
    """Presses keys on a bench, faster than they can be handled, and goes more often where it never got to."""

    def __init__(self, bench, seed: int, seen: Watch) -> None:
        self.bench, self.dice, self.seen = bench, random.Random(seed), seen
        self.pressed = 0

    async def go_on(self) -> None:
        """Do something; what one does comes to an end only by chance before one does the next."""
        what = self.dice.random()
        if what < 0.4:
            for _ in range(self.dice.randint(1, 6)):
                self._press(self.dice.choice(REGISTRY if self.dice.random() < 0.6 else TYPED))
        elif what < 0.52:
            self._say_yes()
            await self._be_asked()
        elif what < 0.6:
            await self._go_back()
        elif what < 0.7:
            await self._run(f"4 ctrl+u >{self.dice.choice(LINES)} enter !")
        elif what < 0.85:
            await self._run_an_errand()
        elif what < 0.95:
            self._click()
        elif what < 0.98:
            self.bench.app.post_message(events.Paste(self._filled(self.dice.choice(LINES))))
        else:
            await self.bench.pilot.resize_terminal(*self.dice.choice(SIZES))
        await self.bench.settled()

    # -- keys -------------------------------------------------------------

    def _press(self, key: str) -> None:
        self.pressed += 1
        name = _character_to_key(key) if len(key) == 1 else key
        self.bench.app.post_message(events.Key(name, LETTERS.get(name)))

    def _type(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._press(key)

    def _click(self) -> None:
        width, height = self.bench.app.size
        x = self.dice.randrange(width)
        y = height - 1 if self.dice.random() < 0.3 else self.dice.randrange(height)  # the footer
        place = {"x": x, "y": y, "delta_x": 0, "delta_y": 0, "button": 1}
        for kind in (events.MouseMove, events.MouseDown, events.MouseUp):
            self.bench.app.post_message(
                kind(None, **place, shift=False, meta=False, ctrl=False, screen_x=x, screen_y=y)
            )

    # -- what one means to do ---------------------------------------------

    async def _run_an_errand(self) -> None:
        """Do what has never been done yet, or anything; now and then the line is disturbed meanwhile."""
        missing = [errand for errand in ERRANDS if set(errand.goals) - self.seen.reached]
        fresh = bool(missing) and self.dice.random() < 0.7
        errand = self.dice.choice(missing if fresh else ERRANDS)
        if self.dice.random() < (0.3 if fresh else 0.6):
            self.disturb(self.dice.choice((50, 500, 5000)))
        await self._go_back()
        await self._run(errand.keys)

    async def _run(self, keys: str) -> None:
        """Press keys as `Errand` describes them."""
        for key in keys.split():
            match key[0], key[1:]:
                case ">", text:
                    self._type(self._filled(text))
                case "@", port:
                    await self._plug_in(PORTS[port])
                case "!", "":
                    await self._be_asked()
                case "~", "":
                    await self.bench.settled()
                case "?", "":
                    await self._wait(lambda: self.bench.session.connected)
                case "#", "":
                    self.disturb(1, Kind.VANISH)
                case _:
                    self._press(key)

    def _filled(self, text: str) -> str:
        return "".join(f"{self.dice.randrange(16):x}" if c == "%" else c for c in text.replace("_", " "))

    async def _plug_in(self, port: str) -> None:
        """Choose another port, unless it is that one; a part or speed chosen for the other would not fit."""
        session = self.bench.session
        session.chosen = session.baud = None
        if session.port != port or not session.connected:
            await self._run("1 o ~")
            self._type(port)
            await self._run("enter !")

    async def _be_asked(self) -> None:
        """Mostly wait for what the job asks, and say yes; else go on at once."""
        await self.bench.settled()
        if self.dice.random() < 0.15:
            return
        await self._wait(lambda: not self.bench.app.busy)

    async def _wait(self, over: Callable[[], bool]) -> None:
        """Wait until it is over, and answer questions till then."""
        for _ in range(LOOKS):
            if over():
                return
            if self._asks():
                self._say_yes()
                await self.bench.settled()
            await asyncio.sleep(0.001)  # a backup is written by a thread

    def _asks(self) -> bool:
        """Whether a question can be seen and answered."""
        screen = self.bench.app.screen
        job = screen.job if isinstance(screen, FuseWriteScreen) else None
        if isinstance(screen, AnswerScreen) or (job and job.fatal and job.phase is Phase.CONFIRM):
            return isinstance(screen.focused, Input)
        return job is not None and job.phase in {Phase.CONFIRM, Phase.UNDO}

    def _say_yes(self) -> None:
        """Mostly give the answer that is asked for, whatever the question."""
        screen = self.bench.app.screen
        if isinstance(screen, AnswerScreen):
            wrong = self.dice.choice(("", "no", "yes"))
            self._type(wrong if self.dice.random() < 0.25 else screen.question.required)
            self._press("enter")
        elif isinstance(screen, FuseWriteScreen) and screen.job.phase is Phase.CONFIRM:
            self._type(screen.job.question.required if screen.job.fatal else "w")
            self._press("enter")
        elif isinstance(screen, FuseWriteScreen) and screen.job.phase is Phase.UNDO:
            self._press(self.dice.choice(("u", "enter")))
        elif isinstance(screen, CommandPalette):
            self._type(("down", "enter"))
        else:
            self._press("y" if isinstance(screen, ConfirmScreen) else "w")

    async def _go_back(self) -> None:
        """Leave dialogs; connect again where the port is lost."""
        for _ in range(3):
            self._press("escape")
        await self._run("~ 2")
        if not self.bench.session.connected:
            await self._run("x ! escape ~")

    def disturb(self, within: int, kind: Kind | None = None) -> None:
        """Disturb the line at one of the next bytes."""
        if self.seen.wire:
            faults, struck = self.seen.wire.machine.faults, " ".join(self.seen.tally["strikes"])
            missing = [each for each in Kind if each.name not in struck]
            kind = kind or self.dice.choice(missing or list(Kind))
            to_host = kind is not Kind.VANISH and self.dice.random() < 0.3
            at = (faults.to_host if to_host else faults.to_device) + self.dice.randrange(within)
            delay = self.dice.choice(DELAYS_MS) * 1_000_000 if kind is Kind.DELAY else 0
            faults.add(Strike(kind, at, to_host, self.dice.choice(MASKS), delay))

    async def come_to_rest(self) -> None:
        """Leave whatever is open: the deck is in front, nothing runs, and nothing is asked any more."""
        bench = self.bench
        while bench.app.typing or bench.session.job or not isinstance(bench.app.screen, DeckScreen):
            self._press("ctrl+x" if self.dice.random() < 0.2 else "escape")
            if isinstance(bench.app.screen, FuseWriteScreen):
                self._press("enter")
            await bench.settled()
