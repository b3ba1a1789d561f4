"""``burn``: a bootloader with its fuses and lock bits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

import click

from avrdeck.boards.safety import Fitted, Xtal1
from avrdeck.boards.text import printable
from avrdeck.commands.burnnotes import noted_burn, noting
from avrdeck.commands.burnoptions import Burning, burn_options
from avrdeck.commands.burntext import (
    burnt_data,
    burnt_text,
    outline_data,
    outline_text,
    rehearsal_data,
    rehearsal_text,
)
from avrdeck.commands.chronicle import noted_chip
from avrdeck.commands.deck import Deck
from avrdeck.commands.skipping import skipping
from avrdeck.commands.verb import verb
from avrdeck.jobs.burn.choosing import Choice
from avrdeck.jobs.burn.job import Burnt, Keeping, carry_out, resume, unfinished
from avrdeck.jobs.burn.journal import Entry
from avrdeck.jobs.burn.outline import prepare
from avrdeck.jobs.events import EventHandler
from avrdeck.protocol.errors import Fault, UsageFault

Work = Callable[[Keeping, EventHandler], Awaitable[Burnt]]


class OnXtal(click.ParamType[Xtal1]):
    """What is on XTAL1, as the simulator's options have it."""

    name = "xtal"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Xtal1:
        """The same for the safety rules, or a usage error."""
        from avrdeck.protocol.simulator.oscillator import Fitted as Virtual
        from avrdeck.protocol.simulator.oscillator import Xtal

        if isinstance(value, Xtal1):
            return value
        try:
            fitted = Xtal.parse(str(value))
        except ValueError as error:
            self.fail(printable(str(error)), param, ctx)
        kinds = {
            Virtual.NOTHING: Fitted.NOTHING,
            Virtual.CRYSTAL: Fitted.CRYSTAL,
            Virtual.CLOCK: Fitted.CLOCK,
        }
        return Xtal1(kinds.get(fitted.fitted, Fitted.UNKNOWN), fitted.hz or None)


@verb("burn")
@burn_options
@click.option(
    "--xtal", type=OnXtal(), metavar="none|HZ|extHZ", help="What is on XTAL1: 16000000 is a crystal."
)
@click.option("--dry-run", is_flag=True, help="Rehearse on a virtual chip; the real one is only read.")
@click.option("--resume", "resuming", is_flag=True, help="Go on with the burn of this chip that stopped.")
async def burn(deck: Deck, burning: Burning, xtal: Xtal1 | None, dry_run: bool, resuming: bool) -> None:
    """Burn a bootloader: backup, erase, fuses, flash, verify, lock.

    A board brings file, fuses and lock bits; options go over them. Everything that will be done is shown
    before it is confirmed.

    --serial gives the chip a serial number: in deckboot a place is kept for it, in other bootloaders
    --serial-at names one. A counter never gives a number twice: a burn that stopped is resumed with its
    own, one that is begun anew takes the next.

    \b
    avrdeck burn nano --menu cpu=atmega328old -P /dev/ttyACM0
    avrdeck burn uno --deckboot --dry-run -P /dev/ttyACM0
    avrdeck burn uno --wish baud=57600 --wish led=none --serial number -P /dev/ttyACM0
    avrdeck burn --bootloader optiboot.hex --lfuse FF --hfuse DE --efuse FD --lock CF \\
        -p m328p -P /dev/ttyACM0
    avrdeck burn --resume -P /dev/ttyACM0
    """
    keeping = noting(deck, burning.keeping)
    if resuming:
        if burning.chosen or dry_run:
            raise UsageFault(
                "What is resumed is known already",
                advice="Give --resume without a board, files, fuses and serial numbers.",
            )
        await _resume(deck, keeping)
    elif dry_run:
        await _rehearse(deck, burning.choice(deck), xtal)
    else:
        await _burn(deck, burning.choice(deck), xtal, keeping)


async def _rehearse(deck: Deck, choice: Choice, xtal: Xtal1 | None) -> None:
    from avrdeck.jobs.burn.rehearsal import rehearse

    async with deck.target() as programmer:
        outline = await prepare(programmer, choice.plan, xtal)
        baud = programmer.link.transport.baud
    played = await rehearse(outline, xtal, baud=baud)
    number = [f"The serial number would be {outline.sample.words}"] if outline.sample else []
    lines = [outline_text(outline), *map(rehearsal_text, played), *number, "Nothing was written."]
    rehearsals = [rehearsal_data(one) for one in played]
    deck.out.result("\n".join(lines), {**outline_data(outline), "dry_run": True, "rehearsals": rehearsals})


async def _burn(deck: Deck, choice: Choice, xtal: Xtal1 | None, keeping: Keeping) -> None:
    async with deck.target() as programmer:
        outline = await prepare(programmer, choice.plan, xtal)
        deck.out.note(outline_text(outline, findings=False))
        await noted_chip(deck, programmer)
        burnt = await _watched(deck, keeping, partial(carry_out, programmer, outline, deck.answer))
    await _told(deck, burnt)


async def _resume(deck: Deck, keeping: Keeping) -> None:
    async with deck.target() as programmer:
        entry = await unfinished(programmer, keeping)
        await noted_chip(deck, programmer)
        burnt = await _watched(deck, keeping, partial(resume, programmer, entry, deck.answer))
    await _told(deck, burnt)


async def _watched(deck: Deck, keeping: Keeping, work: Work) -> Burnt:
    """Let a burn run: a key skips the rest of its backup, Ctrl-C tells what the chip holds."""
    stops: list[Fault] = []

    async def stopped(entry: Entry, fault: Fault) -> None:
        stops.append(fault)
        await keeping.stopped(entry, fault)

    try:
        with skipping(deck, keeping.wish) as skip:
            return await work(replace(keeping, wish=skip.wish, stopped=stopped), skip.event)
    except asyncio.CancelledError as cancelled:
        if stops:
            raise stops[0] from cancelled
        raise


async def _told(deck: Deck, burnt: Burnt) -> None:
    await noted_burn(deck, burnt)
    deck.out.result(burnt_text(burnt), burnt_data(burnt))
