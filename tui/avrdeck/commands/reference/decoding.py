"""``decode``: what fuse and lock bytes mean, without any chip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import click

from avrdeck.boards import safety
from avrdeck.boards.catalog import part as find_part
from avrdeck.boards.fuses import Decoded, decode, require_semantics
from avrdeck.boards.models import Part
from avrdeck.boards.safety import Context, Finding, Fitted, Xtal1
from avrdeck.commands.deck import Deck
from avrdeck.commands.output import finding_data
from avrdeck.commands.reference.amounts import HERTZ, VOLTS
from avrdeck.commands.reference.fusesheet import bytes_text, findings_text, summary
from avrdeck.commands.verb import verb
from avrdeck.jobs.staging import FACTORY, staged
from avrdeck.protocol.errors import UsageFault

BYTE_NAMES = frozenset({"lfuse", "hfuse", "efuse", "lock", "fuse"})


@verb("decode")
@click.argument("name", metavar="PART")
@click.argument("words", nargs=-1, required=True, metavar="lfuse=0x.. hfuse=0x.. efuse=0x.. lock=0x..")
@click.option("--xtal", type=HERTZ, metavar="HZ", help="What is fitted at XTAL1, such as 16MHz.")
@click.option("--vcc", type=VOLTS, metavar="VOLTS", help="The chip's supply, such as 3.3.")
async def decode_(deck: Deck, name: str, words: tuple[str, ...], xtal: int | None, vcc: float | None) -> None:
    """Show what fuse and lock bytes mean on PART, and what is dangerous about them.

    Everything that `fuse set` takes works here too: factory for the bytes a new chip has, board:uno for
    those of a board, and fields on top of them. A bit is programmed when it is 0.

    \b
    avrdeck decode atmega328p lfuse=0xFF hfuse=0xDE efuse=0xFD lock=0xCF
    avrdeck decode t85 factory ckdiv8=off
    avrdeck decode m328p board:uno --xtal 16MHz --json
    """
    part = find_part(name)
    require_semantics(part)
    values = _values(part, words)
    fuses = {memory: value for memory, value in values.items() if memory != "lock"}
    decoded = decode(part, fuses, partial=True, xtal_hz=xtal)
    fitted = Xtal1(Fitted.UNKNOWN, xtal)
    findings = safety.review(part, None, values, Context(vcc=vcc, xtal1=fitted))
    deck.out.result(_text(part, values, decoded, findings), _data(decoded, findings))


def _values(part: Part, words: Sequence[str]) -> dict[str, int]:
    """The bytes that the words give, in the part's order; raises `UsageFault`."""
    values: dict[str, int] = {}
    for word in words:
        if word.lower() == FACTORY:
            values |= {fuse.name: fuse.factory for fuse in part.fuses.values() if fuse.factory is not None}
        else:
            values = staged(part, values, _own_name(part, word))
    return {memory: values[memory] for memory in part.fuses if memory in values}


def _own_name(part: Part, word: str) -> str:
    """``lfuse`` is the fuse byte of parts that have only one; a byte that the part lacks is refused."""
    memory, equals, value = word.partition("=")
    if not equals or memory.lower() not in BYTE_NAMES or memory.lower() in part.fuses:
        return word
    if memory.lower() == "lfuse" and "fuse" in part.fuses:
        return f"fuse={value}"
    raise UsageFault(f"{part.name} has no {memory.lower()}", advice=f"It has {', '.join(part.fuses)}.")


def _text(part: Part, values: dict[str, int], decoded: Decoded, findings: Sequence[Finding]) -> str:
    missing = [fuse.name for fuse in part.fuse_bytes if fuse.name not in values]
    lines = [f"{part.name}, signature {part.signature_text}", "", *bytes_text(part, values)]
    lines += [f"{memory:6} --  not given" for memory in missing]
    lines += ["", *summary(part, values, decoded), ""]
    return "\n".join([*lines, *(findings_text(findings) if findings else ["No findings"])])


def _data(decoded: Decoded, findings: Sequence[Finding]) -> dict[str, object]:
    return {**asdict(decoded), "findings": [finding_data(finding) for finding in findings]}
