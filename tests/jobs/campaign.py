"""Faults at every byte of every job on the virtual board: what the job says against what the chip holds.

``python -m jobs.campaign`` in the tests folder tries all that can make a difference, ``--thorough`` the
others too, ``--sample 20`` that many of each job, drawn with ``--seed``; names of jobs restrict it to those.
``--again to-device:123:flip:20`` tries one once more. Time is virtual; what is left is the work of the
processors.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import chdir, contextmanager
from itertools import groupby
from pathlib import Path
from typing import TypeVar

from avrdeck.protocol.simulator.faults import Fault, FaultPlan
from jobs.branching import Branching
from jobs.points import Counting, faults, listening, parsed, places, spelled
from jobs.trials import TRIALS, Trial
from jobs.trying import Outcome, run

T = TypeVar("T")
SHOWN = 8
"""How many of those of a job that went wrong are printed."""


class Timeless(asyncio.SelectorEventLoop):
    """A loop whose clock stands: no time-out of the real world may end what runs in virtual time."""

    def time(self) -> float:
        """See `asyncio.loop.time`."""
        return 0.0


def counted(trial: Trial) -> Counting:
    """Every byte of the job, without a fault."""
    plan = Counting()
    with listening(plan):
        _alone(trial, plan, None)
    return plan


def once(trial: Trial, fault: Fault) -> Outcome:
    """The job with one fault, from its beginning, in this process."""
    return _alone(trial, FaultPlan([fault]), fault)


def all_of(trial: Trial, chosen: Sequence[Fault], workers: int) -> list[Outcome]:
    """The job with each of the faults; the last outcome is that without one."""
    ordered = sorted(chosen, key=_place)
    plan = Branching(chosen={place: list(some) for place, some in groupby(ordered, _place)}, workers=workers)
    with _folder() as known:
        _run(lambda: plan.end(run(trial, plan, lambda: plan.struck, known)))
    return plan.outcomes


def _place(fault: Fault) -> tuple[bool, int]:
    return fault.to_host, fault.index


def _alone(trial: Trial, plan: FaultPlan, fault: Fault | None) -> Outcome:
    with _folder() as known:
        return _run(lambda: run(trial, plan, lambda: fault, known))


def _run(work: Callable[[], Coroutine[None, None, T]]) -> T:
    with asyncio.Runner(loop_factory=Timeless) as runner:
        return runner.run(work())


@contextmanager
def _folder() -> Iterator[Path]:
    """Work in a fresh folder, in memory where there is such a place; beside it what is known already."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as root:
        known, trunk = Path(root, "known"), Path(root, "trunk")
        for folder in (known, trunk / "kept"):
            folder.mkdir(parents=True)
        with chdir(trunk):
            yield known


# --- the command line --------------------------------------------------------------------------------------


def main() -> int:
    """Try what the command line says and print the figures; 1 when something went wrong."""
    options = _options()
    names = options.jobs or list(TRIALS)
    if options.again:
        return _again(names[0], options.again)
    print(HEADING)  # noqa: T201 - the purpose
    wrong = 0
    for name in names:
        began = _cpu()
        trial = TRIALS[name]
        heard = counted(trial)
        points = places(heard, thorough=options.thorough)
        chosen = list(faults(heard, thorough=options.thorough))
        if 0 < options.sample < len(chosen):
            chosen = random.Random(options.seed).sample(chosen, options.sample)
        outcomes = all_of(trial, chosen, options.workers)
        print(row(name, trial, len(points), outcomes, _cpu() - began), flush=True)  # noqa: T201
        bad = [one for one in outcomes if not one.good(trial.patience)]
        _show(name, bad)
        wrong += len(bad)
    return min(wrong, 1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m jobs.campaign", description=__doc__)
    parser.add_argument("jobs", nargs="*", metavar="JOB", help=f"one of: {', '.join(TRIALS)}")
    parser.add_argument("--sample", type=int, default=0, help="how many faults of each job, 0 for all")
    parser.add_argument("--seed", type=int, default=1, help="which ones")
    parser.add_argument("--thorough", action="store_true", help="nothing is left out, however much alike")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes at once")
    parser.add_argument("--again", metavar="FAULT", help="one fault of one job, as printed")
    return parser.parse_args()


def _cpu() -> float:
    """Seconds of processor that this process and its branches have taken."""
    return sum(os.times()[:4])


COLUMNS = (
    ("job", 17), ("points", 7), ("faults", 7), ("success", 8), ("told", 6), ("resumed", 8), ("false", 6),
    ("untrue", 7), ("bricked", 8), ("crashed", 8), ("clean s", 8), ("longest", 8), ("allowed", 8),
    ("cpu s", 7),
)  # fmt: skip
HEADING = "".join(f"{title:<{width}}" if title == "job" else f"{title:>{width}}" for title, width in COLUMNS)


def row(name: str, trial: Trial, points: int, outcomes: Sequence[Outcome], cpu: float) -> str:
    """The figures of one job, under `HEADING`; the last outcome is that without a fault."""
    told = [one for one in outcomes if one.said]
    figures = [
        points,
        len(outcomes) - 1,
        sum(one.said is None and not one.crash for one in outcomes) - 1,
        len(told),
        sum(one.resumed for one in told),
        sum(one.false_success for one in outcomes),
        sum(bool(one.lies) for one in told),
        sum(one.bricked for one in outcomes),
        sum(bool(one.crash) for one in outcomes),
        f"{outcomes[-1].seconds:.1f}",
        f"{max(one.seconds for one in outcomes):.1f}",
        f"{trial.patience:.0f}",
        f"{cpu:.1f}",
    ]
    widths = [width for _, width in COLUMNS]
    return f"{name:<{widths[0]}}" + "".join(
        f"{each:>{width}}" for each, width in zip(figures, widths[1:], strict=True)
    )


def _show(name: str, bad: Sequence[Outcome]) -> None:
    """What went wrong with a job, some of it, with the command that tries it again."""
    for one in bad[:SHOWN]:
        fault = spelled(one.fault) if one.fault else "no-fault"
        print(f'  python -m jobs.campaign "{name}" --again {fault}')  # noqa: T201
        print(f"    {complaint(one)}\n    {one.said}", flush=True)  # noqa: T201
    if len(bad) > SHOWN:
        print(f"  and {len(bad) - SHOWN} more of {name}", flush=True)  # noqa: T201


def complaint(one: Outcome) -> str:
    """Why an outcome is not good, in a few words."""
    if one.crash:
        return one.crash
    if one.lies or one.false_success:
        return "false success: " * one.false_success + one.lies
    if one.bricked or not one.resumed:
        return "bricked" if one.bricked else "not as planned in the end"
    return f"it took {one.seconds:.1f} s"


def _again(name: str, text: str) -> int:
    outcome = once(TRIALS[name], parsed(text))
    for field in Outcome.__slots__:
        print(f"{field:>10}  {getattr(outcome, field)}")  # noqa: T201
    return int(not outcome.good(TRIALS[name].patience))


if __name__ == "__main__":
    sys.exit(main())
