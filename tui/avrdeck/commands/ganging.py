"""``gang``: the same work on many programmers at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import click

from avrdeck.boards.text import printable
from avrdeck.commands.burnnotes import noted_burn, noting
from avrdeck.commands.burnoptions import Burning, burn_options
from avrdeck.commands.burntext import burnt_data, outline_text
from avrdeck.commands.chronicle import noted_chip, noted_fuses
from avrdeck.commands.deck import Deck
from avrdeck.commands.gangview import Wording, tell, view
from avrdeck.commands.interrupts import stopped_by_the_second
from avrdeck.commands.session import Session
from avrdeck.commands.settings import Settings
from avrdeck.commands.verb import branch
from avrdeck.jobs.backup.identity import Chip, read_chip
from avrdeck.jobs.burn.job import Burnt, carry_out
from avrdeck.jobs.burn.outline import prepare
from avrdeck.jobs.events import EventHandler, StepDone, StepStarted
from avrdeck.jobs.gang import Consent, Gang, Work
from avrdeck.jobs.ledger import Ledger
from avrdeck.protocol.errors import UsageFault
from avrdeck.protocol.programmer import Programmer

gang = branch("gang", "Many programmers at once: a row a port, and one that fails touches no other.")

PORTS = click.option(
    "--ports",
    required=True,
    multiple=True,
    metavar="PORT,PORT,...",
    help="The ports; /dev/ttyACM* means all of those. May be given more than once.",
)
WATCH = click.option("--watch", is_flag=True, help="Let ports join as they appear, until Ctrl-C.")
COUNT = click.option("--count", type=click.IntRange(1), metavar="N", help="With --watch: end after N chips.")


T = TypeVar("T")


@gang.verb("burn")
@burn_options
@PORTS
@WATCH
@COUNT
async def burn(deck: Deck, burning: Burning, ports: tuple[str, ...], watch: bool, count: int | None) -> None:
    """Burn the same bootloader through every port.

    A question is asked once for all chips that give rise to it. With --serial each chip gets a serial
    number of its own; a counter gives none twice, also when a port fails.

    \b
    avrdeck gang burn uno --deckboot --ports /dev/ttyACM0,/dev/ttyACM1 --yes
    avrdeck gang burn nano --ports "/dev/ttyACM*" --watch
    avrdeck gang burn uno --deckboot --serial number --ports "/dev/ttyACM*" --json --yes
    """
    if burning.hand.serial and not burning.hand.serial.own:
        raise UsageFault(
            "Every chip would get the same serial number",
            advice="Use number, uuid, or a text with {counter}, {uuid} or {uid}.",
        )
    choice = burning.choice(deck)
    ask = Consent(deck.answer)
    planned: set[str] = set()

    async def work(programmer: Programmer, on_event: EventHandler, ledger: Ledger) -> Burnt:
        one = replace(deck.refined(Settings(port=programmer.link.transport.name)), session=Session())
        with ledger.told():
            outline = await prepare(programmer, choice.plan)
            text = outline_text(outline, findings=False)
            if text not in planned:
                planned.add(text)
                deck.out.note(text)
            await noted_chip(one, programmer, greet=False)
        try:
            burnt = await carry_out(programmer, outline, ask, noting(one, burning.keeping), on_event, ledger)
        finally:
            await noted_fuses(one, programmer.fuses)
        await noted_burn(one, burnt)
        return burnt

    advice = "Go on with each of those: avrdeck burn --resume -P PORT."
    await _run(deck, work, ports, count, Wording(_burnt_words, burnt_data, advice), watch=watch)


@gang.verb("id")
@PORTS
@WATCH
@COUNT
async def identify(deck: Deck, ports: tuple[str, ...], watch: bool, count: int | None) -> None:
    """Identify the chip behind every port.

    \b
    avrdeck gang id --ports "/dev/ttyACM*"
    """

    async def work(programmer: Programmer, on_event: EventHandler, ledger: Ledger) -> Chip:
        on_event(StepStarted("identity", "read the serial number"))
        with ledger.told():
            chip, _ = await read_chip(programmer)
        on_event(StepDone("identity", chip.text))
        return chip

    await _run(deck, work, ports, count, Wording(_chip_words, _chip_data), watch=watch)


async def _run(
    deck: Deck, work: Work[T], ports: tuple[str, ...], count: int | None, wording: Wording[T], *, watch: bool
) -> None:
    """Do ``work`` on the ports and show them, and their rows when all are over or it was stopped."""
    if count and not watch:
        raise UsageFault("--count goes with --watch")
    seen = view(deck.out)
    names = [name for each in ports for name in each.split(",") if name]
    crew = Gang(work, baud=deck.settings.baud, part=deck.part, on_row=seen.show)
    stopped = False
    try:
        with stopped_by_the_second():
            async with crew:
                if watch:
                    await _watched(deck, crew, names, count)
                else:
                    for port in _expanded(names):
                        crew.join(port)
                await crew.finish()
    except asyncio.CancelledError:
        stopped = bool(crew.ended)
        if not stopped:
            raise
    seen.end()
    if not crew.ended:
        raise UsageFault(
            "There is no such port",
            detail=f"{printable(', '.join(ports))}.",
            advice="avrdeck ports lists them.",
        )
    tell(deck.out, crew.ended, wording, stopped=stopped)


async def _watched(deck: Deck, crew: Gang[T], names: Sequence[str], count: int | None) -> None:
    """Watch until ``count`` or Ctrl-C; the first one lets those at work come to their end."""
    deck.out.note("Ports join as they appear; Ctrl-C ends that.")
    try:
        await crew.watch(lambda: [name for name in _expanded(names) if _there(name)], count)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or not crew.rows:
            raise
        task.uncancel()
        deck.out.note("No more ports join; those at work come to their end. Ctrl-C again stops them.")


def _expanded(names: Sequence[str]) -> list[str]:
    """The ports that are named, patterns as those that are there."""
    found = [
        sorted(map(str, Path(name).parent.glob(Path(name).name))) if "*" in name else [name] for name in names
    ]
    return list(dict.fromkeys(port for some in found for port in some))


def _there(name: str) -> bool:
    """Whether a port can be opened, as far as its name tells."""
    if ":" in name or Path(name).exists():
        return True
    from serial.tools.list_ports import comports

    return any(port.device == name for port in comports())


def _burnt_words(burnt: Burnt) -> str:
    values = "  ".join(f"{name} {value:02X}" for name, value in burnt.receipt.after.items())
    serial = burnt.receipt.serial
    number = f"  No. {printable(serial.text)}" if serial else ""
    return f"{burnt.chip.text}{number}  {values}"


def _chip_words(chip: Chip) -> str:
    return f"{chip.text}, signature {chip.signature.hex(' ').upper()}"


def _chip_data(chip: Chip) -> dict[str, object]:
    return {"part": chip.part, "signature": chip.signature.hex().upper(), "serial": chip.serial_text}
