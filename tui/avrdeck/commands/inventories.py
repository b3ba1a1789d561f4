"""``inventory``: the chips that were seen, what they are called and what happened to them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from avrdeck.boards.text import printable
from avrdeck.commands.deck import Deck
from avrdeck.commands.verb import branch
from avrdeck.jobs.backup.taking import QUICK, take
from avrdeck.jobs.inventory import export
from avrdeck.jobs.inventory.book import Inventory
from avrdeck.jobs.inventory.model import Happening, Known
from avrdeck.protocol.errors import InputFault

T = TypeVar("T")
_KIND = "Chips of this kind cannot be told apart"
inventory = branch("inventory", "The chips that were seen: labels, notes, history.")
chip_argument = click.argument("reference", metavar="CHIP")


@inventory.verb("list")
async def list_chips(deck: Deck) -> None:
    """List the chips, the one seen last first.

    \b
    avrdeck inventory list
    """
    chips = await _with(lambda book: book.chips())
    lines = [_line(known) for known in chips] or ["No chip has been seen yet"]
    deck.out.result("\n".join(lines), {"chips": [export.summary(known) for known in chips]})


@inventory.verb("show")
@chip_argument
async def show_chip(deck: Deck, reference: str) -> None:
    """Show what is known of CHIP: its number, its label, or how its serial number begins.

    \b
    avrdeck inventory show "kitchen clock"
    """

    def look(book: Inventory) -> tuple[Known, tuple[Happening, ...]]:
        known = book.find(reference)
        return known, book.history(known.id)

    known, history = await _with(look)
    lines = [
        _line(known),
        f"seen {known.sightings} times, first {known.first_seen}, last on {known.port}",
        *([known.notes] if known.notes else []),
        *([] if known.chip.distinct else [f"{_KIND}: each line is about the one that was on that port"]),
        *(f"{each.at}  {each.kind:7}  {known.told(each)}" for each in history),
    ]
    deck.out.result("\n".join(map(printable, lines)), export.as_data(known, history))


@inventory.verb("add")
@click.option("--label", metavar="TEXT", help="What to call it.")
async def add_chip(deck: Deck, label: str | None) -> None:
    """Note the chip behind the port, and name it.

    \b
    avrdeck inventory add --label "kitchen clock" -P /dev/ttyACM0
    """
    async with deck.target() as programmer:
        found = await take(programmer, QUICK, deck.out.event)

    def note(book: Inventory) -> tuple[Known, str]:
        sighting = book.sighted(found.chip, deck.port, found.fuses)
        if label is not None:
            book.label(sighting.known.id, label)
        return book.find(str(sighting.known.id)), sighting.greeting

    known, greeting = await _with(note)
    deck.out.note(printable(greeting or known.chip.text))
    if label is not None:
        _warn_of_kind(deck, known)
    deck.out.result(_line(known), export.summary(known))


@inventory.verb("label")
@chip_argument
@click.argument("text")
async def label_chip(deck: Deck, reference: str, text: str) -> None:
    """Call CHIP by TEXT; an empty TEXT takes the label away.

    \b
    avrdeck inventory label 3 "kitchen clock"
    """
    _warn_of_kind(deck, await _edit(deck, reference, lambda book, known: book.label(known.id, text)))


@inventory.verb("note")
@chip_argument
@click.argument("text")
async def note_chip(deck: Deck, reference: str, text: str) -> None:
    """Replace the notes on CHIP by TEXT.

    \b
    avrdeck inventory note "kitchen clock" "crystal replaced in March"
    """
    await _edit(deck, reference, lambda book, known: book.note(known.id, text))


@inventory.verb("export")
@click.argument("kind", type=click.Choice(["csv", "json"]), metavar="csv|json")
@click.option(
    "-o", "--output", "file", type=click.Path(path_type=Path), metavar="FILE", help="Write to FILE."
)
async def export_chips(deck: Deck, kind: str, file: Path | None) -> None:
    """Print the inventory as CSV, or as JSON with every chip's history.

    \b
    avrdeck inventory export csv -o chips.csv
    """
    if file and file.exists():  # noqa: ASYNC240 - one look at a local file
        await deck.confirm(f"Replace {file}?")
    data = await _with(_everything)
    text = await _with(export.as_csv) if kind == "csv" else json.dumps(data, indent=1)
    if not file:
        deck.out.result(text.rstrip(), {"csv": text} if kind == "csv" else data)
        return
    try:
        await asyncio.to_thread(file.write_text, text, "utf-8", newline="")
    except OSError as error:
        raise InputFault(f"{printable(str(file))} cannot be written: {error.strerror}") from error
    deck.out.result(f"The inventory is in {file}", {"file": str(file)})


async def _with(work: Callable[[Inventory], T]) -> T:
    """Do ``work`` on the inventory in a thread, as another process may hold it for a while."""

    def run() -> T:
        with Inventory() as opened:
            return work(opened)

    return await asyncio.to_thread(run)


async def _edit(deck: Deck, reference: str, edit: Callable[[Inventory, Known], None]) -> Known:
    def change(book: Inventory) -> Known:
        known = book.find(reference)
        edit(book, known)
        return book.find(str(known.id))

    known = await _with(change)
    deck.out.result(_line(known), export.summary(known))
    return known


def _warn_of_kind(deck: Deck, known: Known) -> None:
    """Say so where a label is not one chip's."""
    if known.label and not known.chip.distinct:
        deck.out.note(f"{_KIND}: the label is for all of them")


def _everything(book: Inventory) -> dict[str, object]:
    chips = [export.as_data(known, book.history(known.id)) for known in book.chips()]
    return {"chips": chips}


def _line(known: Known) -> str:
    label = f"  “{known.label}”" if known.label else ""
    return printable(f"{known.id:4}  {known.last_seen[:10]}  {known.chip.text}{label}")
