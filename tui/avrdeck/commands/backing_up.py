"""``backup``: what a chip holds, in one file."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from avrdeck.boards.text import printable
from avrdeck.commands.chronicle import noted_event, noted_sighting
from avrdeck.commands.deck import Deck
from avrdeck.commands.skipping import skipping
from avrdeck.commands.verb import verb
from avrdeck.jobs.backup import container, files
from avrdeck.jobs.backup.model import ABSENCE_WORDS, Backup, Header
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.backup.taking import QUICK, Wish, take
from avrdeck.jobs.inventory.model import Kind


@verb("backup")
@click.option(
    "-o",
    "--output",
    "path",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A new .zip or folder, instead of the folder of backups.",
)
@click.option("--quick", is_flag=True, help="Fuses, lock bits and identity only.")
@click.option("--twice", is_flag=True, help="Read flash and EEPROM twice and compare.")
@click.option("--label", default="", metavar="TEXT", help="What to call it.")
async def backup(deck: Deck, path: Path | None, quick: bool, twice: bool, label: str) -> None:
    """Save flash, EEPROM, fuses, lock bits, signature and serial number.

    A backup is a zip or a folder with a manifest and one Intel HEX file a memory.

    \b
    avrdeck backup -P /dev/ttyACM0
    avrdeck backup -o before.zip -P /dev/ttyACM0
    """
    if path:
        container.insist_on_free(path)
    wish = Wish(contents=QUICK.contents if quick else Wish().contents, twice=twice)
    async with deck.target() as programmer:
        with skipping(deck, wish) as skip:
            taken = await take(programmer, skip.wish, skip.event)
    sighting = await noted_sighting(deck, taken.chip, taken.fuses)
    usual = sighting.known.label if sighting and taken.chip.distinct else ""
    taken = files.relabelled(taken, label or usual)
    place, known = await asyncio.to_thread(_keep, taken, path, labelled=bool(label))
    data = {"file": str(place), "already_there": known, **header_data(taken.header)}
    await noted_event(deck, sighting, Kind.BACKUP, printable(place.name), data)
    where = f"is in {printable(str(place))}" + (" already" if known else "")
    deck.out.result(f"{taken.chip.text} {where}\n{contents_text(taken.header)}", data)


def _keep(taken: Backup, path: Path | None, *, labelled: bool) -> tuple[Path, bool]:
    """Where the backup is, and whether the same was there before."""
    if path:
        return files.save(taken, path), False
    store = Store()
    known = store.holding(taken.header, taken.header.label if labelled else "")
    return (known, True) if known else (store.add(taken), False)


def contents_text(header: Header) -> str:
    """What is in a backup and what is not, a line each."""
    sizes = [f"{name} {entry.size}" for name, entry in header.memories.items() if entry.size > 1]
    lines = [f"bytes of {', '.join(sizes)}" + ("; fuses and lock" if "lock" in header.memories else "")]
    lines += [f"without {name}: {ABSENCE_WORDS[reason]}" for name, reason in header.left_out.items()]
    return "\n".join(lines)


def header_data(header: Header) -> dict[str, object]:
    """A backup for programs."""
    return {
        "id": header.content_id,
        "made": header.made.isoformat(),
        "label": header.label,
        "full": header.full,
        **header.content(),
    }
