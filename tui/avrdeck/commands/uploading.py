"""``upload``: a sketch into a board."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path

import click

from avrdeck.boards import boards, images
from avrdeck.boards.boards import Board
from avrdeck.boards.catalog import part as find_part
from avrdeck.boards.models import Part
from avrdeck.commands.chronicle import noted_event, noted_sighting
from avrdeck.commands.deck import Deck
from avrdeck.commands.memory import load_image
from avrdeck.commands.verb import verb
from avrdeck.jobs.backup.identity import read_chip
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.inventory.model import Kind
from avrdeck.jobs.upload import bootloading, over_isp
from avrdeck.jobs.upload.model import Plan, UploadReceipt
from avrdeck.jobs.upload.reaching import Way, on_board
from avrdeck.jobs.upload.resetting import Reset
from avrdeck.protocol.dialects import Reach
from avrdeck.protocol.errors import Fault, Refused, UsageFault
from avrdeck.protocol.target import fuses


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
    deck.out.result(_told(receipt), asdict(receipt))


def _way(deck: Deck, how: Reset, board: Board | None) -> Way:
    return Way(deck.port, how, deck.settings.baud or (board.speed if board else None))


async def _through_bootloader(deck: Deck, plan: Plan, part: Part | None, way: Way) -> UploadReceipt:
    await deck.session.disconnect()
    async with on_board(way, part, deck.session.trace, deck.out.event) as programmer:
        images.fits(plan.image, programmer.require_part(), "flash")
        return await bootloading.upload(programmer, plan, deck.out.event)


async def _over_isp(deck: Deck, plan: Plan, part: Part | None, *, save_contents: bool) -> UploadReceipt:
    store = await asyncio.to_thread(Store)
    async with deck.session.target(deck.port, deck.settings.baud, part) as programmer:
        if programmer.dialect.reach is not Reach.ISP:
            raise UsageFault(
                f"{programmer.dialect.name} answers, a bootloader", advice="Upload without --isp."
            )
        images.fits(plan.image, programmer.require_part(), "flash")
        chip, _ = await read_chip(programmer)
        sighting = await noted_sighting(deck, chip, await fuses.read_all(programmer))
        try:
            receipt = await over_isp.upload(
                programmer, plan, store, deck.answer, deck.out.event, save_contents=save_contents
            )
        except Refused:
            raise
        except Fault as fault:
            failed = f"{plan.image.file}: {fault.title}"
            await noted_event(deck, sighting, Kind.UPLOAD, failed, {"holds": fault.holds})
            raise
    await noted_event(deck, sighting, Kind.UPLOAD, plan.image.file, asdict(receipt))
    return receipt


def _told(receipt: UploadReceipt) -> str:
    pages = f"{receipt.pages_written} of {receipt.pages} pages written"
    lines = [
        f"{receipt.file} is in the {receipt.part}, {receipt.size} bytes verified",
        f"{pages} through {receipt.through}",
    ]
    if receipt.erased:
        kept = "; its bootloader is back" if receipt.kept_bootloader else ""
        lines.append(f"the chip was erased first{kept}")
    if receipt.backup:
        lines.append(f"what it held before is in {receipt.backup}")
    return "\n".join(lines)
