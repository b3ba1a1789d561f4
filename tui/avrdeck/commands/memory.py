"""``read``, ``write``, ``verify``, ``erase``: the memories of the target."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from avrdeck.boards import images
from avrdeck.boards.images import Format, Image
from avrdeck.boards.models import MEMORY_NAMES, Part
from avrdeck.commands.chronicle import noted_sighting
from avrdeck.commands.deck import Deck
from avrdeck.commands.issuing import tried
from avrdeck.commands.raw.exchange import hex_dump
from avrdeck.commands.safeguard import backup_option, save_before, save_overwritten
from avrdeck.commands.serialoptions import SerialOptions, number_data, serial_options
from avrdeck.commands.stopping import Undertaking
from avrdeck.commands.verb import verb
from avrdeck.jobs.inventory.model import Kind
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.serials.stamping import numbered
from avrdeck.jobs.writing import erase_chip, write_image
from avrdeck.protocol.errors import UsageFault
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import fuses, memories, rows

memory_argument = click.argument(
    "memory", type=click.Choice(MEMORY_NAMES, case_sensitive=False), metavar="MEMORY"
)
file_argument = click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
BINARY_SUFFIXES = frozenset({".bin", ".raw"})


@verb("read")
@memory_argument
@click.option(
    "-o", "--output", "file", type=click.Path(path_type=Path), metavar="FILE", help="Write to FILE."
)
async def read(deck: Deck, memory: str, file: Path | None) -> None:
    """Read a memory: flash, eeprom, a fuse byte, lock, signature, calibration, prodsig.

    Into FILE as Intel HEX, as raw bytes when it ends in .bin; without -o as a hex dump. An existing
    file is only replaced with --yes or when you say so.

    \b
    avrdeck read flash -o dump.hex -P /dev/ttyACM0
    avrdeck read lfuse -P sim:
    """
    if file:
        await _may_replace(deck, file)
    async with deck.target() as programmer:
        with Ledger().told():
            data = await _content(programmer, memory, deck)
    image = Image.of(data, memory=memory)
    if file:
        images.save(image, file, Format.BINARY if file.suffix.lower() in BINARY_SUFFIXES else Format.HEX)
        deck.out.result(
            f"{len(data)} bytes of {memory} are in {file}",
            {"memory": memory, "size": len(data), "file": str(file)},
        )
    else:
        deck.out.result(hex_dump(data), {"memory": memory, "size": len(data), "data": data.hex()})


@verb("write")
@memory_argument
@file_argument
@click.option("-e", "--erase", is_flag=True, help="Erase the chip first.")
@backup_option
@serial_options
async def write(
    deck: Deck, memory: str, file: Path, erase: bool, no_backup: bool, serial: SerialOptions
) -> None:
    """Write FILE into flash or eeprom and verify it.

    Flash can only be written where it is erased: with -e the whole chip is erased first, which takes
    the EEPROM too unless EESAVE is programmed. That is asked before, and what the chip holds is saved.
    Without -e nothing is asked: avrdeck looks whether an erase is needed, and then writes nothing. EEPROM
    that holds other data where FILE goes is saved first.

    --serial puts a serial number at --serial-at into what is written; FILE itself is not changed. A counter
    never gives a number twice; one that was not written is the next chip's.

    \b
    avrdeck write flash blink.hex -e -P /dev/ttyACM0
    avrdeck write flash app.hex -e --serial number --serial-at 0x7DFC -P /dev/ttyACM0
    """
    image = load_image(deck, memory, file)
    order = serial.order(memory)
    job = Undertaking(deck, Kind.WRITE, file.name, "The write was stopped")
    async with deck.target() as programmer:
        images.fits(image, programmer.require_part(), memory)
        if order:
            chip, job.number = await tried(programmer, image, order, job.ledger, deck.out.event, erased=erase)
            await noted_sighting(deck, chip, {})
        if erase:
            await deck.confirm("Erase the whole chip?")
            await save_before(deck, programmer, contents=not no_backup)
        elif memory == "eeprom" and not no_backup:
            await save_overwritten(deck, programmer, image)
        number = job.number
        async with job.under_way():
            await write_image(
                programmer,
                number.tried_in(image) if number else image,
                erase=erase,
                on_event=job.course.watching(deck.out.event),
                ledger=job.ledger,
                ready=partial(number.taken_in, image) if number else None,
            )
    size = numbered(image, job.stamp).size
    lines = [f"{size} bytes of {file} are in {memory}, verified"]
    data: dict[str, object] = {
        "memory": memory,
        "size": size,
        "file": str(file),
        "verified": True,
        "erased": erase,
    }
    if job.stamp:
        lines.append(f"serial number {job.stamp.words}")
        data |= number_data(job.stamp)
    await job.ended(data)
    deck.out.result("\n".join(lines), data)


@verb("verify")
@memory_argument
@file_argument
async def verify(deck: Deck, memory: str, file: Path) -> None:
    """Compare flash or eeprom with FILE.

    \b
    avrdeck verify flash blink.hex -P /dev/ttyACM0
    """
    image = load_image(deck, memory, file)
    async with deck.target() as programmer:
        images.fits(image, programmer.require_part(), memory)
        with Ledger().told():
            await memories.verify(programmer, image, watch=deck.out.event)
    deck.out.result(
        f"{memory} holds {file}: {image.size} bytes agree",
        {"memory": memory, "size": image.size, "file": str(file), "verified": True},
    )


@verb("erase")
@backup_option
async def erase(deck: Deck, no_backup: bool) -> None:
    """Erase the chip: flash, EEPROM unless EESAVE is programmed, and the lock bits.

    What it holds is saved first, unless it is blank: `backups` lists that, `restore` brings it back.

    \b
    avrdeck erase -P /dev/ttyACM0 --yes
    """
    async with deck.target() as programmer:
        part = programmer.require_part()
        await deck.confirm(f"Erase the {part.name}, flash and EEPROM?")
        await save_before(deck, programmer, contents=not no_backup)
        job = Undertaking(deck, Kind.ERASE, "chip erase", "The erase was stopped")
        async with job.under_way():
            await erase_chip(programmer, job.course.watching(deck.out.event), job.ledger)
    data = {"part": part.name, "erased": True}
    await job.ended(data)
    deck.out.result(f"The {part.name} is erased", data)


async def _may_replace(deck: Deck, file: Path) -> None:
    if file.exists():  # noqa: ASYNC240 - one look at a local file
        await deck.confirm(f"Replace {file}?")


def load_image(deck: Deck, memory: str, file: Path) -> Image:
    """Read FILE before the wire is touched, and hold it against the part where that is named."""
    if memory not in memories.TRANSFERABLE:
        raise UsageFault(
            f"{memory} is not written from a file",
            advice=f"Choose {' or '.join(memories.TRANSFERABLE)}; fuses are set by burn.",
        )
    part: Part | None = deck.part
    return images.load(file, memory, part=part, format=_format(file))


def _format(file: Path) -> Format | None:
    return Format.BINARY if file.suffix.lower() in BINARY_SUFFIXES else None


async def _content(programmer: Programmer, memory: str, deck: Deck) -> bytes:
    part = programmer.require_part()
    if memory in memories.TRANSFERABLE:
        return await memories.read(programmer, memory, watch=deck.out.event)
    if memory in part.fuses:
        return bytes([await fuses.read(programmer, memory)])
    return await rows.read(programmer, memory)
