"""``isp``: 4-byte serial programming instructions, straight to the target."""

from __future__ import annotations

from pathlib import Path

import click

from avrdeck.commands.chronicle import noted_chip
from avrdeck.commands.deck import Deck
from avrdeck.commands.raw.exchange import Exchange, as_list
from avrdeck.commands.raw.options import enter, raw_options, show
from avrdeck.commands.raw.words import parse
from avrdeck.commands.verb import verb
from avrdeck.jobs.guard import clear, judge_instructions, known_values
from avrdeck.protocol import isp as codec
from avrdeck.protocol.errors import UsageFault
from avrdeck.protocol.isp import INSTRUCTION_BYTES, Action
from avrdeck.protocol.meaning import instruction_text
from avrdeck.protocol.programmer import Programmer


@verb("isp")
@click.argument("words", nargs=-1, required=True, metavar="B0 B1 B2 B3 [repeat N] [every 500ms] [until =XX]")
@raw_options
async def isp(deck: Deck, words: tuple[str, ...], form: str | None, file: Path | None) -> None:
    """Send 4-byte ISP instructions and show what the target answers.

    Bytes are hex; 0x1E, 0b11110, 30d and 'U' work too. {0..F} and {30,38} send one frame for each of
    their values (quote them in a shell). What would change the chip is explained and confirmed first.

    \b
    avrdeck isp 30 00 '{0..2}' 00 -P sim:          signature
    avrdeck isp 38 00 00 00 -P sim:                oscillator calibration
    avrdeck isp '{30,38}' 00 '{0..F}' 00 -P sim:   the whole signature row
    """
    sweep, repetition = parse(words)
    if len(sweep.columns) != INSTRUCTION_BYTES:
        raise UsageFault(
            f"An ISP instruction has 4 bytes, not {len(sweep.columns)}",
            advice="In a shell, put braces in quotes: it expands them before avrdeck sees them.",
        )
    async with deck.programmer() as programmer:
        await enter(deck, programmer)
        frames = list(sweep.frames())
        values = await known_values(programmer, frames)
        await clear(programmer, judge_instructions(programmer.part, frames, values), deck.answer)
        if values:
            await noted_chip(deck, programmer)
        exchanges: list[Exchange] = []
        for _ in range(repetition.times):
            turn = [await _send(programmer, frame) for frame in frames]
            exchanges = [*exchanges, *turn][-MAX_KEPT:]
            if repetition.times > 1:
                deck.out.note(as_list(turn))
            if repetition.until in {each.received[0] for each in turn}:
                break
            await programmer.link.transport.sleep(repetition.every)
        await known_values(programmer, frames)
    show(deck, sweep, exchanges, form, file)


MAX_KEPT = 65_536
"""Exchanges that a repetition keeps: it may run for hours."""


async def _send(programmer: Programmer, frame: bytes) -> Exchange:
    clock = programmer.link.transport
    began = clock.now()
    answer = await programmer.universal(frame)
    took = clock.now() - began
    await clock.sleep(_busy_us(programmer, frame) * 1e-6)
    return Exchange(frame, bytes([answer]), instruction_text(programmer.part, frame), took * 1000)


def _busy_us(programmer: Programmer, frame: bytes) -> int:
    """How long the target works on what it was just told, in µs."""
    part = programmer.part
    found = codec.decode(part, frame)
    if part is None or not found.action.changes_target:
        return 0
    if found.action is Action.CHIP_ERASE:
        return part.timing.chip_erase_us
    if found.memory and found.memory in part.fuses:
        return part.fuses[found.memory].write_us
    if found.memory == "eeprom" and part.eeprom:
        return part.eeprom.write_us
    return part.flash.write_us
