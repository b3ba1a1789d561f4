"""Watches an app for what it writes: what may change the chip needs an answer that somebody typed.

It does not believe the app: it keeps what was asked and which keys were taken since, and judges the answer
by rules of its own.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from textual import events

from avrdeck.boards.safety import Severity
from avrdeck.commands.interpreter import Interpreter
from avrdeck.jobs.questions import Topic
from avrdeck.protocol.framing import CommandReader
from avrdeck.protocol.simulator.faults import FaultPlan
from avrdeck.protocol.simulator.isp_port import IspPort
from avrdeck.protocol.stk500v1 import Command
from avrdeck.protocol.transports.sim import SimTransport
from avrdeck.tui import messages
from avrdeck.tui.controllers.fusewrite import FuseWrite
from avrdeck.tui.jobapp import JobApp
from avrdeck.tui.screens.answer import AnswerScreen
from avrdeck.tui.typing_order import OrderedApp
from tui.effects import CARRIED_OUT, allows, effect_of

AFTERMATH = 1000
"""Bytes on the wire after a disturbance in which the programmer may hear what nobody sent."""
Tally = defaultdict[str, Counter[str]]
"""How often what was reached, by kind."""


@dataclass
class Watch:
    """What was asked and granted, and what went to a chip, with the job that held the wire then."""

    tally: Tally
    app: object = None
    wire: SimTransport | None = None
    typed: str = ""
    holder: asyncio.Task | None = None
    granted: dict[asyncio.Task, list[str]] = field(default_factory=dict)
    struck: dict[int, tuple[FaultPlan, int]] = field(default_factory=dict)
    unasked: list[str] = field(default_factory=list)
    garbled: int = 0
    _reader: CommandReader = field(default_factory=CommandReader)

    @property
    def reached(self) -> set[str]:
        """Whatever was reached, of any kind."""
        return {name for counts in self.tally.values() for name in counts}

    @property
    def asked(self) -> list[str]:
        """What was granted to the job that holds the wire."""
        return self.granted.get(self.holder, [])

    @property
    def job(self) -> str:
        """The name of that job."""
        job = self.app.session.job
        return job.name if job else "no job"

    # -- what was said ----------------------------------------------------

    def began(self, app: OrderedApp, **_) -> None:
        """This is the app."""
        self.app = app

    def taken(self, app: OrderedApp) -> None:
        """The app takes the next key."""
        if app._typed:
            event = app._typed[0]
            self.typed += event.text if isinstance(event, events.Paste) else event.character or " "

    def posted(self, _, message: messages.Message) -> None:
        """A job begins or ends: what was granted ends with it."""
        if isinstance(message, messages.JobStarted):
            self.holder = asyncio.current_task()
        elif isinstance(message, messages.JobEnded):
            self.granted.pop(self.holder, None)
            self.holder = None

    def began_to_ask(self, place: AnswerScreen | FuseWrite, *_) -> None:
        """A question comes on the screen: what was typed before it is no answer."""
        place.asker, self.typed = asyncio.current_task(), ""

    def ran(self, _, line: str) -> None:
        """To type ``write`` or ``upload`` is to ask for it; before an erase it asks besides."""
        if line.split()[:1] in (["write"], ["upload"]):
            self._grant(asyncio.current_task(), "Write", "line")

    def closed(self, screen: AnswerScreen, text: str | None = None) -> None:
        """A question was answered."""
        if screen.is_active:
            self._answered(screen, text, by_word=True)

    def answered(self, job: FuseWrite, text: str | None) -> None:
        """The fuse transaction was answered: by a key where a yes is enough."""
        if job.question:
            self._answered(job, text, by_word=job.fatal)

    def _answered(self, place: AnswerScreen | FuseWrite, text: str | None, *, by_word: bool) -> None:
        question, word = place.question, (text or "").strip().lower()
        fatal = any(found.severity is Severity.FATAL for found in question.findings)
        right = word == self.app.session.part.name.lower() if fatal else word in {"yes", "y"}
        unsaid = by_word and Counter(word) - Counter(self.typed.lower())
        if right and self.typed and not unsaid and question.topic is Topic.CONFIRM:
            self._grant(place.asker, question.text, "part" if fatal else "yes")

    def _grant(self, task: asyncio.Task, text: str, how: str) -> None:
        self.granted.setdefault(task, []).append(text)
        self.tally["answers"][f"{self.job if task is self.holder else 'to come'}: {how}"] += 1

    # -- what was done ----------------------------------------------------

    def opened(self, wire: SimTransport, _, name: str = "sim:", *__) -> None:
        """A port was opened; a rehearsal's is none."""
        if name.startswith("sim:"):
            self.wire, self._reader = wire, CommandReader()

    def wrote(self, wire: SimTransport, data: bytes) -> None:
        """Bytes go to a programmer."""
        if wire is not self.wire:
            return
        self._reader.feed(data)
        programmer = self.app.session.programmer
        part = programmer.part if programmer and programmer.part else wire.machine.target.part
        while isinstance(command := self._reader.next_command(), Command):
            effect, value = effect_of(part, command)
            if effect:
                how = " through a bootloader" if "dialect=" in wire.name else ""
                self.tally["writes"][f"{self.job}: {effect}{how}"] += 1
            if effect and not any(allows(text, effect, value) for text in self.asked):
                granted = " and ".join(self.asked) or "nothing"
                self.unasked.append(f"{effect} {value} by {self.job}, where {granted} was granted")

    def carried_out(self, port: IspPort, effect: str) -> None:
        """The chip carried out a change."""
        machine = self.wire.machine
        if port.cells is not machine.target.cells:
            return
        if any(allows(text, effect, None) for text in self.asked):
            return
        _, at = self.struck.get(id(machine.faults), (None, -AFTERMATH))
        if machine.faults.to_device - at < AFTERMATH:
            self.garbled += 1
        else:
            self.unasked.append(f"the chip carried out {effect}, during {self.job}")


def before(monkeypatch: pytest.MonkeyPatch, owner: type, name: str, look: Callable[..., object]) -> None:
    """Have ``look`` called with the same arguments before a method of ``owner`` runs."""
    method = getattr(owner, name)

    def looked_at(*args, **named):
        look(*args, **named)
        return method(*args, **named)

    monkeypatch.setattr(owner, name, looked_at)


def watch(monkeypatch: pytest.MonkeyPatch, tally: Tally) -> Watch:
    """Watch the next app and its virtual boards."""
    seen = Watch(tally)
    before(monkeypatch, OrderedApp, "__init__", seen.began)
    before(monkeypatch, OrderedApp, "_take_next", seen.taken)
    before(monkeypatch, JobApp, "_post", seen.posted)
    before(monkeypatch, AnswerScreen, "__init__", seen.began_to_ask)
    before(monkeypatch, FuseWrite, "_ask", seen.began_to_ask)
    before(monkeypatch, AnswerScreen, "dismiss", seen.closed)
    before(monkeypatch, FuseWrite, "answer", seen.answered)
    before(monkeypatch, Interpreter, "run_line", seen.ran)
    before(monkeypatch, SimTransport, "__init__", seen.opened)
    before(monkeypatch, SimTransport, "write", seen.wrote)
    for name, effect in CARRIED_OUT.items():
        before(monkeypatch, IspPort, name, lambda port, *_, effect=effect: seen.carried_out(port, effect))
    return seen
