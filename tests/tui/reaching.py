"""Counts where an app was driven: screens, actions, jobs and their ends, disturbances that struck them."""

from __future__ import annotations

import pytest
from textual.actions import parse
from textual.app import App
from textual.screen import Screen

from avrdeck.protocol.errors import Refused
from avrdeck.protocol.simulator.faults import FaultPlan, Kind
from avrdeck.tui import messages
from avrdeck.tui.actions import ACTIONS, Scope
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.jobapp import JobApp
from tui.errands import ERRANDS
from tui.watching import Watch, before

ROWS = {(*parse(action.method)[1:], action.scope): action.id for action in ACTIONS}
"""Rows of the registry by method, arguments and scope."""


def missing(seen: Watch) -> list[str]:
    """Screens, goals of errands and kinds of disturbances that were never reached."""
    wanted = every_screen() - {"DeckScreen"} | {goal for errand in ERRANDS for goal in errand.goals}
    struck = {name.split(": ")[1] for name in seen.tally["strikes"]}
    return sorted(wanted - seen.reached) + [kind.name for kind in Kind if kind.name not in struck]


def every_screen(base: type = Screen) -> set[str]:
    """The names of the app's screens that somebody can come to."""
    kinds = {kind for kind in base.__subclasses__() if kind.__module__.startswith("avrdeck.tui")}
    below = {name for kind in base.__subclasses__() for name in every_screen(kind)}
    return below | {kind.__name__ for kind in kinds if not kind.__subclasses__()}


def reach(monkeypatch: pytest.MonkeyPatch, seen: Watch) -> None:
    """Count from now on, in the tally of ``seen``."""
    tally, ends = seen.tally, {}

    def pushed(_, screen: Screen, *__, **___) -> None:
        tally["screens"][type(screen).__name__] += 1

    def done(app: App, home, name: str, arguments: tuple) -> None:
        scope = Scope.DECK if getattr(home, "is_deck", False) else getattr(home, "scope", Scope.APP)
        for where in (scope, getattr(app.screen, "scope", Scope.DECK)) if home is app else (scope,):
            if row := ROWS.get((name, arguments, where)):
                tally["actions"][row] += 1

    def told(_, message: messages.Message) -> None:
        match message:
            case messages.JobStarted(name):
                ends[name] = "done"
            case messages.JobEnded(name):
                tally["jobs"][f"{name}: {ends[name]}"] += 1
            case messages.PortLost() | messages.PortReturned():
                tally["jobs"][type(message).__name__] += 1

    def ended(session: Session, fault: Exception | None) -> None:
        how = "stopped" if fault is None else "refused" if isinstance(fault, Refused) else "failed"
        ends[session.job.name] = how

    before(monkeypatch, App, "push_screen", pushed)
    before(monkeypatch, App, "_dispatch_action", done)
    before(monkeypatch, JobApp, "_post", told)
    before(monkeypatch, Session, "_after", ended)
    _count_strikes(monkeypatch, seen)


def _count_strikes(monkeypatch: pytest.MonkeyPatch, seen: Watch) -> None:
    strike = FaultPlan.next

    def struck(plan: FaultPlan, *, to_host: bool):
        fault = strike(plan, to_host=to_host)
        if fault and seen.wire and seen.wire.machine.faults is plan:
            seen.struck[id(plan)] = plan, plan.to_device
            seen.tally["strikes"][f"{seen.job}: {fault.kind.name}"] += 1
        return fault

    monkeypatch.setattr(FaultPlan, "next", struck)


def table(seen: Watch) -> str:
    """What was reached, a kind after the other, and the rows of the registry that were not."""
    lines = []
    for kind, counts in seen.tally.items():
        told = "  ".join(f"{name} {count}" for name, count in sorted(counts.items()))
        lines.append(f"{kind} ({len(counts)}): {told}")
    missed = [action.id for action in ACTIONS if action.id not in seen.tally["actions"]]
    return "\n".join([*lines, f"never: {' '.join(missed) or 'no action'}"])
