"""What `isp` and `stk` share: options, entering programming mode, showing answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from avrdeck.commands.deck import Deck
from avrdeck.commands.raw.exchange import Exchange, as_dump, as_list, as_table, as_wire
from avrdeck.commands.raw.words import Sweep
from avrdeck.protocol.errors import TargetError
from avrdeck.protocol.programmer import Programmer

Callback = TypeVar("Callback", bound=Callable[..., Any])
TABLE_FROM = 8
"""How many frames make a table easier to read than a list."""


def raw_options(command: Callback) -> Callback:
    """How the answers are shown, and where they are kept."""
    form = click.option(
        "--as", "form", type=click.Choice(["list", "table", "dump", "wire"]), help="How to show the answers."
    )
    output = click.option(
        "-o", "--output", "file", type=click.Path(path_type=Path), metavar="FILE", help="Answers, raw."
    )
    return form(output(command))


async def enter(deck: Deck, programmer: Programmer) -> None:
    """Enter programming mode and identify the target if that works: a raw look needs no known chip."""
    if programmer.in_progmode:
        return
    try:
        await programmer.identify(deck.part)
    except TargetError as fault:
        deck.out.note(f"{fault.title}: reading goes on, writing will be refused.")


def show(
    deck: Deck, sweep: Sweep, exchanges: Sequence[Exchange], form: str | None, file: Path | None
) -> None:
    """Hand the exchanges to the output, and the answers to ``file``."""
    if file:
        file.write_bytes(b"".join(each.received for each in exchanges))
    repeated = len(exchanges) != sweep.count
    gridded = sweep.varying and not repeated and all(len(each.received) == 1 for each in exchanges)
    form = form or ("table" if gridded and sweep.count >= TABLE_FROM else "list")
    if form == "table" and gridded:
        text = as_table(sweep, exchanges)
    elif form == "dump":
        text = as_dump(exchanges)
    elif form == "wire":
        text = as_wire(exchanges)
    else:
        text = f"{len(exchanges)} exchanges" if repeated else as_list(exchanges)
    deck.out.result(text, {"exchanges": [each.data for each in exchanges]})
