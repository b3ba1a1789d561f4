"""A fuse edit as a transaction: read, judge, confirm, write, read back, and undo while that is possible.

Fuses take effect when programming mode is left. Until then a byte that did not take can be written
again, or the old one put back: the undo window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from avrdeck.boards.models import Part
from avrdeck.boards.safety import Context, Finding, Severity, review
from avrdeck.jobs.events import EventHandler, StepDone, StepStarted, unheard
from avrdeck.jobs.guard import insist_on_isp
from avrdeck.jobs.ledger import UNCHANGED, Ledger
from avrdeck.jobs.questions import Ask, Question, Topic, confirmation, insist
from avrdeck.jobs.settling import settle, shown
from avrdeck.jobs.witnesses import ErasedByChance, insist_on, witnesses
from avrdeck.protocol.errors import Fault, PortError, TargetError, UsageFault, VerifyError
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import fuses

USUAL_ORDER = ("efuse", "hfuse", "fuse", "lfuse", "lock")
"""The clock after the rest, the lock bits after everything: they refuse all later writes."""


@dataclass(frozen=True, slots=True)
class Change:
    """One byte, before and after."""

    memory: str
    old: int
    new: int

    def __str__(self) -> str:
        return f"{self.memory} {self.old:02X} → {self.new:02X}"


@dataclass(frozen=True, slots=True)
class FusePlan:
    """What would be written, in this order, and what is to be known before."""

    part: Part
    changes: tuple[Change, ...]
    findings: tuple[Finding, ...]

    @property
    def severity(self) -> Severity | None:
        """The worst there is to know; `None` when there is nothing."""
        return max((finding.severity for finding in self.findings), default=None)

    @property
    def avrdude(self) -> str:
        """The same as arguments for avrdude."""
        return " ".join(f"-U {change.memory}:w:0x{change.new:02X}:m" for change in self.changes)


@dataclass(frozen=True, slots=True)
class FuseReceipt:
    """How it ended: every byte ``before`` and ``after``, as read back. ``reverted``: the user undid it."""

    part: str
    before: Mapping[str, int]
    after: Mapping[str, int]
    changes: tuple[Change, ...]
    reverted: bool = False


def plan(
    part: Part, old: Mapping[str, int], staged: Mapping[str, int], context: Context | None = None
) -> FusePlan:
    """What writing ``staged`` over ``old`` comes to; bytes that agree are left out.

    Raises `UsageFault` for a byte that the part does not have or that was not read.
    """
    for name in staged:
        if name not in part.fuses or name not in old:
            raise UsageFault(f"{part.name} has no {name} to change", advice=f"It has {', '.join(old)}.")
    changed = {name: value for name, value in staged.items() if not part.fuses[name].same(old[name], value)}
    findings: tuple[Finding, ...] = ()
    if changed:
        order = tuple(name for name in USUAL_ORDER if name in changed)
        findings = review(part, old, changed, replace(context or Context(), order=order))
    changes = [Change(name, old[name], value) for name, value in changed.items()]
    changes.sort(key=lambda change: _rank(change.memory, findings))
    return FusePlan(part, tuple(changes), findings)


def _rank(memory: str, findings: tuple[Finding, ...]) -> tuple[bool, int, int]:
    """Lock bits last, and before them the bytes by what they endanger."""
    endangered = [
        finding.severity
        for finding in findings
        if any(bits.partition(".")[0] == memory for bits in finding.bits)
    ]
    return memory == "lock", max(endangered, default=Severity.INFO), USUAL_ORDER.index(memory)


async def write_fuses(  # noqa: PLR0917 - called with the same names everywhere
    programmer: Programmer,
    staged: Mapping[str, int],
    ask: Ask,
    on_event: EventHandler = unheard,
    context: Context | None = None,
    ledger: Ledger | None = None,
) -> FuseReceipt:
    """Write the ``staged`` bytes that differ from the chip's, after ``ask`` has confirmed them.

    Raises `Refused` without a confirmation, `TargetError` when bytes cannot be read reliably or the
    chip does not come back, `VerifyError` when a byte does not take and is not reverted. Every fault
    says what the chip holds, and ``ledger`` does so all the time.
    """
    part = programmer.require_part()
    ledger = ledger or Ledger()
    with ledger.told():
        before = await fuses.read_all(programmer)
        intent = plan(part, before, staged, context)
        if not intent.changes:
            return FuseReceipt(part.name, before, before, ())
        insist_on_isp(programmer, "write fuses")
        changes = ", ".join(str(change) for change in intent.changes)
        await insist(ask, confirmation(f"Write {changes} into the {part.name}?", part.name, intent.findings))
        transaction = _Transaction(programmer, intent, before, ledger, ask, on_event)
        reverted = await transaction.run()
        after = await fuses.read_all(programmer)
        return FuseReceipt(part.name, before, after, intent.changes, reverted)


class _Transaction:
    """The writing part, once it is confirmed."""

    def __init__(  # noqa: PLR0917 - made in one place
        self,
        programmer: Programmer,
        intent: FusePlan,
        before: Mapping[str, int],
        ledger: Ledger,
        ask: Ask,
        on_event: EventHandler,
    ) -> None:
        self._programmer = programmer
        self._intent = intent
        # What the fuse bytes shall hold by now: a disturbed instruction may have hit any of them.
        self._wanted = {name: value for name, value in before.items() if name != "lock"}
        self._ledger = ledger
        self._ask = ask
        self._on_event = on_event
        self._witnesses = b""

    async def run(self) -> bool:
        """Write, offer the undo, let the bytes take effect; whether they were taken back.

        The lock bits are written when nobody wants to go back any more: they have no undo.
        """
        self._witnesses = await witnesses(self._programmer)
        if self._fuses:
            failure = await self._write_fuses()
            if failure or self._worth_a_pause:
                if await self._undo_wanted(failure):
                    await self._revert()
                    return True
                if failure:
                    raise failure
        await self._write_lock()
        await self._take_effect()
        return False

    @property
    def _fuses(self) -> tuple[Change, ...]:
        return tuple(change for change in self._intent.changes if change.memory != "lock")

    @property
    def _worth_a_pause(self) -> bool:
        return (self._intent.severity or Severity.INFO) >= Severity.RECOVERABLE

    async def _write_fuses(self) -> VerifyError | None:
        for change in self._fuses:
            self._begin(change.memory, f"write {change}")
            self._ledger.holds = (
                f"{change.memory} may be {change.old:02X} or {change.new:02X}; nothing is in effect before "
                "programming mode is left."
            )
            try:
                await self._write(change)
            except VerifyError as failure:
                return failure
            self._end(change.memory, "reads back as written")
        await self._settle()
        return None

    async def _settle(self) -> None:
        await settle(self._programmer, self._wanted)
        self._ledger.holds = (
            "The fuses are written as planned; they take effect when programming mode is left."
        )

    async def _write_lock(self) -> None:
        for change in self._intent.changes:
            if change.memory == "lock":
                self._begin("lock", f"write {change}")
                self._ledger.holds = (
                    f"lock may be {change.old:02X} or {change.new:02X}; the fuses hold {shown(self._wanted)}."
                )
                await self._write(change)
                self._end("lock", "reads back as written")
                await self._settle()

    async def _write(self, change: Change) -> None:
        """Write one byte; while it is not in effect, what a disturbed line made of it is put right."""
        if change.memory != "lock":
            self._wanted[change.memory] = change.new
        try:
            await fuses.write(self._programmer, change.memory, change.new)
        except PortError:
            raise
        except Fault:
            await settle(self._programmer, self._wanted, disturbed=True)
            await self._insist_on_memories()
            if change.memory == "lock":
                await self._tell_lock()
                raise

    async def _tell_lock(self) -> None:
        """Say what the lock byte holds: only a chip erase takes back what a disturbed line has made of it."""
        found = await fuses.read(self._programmer, "lock")
        self._ledger.holds = f"The chip holds {shown({**self._wanted, 'lock': found})}."

    async def _insist_on_memories(self) -> None:
        try:
            await insist_on(self._programmer, self._witnesses)
        except ErasedByChance:
            self._ledger.holds = (
                "Flash is erased, and the EEPROM too unless EESAVE is programmed; "
                f"the fuses hold {shown(self._wanted)}."
            )
            raise

    async def _undo_wanted(self, failure: VerifyError | None) -> bool:
        text = failure.title if failure else "The new fuses are not in effect yet"
        worst = tuple(
            finding for finding in self._intent.findings if finding.severity >= Severity.RECOVERABLE
        )
        question = Question(Topic.UNDO, f"{text}. Put the old values back?", findings=worst)
        return question.granted_by(await self._ask(question))

    async def _revert(self) -> None:
        for change in reversed(self._fuses):
            self._begin("revert", f"put {change.memory} {change.old:02X} back")
            await fuses.write(self._programmer, change.memory, change.old)
        self._ledger.holds = UNCHANGED
        self._end("revert", "the old fuses are back; nothing was in effect")

    async def _take_effect(self) -> None:
        self._begin("restart", "let the fuses take effect and find the chip again")
        try:
            await self._programmer.identify(self._intent.part)
        except TargetError as error:
            self._ledger.holds = (
                "The new fuses are in effect, and under them the chip does not answer, or not reliably."
            )
            ways = [finding.recovery for finding in self._intent.findings if finding.recovery]
            error.advice = " ".join(dict.fromkeys([*ways, error.advice]))
            raise
        self._end("restart", "it answers under the new fuses")

    def _begin(self, step: str, text: str) -> None:
        self._on_event(StepStarted(step, text))

    def _end(self, step: str, text: str) -> None:
        self._on_event(StepDone(step, text))
