"""``burn``: a bootloader with its fuses and lock bits."""

from __future__ import annotations

from pathlib import Path

import click

from avrdeck.boards import images
from avrdeck.commands.deck import Deck
from avrdeck.commands.verb import verb
from avrdeck.jobs.burn import BurnPlan, BurnReceipt, check
from avrdeck.jobs.burn import burn as run_burn


class Byte(click.ParamType[int]):
    """A byte in the spellings of avrdude users: 0x62, 0b01100010, 98; plain hex digits too."""

    name = "byte"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The byte, or a usage error that says what is accepted."""
        if isinstance(value, int):
            return value
        try:
            number = int(str(value), 0)
        except ValueError:
            self.fail(f"{value!r} is no byte; write 0x62, 0b01100010 or 98", param, ctx)
        if not 0 <= number <= 0xFF:
            self.fail(f"{value} does not fit a byte", param, ctx)
        return number


BYTE = Byte()


@verb("burn")
@click.option(
    "--bootloader", "file", required=True, type=click.Path(path_type=Path), metavar="FILE", help="HEX or ELF."
)
@click.option("--lfuse", type=BYTE, help="Low fuse.")
@click.option("--hfuse", type=BYTE, help="High fuse.")
@click.option("--efuse", type=BYTE, help="Extended fuse.")
@click.option("--lock", type=BYTE, help="Lock bits, written last.")
async def burn(
    deck: Deck, file: Path, lfuse: int | None, hfuse: int | None, efuse: int | None, lock: int | None
) -> None:
    """Burn a bootloader: erase, fuses, flash, verify, lock.

    \b
    avrdeck burn --bootloader optiboot.hex --lfuse 0xFF --hfuse 0xDE --efuse 0xFD --lock 0xCF \\
        -p m328p -P /dev/ttyACM0
    """
    image = images.load(file, "flash", part=deck.part)
    given = {"lfuse": lfuse, "hfuse": hfuse, "efuse": efuse}
    plan = BurnPlan(image, {name: value for name, value in given.items() if value is not None}, lock)
    if deck.part:
        check(plan, deck.part)
    async with deck.target() as programmer:
        part = programmer.require_part()
        images.fits(image, part, "flash")
        await deck.confirm(f"Erase the {part.name} and burn {image.file}?")
        receipt = await run_burn(programmer, plan, deck.out.event)
    deck.out.result(_told(receipt), _data(receipt))


def _told(receipt: BurnReceipt) -> str:
    values = "  ".join(f"{name} {value:02X}" for name, value in receipt.after.items())
    return f"{receipt.file} is in the {receipt.part}, {receipt.bytes_written} bytes verified\n{values}"


def _data(receipt: BurnReceipt) -> dict[str, object]:
    return {
        "part": receipt.part,
        "file": receipt.file,
        "size": receipt.bytes_written,
        "verified": True,
        "before": dict(receipt.before),
        "after": dict(receipt.after),
    }
