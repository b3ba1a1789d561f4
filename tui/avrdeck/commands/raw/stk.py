"""``stk``: one STK500 command, straight to the programmer."""

from __future__ import annotations

from pathlib import Path

import click

from avrdeck.commands.deck import Deck
from avrdeck.commands.raw.exchange import Exchange, as_list
from avrdeck.commands.raw.options import enter, raw_options, show
from avrdeck.commands.raw.words import parse
from avrdeck.commands.verb import verb
from avrdeck.jobs.guard import Verdict, clear, judge_command, known_values
from avrdeck.protocol.codes import MAX_PAGE_BYTES, MemoryType, Op
from avrdeck.protocol.dialects import Dialect
from avrdeck.protocol.errors import UsageFault
from avrdeck.protocol.framing import NEED_DATA, CommandReader
from avrdeck.protocol.meaning import command_text, reply_text
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.stk500v1 import COMMANDS, Command, ProgPage, ReadPage, Universal
from avrdeck.protocol.text import hexadecimal

BUSY_US = 1_000_000
"""Nobody knows what a hand-typed command takes."""
_WITHOUT_TARGET = frozenset(
    {
        Op.GET_SYNC,
        Op.GET_SIGN_ON,
        Op.SET_PARAMETER,
        Op.GET_PARAMETER,
        Op.SET_DEVICE,
        Op.SET_DEVICE_EXT,
        Op.ENTER_PROGMODE,
        Op.LEAVE_PROGMODE,
        Op.CHECK_AUTOINC,
        Op.LOAD_ADDRESS,
    }
)
"""The sketch hangs over any other command while its SPI is off, outside programming mode."""
PATIENCE = 0.3
"""Seconds of silence that end the answer to unchecked bytes."""


@verb("stk")
@click.argument("words", nargs=-1, required=True, metavar="BYTES... [repeat N] [every 500ms]")
@click.option("--verbatim", is_flag=True, help="Send exactly these bytes, no EOP added, nothing checked.")
@raw_options
async def stk(
    deck: Deck, words: tuple[str, ...], verbatim: bool, form: str | None, file: Path | None
) -> None:
    """Send an STK500 command to the programmer and show what it answers.

    The end-of-packet byte is added, and the number of arguments is checked: one too few or too many
    would put the programmer out of step. --verbatim sends what you type and resynchronises after it.

    \b
    avrdeck stk 41 82 -P sim:                  software version, minor
    avrdeck stk 56 30 00 00 00 -P sim:         an ISP instruction by UNIVERSAL
    avrdeck stk 41 '{80..82}' -P sim:          three parameters
    """
    sweep, repetition = parse(words)
    async with deck.programmer() as programmer:
        frames = list(sweep.frames())
        if verbatim:
            await clear(programmer, _verbatim_verdict(programmer, frames), deck.answer)
        else:
            for frame in frames:
                await _checked(deck, programmer, frame)
        send = _send_verbatim if verbatim else _send
        exchanges: list[Exchange] = []
        for _ in range(repetition.times):
            turn = [await send(programmer, frame) for frame in frames]
            exchanges += turn
            if repetition.times > 1:
                deck.out.note(as_list(turn))
            await programmer.link.transport.sleep(repetition.every)
    show(deck, sweep, exchanges, form, file)


def command_of(frame: bytes) -> Command:
    """The command that ``frame``, without EOP, is; raises `UsageFault` that says what is wrong with it."""
    kind = COMMANDS.get(frame[0])
    if kind is None:
        raise UsageFault(
            f"{frame[0]:02X} is no STK500 command",
            detail="How many arguments belong to it is not known.",
            advice="--verbatim sends it as it is.",
        )
    given = frame[1:]
    wanted = kind.total_arguments(given) if len(given) >= kind.argument_size else kind.argument_size
    if len(given) != wanted:
        raise UsageFault(
            f"{kind.op.name} takes {wanted} argument bytes, not {len(given)}",
            detail="The programmer would be out of step.",
            advice="EOP is added for you; --verbatim sends what you type.",
        )
    return kind.from_arguments(given)


def fit_for(dialect: Dialect, command: Command) -> None:
    """Raise `UsageFault` for a command that puts this firmware out of step."""
    if command.argument_size and command.op not in dialect.takes:
        raise UsageFault(
            f"{dialect.name} would take the arguments of {command.op.name} for commands",
            advice="--verbatim sends it all the same and resynchronises.",
        )
    if isinstance(command, ProgPage | ReadPage) and command.memory not in set(MemoryType):
        raise UsageFault(f"{command.op.name} knows F (46) and E (45), not {command.memory:02X}")
    if isinstance(command, ProgPage) and len(command.payload) > MAX_PAGE_BYTES:
        raise UsageFault(f"PROG_PAGE takes {MAX_PAGE_BYTES} bytes at most, not {len(command.payload)}")


async def _checked(deck: Deck, programmer: Programmer, frame: bytes) -> None:
    """Insist that ``frame`` is a command, fits the firmware, and is confirmed if it changes the chip."""
    command = command_of(frame)
    fit_for(programmer.dialect, command)
    if command.op not in _WITHOUT_TARGET:
        await enter(deck, programmer)
    frames = [command.instruction] if isinstance(command, Universal) else []
    values = await known_values(programmer, frames) if programmer.in_progmode else {}
    await clear(programmer, judge_command(programmer.part, command, values), deck.answer)


async def _send(programmer: Programmer, frame: bytes) -> Exchange:
    command = command_of(frame)
    clock = programmer.link.transport
    began = clock.now()
    reply = await programmer.link.ask(command, busy_us=BUSY_US)
    took = clock.now() - began
    if reply.ok and command.op in {Op.ENTER_PROGMODE, Op.LEAVE_PROGMODE}:
        programmer.in_progmode = command.op is Op.ENTER_PROGMODE
    text = f"{command_text(programmer.part, command)}: {reply_text(command, reply)}"
    return Exchange(command.encode(), reply.encode(), text, took * 1000)


async def _send_verbatim(programmer: Programmer, frame: bytes) -> Exchange:
    clock = programmer.link.transport
    began = clock.now()
    answer = await programmer.link.verbatim(frame, PATIENCE)
    took = clock.now() - began - PATIENCE
    programmer.in_progmode = False
    return Exchange(frame, answer, "as typed", took * 1000)


def _verbatim_verdict(programmer: Programmer, frames: list[bytes]) -> Verdict:
    """Bytes that are a row of harmless commands pass; anything else may change the chip."""
    for frame in frames:
        reader = CommandReader()
        reader.feed(frame)
        while (command := reader.next_command()) is not NEED_DATA:
            harmless = (
                isinstance(command, Command) and not judge_command(programmer.part, command, {}).effects
            )
            if not harmless:
                return Verdict((f"{hexadecimal(frame, 24)}: may change the chip",))
    return Verdict()
