"""One run of a trial with at most one fault: what the job says against what the chip holds."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from avrdeck.jobs.backup.container import ZIP
from avrdeck.jobs.backup.planning import plan_restore
from avrdeck.jobs.backup.restoring import restore
from avrdeck.jobs.backup.store import Store
from avrdeck.protocol.errors import Fault
from avrdeck.protocol.simulator.arduinoisp import SCK_HZ
from avrdeck.protocol.simulator.faults import Fault as Injected
from avrdeck.protocol.simulator.faults import FaultPlan, Kind
from avrdeck.protocol.simulator.machine import Machine
from avrdeck.protocol.transports.sim import SimTransport
from jobs.claims import Scene, untrue
from jobs.trials import Content, Stage, Trial
from jobs.trials.model import agree
from virtual import programmer_on

SHOWN = 600
"""How much of a text is kept of one of many runs."""
TIMES = re.compile(rb"\d{8}T\d{6}Z")
"""When a backup was made, in its name and in the journal that mentions it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one job with one fault ended, and what came of doing it again.

    ``said``: the fault it told, `None` for success. ``planned``: the chip, and the receipt, are as planned.
    ``lies``: what it said of the chip and is not so, or where a chip that it called done is not as planned.
    ``crash``: it ended in neither. ``bricked``: the chip does not answer ISP any more. ``resumed``: in the
    end the chip is as planned. ``seconds`` are virtual.
    """

    fault: Injected | None
    said: str | None = None
    planned: bool = False
    lies: str = ""
    crash: str = ""
    bricked: bool = False
    resumed: bool = False
    seconds: float = 0.0

    @property
    def false_success(self) -> bool:
        """Whether success was claimed for something else than the plan."""
        return self.said is None and not self.crash and not self.planned

    def good(self, patience: float) -> bool:
        """Whether everything that must hold does."""
        wrong = self.false_success or self.lies or self.crash or self.bricked
        return not wrong and self.resumed and self.seconds < patience


class Inline(ThreadPoolExecutor):
    """Does at once what is asked of it: a thread would not survive a fork."""

    def submit(self, work, /, *args, **kwargs):  # type: ignore[no-untyped-def]
        """See `concurrent.futures.Executor.submit`."""
        done: Future[object] = Future()
        try:
            done.set_result(work(*args, **kwargs))
        except Exception as error:
            done.set_exception(error)
        return done


async def run(trial: Trial, plan: FaultPlan, struck: Callable[[], Injected | None], known: Path) -> Outcome:
    """Do the trial's job in the working directory; ``plan`` counts its bytes from the first one on.

    ``struck`` tells after the job which fault there was. What comes of doing it again follows from what chip
    and folder hold, so that it is done once for all runs that leave the same, and noted in ``known``.
    """
    asyncio.get_running_loop().set_default_executor(Inline())
    stage = await _prepared(trial)
    machine = stage.machine
    machine.faults = plan
    began = machine.now
    said: Fault | None = None
    receipt: object = None
    try:
        receipt = await trial.work(stage)
    except Fault as fault:
        said = fault
    except Exception as error:
        return Outcome(struck(), crash=f"{type(error).__name__}: {error}"[:SHOWN])
    seconds = (machine.now - began) / 1e9
    now, planned = Content.of(machine), trial.plan(stage.before)
    right = trial.same(planned, now) and (said is not None or trial.right(stage.before, receipt))
    scene = Scene(stage.before, now, planned, garbled=_garbles(struck()))
    lies = untrue(said.holds, scene, silent=trial.opens) if said else "" if right else now.against(planned)
    bricked = _let_go(machine)
    resumed = right if said is None else not bricked and await _known(trial, stage, planned, known)
    return Outcome(struck(), str(said)[:SHOWN] if said else None, right, lies, "", bricked, resumed, seconds)


def _garbles(fault: Injected | None) -> bool:
    """Whether the board has read something else than was sent; one that was reset takes data for commands."""
    if fault is None or fault.kind is Kind.RESET_PROGRAMMER:
        return fault is not None
    return not fault.to_host and fault.kind in {Kind.FLIP, Kind.DROP, Kind.DOUBLE}


async def _prepared(trial: Trial) -> Stage:
    machine = trial.machine()
    stage = Stage(machine, Path("kept"), Content.of(machine))
    if not trial.opens:
        stage.programmer = await programmer_on(SimTransport(machine, "bench"))
    return stage


def _let_go(machine: Machine) -> bool:
    """Unplug: the programmer lets go of the chip and its fuses take effect. Whether ISP has lost it."""
    machine.faults = FaultPlan()
    machine.vanished = False
    machine.reset_board()
    target = machine.target
    assert target is not None
    target.power_cycle()
    return target.lockout(SCK_HZ) is not None


async def _known(trial: Trial, stage: Stage, planned: Content, known: Path) -> bool:
    """As `_resumed`, from ``known`` where the same was tried before."""
    note = known / _left(stage)
    with suppress(FileNotFoundError):
        return note.read_text() == str(True)
    found = await _resumed(trial, stage, planned)
    # Whole or not at all: another branch may look at the same time.
    draft = note.with_name(f"{note.name}.{os.getpid()}")
    draft.write_text(str(found))
    draft.replace(note)
    return found


def _left(stage: Stage) -> str:
    """A hash of all that a run has left: the chip and the files, without the times in them."""
    now, left = Content.of(stage.machine), hashlib.sha256()
    left.update(now.flash + now.eeprom + bytes(now.fuses.values()))
    for path in sorted(stage.place.rglob("*"), key=lambda path: TIMES.sub(b"", bytes(path))):
        left.update(TIMES.sub(b"", bytes(path)))
        if path.is_file() and path.suffix != ZIP:
            left.update(TIMES.sub(b"", path.read_bytes()))
    return left.hexdigest()


async def _resumed(trial: Trial, stage: Stage, planned: Content) -> bool:
    """Connect anew and do it again, if need be after restoring a backup; whether the chip is as planned."""
    done = await _again(trial, stage, planned)
    if not done and trial.restorable and await _restored(stage):
        done = await _again(trial, stage, planned)
    return done


async def _again(trial: Trial, stage: Stage, planned: Content) -> bool:
    if not trial.opens:
        stage.programmer = await programmer_on(stage.wire)
    with suppress(Fault):
        await (trial.again or trial.work)(stage)
    _let_go(stage.machine)
    return trial.enough(planned, Content.of(stage.machine))


async def _restored(stage: Stage) -> bool:
    """Bring back what the chip held, from the backup that is made before anything is destroyed."""
    programmer = await programmer_on(stage.wire)
    backup = stage.before.backup()
    await restore(
        programmer, await plan_restore(programmer, backup), Store(stage.place), agree, save_contents=False
    )
    _let_go(stage.machine)
    return stage.before.same(Content.of(stage.machine))
