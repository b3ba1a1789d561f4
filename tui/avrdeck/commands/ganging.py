"""``gang``: the same work on many programmers at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click

from avrdeck.boards.text import printable
from avrdeck.commands.burning import BYTE, choose
from avrdeck.commands.burntext import burnt_data, outline_text
from avrdeck.commands.deck import Deck
from avrdeck.commands.gangview import table_text, view
from avrdeck.commands.verb import branch
from avrdeck.jobs.backup.identity import Chip, read_chip
from avrdeck.jobs.burn.choosing import Hand
from avrdeck.jobs.burn.job import Burnt, Keeping, carry_out
from avrdeck.jobs.burn.outline import prepare
from avrdeck.jobs.events import EventHandler, StepDone, StepStarted
from avrdeck.jobs.gang import Consent, Gang, Row, Work
from avrdeck.jobs.inventory.book import Inventory
from avrdeck.jobs.inventory.model import Kind
from avrdeck.protocol.errors import Fault, UsageFault
from avrdeck.protocol.programmer import Programmer

gang = branch("gang", "Many programmers at once: a row a port, and one that fails touches no other.")

PORTS = click.option(
    "--ports", required=True, metavar="PORT,PORT,...", help="The ports; /dev/ttyACM* means all of those."
)
WATCH = click.option("--watch", is_flag=True, help="Let ports join as they appear, until Ctrl-C.")
COUNT = click.option("--count", type=click.IntRange(1), metavar="N", help="With --watch: end after N chips.")


T = TypeVar("T")


class GangFault(Fault):
    """Some ports failed."""


@gang.verb("burn")
@click.argument("board", required=False, metavar="[BOARD]")
@click.option("--menu", "menus", multiple=True, metavar="KEY=VALUE", help="A choice in the board's menus.")
@click.option("--bootloader", "file", type=click.Path(path_type=Path), metavar="FILE", help="HEX or ELF.")
@click.option("--deckboot", is_flag=True, help="avrdeck's own bootloader instead of a file.")
@click.option("--lfuse", type=BYTE, help="Low fuse.")
@click.option("--hfuse", type=BYTE, help="High fuse.")
@click.option("--efuse", type=BYTE, help="Extended fuse.")
@click.option("--lock", type=BYTE, help="Lock bits, written last.")
@click.option("--no-backup", is_flag=True, help="Save fuses, lock and identity only before the erase.")
@PORTS
@WATCH
@COUNT
async def burn(
    deck: Deck,
    board: str | None,
    menus: tuple[str, ...],
    file: Path | None,
    deckboot: bool,
    lfuse: int | None,
    hfuse: int | None,
    efuse: int | None,
    lock: int | None,
    no_backup: bool,
    ports: str,
    watch: bool,
    count: int | None,
) -> None:
    """Burn the same bootloader through every port.

    A question is asked once for all chips that give rise to it.

    \b
    avrdeck gang burn uno --deckboot --ports /dev/ttyACM0,/dev/ttyACM1 --yes
    avrdeck gang burn nano --ports "/dev/ttyACM*" --watch
    """
    given = {"lfuse": lfuse, "hfuse": hfuse, "efuse": efuse}
    hand = Hand(file, {name: value for name, value in given.items() if value is not None}, lock, deckboot)
    choice = choose(deck, board, menus, hand)
    for note in choice.notes:
        deck.out.note(printable(note))
    ask, keeping = Consent(deck.answer), Keeping(contents=not no_backup)
    planned: set[str] = set()

    async def work(programmer: Programmer, on_event: EventHandler) -> Burnt:
        outline = await prepare(programmer, choice.plan)
        text = outline_text(outline, findings=False)
        if text not in planned:
            planned.add(text)
            deck.out.note(text)
        burnt = await carry_out(programmer, outline, ask, keeping, on_event=on_event)
        await asyncio.to_thread(_noted, deck, burnt, programmer.link.transport.name)
        return burnt

    rows = await _run(deck, work, ports, count, watch=watch)
    _insist_on_all(rows, _burnt_words, "Go on with each of those: avrdeck burn --resume -P PORT.")
    burnt = [{"port": row.port, **burnt_data(row.result)} for row in rows if row.result]
    deck.out.result(table_text(rows, _burnt_words), {"ports": burnt})


@gang.verb("id")
@PORTS
@WATCH
@COUNT
async def identify(deck: Deck, ports: str, watch: bool, count: int | None) -> None:
    """Identify the chip behind every port.

    \b
    avrdeck gang id --ports "/dev/ttyACM*"
    """

    async def work(programmer: Programmer, on_event: EventHandler) -> Chip:
        on_event(StepStarted("identity", "read the serial number"))
        chip, _ = await read_chip(programmer)
        on_event(StepDone("identity", chip.text))
        return chip

    rows = await _run(deck, work, ports, count, watch=watch)
    _insist_on_all(rows, _chip_words)
    chips = [{"port": row.port, **_chip_data(row.result)} for row in rows if row.result]
    deck.out.result(table_text(rows, _chip_words), {"ports": chips})


async def _run(
    deck: Deck, work: Work[T], ports: str, count: int | None, *, watch: bool
) -> tuple[Row[T], ...]:
    """Do ``work`` on the ports and show them; the rows when all are over."""
    if count and not watch:
        raise UsageFault("--count goes with --watch")
    seen = view(deck.out)
    names = [name for name in ports.split(",") if name]
    async with Gang(work, baud=deck.settings.baud, part=deck.part, on_row=seen.show) as crew:
        if watch:
            await _watched(deck, crew, names, count)
        else:
            for port in _expanded(names):
                crew.join(port)
        rows = await crew.finish()
    seen.end()
    if not rows:
        raise UsageFault(
            "There is no such port", detail=f"{printable(ports)}.", advice="avrdeck ports lists them."
        )
    return rows


async def _watched(deck: Deck, crew: Gang[T], names: Sequence[str], count: int | None) -> None:
    """Watch until ``count`` or Ctrl-C; the first one lets those at work come to their end."""
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


def _noted(deck: Deck, burnt: Burnt, port: str) -> None:
    """Note the burn in the inventory; a fault there is told and stops nothing."""
    try:
        with Inventory() as inventory:
            sighting = inventory.sighted(burnt.chip, port, burnt.receipt.after)
            inventory.record(sighting.known.id, Kind.BURN, printable(burnt.receipt.file), burnt_data(burnt))
    except Fault as fault:
        deck.out.note(f"The inventory was not updated: {fault}")


def _insist_on_all(rows: Sequence[Row[T]], words: Callable[[T], str], advice: str = "") -> None:
    """Raise `GangFault`, with every row, when one has failed."""
    failed = sum(row.fault is not None for row in rows)
    if failed:
        raise GangFault(
            f"{failed} of {len(rows)} ports failed", detail=table_text(rows, words), advice=advice
        )


def _burnt_words(burnt: Burnt) -> str:
    values = "  ".join(f"{name} {value:02X}" for name, value in burnt.receipt.after.items())
    return f"{burnt.chip.text}  {values}"


def _chip_words(chip: Chip) -> str:
    return f"{chip.text}, signature {chip.signature.hex(' ').upper()}"


def _chip_data(chip: Chip) -> dict[str, object]:
    return {"part": chip.part, "signature": chip.signature.hex().upper(), "serial": chip.serial_text}
