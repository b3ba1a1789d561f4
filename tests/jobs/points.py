"""Where a job can be disturbed, and how: every byte of its steps, both ways."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from unittest import mock

from avrdeck.protocol.codes import Op
from avrdeck.protocol.framing import NEED_DATA, CommandReader, Malformed
from avrdeck.protocol.simulator.faults import Fault, FaultPlan, Kind
from avrdeck.protocol.simulator.machine import Machine
from avrdeck.protocol.stk500v1 import ProgPage

LATE_NS = 400_000_000
TO_DEVICE, TO_HOST = "to-device", "to-host"
EVERY_BIT = tuple(1 << bit for bit in range(8))
"""What FLIP inverts where any bit can make another command of a byte."""
SOME_BITS = (0x01, 0x80)
"""What it inverts where a byte is only wrong: in data, in answers, in the place that is read."""
ONE_BIT = (0x01,)
"""What it inverts in the end of a command, which is the right byte or is not."""
ENDS_ONLY = frozenset({Kind.DELAY, Kind.CUT_POWER, Kind.VANISH})
"""What strikes board or line as a whole: inside a command or an answer it does the same at every byte."""
HEAD, TAIL, STRIDE = 4, 4, 11
"""Of the data of a page the first and last bytes count, more than receivers hold, and every eleventh between:
those are steps of the job, the others are like their neighbours."""
READS = frozenset({0x20, 0x28, 0x30, 0x38, 0x50, 0x58, 0xA0})
"""How ISP instructions begin that only read."""
READING = frozenset(
    {Op.GET_SYNC, Op.GET_PARAMETER, Op.GET_SIGN_ON, Op.READ_SIGN, Op.READ_PAGE, Op.LOAD_ADDRESS}
)
Place = tuple[bool, int]
"""A byte: whether it goes to the host, and its index among those that go that way."""


@dataclass(slots=True)
class Counting(FaultPlan):
    """Notes every byte and its direction, and injects nothing."""

    directions: list[bool] = field(default_factory=list)
    sent: bytearray = field(default_factory=bytearray)

    def next(self, *, to_host: bool) -> Fault | None:
        """See `FaultPlan.next`."""
        self.directions.append(to_host)
        return FaultPlan.next(self, to_host=to_host)


@contextmanager
def listening(plan: Counting) -> Iterator[None]:
    """Let ``plan`` hear what the host sends."""
    feed = Machine.feed

    def heard(machine: Machine, data: bytes) -> None:
        if machine.faults is plan:
            plan.sent += data
        feed(machine, data)

    with mock.patch.object(Machine, "feed", heard):
        yield


def faults(plan: Counting, *, thorough: bool = False) -> Iterator[Fault]:
    """What can happen to the bytes of a job, in their order.

    ``thorough`` leaves nothing out; else what is left out does the same as a neighbour that is not: see
    `places`, `ENDS_ONLY`, `SOME_BITS` and `ONE_BIT`.
    """
    known = {} if thorough else dict(_known(plan))
    for place in places(plan, thorough=thorough):
        to_host, index = place
        known_of_it = known.get(place, _Known(inside=False, bits=SOME_BITS if to_host else EVERY_BIT))
        for kind in Kind:
            if known_of_it.inside and kind in ENDS_ONLY:
                continue
            for mask in known_of_it.bits if kind is Kind.FLIP else (0,):
                yield Fault(kind, index, to_host, mask, LATE_NS)


def places(plan: Counting, *, thorough: bool = False) -> list[Place]:
    """The bytes to be disturbed, in their order; ``thorough`` leaves none out."""
    dull = set() if thorough else set(_dull_places(plan))
    passed = {False: 0, True: 0}
    found: list[Place] = []
    for to_host in plan.directions:
        found.append((to_host, passed[to_host]))
        passed[to_host] += 1
    return [place for place in found if place not in dull]


@dataclass(frozen=True, slots=True)
class _Known:
    """A byte's part in a command or an answer: ``inside``, neither its first nor its last; the ``bits``."""

    inside: bool
    bits: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Exchange:
    """A command as it was sent, from byte ``start`` on, and its good answer's place."""

    words: bytes
    start: int
    answer: int
    answer_size: int
    page: int = 0

    @property
    def reads(self) -> bool:
        """Whether nothing is changed by it."""
        return self.words[0] in READING or (self.words[0] == Op.UNIVERSAL and self.words[1] in READS)

    def bits(self, at: int) -> tuple[int, ...]:
        """Which bits of byte ``at`` make a difference."""
        end = len(self.words) - 1
        if at == end:
            return ONE_BIT
        chooses = at <= (1 if self.words[0] == Op.UNIVERSAL else 0) or self.words[0] == Op.LOAD_ADDRESS
        only_wrong = at >= end - self.page or (self.reads and not chooses)
        return SOME_BITS if only_wrong else EVERY_BIT


def _known(plan: Counting) -> Iterator[tuple[Place, _Known]]:
    exchanges = list(_exchanges(bytes(plan.sent)))
    answered = _answered(plan, exchanges)
    for one in exchanges:
        size = len(one.words)
        yield from (((False, one.start + at), _Known(0 < at < size - 1, one.bits(at))) for at in range(size))
        if answered:
            ends = {0, one.answer_size - 1}
            answer = range(one.answer_size)
            yield from (((True, one.answer + at), _Known(at not in ends, SOME_BITS)) for at in answer)


def _answered(plan: Counting, exchanges: list[_Exchange]) -> bool:
    """Where a command had another answer, or none, nobody knows whose answer is where."""
    return bool(exchanges) and exchanges[-1].answer + exchanges[-1].answer_size == sum(plan.directions)


def _dull_places(plan: Counting) -> Iterator[Place]:
    """The middle of page data, and readings that repeat one before and are repeated once more."""
    exchanges = list(_exchanges(bytes(plan.sent)))
    answered = _answered(plan, exchanges)
    for one in exchanges:
        first = one.start + len(one.words) - 1 - one.page
        yield from ((False, first + at) for at in _middle(one.page))
    for one in _repeated(exchanges):
        yield from ((False, one.start + at) for at in range(len(one.words)))
        if answered:
            yield from ((True, one.answer + at) for at in range(one.answer_size))
    passed = 0
    for to_host, run in groupby(plan.directions):
        length = sum(1 for _ in run)
        if to_host:
            yield from ((True, passed + at) for at in _middle(length))
            passed += length


def _exchanges(sent: bytes) -> Iterator[_Exchange]:
    reader, start, answer = CommandReader(), 0, 0
    reader.feed(sent)
    while (command := reader.next_command()) is not NEED_DATA:
        if isinstance(command, Malformed):
            start += len(command.data)
            continue
        words, size = command.encode(), command.reply_size + 2
        page = len(command.payload) if isinstance(command, ProgPage) else 0
        yield _Exchange(words, start, answer, size, page)
        start += len(words)
        answer += size


def _repeated(exchanges: list[_Exchange]) -> Iterator[_Exchange]:
    """Readings in the same words between their first and last time, as long as nothing is changed."""
    for reads, run in groupby(exchanges, key=lambda one: one.reads):
        some = list(run) if reads else []
        times = Counter(one.words for one in some)
        seen: Counter[bytes] = Counter()
        for one in some:
            seen[one.words] += 1
            if 1 < seen[one.words] < times[one.words]:
                yield one


def _middle(length: int) -> Iterator[int]:
    return (at for at in range(HEAD, length - TAIL) if (at - HEAD) % STRIDE)


def spelled(fault: Fault) -> str:
    """``to-device:123:flip:20``, to be tried again by `parsed`."""
    way = TO_HOST if fault.to_host else TO_DEVICE
    return f"{way}:{fault.index}:{fault.kind.name.lower()}:{fault.mask:02x}"


def parsed(text: str) -> Fault:
    """The fault that `spelled` wrote."""
    way, index, kind, mask = text.split(":")
    return Fault(Kind[kind.upper()], int(index), way == TO_HOST, int(mask, 16), LATE_NS)
