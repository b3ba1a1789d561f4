"""``boards``, ``board``: what the Arduino cores on this machine would burn."""

from __future__ import annotations

from pathlib import Path

import click

from avrdeck.boards import boards as known_boards
from avrdeck.boards.boards import Listing
from avrdeck.commands.deck import Deck
from avrdeck.commands.reference import boardsheet
from avrdeck.commands.reference.layout import cells, cut, wrapped
from avrdeck.commands.verb import verb
from avrdeck.protocol.errors import UsageFault

ID_CELLS = 34
NAME_CELLS = 42

core_option = click.option(
    "--core",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="FOLDER",
    help="Look in FOLDER instead of where cores usually are.",
)


@verb("boards")
@click.argument("words", nargs=-1, metavar="[WORD]...")
@core_option
async def boards(deck: Deck, words: tuple[str, ...], core: Path | None) -> None:
    """List the boards of every Arduino core on this machine, and those built in.

    With WORDs, those in whose id or name every WORD occurs.

    \b
    avrdeck boards
    avrdeck boards nano --core ~/Arduino
    """
    listings = known_boards.listings(folders=None if core is None else [core])
    found = [one for one in listings if _has(one, words)]
    if not found:
        near = known_boards.UnknownBoardError("".join(words), [one.short_id.lower() for one in listings])
        raise UsageFault(str(near))
    deck.out.result(_listing(found), {"boards": [_data(one) for one in found]})


def _has(one: Listing, words: tuple[str, ...]) -> bool:
    names = f"{one.id} {one.name}".lower()
    return all(word.strip().lower() in names for word in words)


def _listing(found: list[Listing]) -> str:
    """The boards under their sources, with their menus."""
    lines: list[str] = []
    for source in dict.fromkeys(one.source for one in found):
        lines += [*([""] if lines else []), *wrapped(cut(source, boardsheet.LONGEST))]
        for one in (one for one in found if one.source == source):
            lines += _board_lines(one)
    return "\n".join(lines)


def _board_lines(one: Listing) -> list[str]:
    shown = cut(one.id, ID_CELLS)
    lines = [f"  {shown}{' ' * (ID_CELLS - cells(shown))}  {cut(one.name, NAME_CELLS)}"]
    if one.menus:
        menus = ", ".join(f"{menu.id} ({len(menu.options)})" for menu in one.menus)
        lines += wrapped(cut(menus, boardsheet.LONGEST), " " * (ID_CELLS + 4))
    return lines


def _data(one: Listing) -> dict[str, object]:
    return {"id": one.id, "name": one.name, "source": one.source, "menus": boardsheet.menu_data(one.menus)}


@verb("board")
@click.argument("name", metavar="ID")
@click.option("--menu", "choices", multiple=True, metavar="KEY=VALUE", help="A choice of a menu; repeatable.")
@core_option
async def board(deck: Deck, name: str, choices: tuple[str, ...], core: Path | None) -> None:
    """Show what would be burned for a board: fuses, lock bits, bootloader.

    ID is nano, arduino:avr:nano, nano:cpu=atmega168 or "Arduino Nano". A menu that is not chosen stands
    at its first option.

    \b
    avrdeck board uno
    avrdeck board nano --menu cpu=atmega168
    """
    menu = dict(_choice(text) for text in choices)
    found = known_boards.find(name, menu, folders=None if core is None else [core])
    deck.out.result(boardsheet.text(found), boardsheet.data(found))


def _choice(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise UsageFault(f"{text[:40]!r} is no choice", advice="Write KEY=VALUE, such as cpu=atmega168.")
    return key, value
