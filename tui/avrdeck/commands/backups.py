"""``backups``: what there is, what is in one, how two differ."""

from __future__ import annotations

import asyncio

import click

from avrdeck.boards.text import printable
from avrdeck.commands.backing_up import contents_text, header_data
from avrdeck.commands.deck import Deck
from avrdeck.commands.verb import branch
from avrdeck.jobs.backup import files
from avrdeck.jobs.backup.comparing import Compared, Comparison, Verdict, compare, compare_with_chip
from avrdeck.jobs.backup.model import Backup
from avrdeck.jobs.backup.store import Listed, Store

SHOWN_RANGES = 4

backups = branch("backups", "List, show and compare the backups of chips.")


@backups.verb("list")
async def list_backups(deck: Deck) -> None:
    """List the backups, the newest first.

    \b
    avrdeck backups list
    """
    store = Store()
    listing = await asyncio.to_thread(store.listing)
    lines = [_line(each) for each in listing] or [f"There is none in {printable(str(store.folder))}"]
    deck.out.result(
        "\n".join(lines), {"folder": str(store.folder), "backups": [_data(each) for each in listing]}
    )


@backups.verb("show")
@click.argument("reference", metavar="BACKUP")
async def show_backup(deck: Deck, reference: str) -> None:
    """Check every byte of BACKUP and show what it holds.

    \b
    avrdeck backups show 2b98b480
    """
    backup = await asyncio.to_thread(_load, reference)
    header = backup.header
    fuses = "  ".join(f"{name} {value:02X}" for name, value in backup.fuses.items())
    lines = [
        printable(backup.name),
        backup.chip.text,
        f"made {header.made:%Y-%m-%d %H:%M} UTC" + (f", “{header.label}”" if header.label else ""),
        contents_text(header),
        fuses,
    ]
    deck.out.result("\n".join(filter(None, lines)), {**header_data(header), "fuses": backup.fuses})


@backups.verb("compare")
@click.argument("first", metavar="BACKUP")
@click.argument("second", metavar="[OTHER]", required=False)
async def compare_backups(deck: Deck, first: str, second: str | None) -> None:
    """Compare BACKUP with OTHER, or with the chip when there is no OTHER.

    \b
    avrdeck backups compare 2b98b480 9c01d2aa
    avrdeck backups compare 2b98b480 -P /dev/ttyACM0
    """
    left = await asyncio.to_thread(_load, first)
    if second:
        right = await asyncio.to_thread(_load, second)
        found, name = compare(left, right), right.name
    else:
        async with deck.target() as programmer:
            found, name = await compare_with_chip(programmer, left, deck.out.event), "the chip"
    deck.out.result(_compared_text(found, left.name, name), _compared_data(found, left.name, name))


def _load(reference: str) -> Backup:
    return files.load(Store().find(reference))


def _line(listed: Listed) -> str:
    header = listed.header
    if header is None:
        return f"--------  {printable(listed.path.name)}: {listed.problem}"
    kind = (
        "full"
        if header.full
        else ", ".join(name for name in ("flash", "eeprom") if name in header.memories) or "quick"
    )
    label = f"  “{header.label}”" if header.label else ""
    return f"{header.content_id}  {header.made:%Y-%m-%d %H:%M}  {kind:6} {header.chip.text}{label}"


def _data(listed: Listed) -> dict[str, object]:
    file = {"file": str(listed.path)}
    return {**file, **header_data(listed.header)} if listed.header else {**file, "problem": listed.problem}


def _compared_text(found: Comparison, first: str, second: str) -> str:
    same = {True: "the same chip", False: "different chips", None: "perhaps the same chip"}[found.same_chip]
    lines = [f"{printable(first)} and {printable(second)}: {same}"]
    return "\n".join([*lines, *(f"  {each.memory:7} {_difference(each)}" for each in found.memories)])


def _difference(each: Compared) -> str:
    if each.verdict is not Verdict.DIFFERENT:
        return each.verdict.value
    if each.values:
        return f"{each.values[0]:02X} and {each.values[1]:02X}"
    shown = ", ".join(f"0x{start:04X}-0x{end - 1:04X}" for start, end in each.ranges[:SHOWN_RANGES])
    more = f" and {len(each.ranges) - SHOWN_RANGES} more" if len(each.ranges) > SHOWN_RANGES else ""
    return f"{each.bytes_differ} bytes differ, at {shown}{more}"


def _compared_data(found: Comparison, first: str, second: str) -> dict[str, object]:
    memories = {
        each.memory: {
            "verdict": each.verdict.value,
            "bytes": each.bytes_differ,
            "ranges": [list(extent) for extent in each.ranges],
        }
        for each in found.memories
    }
    return {
        "first": first,
        "second": second,
        "equal": found.equal,
        "same_chip": found.same_chip,
        "memories": memories,
    }
