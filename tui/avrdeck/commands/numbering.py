"""``serial``: a serial number into a chip or a HEX file."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import click

from avrdeck.boards.images import ImageError
from avrdeck.boards.text import printable
from avrdeck.commands.address import ADDRESS
from avrdeck.commands.chronicle import noted_event, noted_sighting
from avrdeck.commands.deck import Deck
from avrdeck.commands.serialoptions import counter, stamp_data
from avrdeck.commands.stopping import Undertaking
from avrdeck.commands.verb import verb
from avrdeck.jobs.backup.taking import QUICK, take
from avrdeck.jobs.inventory import model as inventory
from avrdeck.jobs.ledger import UNCHANGED, Ledger
from avrdeck.jobs.serials.counter import Counter
from avrdeck.jobs.serials.numbering import Numbering, number_chip
from avrdeck.jobs.serials.order import Order, Place
from avrdeck.jobs.serials.recipe import Kind, Recipe
from avrdeck.jobs.serials.stamping import Stamp, insist_on_room, stamp_file, stamped_file
from avrdeck.protocol.errors import Fault, UsageFault


@verb("serial")
@click.argument("memory", type=click.Choice(["eeprom", "flash"]), metavar="eeprom|flash")
@click.option("--at", "address", required=True, type=ADDRESS, metavar="ADDRESS", help="First byte address.")
@click.option("--bytes", metavar="HEX", help="These bytes: 01 02 FF.")
@click.option("--text", metavar="TEMPLATE", help="Text such as SN-{counter:6}-{year}.")
@click.option("--uuid", is_flag=True, help="16 random bytes, a UUID of version 4.")
@click.option("--number", is_flag=True, help="The counter's next number, little end first.")
@click.option("--size", type=click.IntRange(1, 8), default=4, help="Bytes of the number.", show_default=True)
@click.option(
    "--counter",
    "counter_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The counter to draw from.",
)
@click.option("--file", "source", type=click.Path(path_type=Path), metavar="FILE", help="Into FILE, no chip.")
@click.option("-o", "--output", "target", type=click.Path(path_type=Path), metavar="OUT", help="FILE's copy.")
@click.option("--overwrite", is_flag=True, help="Over other data than FF too.")
async def serial(
    deck: Deck,
    memory: str,
    address: int,
    source: Path | None,
    target: Path | None,
    overwrite: bool,
    counter_file: Path | None,
    size: int,
    **made_of: str | bool | None,
) -> None:
    """Stamp a serial number into a chip, or into a copy of a HEX file.

    A template knows {counter}, {uuid}, {date}, {year}, {month}, {day}, and of a chip {part} and {uid};
    {counter:6} has six digits, {counter:8X} is hex. A counter never hands out a number twice.

    \b
    avrdeck serial eeprom --at 0x3F0 --text "SN-{counter:6}" -P /dev/ttyACM0
    avrdeck serial flash --at 0x7DF0 --uuid --file app.hex -o app-1.hex
    """
    recipe = _recipe(counter(counter_file), size, made_of)
    order = Order(recipe, Place(memory, address), overwrite)
    if (source is None) != (target is None):
        raise UsageFault("--file and -o go together: FILE itself is not changed")
    if source and target:
        await _into_file(deck, order, source, target)
    else:
        await _into_chip(deck, order)


def _recipe(numbers: Counter, size: int, made_of: Mapping[str, str | bool | None]) -> Recipe:
    """What the options say; raises `UsageFault` for a recipe that makes no serial number."""
    chosen = [(Kind(name), value) for name, value in made_of.items() if value not in {None, False}]
    if len(chosen) != 1:
        raise UsageFault("Give exactly one of --bytes, --text, --uuid and --number")
    kind, value = chosen[0]
    return Recipe(kind, numbers, value if isinstance(value, str) else "", size)


async def _into_file(deck: Deck, order: Order, source: Path, target: Path) -> None:
    if target.exists():  # noqa: ASYNC240 - one look at a local file
        await deck.confirm(f"Replace {target}?")
    ledger = Ledger()
    number = Numbering(order, None, await order.sample(None), ledger)
    await asyncio.to_thread(stamped_file, source, number.sample, deck.part)
    async with number.kept():
        stamp = await number.take()
        # Whoever cancels it now cannot tell whether the file is there.
        ledger.holds = f"{target} may have the serial number."
        try:
            await asyncio.to_thread(stamp_file, source, target, stamp, deck.part)
        except (Fault, ImageError):
            ledger.holds = UNCHANGED
            raise
    deck.out.result(f"{stamp.words} is in {printable(str(target))}", {**_data(stamp), "file": str(target)})


async def _into_chip(deck: Deck, order: Order) -> None:
    job = Undertaking(deck, inventory.Kind.SERIAL, "stamp", "The stamping was stopped")
    async with deck.target() as programmer:
        found = await take(programmer, QUICK, deck.out.event)
        sample = await order.sample(found.chip)
        await insist_on_room(programmer, sample, erased=False)
        sighting = await noted_sighting(deck, found.chip, found.fuses)
        number = job.number = Numbering(order, found.chip, sample, job.ledger, deck.out.event)
        async with job.under_way():
            await number_chip(programmer, number, job.ledger, job.course.watching(deck.out.event))
    stamp = number.told
    await noted_event(deck, sighting, inventory.Kind.SERIAL, stamp.words, _data(stamp))
    deck.out.result(f"{stamp.words} is in the {found.chip.text}, verified", _data(stamp))


def _data(stamp: Stamp) -> dict[str, object]:
    return {"serial_number": stamp.text, **stamp_data(stamp)}
