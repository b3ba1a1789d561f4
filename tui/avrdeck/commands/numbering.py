"""``serial``: a serial number into a chip or a HEX file."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import click

from avrdeck.boards.text import printable
from avrdeck.commands.chronicle import noted_event, noted_sighting
from avrdeck.commands.deck import Deck
from avrdeck.commands.looking import ADDRESS
from avrdeck.commands.verb import verb
from avrdeck.jobs.backup.identity import Chip
from avrdeck.jobs.backup.taking import QUICK, take
from avrdeck.jobs.inventory.model import Kind
from avrdeck.jobs.places import counters_folder
from avrdeck.jobs.serials import template
from avrdeck.jobs.serials.counter import Counter
from avrdeck.jobs.serials.stamping import Stamp, insist_on_place, stamp_chip, stamp_file
from avrdeck.protocol.errors import UsageFault

USUAL_COUNTER = "serial"


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the serial number is made of: exactly one of the first four."""

    digits: str | None
    text: str | None
    random: bool
    number: bool
    size: int
    counter: Counter

    def check(self) -> None:
        """Raise `UsageFault` for a recipe that makes no serial number, before anything is drawn."""
        chosen = [self.digits is not None, self.text is not None, self.random, self.number]
        if chosen.count(True) != 1:
            raise UsageFault("Give exactly one of --bytes, --text, --uuid and --number")
        if self.digits is not None:
            template.fixed(self.digits)
        if self.text is not None:
            template.parse(self.text)

    def make(self, chip: Chip | None) -> bytes:
        """The serial number; a counter's number is used from now on."""
        if self.digits is not None:
            return template.fixed(self.digits)
        if self.random:
            return uuid.uuid4().bytes
        if self.number:
            return template.counted(self.counter.draw(), self.size)
        parsed = template.parse(self.text or "")
        values = template.values_at(datetime.now().astimezone())
        if chip:
            values |= {"part": chip.part, "uid": chip.serial_text}
        if parsed.needs_counter:
            values["counter"] = self.counter.draw()
        return template.encoded(parsed.render(values))


@verb("serial")
@click.argument("memory", type=click.Choice(["eeprom", "flash"]), metavar="eeprom|flash")
@click.option("--at", "address", required=True, type=ADDRESS, metavar="ADDRESS", help="First byte address.")
@click.option("--bytes", "digits", metavar="HEX", help="These bytes: 01 02 FF.")
@click.option("--text", metavar="TEMPLATE", help="Text such as SN-{counter:6}-{year}.")
@click.option("--uuid", "random", is_flag=True, help="16 random bytes, a UUID of version 4.")
@click.option("--number", is_flag=True, help="The counter's next number, little end first.")
@click.option("--size", type=click.IntRange(1, 8), default=4, help="Bytes of the number.", show_default=True)
@click.option("--counter", type=click.Path(path_type=Path), metavar="FILE", help="The counter to draw from.")
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
    counter: Path | None,
    **recipe: object,
) -> None:
    """Stamp a serial number into a chip, or into a copy of a HEX file.

    A template knows {counter}, {uuid}, {date}, {year}, {month}, {day}, and of a chip {part} and {uid};
    {counter:6} has six digits, {counter:8X} is hex. A counter never hands out a number twice.

    \b
    avrdeck serial eeprom --at 0x3F0 --text "SN-{counter:6}" -P /dev/ttyACM0
    avrdeck serial flash --at 0x7DF0 --uuid --file app.hex -o app-1.hex
    """
    made_of = Recipe(counter=Counter(counter or counters_folder() / USUAL_COUNTER), **recipe)  # type: ignore[arg-type]
    made_of.check()
    stamp = Stamp(b"\xff", address, memory, overwrite)
    if (source is None) != (target is None):
        raise UsageFault("--file and -o go together: FILE itself is not changed")
    if source and target:
        await _into_file(deck, made_of, stamp, source, target)
    else:
        await _into_chip(deck, made_of, stamp)


async def _into_file(deck: Deck, recipe: Recipe, stamp: Stamp, source: Path, target: Path) -> None:
    if target.exists():  # noqa: ASYNC240 - one look at a local file
        await deck.confirm(f"Replace {target}?")
    stamp = replace(stamp, data=await asyncio.to_thread(recipe.make, None))
    await asyncio.to_thread(stamp_file, source, target, stamp, deck.part)
    deck.out.result(f"{stamp.words} is in {printable(str(target))}", {**_data(stamp), "file": str(target)})


async def _into_chip(deck: Deck, recipe: Recipe, stamp: Stamp) -> None:
    async with deck.target() as programmer:
        insist_on_place(stamp, programmer.require_part())
        found = await take(programmer, QUICK, deck.out.event)
        stamp = replace(stamp, data=await asyncio.to_thread(recipe.make, found.chip))
        await stamp_chip(programmer, stamp, deck.out.event)
    sighting = await noted_sighting(deck, found.chip, found.fuses)
    await noted_event(deck, sighting, Kind.SERIAL, stamp.words, _data(stamp))
    deck.out.result(f"{stamp.words} is in the {found.chip.text}, verified", _data(stamp))


def _data(stamp: Stamp) -> dict[str, object]:
    return {"memory": stamp.memory, "address": stamp.address, "data": stamp.data.hex().upper()}
