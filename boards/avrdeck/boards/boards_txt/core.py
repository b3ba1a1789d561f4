"""One core: its boards by name, and what one of them burns once its menus are set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain
from pathlib import Path

from avrdeck.boards.boards import Board, BoardFinding, Listing, Menu, Option, choose
from avrdeck.boards.boards_txt import places, properties
from avrdeck.boards.boards_txt.reader import Reader
from avrdeck.boards.text import printable

FILES = {"boards": ("boards.txt", "boards.local.txt"), "platform": ("platform.txt", "platform.local.txt")}


@dataclass(frozen=True)
class Core:
    """A core's folder and the properties in it. ``boards`` maps an id to that board's own properties."""

    folder: Path
    boards: Mapping[str, Mapping[str, str]]
    menu_titles: Mapping[str, str]
    platform: Mapping[str, str]
    findings: tuple[BoardFinding, ...]

    @cached_property
    def package(self) -> str:
        """The first part of its boards' ids."""
        return places.package(self.folder)

    @cached_property
    def source(self) -> str:
        """Its name, version and folder, for people."""
        known = dict(self.platform)
        name, _ = properties.expand(known.get("name", self.package), known)
        version, _ = properties.expand(known.get("version", ""), known)
        return f"{name} {version}".strip() + f" ({printable(str(self.folder))})"

    @cached_property
    def _listings(self) -> tuple[Listing, ...]:
        return tuple(
            Listing(f"{self.package}:avr:{name}", board["name"], self.source, self.menus(name))
            for name, board in self.boards.items()
            if "hide" not in board
        )

    def listings(self) -> tuple[Listing, ...]:
        """Its boards, in the file's order, without those marked as hidden."""
        return self._listings

    def menus(self, short_id: str) -> tuple[Menu, ...]:
        """The menus of a board, in the order in which the core declares them."""
        options: dict[str, dict[str, str]] = {}
        for key, value in self.boards[short_id].items():
            if key.startswith("menu."):
                _, menu, option, *rest = (*key.split(".", 3), "")
                labels = options.setdefault(menu, {})
                labels[option] = labels.get(option, option) if rest[0] else value or option
        return tuple(
            Menu(name, title, tuple(Option(*pair) for pair in options[name].items() if pair[0]))
            for name, title in self.menu_titles.items()
            if any(options.get(name, ()))
        )

    def board(self, short_id: str, menu: Mapping[str, str]) -> Board:
        """The board with its menus set; raises `UnknownOptionError`. Defects are among its findings."""
        own = self.boards[short_id]
        name = f"{self.package}:avr:{short_id}"
        menus = self.menus(short_id)
        chosen = choose(name, menus, menu)
        values = {**self.platform, **own, "runtime.platform.path": str(self.folder), "build.arch": "AVR"}
        for option in (f"menu.{menu}.{chosen[menu]}." for menu in chosen):
            values |= {key.removeprefix(option): own[key] for key in own if key.startswith(option)}
        reader = Reader(self.folder, values)
        part, fuses = reader.part(), reader.fuses()
        stated, file = reader.bootloader()
        return Board(
            id=name,
            name=own["name"],
            source=self.source,
            part=part,
            f_cpu_hz=reader.number("build.f_cpu"),
            fuses=fuses,
            unlock=reader.byte("bootloader.unlock_bits"),
            lock=reader.byte("bootloader.lock_bits"),
            bootloader=stated,
            bootloader_file=file,
            protocol=reader.text("upload.protocol"),
            speed=reader.number("upload.speed"),
            maximum_size=reader.number("upload.maximum_size"),
            usb_ids=reader.usb_ids(),
            menus=menus,
            menu=chosen,
            findings=(*self.findings, *self._undeclared(short_id), *reader.findings),
        )

    def _undeclared(self, short_id: str) -> list[BoardFinding]:
        """Menus that a board has and the core does not declare: the Arduino IDE ignores them too."""
        used = {key.split(".", 2)[1] for key in self.boards[short_id] if key.startswith("menu.")}
        return [
            BoardFinding(f"menu.{name}", f"menu {name} is not declared and therefore ignored")
            for name in sorted(used - self.menu_titles.keys())
        ]


def load(folder: Path) -> Core:
    """The core in a folder; it is read again only when one of its files has changed."""
    return _load(folder.resolve(), _file_state(folder.resolve()))


def _file_state(folder: Path) -> tuple[tuple[int, int], ...]:
    """Size and time of change of the core's files, as far as they exist."""
    state = []
    for name in chain.from_iterable(FILES.values()):
        try:
            status = (folder / name).stat()
        except OSError:
            continue
        state.append((status.st_size, status.st_mtime_ns))
    return tuple(state)


@lru_cache(maxsize=64)
def _load(folder: Path, _state: tuple[tuple[int, int], ...]) -> Core:
    findings: list[BoardFinding] = []
    boards = _merged(folder, FILES["boards"], findings)
    platform = _merged(folder, FILES["platform"], findings)
    menu_titles: dict[str, str] = {}
    by_board: dict[str, dict[str, str]] = {}
    for key, value in boards.items():
        first, _, rest = key.partition(".")
        if first == "menu":
            menu_titles[rest] = value
        elif rest:
            by_board.setdefault(first, {})[rest] = value
    named = {name: board for name, board in by_board.items() if board.get("name")}
    return Core(folder, named, menu_titles, platform, tuple(findings))


def _merged(folder: Path, names: tuple[str, ...], findings: list[BoardFinding]) -> dict[str, str]:
    """The properties of the files that exist, a later file winning."""
    values: dict[str, str] = {}
    for name in names:
        path = folder / name
        if not path.exists():
            continue
        if not path.resolve().is_relative_to(folder) or not path.is_file():
            findings.append(BoardFinding(name, f"{name} is not a file of the core: ignored"))
            continue
        read = properties.read(path)
        values |= read.values
        findings += read.findings
    return values
