"""A burn's outline, rehearsal and receipt, as text for people and as data for programs."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from avrdeck.boards.deckwishes import Made
from avrdeck.boards.labels import hz_label
from avrdeck.boards.text import printable
from avrdeck.commands.output import finding_data, finding_text
from avrdeck.commands.serialoptions import number_data
from avrdeck.jobs.burn.job import Burnt
from avrdeck.jobs.burn.outline import Outline
from avrdeck.jobs.serials.stamping import Stamp

if TYPE_CHECKING:
    from avrdeck.jobs.burn.rehearsal import Rehearsal


def outline_text(outline: Outline, *, findings: bool = True) -> str:
    """Every operation on a line, and what to know before."""
    plan = outline.plan
    what = f"{plan.board}: " if plan.board else ""
    lines = [f"{what}{plan.file_name} into an {outline.part.name}"]
    if plan.made:
        lines.append(f"      made for {plan.made.text}")
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
        "deckboot": _made_data(plan.made) if plan.made else None,
        "serial": plan.order.words if plan.order else None,
        **number_data(outline.sample),
        "operations": [
            {"step": each.step, "title": each.title, "before": each.before, "after": each.after}
            for each in outline.operations
        ],
        "findings": [finding_data(finding) for finding in outline.findings],
    }


def _made_data(made: Made) -> dict[str, object]:
    return {
        "variant": made.variant,
        "f_cpu_hz": made.f_cpu_hz,
        "baud": made.baud,
        "ubrr": made.ubrr,
        "error_percent": round(made.error, 2),
        "led": made.led,
        "timeout_s": None if made.timeout_s is None else round(made.timeout_s, 3),
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
        if played.fault and played.fault.holds:
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
        *([f"serial number {receipt.serial.words}"] if receipt.serial else []),
        values,
        f"what it held before is in {burnt.saved.path}{burnt.saved.without}",
    ]
    if receipt.repaired:
        lines.append(f"The line was disturbed: {', '.join(receipt.repaired)} had to be put right")
    return printable_lines(lines)


def burn_words(file: str, serial: Stamp | None) -> str:
    """A line for the chip's history: ``optiboot.hex, serial number SN-000042``."""
    name = PurePath(file).name
    return printable(f"{name}, serial number {serial.text}" if serial else name)


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
        **number_data(receipt.serial),
        "backup": str(burnt.saved.path),
        "unsaved": list(burnt.saved.lost),
    }


def _xtal(played: Rehearsal) -> str:
    xtal = played.assumption.xtal
    return hz_label(xtal.hz) if xtal.hz else "nothing"
