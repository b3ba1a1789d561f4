"""Watches an app for what it writes: what may change the chip needs an answer that was given on a screen."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from avrdeck.jobs.guard import judge_command
from avrdeck.jobs.questions import Topic
from avrdeck.protocol.framing import CommandReader
from avrdeck.protocol.simulator.isp_port import IspPort
from avrdeck.protocol.stk500v1 import Command
from avrdeck.protocol.transports.sim import SimTransport
from avrdeck.tui.controllers.fusewrite import FuseWrite
from avrdeck.tui.screens.answer import AnswerScreen

CHANGES = ("_erase", "_write_flash_page", "_write_eeprom", "_write_fuse")


@dataclass
class Watch:
    """What was answered on a screen and what went to a chip, each with the job that held the wire then."""

    app: object = None
    granted: set[int] = field(default_factory=set)
    jobs: list[object] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)
    garbled: int = 0

    @property
    def job(self) -> object:
        return self.app.session.job if self.app else None

    def answered(self, question, answer: str | None) -> None:
        """A screen took an answer: it holds for the job that asked."""
        if question and question.topic is Topic.CONFIRM and question.granted_by(answer) and self.job:
            self.jobs.append(self.job)  # kept alive, so that no other gets its id
            self.granted.add(id(self.job))

    def changes(self, what: str) -> None:
        """Something that changes the chip was sent."""
        self.sent.append(what)
        if id(self.job) not in self.granted:
            self.unasked.append(f"{what}, during {getattr(self.job, 'name', 'no job')}")

    def carried_out(self, transport_disturbed: bool, what: str) -> None:
        """The chip carried out a change."""
        if id(self.job) in self.granted:
            return
        if transport_disturbed:
            self.garbled += 1
        else:
            self.unasked.append(f"the chip carried out {what}")


def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Watch every app and virtual board from now on; set ``app`` once there is one."""
    seen = Watch()
    readers: dict[int, tuple[SimTransport, CommandReader]] = {}
    write, dismiss, answer = SimTransport.write, AnswerScreen.dismiss, FuseWrite.answer

    def written(transport: SimTransport, data: bytes) -> None:
        _, reader = readers.setdefault(id(transport), (transport, CommandReader()))
        reader.feed(data)
        programmer = seen.app.session.programmer if seen.app else None
        part = programmer.part if programmer and programmer.part else transport.machine.target.part
        while isinstance(command := reader.next_command(), Command):
            for effect in judge_command(part, command, {}).effects:
                seen.changes(effect)
        write(transport, data)

    def dismissed(screen: AnswerScreen, result: str | None = None):
        seen.answered(screen.question, result)
        return dismiss(screen, result)

    def took(job: FuseWrite, text: str | None) -> None:
        seen.answered(job.question, text)
        answer(job, text)

    monkeypatch.setattr(SimTransport, "write", written)
    monkeypatch.setattr(AnswerScreen, "dismiss", dismissed)
    monkeypatch.setattr(FuseWrite, "answer", took)
    for name in CHANGES:
        monkeypatch.setattr(IspPort, name, _reporting(seen, getattr(IspPort, name)))
    return seen


def _reporting(seen: Watch, change):
    def carried_out(port: IspPort, *args):
        programmer = seen.app.session.programmer if seen.app else None
        machine = programmer.link.transport.machine if programmer else None
        struck = machine is None or any(
            fault.index < machine.faults.to_device for fault in machine.faults.faults
        )
        seen.carried_out(struck, change.__name__)
        return change(port, *args)

    return carried_out
