"""What raw commands would change, judged before they are sent, as a fuse edit is.

Whatever may erase, write a fuse or a lock bit, or commit a page is held back until it is confirmed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from avrdeck.boards.models import Part
from avrdeck.boards.safety import Context, Finding, Screening, Severity, screen, screen_unknown
from avrdeck.jobs.questions import Ask, confirmation, insist
from avrdeck.protocol import isp
from avrdeck.protocol.codes import MemoryType, Op
from avrdeck.protocol.dialects import Reach
from avrdeck.protocol.errors import Refused, UsageFault
from avrdeck.protocol.isp import Action, Instruction
from avrdeck.protocol.meaning import instruction_text
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.stk500v1 import Command, ProgPage, Universal, UniversalMulti
from avrdeck.protocol.target import fuses

_WRITES = {
    Op.CHIP_ERASE: "erase the chip",
    Op.PROG_FLASH: "write a flash word",
    Op.PROG_DATA: "write an EEPROM byte",
    Op.PROG_FUSE: "write the low and high fuse",
    Op.PROG_LOCK: "write the lock bits",
    Op.PROG_FUSE_EXT: "write three fuse bytes",
    Op.UNIVERSAL_MULTI: "send bytes that may be any instruction",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What would change, in words, and what there is to know about it. Nothing: it may go."""

    effects: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def judge_instructions(
    part: Part | None, frames: Iterable[bytes], values: Mapping[str, int], context: Context | None = None
) -> Verdict:
    """Judge 4-byte instructions; ``values`` are the fuse and lock bytes as far as they are known."""
    effects: list[str] = []
    findings: list[Finding] = []
    for frame in dict.fromkeys(frames):
        found = isp.decode(part, frame)
        if found.action.changes_target:
            effects.append(f"{frame.hex(' ').upper()}: {instruction_text(part, frame)}")
            findings += _screened(part, frame, found, values, context).findings if part else [_STRANGER]
    return Verdict(tuple(effects), tuple(dict.fromkeys(findings)))


def judge_command(
    part: Part | None, command: Command, values: Mapping[str, int], context: Context | None = None
) -> Verdict:
    """Judge one STK500 command."""
    if isinstance(command, Universal):
        return judge_instructions(part, [command.instruction], values, context)
    if isinstance(command, ProgPage):
        memory = "EEPROM" if command.memory == MemoryType.EEPROM else "flash"
        return Verdict((f"write {len(command.payload)} bytes of {memory}",))
    if isinstance(command, UniversalMulti):
        return Verdict((_WRITES[command.op],), (_STRANGER,))
    return Verdict((_WRITES[command.op],)) if command.op in _WRITES else Verdict()


def touches_configuration(part: Part | None, frames: Iterable[bytes]) -> bool:
    """Whether any of the instructions writes a fuse or lock byte, so that the old ones matter."""
    configuration = part.fuses if part else {}
    written = (isp.decode(part, frame) for frame in frames)
    return any(found.action is Action.WRITE and found.memory in configuration for found in written)


async def clear(programmer: Programmer, verdict: Verdict, ask: Ask) -> None:
    """Let a verdict pass when it changes nothing or is confirmed; raises `Refused`, and nothing was sent."""
    if not verdict.effects:
        return
    if programmer.part is None:
        raise Refused(
            "Nothing was sent: the target is not known, so what this changes is not either",
            detail=f"{verdict.effects[0]}.",
            advice="Identify the chip first.",
        )
    name = programmer.part.name
    more = f" and {len(verdict.effects) - 1} more" if len(verdict.effects) > 1 else ""
    question = confirmation(f"{verdict.effects[0]}{more}: send this to the {name}?", name, verdict.findings)
    await insist(ask, question)


def insist_on_isp(programmer: Programmer, what: str) -> None:
    """Raise `UsageFault` where a bootloader answers and ``what``, such as ``write fuses``, is beyond it."""
    if programmer.dialect.reach is Reach.BOOTLOADER:
        raise UsageFault(
            f"{programmer.dialect.name}, a bootloader, cannot {what}",
            advice="Connect an ISP programmer to the chip.",
        )


async def known_values(programmer: Programmer, frames: Iterable[bytes]) -> dict[str, int]:
    """The fuse and lock bytes, read when one of the instructions writes any of them."""
    if touches_configuration(programmer.part, frames):
        return await fuses.read_all(programmer)
    return {}


_STRANGER = Finding("E4", Severity.FATAL, "What this writes cannot be told, so neither can what it breaks.")


def _screened(
    part: Part, frame: bytes, found: Instruction, values: Mapping[str, int], context: Context | None
) -> Screening:
    if found.op in part.opcodes:
        return screen(part, found.op, found.address or 0, found.data or 0, values=values, context=context)
    return screen_unknown(part, frame)
