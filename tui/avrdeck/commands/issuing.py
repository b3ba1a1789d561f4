"""Serial numbers within what a command writes: tried with none used, before anything is asked or written."""

from __future__ import annotations

from avrdeck.boards.images import Image
from avrdeck.jobs.backup.identity import Chip, read_chip
from avrdeck.jobs.events import EventHandler, unheard
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.serials.numbering import Numbering
from avrdeck.jobs.serials.order import Order
from avrdeck.jobs.serials.stamping import insist_on_room, numbered
from avrdeck.jobs.upload import room
from avrdeck.jobs.upload.over_isp import bootloader_start
from avrdeck.protocol.dialects import Reach
from avrdeck.protocol.errors import UsageFault
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import fuses


async def tried(
    programmer: Programmer,
    image: Image,
    order: Order,
    ledger: Ledger,
    on_event: EventHandler = unheard,
    *,
    erased: bool,
) -> tuple[Chip, Numbering]:
    """The chip and its serial number, tried in its place; the job that writes it keeps ``ledger``.

    ``erased`` says that what the chip holds there goes. Raises `Refused` where other data is in the way and
    `UsageFault` without such a place.
    """
    with Ledger().told():
        chip, _ = await read_chip(programmer)
        sample = await order.sample(chip)
        numbered(image, sample)
        await insist_on_room(programmer, sample, erased=erased)
    return chip, Numbering(order, chip, sample, ledger, on_event)


async def tried_upload(
    programmer: Programmer,
    image: Image,
    order: Order,
    ledger: Ledger,
    limit: int | None,
    on_event: EventHandler = unheard,
) -> Numbering:
    """As `tried`, for a sketch, whose pages are all written; its bootloader stays.

    ``limit`` is as with `room.insist_on_room`. Raises `UsageFault` too for a place that is the bootloader's.
    """
    in_flash = order.place.memory == "flash"
    _, number = await tried(programmer, image, order, ledger, on_event, erased=in_flash)
    if in_flash:
        with Ledger().told():
            await _insist_on_sketch(programmer, image, number, limit)
    return number


async def _insist_on_sketch(
    programmer: Programmer, image: Image, number: Numbering, limit: int | None
) -> None:
    """Raise `UsageFault` where the serial number would be in the bootloader."""
    if programmer.dialect.reach is Reach.BOOTLOADER:
        await room.insist_on_room(programmer, numbered(image, number.sample), limit)
        return
    start = bootloader_start(programmer.require_part(), await fuses.read_all(programmer))
    if start is not None and image.end <= start < number.sample.end:
        raise UsageFault(
            f"The serial number's place is the bootloader's, which begins at 0x{start:04X}",
            advice="Choose a place below it, or stamp it afterwards: avrdeck serial flash --at ADDRESS.",
        )
