"""``upload``: a sketch into a board."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import click

from avrdeck.boards import boards, images
from avrdeck.boards.boards import Board
from avrdeck.boards.catalog import part as find_part
from avrdeck.boards.models import Part
from avrdeck.commands.chronicle import noted_chip
from avrdeck.commands.deck import Deck
from avrdeck.commands.issuing import tried_upload
from avrdeck.commands.memory import load_image
from avrdeck.commands.serialoptions import SerialOptions, number_data, serial_options
from avrdeck.commands.settings import Settings
from avrdeck.commands.skipping import skipping
from avrdeck.commands.stopping import Undertaking
from avrdeck.commands.verb import verb
from avrdeck.jobs.backup.identity import read_chip
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.events import EventHandler
from avrdeck.jobs.inventory.model import Kind
from avrdeck.jobs.ledger import UNCHANGED
from avrdeck.jobs.serials.numbering import number_chip
from avrdeck.jobs.serials.order import Order
from avrdeck.jobs.serials.stamping import Stamp
from avrdeck.jobs.upload import bootloading, over_isp
from avrdeck.jobs.upload.model import Plan, UploadReceipt
from avrdeck.jobs.upload.reaching import Way, on_board
from avrdeck.jobs.upload.resetting import Reset
from avrdeck.protocol.dialects import Reach
from avrdeck.protocol.errors import UsageFault
from avrdeck.protocol.programmer import Programmer


@verb("upload")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--delta", is_flag=True, help="Read first and write only the pages that differ, as --isp does.")
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
@serial_options
async def upload(
    deck: Deck,
    file: Path,
    delta: bool,
    how: Reset,
    isp: bool,
    board_id: str | None,
    no_backup: bool,
    serial: SerialOptions,
) -> None:
    """Write a sketch into a board and verify it, through its bootloader.

    A bootloader answers for about a second after a reset: by a pulse on DTR, by opening the port at 1200
    baud (touch), by a serial break, or by your finger on the button (manual). The boot section is never
    written to. With --isp only pages that differ are written; the chip is erased, and all of them written,
    only if a bit has to go from 0 to 1; its bootloader is kept. That erase is asked for, and what the chip
    holds is saved before; else the sketch takes the place of the one before it without a question.

    --serial gives the chip a serial number at --serial-at: in flash, within the sketch, or in EEPROM, after
    it. FILE itself is not changed. A counter never gives a number twice; one that was not written is the
    next chip's.

    \b
    avrdeck upload blink.hex -P /dev/ttyACM0
    avrdeck upload blink.hex --delta --board nano -P /dev/ttyUSB0
    avrdeck upload blink.hex --reset manual -b 57600 -P /dev/ttyUSB0
    avrdeck upload blink.hex --isp --serial number --serial-at eeprom:0 -P /dev/ttyACM0
    """
    board = boards.find(board_id) if board_id else None
    part = deck.part or (find_part(board.part) if board and board.part else None)
    image = load_image(deck, "flash", file)
    order = serial.order("flash", "eeprom")
    if isp:
        done = await _over_isp(deck, Plan(image, delta), part, order, save_contents=not no_backup)
    else:
        plan = Plan(image, delta, board.maximum_size if board else None)
        done = await _through_bootloader(deck, plan, part, order, _way(deck, how, board))
    deck.out.result("\n".join(done.lines), done.data)


@dataclass(frozen=True, slots=True)
class _Done:
    """What an upload came to, with the serial number that the chip has now."""

    receipt: UploadReceipt
    stamp: Stamp | None

    @property
    def lines(self) -> list[str]:
        return [*self.receipt.lines, *([f"serial number {self.stamp.words}"] if self.stamp else [])]

    @property
    def data(self) -> dict[str, object]:
        return {**asdict(self.receipt), **number_data(self.stamp)}


def _way(deck: Deck, how: Reset, board: Board | None) -> Way:
    return Way(deck.port, how, deck.settings.baud or (board.speed if board else None))


async def _through_bootloader(
    deck: Deck, plan: Plan, part: Part | None, order: Order | None, way: Way
) -> _Done:
    await deck.session.disconnect()
    async with on_board(way, part, deck.session.trace, deck.out.event) as programmer:
        images.fits(plan.image, programmer.require_part(), "flash")
        chip, _ = await read_chip(programmer)
        # Of a chip that this bootloader cannot tell from others, nothing can be noted.
        deck.session.forget_chip()
        if chip.distinct:
            await noted_chip(deck, programmer)
        return await _carried_out(
            deck, programmer, plan, order, partial(bootloading.upload, programmer), deck.out.event
        )


async def _over_isp(
    deck: Deck, plan: Plan, part: Part | None, order: Order | None, *, save_contents: bool
) -> _Done:
    store = await asyncio.to_thread(Store)
    async with deck.refined(Settings(part=part.name if part else None)).target() as programmer:
        if programmer.dialect.reach is not Reach.ISP:
            raise UsageFault(
                f"{programmer.dialect.name} answers, a bootloader", advice="Upload without --isp."
            )
        images.fits(plan.image, programmer.require_part(), "flash")
        await noted_chip(deck, programmer)
        with skipping(deck) as skip:
            job = partial(
                over_isp.upload,
                programmer,
                store=store,
                ask=deck.answer,
                save_contents=save_contents,
                wish=skip.wish,
            )
            return await _carried_out(deck, programmer, plan, order, job, skip.event)


async def _carried_out(
    deck: Deck,
    programmer: Programmer,
    plan: Plan,
    order: Order | None,
    upload: Callable[..., Awaitable[UploadReceipt]],
    event: EventHandler,
) -> _Done:
    """Do ``upload``, with a serial number where one is ordered, and note how it ended."""
    job = Undertaking(deck, Kind.UPLOAD, plan.image.file, "The upload was stopped")
    if order:
        job.number = await tried_upload(
            programmer, plan.image, order, job.ledger, plan.board_limit, deck.out.event
        )
    async with job.under_way():
        receipt = await _run(upload, plan, job, job.course.watching(event))
        if job.number and job.number.sample.memory == "eeprom":
            job.ledger.done, job.ledger.holds = job.ledger.holds, UNCHANGED
            await number_chip(programmer, job.number, job.ledger, job.course.watching(event))
    done = _Done(receipt, job.stamp)
    await job.ended(done.data)
    return done


async def _run(
    upload: Callable[..., Awaitable[UploadReceipt]], plan: Plan, job: Undertaking, event: EventHandler
) -> UploadReceipt:
    number, ready = job.number, None
    if number and number.sample.memory == "flash":
        ready = partial(number.taken_in, plan.image)
        plan = replace(plan, image=number.tried_in(plan.image))
    return await upload(plan=plan, on_event=event, ledger=job.ledger, ready=ready)
