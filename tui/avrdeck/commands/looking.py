"""``dump``, ``diff``, ``search``, ``fill``: looking into flash and EEPROM."""

from __future__ import annotations

from pathlib import Path

import click

from avrdeck.boards import images
from avrdeck.boards.images import Image
from avrdeck.commands.address import ADDRESS
from avrdeck.commands.deck import Deck
from avrdeck.commands.memory import file_argument, load_image
from avrdeck.commands.raw.exchange import hex_dump
from avrdeck.commands.raw.words import byte, parse
from avrdeck.commands.safeguard import save_overwritten
from avrdeck.commands.verb import verb
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.writing import write_image
from avrdeck.protocol.errors import UsageFault
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import memories

transferable = click.argument("memory", type=click.Choice(memories.TRANSFERABLE), metavar="MEMORY")
MAX_HITS = 1000
"""More hits than anybody reads."""


@verb("dump")
@transferable
@click.argument("start", type=ADDRESS, default=0, required=False)
@click.argument("size", type=ADDRESS, default=256, required=False)
async def dump(deck: Deck, memory: str, start: int, size: int) -> None:
    """Show SIZE bytes of flash or eeprom from START as hex and text.

    \b
    avrdeck dump flash 0x7E00 64 -P sim:
    """
    async with deck.target() as programmer:
        end = _within(programmer, memory, start, size)
        with Ledger().told():
            data = await memories.read(programmer, memory, start, end - start, deck.out.event)
    deck.out.result(hex_dump(data, start), {"memory": memory, "start": start, "data": data.hex()})


@verb("diff")
@transferable
@file_argument
async def diff(deck: Deck, memory: str, file: Path) -> None:
    """Show where flash or eeprom differs from FILE.

    \b
    avrdeck diff flash blink.hex -P sim:
    """
    image = load_image(deck, memory, file)
    async with deck.target() as programmer:
        images.fits(image, programmer.require_part(), memory)
        with Ledger().told():
            found = await memories.differences(programmer, image, deck.out.event)
    lines = [f"0x{start:04X} to 0x{end - 1:04X}  {end - start} bytes" for start, end in found]
    deck.out.result("\n".join(lines) or f"{memory} holds {file}", {"memory": memory, "differs": found})


@verb("search")
@transferable
@click.argument("words", nargs=-1, metavar="[BYTES...]")
@click.option("-t", "--text", metavar="TEXT", help="Look for text.")
async def search(deck: Deck, memory: str, words: tuple[str, ...], text: str | None) -> None:
    """Find bytes, or text, in flash or eeprom.

    \b
    avrdeck search flash FF CF -P sim:
    avrdeck search flash --text Hello -P sim:
    """
    needle = text.encode("utf-8") if text else _needle(words)
    async with deck.target() as programmer:
        with Ledger().told():
            data = await memories.read(programmer, memory, watch=deck.out.event)
    hits: list[int] = []
    at = data.find(needle)
    while at >= 0 and len(hits) < MAX_HITS:
        hits.append(at)
        at = data.find(needle, at + 1)
    lines = [f"0x{hit:04X}  {data[hit : hit + 16].hex(' ').upper()}" for hit in hits]
    deck.out.result("\n".join(lines) or "Not found", {"memory": memory, "hits": hits})


@verb("fill")
@transferable
@click.argument("start", type=ADDRESS)
@click.argument("size", type=ADDRESS)
@click.argument("value")
async def fill(deck: Deck, memory: str, start: int, size: int, value: str) -> None:
    """Write SIZE bytes of VALUE (hex) from START and verify them.

    Flash is only filled where it is erased; EEPROM that holds other data there is saved first.

    \b
    avrdeck fill eeprom 0 1024 FF -P sim: --yes
    """
    pattern = byte(value)
    async with deck.target() as programmer:
        end = start + size
        if _within(programmer, memory, start, size) < end:
            raise _beyond(programmer, memory, f"Fill {programmer.require_part().size(memory) - start} bytes.")
        await deck.confirm(f"Write {pattern:02X} into {memory} from 0x{start:04X} to 0x{end - 1:04X}?")
        image = Image.of(bytes([pattern]) * size, start, "the fill", memory)
        if memory == "eeprom":
            await save_overwritten(deck, programmer, image)
        await write_image(programmer, image, on_event=deck.out.event)
    deck.out.result(f"{size} bytes of {memory} are {pattern:02X}", {"memory": memory, "size": size})


def _within(programmer: Programmer, memory: str, start: int, size: int) -> int:
    """The end of the stretch, cut at the end of the memory; raises `UsageFault` when it begins beyond."""
    whole = programmer.require_part().size(memory)
    if start >= whole or not size:
        raise _beyond(programmer, memory, "Start before its end, and take a byte or more.")
    return min(start + size, whole)


def _beyond(programmer: Programmer, memory: str, advice: str) -> UsageFault:
    return UsageFault(f"{memory} ends at 0x{programmer.require_part().size(memory):04X}", advice=advice)


def _needle(words: tuple[str, ...]) -> bytes:
    sweep, _ = parse(words)
    if sweep.varying or not sweep.columns:
        raise UsageFault("A search looks for one sequence of bytes, or for --text")
    return next(sweep.frames())
