"""What a burn will do to the chip that is there: every operation with before and after, and what to know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from avrdeck.boards import images
from avrdeck.boards.catalog import part as find_part
from avrdeck.boards.fuses import Decoded, decode
from avrdeck.boards.images import ImageError
from avrdeck.boards.labels import CLOCKS, hz_label
from avrdeck.boards.models import BLANK, Part
from avrdeck.boards.safety import BootImage, Context, Finding, Severity, Xtal1, review
from avrdeck.boards.safety.model import STOCK_SCK_HZ
from avrdeck.jobs.backup.identity import read_chip
from avrdeck.jobs.burn.model import BurnPlan, check
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.serials.stamping import Stamp, insist_on_room
from avrdeck.jobs.settling import full
from avrdeck.protocol.dialects import Reach
from avrdeck.protocol.errors import InputFault, SignatureMismatch, UsageFault
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import fuses


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that will be done. ``step`` is the step of the events, the rest is for people."""

    step: str
    title: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.title}: {self.before} → {self.after}" if self.before else f"{self.title}: {self.after}"


@dataclass(frozen=True, slots=True)
class Outline:
    """A plan for one chip. ``before`` holds its fuse and lock bytes as they were read.

    ``sample`` is the serial number that the plan's order would bring now, with nothing used.
    """

    plan: BurnPlan
    part: Part
    before: Mapping[str, int]
    operations: tuple[Operation, ...]
    findings: tuple[Finding, ...]
    sample: Stamp | None = None

    @property
    def severity(self) -> Severity | None:
        """The worst there is to know."""
        return max((finding.severity for finding in self.findings), default=None)


async def prepare(programmer: Programmer, plan: BurnPlan, xtal: Xtal1 | None = None) -> Outline:
    """Look at the target, which is in programming mode, and outline ``plan`` for it. Only reads.

    Raises `SignatureMismatch` for another part than the plan's, `UsageFault` for a plan that cannot be
    carried out, `InputFault` for an image that does not fit the part, `Refused` where a serial number would
    go over other data.
    """
    with Ledger().told():
        if programmer.dialect.reach is Reach.BOOTLOADER:
            raise UsageFault(
                f"A bootloader cannot be burned through {programmer.dialect.name}, one itself",
                advice="Connect an ISP programmer to the board's ISP pins.",
            )
        await _insist_on_part(programmer, plan)
        before = await fuses.read_all(programmer)
        found = outline(plan, programmer.require_part(), before, programmer.dialect.sck_hz, xtal)
        return replace(found, sample=await _sample(programmer, plan))


async def _sample(programmer: Programmer, plan: BurnPlan) -> Stamp | None:
    """Try the serial number in its place, before any is used or anything done."""
    sample = None
    if plan.order:
        chip, _ = await read_chip(programmer)
        sample = await plan.order.sample(chip)
        plan = plan.numbered(sample)
        check(plan, programmer.require_part())
    if plan.serial:
        await insist_on_room(programmer, plan.serial, erased=True)
    return sample


def outline(
    plan: BurnPlan,
    part: Part,
    before: Mapping[str, int],
    sck_hz: int | None = None,
    xtal: Xtal1 | None = None,
) -> Outline:
    """Outline ``plan`` for a ``part`` that holds ``before``. Raises `UsageFault` and `InputFault`."""
    check(plan, part)
    try:
        images.fits(plan.image, part, "flash")
    except ImageError as error:
        raise InputFault(
            f"{plan.file_name} does not fit the {part.name}", detail=f"{error.what}.", advice=error.advice
        ) from error
    changed = plan.changes(part, before)
    staged = {name: full(part.fuses[name], plan.fuse_bytes[name]) for name in changed}
    if plan.lock is not None:
        staged["lock"] = full(part.lock, plan.lock)
    context = Context(
        sck_hz=sck_hz or STOCK_SCK_HZ,
        xtal1=xtal or Xtal1(),
        bootloader=BootImage(
            tuple((segment.start, segment.end) for segment in plan.image.segments),
            plan.f_cpu_hz,
            plan.baud,
        ),
        flash_used=(),
        order=("chip_erase", *changed, "flash", *(["lock"] if plan.lock is not None else [])),
    )
    findings = review(part, before, staged, context)
    operations = tuple(_operations(plan, part, before, changed))
    return Outline(plan, part, before, operations, findings)


async def _insist_on_part(programmer: Programmer, plan: BurnPlan) -> None:
    """The plan's part must be the one that answers; several parts share a signature, the plan knows which."""
    actual, found = await programmer.signature(), programmer.require_part()
    wanted = find_part(plan.part) if plan.part else found
    if actual != wanted.signature:
        what = f"{plan.board} has an {wanted.name}" if plan.board else f"The plan is for an {wanted.name}"
        raise SignatureMismatch(
            wanted.signature,
            actual,
            f"{what}, the chip is an {found.name}",
            candidates=(found.name,),
            advice="Choose another board or processor in its menu, or connect the right chip.",
        )
    if wanted.name != found.name:
        await programmer.choose(wanted)


def _operations(
    plan: BurnPlan, part: Part, before: Mapping[str, int], changed: tuple[str, ...]
) -> Iterator[Operation]:
    yield Operation("signature", "Signature", "", f"{part.signature_text}, {part.name}")
    yield Operation(
        "backup", "Backup", "", "fuses, lock and identity; flash and EEPROM unless blank or told not to"
    )
    if plan.order:
        yield Operation("number", "Serial number", "", plan.order.words)
    lock = f"lock {before['lock']:02X}" if "lock" in before else ""
    yield Operation("erase", "Erase and unlock", lock, f"blank, lock {BLANK:02X}")
    for name in plan.fuse_bytes:
        if name not in changed:
            yield Operation(name, name, "", f"{before[name]:02X} stays")
    for name in changed:
        old = f"{before[name]:02X}" if name in before else "unknown"
        yield Operation(name, name, old, f"{full(part.fuses[name], plan.fuse_bytes[name]):02X}")
    if changed:
        clocks = [
            clock_words(decode(part, values, partial=True))
            for values in (before, {**before, **plan.fuse_bytes})
        ]
        same = clocks[0] == clocks[1]
        yield Operation("restart", "Leave, re-enter", "" if same else clocks[0], f"it answers on {clocks[1]}")
    size = f"{plan.image.size} bytes of {plan.file_name} at 0x{plan.image.start:04X}"
    yield Operation("flash", "Write flash", "blank", size)
    yield Operation("verify", "Verify flash", "", "every byte read back")
    place = plan.order.place if plan.order else plan.serial
    if place and place.memory == "eeprom":
        yield Operation("serial", "Write the serial number", "", "into EEPROM, read back")
    if plan.lock is not None:
        yield Operation("lock", "Lock and verify", f"{BLANK:02X}", f"{full(part.lock, plan.lock):02X}")


def clock_words(decoded: Decoded) -> str:
    """What clocks the chip: ``crystal``, ``internal RC at 1 MHz``."""
    kind = CLOCKS[decoded.clock_kind] if decoded.clock_kind else "its clock"
    return f"{kind} at {hz_label(decoded.f_cpu_hz)}" if decoded.f_cpu_hz else kind
