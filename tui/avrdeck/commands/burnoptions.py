"""The options that say what to burn, for one programmer and for many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from avrdeck.boards import deckwishes
from avrdeck.boards.deckboot import DeckbootError
from avrdeck.boards.deckwishes import Wishes
from avrdeck.boards.text import printable
from avrdeck.commands.deck import Deck
from avrdeck.commands.serialoptions import Callback, SerialOptions, serial_options
from avrdeck.jobs.burn.choosing import Choice, Hand, by_hand, for_board
from avrdeck.jobs.burn.job import Keeping
from avrdeck.jobs.staging import fuse_byte
from avrdeck.protocol.errors import UsageFault


class Byte(click.ParamType[int]):
    """A fuse or lock byte as `fuse set` takes it: ``E2``, ``0xE2``, ``0b11100010``."""

    name = "byte"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The byte, or a usage error that says what is accepted."""
        try:
            return value if isinstance(value, int) else fuse_byte(str(value))
        except UsageFault as fault:
            self.fail(f"{fault.title}. {fault.advice}", param, ctx)


@dataclass(frozen=True, slots=True)
class Burning:
    """What the options say."""

    board: str | None
    menus: tuple[str, ...]
    hand: Hand
    no_backup: bool

    @property
    def chosen(self) -> bool:
        """Whether anything is said of what to burn."""
        return bool(self.board or self.menus or self.hand != Hand())

    @property
    def keeping(self) -> Keeping:
        """Where backups and journals go, and what is saved."""
        return Keeping(contents=not self.no_backup)

    def choice(self, deck: Deck) -> Choice:
        """The plan, after what is worth knowing about it was told; raises as `for_board` and `by_hand`."""
        if self.board is None and self.menus:
            raise UsageFault(
                "A menu belongs to a board", advice="Name the board: burn nano --menu cpu=atmega168."
            )
        if self.board is None:
            choice = by_hand(self.hand, deck.part)
        else:
            choice = for_board(self.board, _choices(self.menus), self.hand)
        for note in choice.notes:
            deck.out.note(printable(note))
        return choice


def _choices(menus: Sequence[str]) -> Mapping[str, str]:
    pairs = dict(menu.partition("=")[::2] for menu in menus)
    if not all(key and value for key, value in pairs.items()):
        raise UsageFault("A menu's choice is written KEY=VALUE", advice="As in --menu cpu=atmega168.")
    return pairs


def burn_options(command: Callback) -> Callback:
    """Give ``command`` the options; it gets a `Burning` named ``burning``."""

    @serial_options
    @wraps(command)
    async def collected(
        *args: Any,  # noqa: ANN401 - handed on
        board: str | None,
        menus: tuple[str, ...],
        file: Path | None,
        deckboot: bool,
        wishes: tuple[str, ...],
        lock: int | None,
        no_backup: bool,
        serial: SerialOptions,
        **others: Any,  # noqa: ANN401 - handed on
    ) -> None:
        given = {name: others.pop(name) for name in ("lfuse", "hfuse", "efuse")}
        hand = Hand(
            file,
            {name: value for name, value in given.items() if value is not None},
            lock,
            _wishes(wishes) if deckboot or wishes else None,
            serial.recipe,
            serial.place(),
            serial.overwrite,
        )
        await command(*args, burning=Burning(board, menus, hand, no_backup), **others)

    for option in reversed(_OPTIONS):
        collected = option(collected)
    return collected


def _wishes(words: Sequence[str]) -> Wishes:
    try:
        return deckwishes.parse(words)
    except DeckbootError as error:
        raise UsageFault(printable(str(error))) from error


BYTE = Byte()
_OPTIONS = (
    click.argument("board", required=False, metavar="[BOARD]"),
    click.option(
        "--menu",
        "menus",
        multiple=True,
        metavar="KEY=VALUE",
        help="A choice in the board's menus; repeatable.",
    ),
    click.option("--bootloader", "file", type=click.Path(path_type=Path), metavar="FILE", help="HEX or ELF."),
    click.option("--deckboot", is_flag=True, help="avrdeck's own bootloader instead of a file."),
    click.option(
        "--wish",
        "wishes",
        multiple=True,
        metavar="WISH",
        help=f"deckboot, made so: {deckwishes.WISHES}; repeatable.",
    ),
    click.option("--lfuse", type=BYTE, help="Low fuse, in hex."),
    click.option("--hfuse", type=BYTE, help="High fuse, in hex."),
    click.option("--efuse", type=BYTE, help="Extended fuse, in hex."),
    click.option("--lock", type=BYTE, help="Lock bits, in hex, written last."),
    click.option("--no-backup", is_flag=True, help="Save fuses, lock and identity only before the erase."),
)
