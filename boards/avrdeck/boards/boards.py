"""Boards: the part, fuses, lock bits and bootloader that belong together.

Boards come from the Arduino cores installed on the machine and, without any, from ``data/boards``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

NEAREST = 3
BUILT_IN = "built in"


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a menu."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Menu:
    """What can be chosen for a board, such as the processor; the first option is the default."""

    id: str
    title: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class BoardFinding:
    """A defect of a board's description. ``key`` is the property it is about."""

    key: str
    message: str


@dataclass(frozen=True, slots=True)
class Board:
    """What is to be burned for a board, as chosen in its menus. `None` is what its source does not state.

    ``id`` is qualified (``arduino:avr:uno``). ``fuses`` has the part's own fuse names. ``bootloader`` is
    the file as stated, ``bootloader_file`` where it is on this machine. ``maximum_size`` is the flash left
    for a sketch, in bytes. ``usb_ids`` are (vendor, product).
    """

    id: str
    name: str
    source: str
    part: str | None
    f_cpu_hz: int | None = None
    fuses: Mapping[str, int] = field(default_factory=dict)
    unlock: int | None = None
    lock: int | None = None
    bootloader: str | None = None
    bootloader_file: Path | None = None
    protocol: str | None = None
    speed: int | None = None
    maximum_size: int | None = None
    usb_ids: tuple[tuple[int, int], ...] = ()
    menus: tuple[Menu, ...] = ()
    menu: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[BoardFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """A board by name only."""

    id: str
    name: str
    source: str
    menus: tuple[Menu, ...]

    @property
    def short_id(self) -> str:
        """The id without package and architecture."""
        return self.id.rpartition(":")[2]


class UnknownBoardError(LookupError):
    """No board of that name. ``nearest`` holds ids that look like it."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        from difflib import get_close_matches  # costs milliseconds that only an error pays

        self.name = name
        self.nearest = tuple(get_close_matches(name.lower()[:40], sorted(set(known)), NEAREST, 0.6))
        hint = f"Did you mean {' or '.join(self.nearest)}?" if self.nearest else "`boards` lists all."
        super().__init__(f"No board is called {name[:60]!r}. {hint}")


class UnknownOptionError(LookupError):
    """A menu or an option that the board does not have. ``legal`` holds those it has."""

    def __init__(self, board: str, name: str, legal: Sequence[str]) -> None:
        self.board = board
        self.name = name
        self.legal = tuple(legal)
        known = ", ".join(legal) or "nothing"
        super().__init__(f"{board} has no choice {name[:60]!r}. It has: {known}.")


def choose(board: str, menus: Sequence[Menu], wanted: Mapping[str, str]) -> dict[str, str]:
    """The option of every menu: the one wanted, else the first. Raises `UnknownOptionError`."""
    for name in wanted:
        if name not in {menu.id for menu in menus}:
            raise UnknownOptionError(board, name, [menu.id for menu in menus])
    chosen = {}
    for menu in menus:
        options = [option.id for option in menu.options]
        chosen[menu.id] = wanted.get(menu.id, options[0])
        if chosen[menu.id] not in options:
            raise UnknownOptionError(f"{board}, menu {menu.id}", chosen[menu.id], options)
    return chosen


def find(name: str, menu: Mapping[str, str] | None = None, *, folders: Sequence[Path] | None = None) -> Board:
    """The board of that id or name, in any case, with its menus set.

    ``name`` is ``nano``, ``arduino:avr:nano``, ``nano:cpu=atmega328old`` or ``Arduino Nano``.
    Cores in ``folders`` (by default those of `boards_txt.places`) come before the boards built in. Raises
    `UnknownBoardError` and `UnknownOptionError`.
    """
    wanted, choices = _parsed(name)
    known = []
    for source in _sources(folders):
        for listing in source.listings():
            if wanted in {listing.short_id.lower(), listing.id.lower(), listing.name.lower()}:
                return source.board(listing.short_id, {**choices, **(menu or {})})
            known.append(listing.short_id.lower())
    raise UnknownBoardError(name, known)


def listings(*, folders: Sequence[Path] | None = None) -> tuple[Listing, ...]:
    """Every board that `find` can reach by its id, in the order in which it looks."""
    found: dict[str, Listing] = {}
    for source in _sources(folders):
        for listing in source.listings():
            found.setdefault(listing.id.lower(), listing)
    return tuple(found.values())


def _parsed(name: str) -> tuple[str, dict[str, str]]:
    """A board's id in lower case, and the menu choices after its last colon."""
    head, _, options = name.strip().rpartition(":")
    if "=" not in options:
        return name.strip().lower(), {}
    pairs = (pair.partition("=") for pair in options.split(","))
    return head.lower(), {key: value for key, _, value in pairs}


class Source(Protocol):
    """Where boards come from: one core, or the boards built in."""

    def listings(self) -> tuple[Listing, ...]:
        """Its boards, in its order."""

    def board(self, short_id: str, menu: Mapping[str, str]) -> Board:
        """One of its boards; raises `UnknownOptionError`."""


def _sources(folders: Sequence[Path] | None) -> Iterator[Source]:
    """Cores one by one, so that a core is read only when those before it do not have the board."""
    # The readers need this module's classes, and a look at one board should not pay for the others.
    from avrdeck.boards import builtin
    from avrdeck.boards.boards_txt import core, places

    for folder in places.core_folders(places.usual() if folders is None else folders):
        yield core.load(folder)
    yield builtin.BOARDS
