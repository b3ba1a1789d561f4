"""``sim``: the virtual programmer as a serial port for other programs."""

from __future__ import annotations

from pathlib import Path

import click

from avrdeck.commands.deck import Deck
from avrdeck.commands.verb import verb
from avrdeck.protocol.simulator.options import DialectName, from_pairs


@verb("sim")
@click.option(
    "--pty", "path", required=True, type=click.Path(path_type=Path), metavar="PATH", help="Name of the port."
)
@click.option(
    "--dialect", type=click.Choice([name.value for name in DialectName]), help="Firmware on the board."
)
@click.option(
    "--state", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Keep the chip in FILE."
)
@click.option(
    "--xtal", metavar="WHAT", help="On the target's XTAL1: none, 8000000 (crystal), ext1000000 (driven)."
)
@click.option("--fast", is_flag=True, help="Do not keep the pace of the client's baud rate.")
@click.option(
    "--reset-on-open", is_flag=True, default=None, help="Reset the board when a client opens the port."
)
async def sim(
    deck: Deck,
    path: Path,
    dialect: str | None,
    state: Path | None,
    xtal: str | None,
    fast: bool,
    reset_on_open: bool | None,
) -> None:
    """Offer a virtual programmer, with a virtual chip behind it, as a serial port.

    Runs until it is interrupted. Other programs use PATH as they would /dev/ttyACM0.

    \b
    avrdeck sim --pty /tmp/uno
    avrdude -c stk500v1 -b 19200 -p m328p -P /tmp/uno
    """
    from avrdeck.protocol.simulator.pty_server import serve

    given = {
        "part": deck.part.name if deck.part else None,
        "dialect": dialect,
        "state": str(state) if state else None,
        "xtal": xtal,
        "baud": str(deck.settings.baud) if deck.settings.baud else None,
    }
    options = from_pairs({name: value for name, value in given.items() if value is not None})
    await serve(path, options, fast=fast, reset_on_open=reset_on_open, report=deck.out.note)
