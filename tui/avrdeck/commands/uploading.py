"""``upload``: a sketch into a board."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import asdict
from pathlib import Path

import click

from avrdeck.boards import boards, images
from avrdeck.boards.boards import Board
from avrdeck.boards.catalog import part as find_part
from avrdeck.boards.models import Part
from avrdeck.commands.chronicle import noted_chip, noted_event
from avrdeck.commands.deck import Deck
from avrdeck.commands.memory import load_image
from avrdeck.commands.settings import Settings
from avrdeck.commands.skipping import skipping
from avrdeck.commands.verb import verb
from avrdeck.jobs.backup.identity import read_chip
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.inventory.model import Kind, Sighting
from avrdeck.jobs.upload import bootloading, over_isp
from avrdeck.jobs.upload.model import Plan, UploadReceipt
from avrdeck.jobs.upload.reaching import Way, on_board
from avrdeck.jobs.upload.resetting import Reset
from avrdeck.protocol.dialects import Reach
from avrdeck.protocol.errors import Fault, Refused, UsageFault


@verb("upload")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--delta", is_flag=True, help="Read first and write only the pages that differ.")
@click.option(
    "--reset",
    "how",
    type=click.Choice(list(Reset), case_sensitive=False),
    default=Reset.DTR,
    help="What starts the bootloader; dtr unless said otherwise.",
)
@click.option("--isp", is_flag=True, help="Over ISP, into the chip behind the programmer.")
@click.option("--board", "board_id", metavar="ID", help="The board: its part, speed and room for sketches.")
@click.option("--no-backup", is_flag=True, help="Before an erase save fuses and lock bits only.")
async def upload(
    deck: Deck, file: Path, delta: bool, how: Reset, isp: bool, board_id: str | None, no_backup: bool
) -> None:
    """Write a sketch into a board and verify it, through its bootloader.

    A bootloader answers for about a second after a reset: by a pulse on DTR, by opening the port at 1200
    baud (touch), by a serial break, or by your finger on the button (manual). The boot section is never
    written to. With --isp the chip is erased only if a bit has to go from 0 to 1; its bootloader is kept.

    \b
    avrdeck upload blink.hex -P /dev/ttyACM0
    avrdeck upload blink.hex --delta --board nano -P /dev/ttyUSB0
    avrdeck upload blink.hex --reset manual -b 57600 -P /dev/ttyUSB0
    """
    board = boards.find(board_id) if board_id else None
    part = deck.part or (find_part(board.part) if board and board.part else None)
    image = load_image(deck, "flash", file)
    if isp:
        receipt = await _over_isp(deck, Plan(image, delta), part, save_contents=not no_backup)
    else:
        plan = Plan(image, delta, board.maximum_size if board else None)
        receipt = await _through_bootloader(deck, plan, part, _way(deck, how, board))
    deck.out.result("\n".join(receipt.lines), asdict(receipt))


def _way(deck: Deck, how: Reset, board: Board | None) -> Way:
    return Way(deck.port, how, deck.settings.baud or (board.speed if board else None))


async def _through_bootloader(deck: Deck, plan: Plan, part: Part | None, way: Way) -> UploadReceipt:
    await deck.session.disconnect()
    async with on_board(way, part, deck.session.trace, deck.out.event) as programmer:
        images.fits(plan.image, programmer.require_part(), "flash")
        chip, _ = await read_chip(programmer)
        # Of a chip that this bootloader cannot tell from others, nothing can be noted.
        sighting = await noted_chip(deck, programmer) if chip.distinct else None
        upload = bootloading.upload(programmer, plan, deck.out.event)
        return await _noted(deck, sighting, plan, upload)


async def _over_isp(deck: Deck, plan: Plan, part: Part | None, *, save_contents: bool) -> UploadReceipt:
    store = await asyncio.to_thread(Store)
    async with deck.refined(Settings(part=part.name if part else None)).target() as programmer:
        if programmer.dialect.reach is not Reach.ISP:
            raise UsageFault(
                f"{programmer.dialect.name} answers, a bootloader", advice="Upload without --isp."
            )
        images.fits(plan.image, programmer.require_part(), "flash")
        sighting = await noted_chip(deck, programmer)
        with skipping(deck) as skip:
            upload = over_isp.upload(
                programmer,
                plan,
                store,
                deck.answer,
                skip.event,
                save_contents=save_contents,
                wish=skip.wish,
            )
            return await _noted(deck, sighting, plan, upload)


async def _noted(
    deck: Deck, sighting: Sighting | None, plan: Plan, upload: Awaitable[UploadReceipt]
) -> UploadReceipt:
    """Carry ``upload`` out and note in the inventory how it ended."""
    try:
        receipt = await upload
    except Refused:
        raise
    except Fault as fault:
        failed = f"{plan.image.file}: {fault.title}"
        await noted_event(deck, sighting, Kind.UPLOAD, failed, {"holds": fault.holds})
        raise
    await noted_event(deck, sighting, Kind.UPLOAD, plan.image.file, asdict(receipt))
    return receipt
