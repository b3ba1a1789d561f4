"""Serial numbers within what a command writes: tried with none used, taken, and told of when that fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from avrdeck.boards.images import Image
from avrdeck.jobs.backup.identity import Chip, read_chip
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.serials.order import Order
from avrdeck.jobs.serials.stamping import Stamp, insist_on_room, stamped
from avrdeck.jobs.upload import room
from avrdeck.jobs.upload.over_isp import bootloader_start
from avrdeck.protocol.dialects import Reach
from avrdeck.protocol.errors import Fault, UsageFault
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import fuses


async def tried(programmer: Programmer, image: Image, order: Order, *, erased: bool) -> Chip:
    """The chip, after a serial number was tried in its place with none used.

    ``erased`` says that what the chip holds there goes. Raises `Refused` where other data is in the way and
    `UsageFault` without such a place.
    """
    with Ledger().told():
        chip, _ = await read_chip(programmer)
        sample = await order.sample(chip)
        numbered(image, sample)
        await insist_on_room(programmer, sample, erased=erased)
        return chip


async def tried_upload(programmer: Programmer, image: Image, order: Order, limit: int | None) -> Chip:
    """As `tried`, for a sketch, whose pages are all written; its bootloader stays.

    ``limit`` is as with `room.insist_on_room`. Raises `UsageFault` too for a place that is the bootloader's.
    """
    chip = await tried(programmer, image, order, erased=order.place.memory == "flash")
    with Ledger().told():
        sample = await order.sample(chip)
        if sample.memory != "flash":
            return chip
        if programmer.dialect.reach is Reach.BOOTLOADER:
            await room.insist_on_room(programmer, numbered(image, sample), limit)
            return chip
        start = bootloader_start(programmer.require_part(), await fuses.read_all(programmer))
        if start is not None and image.end <= start < sample.end:
            raise UsageFault(
                f"The serial number's place is the bootloader's, which begins at {start:#06x}",
                advice="Choose a place below it, or stamp it afterwards: avrdeck serial flash --at ADDRESS.",
            )
    return chip


def numbered(image: Image, stamp: Stamp | None) -> Image:
    """``image`` with the serial number in it, where that is for its memory; raises as `stamped`."""
    return stamped(image, stamp) if stamp and stamp.memory == image.memory else image


@contextmanager
def spent(stamp: Stamp | None) -> Iterator[None]:
    """Add to a fault what became of the serial number."""
    try:
        yield
    except Fault as fault:
        if stamp:
            fault.advice = f"{fault.advice} {stamp.spent}".strip()
        raise
