"""Where results go: text for people, one JSON object for programs."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Protocol, TextIO

from avrdeck.boards.safety import Finding
from avrdeck.boards.text import printable
from avrdeck.commands.answers import typed_line
from avrdeck.commands.gauge import Gauge
from avrdeck.commands.outlets import Outlet
from avrdeck.jobs.events import Countdown, Event, StepDone, StepStarted
from avrdeck.jobs.questions import Question, Topic
from avrdeck.protocol.errors import Fault
from avrdeck.protocol.target.progress import Progress


class Output(Protocol):
    """What commands tell their results to."""

    def result(self, text: str, data: Mapping[str, object]) -> None:
        """The result of a command: ``text`` for people, ``data`` for programs."""

    def note(self, text: str) -> None:
        """Something a person should know meanwhile."""

    def event(self, event: Event) -> None:
        """Something a job tells while it runs."""

    def fault(self, fault: Fault) -> None:
        """Why a command failed."""

    async def ask(self, question: Question) -> str | None:
        """Put a question and bring what is typed; `None` where nobody can answer."""

    def terminal(self) -> TextIO | None:
        """Where single keys can be read; `None` where nobody sits, or somebody else reads them."""

    def fitted(self, *, json: bool) -> Output:
        """This output, or its JSON sibling when that is asked for."""


class TextOutput:
    """Text on standard output; progress and faults on standard error."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self._streams = out, err
        self._out = Outlet(out or sys.stdout, needed=True)
        self._err = Outlet(err or sys.stderr)
        self._gauge = Gauge(self._err)

    def result(self, text: str, data: Mapping[str, object]) -> None:
        """See `Output`."""
        del data
        self._gauge.clear()
        print(text, file=self._out, flush=True)

    def note(self, text: str) -> None:
        """See `Output`."""
        self._gauge.clear()
        print(text, file=self._err, flush=True)

    def event(self, event: Event) -> None:
        """See `Output`."""
        match event:
            case Progress():
                self._gauge.show(event)
            case StepStarted():
                self.note(f"  {event.text}")
            case StepDone() if event.text:
                self.note(f"    {event.text}")
            case Countdown():
                self.note(f"  {event.text}")

    def fault(self, fault: Fault) -> None:
        """See `Output`."""
        text = "\n".join(text for text in (fault.title, fault.detail, fault.holds, fault.advice) if text)
        self.note("avrdeck: " + "\n         ".join(map(printable, text.split("\n"))))

    async def ask(self, question: Question) -> str | None:
        """See `Output`."""
        if question.topic is Topic.UNDO and not sys.stdin.isatty():
            return None
        self._gauge.clear()
        for finding in question.findings:
            self.note(finding_text(finding))
        if not sys.stdin.isatty():
            option = f"--force-fatal={question.required}" if question.fatal else "--yes"
            self.note(f"{question.text} Nobody is here to answer; {option} answers beforehand.")
            return None
        wanted = f"type {question.required} to go on" if question.fatal else "y/N"
        print(f"{question.text} [{wanted}] ", end="", file=self._err, flush=True)
        try:
            return await typed_line()
        except asyncio.CancelledError:
            self.note("")  # the terminal has shown ^C behind the question
            raise

    def terminal(self) -> TextIO | None:
        """See `Output`."""
        return sys.stdin if sys.stdin.isatty() and self._err.isatty() else None

    def fitted(self, *, json: bool) -> Output:
        """See `Output`."""
        return JsonOutput(*self._streams) if json else self


class JsonOutput:
    """One JSON object on standard output, whether the command succeeds or fails.

    What happens meanwhile is a JSON object a line on standard error: ``{"progress": …}``, ``{"step": …}``,
    ``{"note": …}``, and ``{"question": …}`` for one that --yes or --force-fatal would have to answer.
    All of it is ASCII, whatever the pipe takes.
    """

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self._out = Outlet(out or sys.stdout, needed=True)
        self._err = Outlet(err or sys.stderr)

    def result(self, text: str, data: Mapping[str, object]) -> None:
        """See `Output`."""
        del text
        self._print(data)

    def note(self, text: str) -> None:
        """See `Output`."""
        self._tell({"note": text})

    def event(self, event: Event) -> None:
        """See `Output`."""
        match event:
            case Progress():
                self._tell({"progress": {**asdict(event), "operation": event.operation.value}})
            case StepStarted():
                self._tell({"step": event.step, "text": event.text})
            case StepDone():
                self._tell({"step": event.step, "done": True, "text": event.text})
            case Countdown():
                self._tell({"note": event.text, "seconds": event.seconds})

    def fault(self, fault: Fault) -> None:
        """See `Output`."""
        data = fault.data if isinstance(fault, PartialFault) else {}
        self._print({**data, "fault": fault_data(fault)})

    async def ask(self, question: Question) -> str | None:
        """Programs answer with --yes and --force-fatal, or not at all: they are told what was asked."""
        if question.topic is Topic.CONFIRM:
            findings = [finding_data(finding) for finding in question.findings]
            self._tell({"question": question.text, "required": question.required, "findings": findings})
        return None

    def terminal(self) -> TextIO | None:
        """A program presses no keys."""
        return None

    def fitted(self, *, json: bool) -> Output:
        """See `Output`."""
        del json
        return self

    def _print(self, data: Mapping[str, object]) -> None:
        print(json.dumps(data), file=self._out, flush=True)

    def _tell(self, data: Mapping[str, object]) -> None:
        print(json.dumps(data), file=self._err, flush=True)


class PartialFault(Fault):
    """Some of the work failed; ``data`` is for programs what came of all of it."""

    def __init__(self, title: str, data: Mapping[str, object], *, detail: str = "", advice: str = "") -> None:
        super().__init__(title, detail=detail, advice=advice)
        self.data = data


def fault_data(fault: Fault) -> dict[str, object]:
    """A fault for programs."""
    texts = {"title": fault.title, "detail": fault.detail, "holds": fault.holds, "advice": fault.advice}
    return {"kind": type(fault).__name__, "exit_code": int(fault.exit_code), **texts}


def finding_text(finding: Finding) -> str:
    """A finding in a line or two: how bad, what, on which bits, what to do."""
    bits = f" ({', '.join(finding.bits)})" if finding.bits else ""
    lines = [f"  {finding.severity.name.lower()} {finding.id}: {finding.message}{bits}"]
    lines += [f"      {text}" for text in (finding.advice, finding.recovery) if text]
    return "\n".join(lines)


def finding_data(finding: Finding) -> dict[str, object]:
    """The same for programs."""
    return {
        "id": finding.id,
        "severity": finding.severity.name.lower(),
        "message": finding.message,
        "advice": finding.advice,
        "recovery": finding.recovery,
        "bits": list(finding.bits),
    }
