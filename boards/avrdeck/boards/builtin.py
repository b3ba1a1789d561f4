"""The boards that are known with no core installed, from ``data/boards``: one file a board."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from avrdeck.boards.boards import BUILT_IN, Board, Listing, Menu, Option, choose
from avrdeck.boards.datafile import DATA, Node, read_toml

PACKAGE = "arduino:avr"
FUSES = ("lfuse", "hfuse", "efuse")
FOLDER = "boards"


class BuiltIn:
    """The boards of ``data/boards`` as a `avrdeck.boards.boards.Source`."""

    def listings(self) -> tuple[Listing, ...]:
        """Every board, by id."""
        return _listings()

    def board(self, short_id: str, menu: Mapping[str, str]) -> Board:
        """The board with its menus set; an option states only what it changes."""
        node = _read(short_id)
        menus = _menus(node)
        chosen = choose(f"{PACKAGE}:{short_id}", menus, menu)
        table = _plain(node)
        for item in menus:
            options = _options(node, item.id)
            table |= _plain(options[chosen[item.id]])
        return _board(short_id, Node(table, f"{FOLDER}/{short_id}.toml"), menus, chosen)


BOARDS = BuiltIn()


@cache
def _listings() -> tuple[Listing, ...]:
    names = sorted((path.stem for path in Path(DATA, FOLDER).glob("*.toml")), key=str.lower)
    found = []
    for name in names:
        node = _read(name)
        found.append(Listing(f"{PACKAGE}:{name}", node.need("name", str), BUILT_IN, _menus(node)))
    return tuple(found)


def _read(short_id: str) -> Node:
    file = f"{FOLDER}/{short_id}.toml"
    return Node(read_toml(file), file)


def _plain(node: Node) -> dict[str, object]:
    """The keys of a table that are not tables, without an option's label."""
    values = {key: node.raw(key) for key in node}
    return {key: value for key, value in values.items() if not isinstance(value, dict) and key != "label"}


def _options(node: Node, menu: str) -> dict[str, Node]:
    """The tables of a menu's options."""
    table = node.table("menu")
    item = table.table(menu) if table else None
    return dict(item.each("options")) if item else {}


def _menus(node: Node) -> tuple[Menu, ...]:
    table = node.table("menu")
    menus = []
    for name, item in table.each() if table else ():
        options = tuple(Option(key, option.need("label", str)) for key, option in item.each("options"))
        menus.append(Menu(name, item.need("title", str), options))
    return tuple(menus)


def _board(short_id: str, node: Node, menus: tuple[Menu, ...], chosen: dict[str, str]) -> Board:
    board = Board(
        id=f"{PACKAGE}:{short_id}",
        name=node.need("name", str),
        source=BUILT_IN,
        part=node.need("part", str),
        f_cpu_hz=node.size("f_cpu_hz"),
        fuses={fuse: node.byte(fuse, 0) for fuse in FUSES if fuse in node},
        unlock=node.byte("unlock", 0) if "unlock" in node else None,
        lock=node.byte("lock", 0) if "lock" in node else None,
        bootloader=node.need("bootloader", str),
        protocol=node.may("protocol", str),
        speed=node.may("speed", int),
        maximum_size=node.size("maximum_size"),
        usb_ids=tuple((vendor, product) for vendor, product in node.may("usb_ids", list) or ()),
        menus=menus,
        menu=chosen,
    )
    node.close()
    return board
