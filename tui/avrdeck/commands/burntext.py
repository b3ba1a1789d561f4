"""A burn's outline, rehearsal and receipt, as text for people and as data for programs."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from avrdeck.boards.labels import hz_label
from avrdeck.boards.text import printable
from avrdeck.commands.output import finding_data, finding_text
from avrdeck.jobs.burn.job import Burnt
from avrdeck.jobs.burn.outline import Outline

if TYPE_CHECKING:
    from avrdeck.jobs.burn.rehearsal import Rehearsal


def outline_text(outline: Outline, *, findings: bool = True) -> str:
    """Every operation on a line, and what to know before."""
    plan = outline.plan
    what = f"{plan.board}: " if plan.board else ""
    lines = [f"{what}{plan.file_name} into an {outline.part.name}"]
    lines += [f"  {number:2}  {operation}" for number, operation in enumerate(outline.operations, 1)]
    text = printable_lines(lines)
    return "\n".join([text, *map(finding_text, outline.findings)]) if findings else text


def printable_lines(lines: list[str]) -> str:
    """Lines that cannot steer a terminal."""
    return "\n".join(printable(line) for line in lines)


def outline_data(outline: Outline) -> dict[str, object]:
    """The same for programs."""
    plan = outline.plan
    return {
        "part": outline.part.name,
        "board": plan.board,
        "file": plan.image.file,
        "size": plan.image.size,
        "start": plan.image.start,
        "before": dict(outline.before),
        "fuses": dict(plan.fuse_bytes),
        "lock": plan.lock,
        "operations": [
            {"step": each.step, "title": each.title, "before": each.before, "after": each.after}
            for each in outline.operations
        ],
        "findings": [finding_data(finding) for finding in outline.findings],
    }


def rehearsal_text(played: Rehearsal) -> str:
    """How a rehearsal ended, in two or three lines."""
    lines = [f"Rehearsed {played.assumption.why} ({_xtal(played)}), {played.seconds:.1f} s:"]
    if played.good:
        clock = f" at {hz_label(played.cpu_hz)}" if played.cpu_hz else ""
        lines.append(f"  the chip would hold the plan and answer{clock}")
    else:
        lines.append(
            f"  it would stop: {played.fault.title}" if played.fault else "  it would not hold the plan"
        )
        if played.fault:
            lines.append(f"  {played.fault.holds}")
        lines.append(f"  {played.lockout.value}" if played.lockout else "  the chip would still answer")
    values = "  ".join(f"{name} {value:02X}" for name, value in played.values.items())
    return "\n".join([*lines, f"  {values}"])


def rehearsal_data(played: Rehearsal) -> dict[str, object]:
    """The same for programs."""
    return {
        "xtal": str(played.assumption.xtal),
        "assumed": played.assumption.why,
        "good": played.good,
        "as_planned": played.as_planned,
        "answers": played.lockout is None,
        "lockout": played.lockout.name if played.lockout else None,
        "fault": played.fault.title if played.fault else None,
        "after": dict(played.values),
        "seconds": round(played.seconds, 3),
    }


def burnt_text(burnt: Burnt) -> str:
    """A receipt."""
    receipt = burnt.receipt
    values = "  ".join(f"{name} {value:02X}" for name, value in receipt.after.items())
    lines = [
        f"{PurePath(receipt.file).name} is in the {burnt.chip.text}, {receipt.bytes_written} bytes verified",
        values,
        f"what it held before is in {burnt.saved.path}",
    ]
    if receipt.repaired:
        lines.append(f"The line was disturbed: {', '.join(receipt.repaired)} had to be put right")
    return printable_lines(lines)


def burnt_data(burnt: Burnt) -> dict[str, object]:
    """The same for programs."""
    receipt = burnt.receipt
    return {
        "part": receipt.part,
        "serial": burnt.chip.serial_text,
        "file": receipt.file,
        "size": receipt.bytes_written,
        "verified": True,
        "before": dict(receipt.before),
        "after": dict(receipt.after),
        "repaired": list(receipt.repaired),
        "backup": str(burnt.saved.path),
    }


def _xtal(played: Rehearsal) -> str:
    xtal = played.assumption.xtal
    return hz_label(xtal.hz) if xtal.hz else "nothing"
