"""avrdeck without a verb and without the app: what is behind the port.

On ``sim:`` that is a demonstration: a bootloader is burned into the virtual Uno first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path

from avrdeck.boards import images
from avrdeck.boards.boards import find
from avrdeck.commands.deck import Deck
from avrdeck.commands.identity import as_data, described
from avrdeck.jobs.burn import BurnPlan, burn
from avrdeck.protocol.target import fuses

VIRTUAL_PORT = "sim:"
DEMO_BOARD = ("diecimila", {"cpu": "atmega328"})
"""An ATmega328P at 16 MHz like the Uno; Debian's file for the Uno itself does not fit its chip."""


async def show(deck: Deck) -> None:
    """Say who answers and what the chip holds; on ``sim:``, after burning a bootloader into it."""
    if deck.settings.port is None:
        deck = replace(deck, settings=replace(deck.settings, port=VIRTUAL_PORT))
    async with deck.target() as programmer:
        part = programmer.require_part()
        if deck.port == VIRTUAL_PORT:
            plan, what = _demonstration()
            deck.out.note(f"Burning {what} into a virtual {part.name}:")
            await burn(programmer, plan, deck.out.event)
            await programmer.enter()
        values = await fuses.read_all(programmer) if programmer.dialect.universal else {}
        deck.out.result(described(programmer, part, values), as_data(programmer, part, values))


def _demonstration() -> tuple[BurnPlan, str]:
    """What to burn, and in words: the installed core's bootloader, else an image of our own."""
    board = find(DEMO_BOARD[0], DEMO_BOARD[1])
    file, what = board.bootloader_file, f"the bootloader of {board.name}"
    if file is None:
        resource = files("avrdeck.boards").joinpath("firmware/standstill/standstill.hex")
        with as_file(resource) as own:
            return _plan(own, board.fuses, board.lock), "a test image (no Arduino core is installed)"
    return _plan(file, board.fuses, board.lock), what


def _plan(file: Path, fuse_bytes: Mapping[str, int], lock: int | None) -> BurnPlan:
    return BurnPlan(images.load(file, "flash"), fuse_bytes, lock)
