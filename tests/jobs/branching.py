"""One job that is run once and branches at every byte: a copy of the process goes on with each fault.

What comes before a fault is done only once, by the trunk, and what comes after it by a process of its own,
that shares nothing with the others but the folder of what is known already.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import shutil
import signal
from collections.abc import Awaitable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from avrdeck.protocol.simulator.faults import Fault, FaultPlan
from jobs.trying import Outcome

REAL_SECONDS = 60
"""How long a branch may run; time is virtual, so that one that takes longer hangs."""


@dataclass(slots=True)
class Branching(FaultPlan):
    """Goes on without a fault itself, and begins a branch for each of ``chosen`` when its byte comes."""

    chosen: Mapping[tuple[bool, int], Collection[Fault]] = field(default_factory=dict)
    workers: int = 1
    struck: Fault | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    _running: dict[int, tuple[int, Fault]] = field(default_factory=dict)
    _out: int | None = None
    _numbers: Iterator[int] = field(default_factory=count)

    def next(self, *, to_host: bool) -> Fault | None:
        """See `FaultPlan.next`; returns once in the trunk, without a fault, and once in every branch."""
        index = self.to_host if to_host else self.to_device
        FaultPlan.next(self, to_host=to_host)
        for fault in self.chosen.get((to_host, index), ()):
            if self._branch(fault):
                return fault
        return None

    async def end(self, running: Awaitable[Outcome]) -> None:
        """Take the trunk's outcome and wait for its branches; a branch hands its own on and ends here."""
        try:
            outcome = await running
        except BaseException as error:
            if self._out is None:
                raise
            outcome = Outcome(self.struck, crash=repr(error))
        if self._out is not None:
            os.write(self._out, pickle.dumps(outcome))
            shutil.rmtree(Path.cwd(), ignore_errors=True)
            os._exit(0)
        while self._running:
            self._collect()
        self.outcomes.append(outcome)

    def _branch(self, fault: Fault) -> bool:
        """Whether this is the new branch."""
        while len(self._running) >= self.workers:
            self._collect()
        loop = asyncio.get_running_loop()
        # Before the fork: the trunk goes on writing into its own.
        own = Path.cwd().with_name(f"branch-{next(self._numbers)}")
        shutil.copytree(Path.cwd(), own)
        back, out = os.pipe()
        child = os.fork()
        if child:
            os.close(out)
            self._running[child] = back, fault
            return False
        os.close(back)
        signal.alarm(REAL_SECONDS)
        # The loop of another process does not count as running.
        asyncio.events._set_running_loop(loop)
        self.chosen, self.struck, self._out = {}, fault, out
        os.chdir(own)
        return True

    def _collect(self) -> None:
        child, status = os.wait()
        back, fault = self._running.pop(child)
        with os.fdopen(back, "rb") as pipe:
            data = pipe.read()
        if status == 0 and data:
            self.outcomes.append(pickle.loads(data))
        else:
            self.outcomes.append(Outcome(fault, crash=f"the process ended with status {status}"))
