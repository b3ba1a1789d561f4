"""One look by the doctor of `avrdeck.jobs.doctor`: what is tried, who answers, and what it comes to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from avrdeck.jobs.doctor.diagnosing import diagnose
from avrdeck.jobs.doctor.model import Cause, Patient, Report
from avrdeck.jobs.doctor.recollecting import patient_on
from avrdeck.jobs.events import Event, StepDone, StepStarted
from avrdeck.tui.controllers.session import Session


@dataclass(slots=True)
class Look:
    """One thing that is tried; ``seen`` is what came of it, `None` as long as it lasts."""

    text: str
    seen: str | None = None


class Examination:
    """The session's port being looked at, again and again if one likes. ``changed`` is called at each step.

    The port is closed before, and closed again at the end, however that comes.
    """

    def __init__(self, session: Session, changed: Callable[[], object]) -> None:
        self.session = session
        self.port = session.port
        self.looks: list[Look] = []
        self.report: Report | None = None
        self.running = False
        self.stopped = False
        self._changed = changed

    async def run(self) -> None:
        """Look. Nothing is written, and no fault is raised."""
        self.port, self.looks, self.report = self.session.port, [], None
        self.running, self.stopped = True, False
        self._changed()
        try:
            async with self.session.freed("doctor"):
                self.report = await diagnose(
                    self.port,
                    await self._patient(),
                    baud=self.session.baud,
                    trace=self.session.trace,
                    on_event=self._event,
                )
        except asyncio.CancelledError:
            self.stopped = True
            raise
        finally:
            self.running = False
            self._changed()

    async def _patient(self) -> Patient:
        """The chip that was on the port last and its fuse bytes: by the inventory, else by this session."""
        session = self.session
        known = await asyncio.to_thread(patient_on, self.port, session.chosen)
        if known.last or session.part is None or session.last_port != self.port:
            return known
        return Patient(session.part, session.last_fuses, assumed=session.chosen is None)

    def _event(self, event: Event) -> None:
        self.session.event(event)
        if isinstance(event, StepStarted):
            self.looks.append(Look(event.text))
        elif isinstance(event, StepDone) and self.looks:
            self.looks[-1].seen = event.text
        self._changed()

    @property
    def sketch(self) -> str:
        """The line for the ArduinoISP sketch that would help; empty where there is none."""
        causes: tuple[Cause, ...] = self.report.diagnosis.causes if self.report else ()
        return next((cause.sketch for cause in causes if cause.sketch), "")

    @property
    def reachable(self) -> bool:
        """Whether somebody was found to connect to."""
        return not self.running and self.report is not None and self.report.found is not None
