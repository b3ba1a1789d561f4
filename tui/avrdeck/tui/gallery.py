"""Every screen of the app as a picture, taken from the simulator: for the README and to see what changed.

``python -m avrdeck.tui.gallery FOLDER`` writes them all. Nothing in them depends on time or place: the
chip is made up, time is that of the virtual lines, and the machine's ports, folders and history are not
looked at.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

from textual.pilot import Pilot

from avrdeck.boards import images
from avrdeck.boards.catalog import part
from avrdeck.boards.images import Image, Segment
from avrdeck.jobs.inventory.book import Inventory
from avrdeck.protocol.simulator import state
from avrdeck.protocol.simulator.cells import factory_fresh
from avrdeck.protocol.simulator.oscillator import UNO_CRYSTAL
from avrdeck.protocol.target.progress import Operation, Progress
from avrdeck.protocol.transports.sim import SimTransport, open_sim
from avrdeck.tui import screenshots, themes
from avrdeck.tui.app import DeckApp
from avrdeck.tui.screens.answer import AnswerScreen

NARROW, USUAL, WIDE = (80, 24), (120, 40), (200, 60)
APPLICATION, LOADER, LOADER_AT = 9300, 502, 0x7E00
NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
"""When it always is in the pictures."""
MOST_LOOKS = 30
SETTLING_SECONDS = 0.15
"""The panes repaint ten times a second."""
WAIT, ASKED, HELD = "wait", "asked", "held"
"""In a scene's keys: wait for the job on the wire, for its question, or until it is held in its middle."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture: what is pressed before it is taken. A key beginning with ``type:`` is typed.

    ``hold`` is how many bytes of flash are written when the wire stands still.
    """

    name: str
    keys: Sequence[str]
    hold: int = 0


class Wires:
    """The virtual lines that are opened: their time, and whether they stand still."""

    def __init__(self) -> None:
        self.opened: list[SimTransport] = []
        self.hold = 0
        self.held = False
        self._go_on = asyncio.Event()

    def now(self) -> float:
        """Virtual seconds on all of them together."""
        return sum(wire.now() for wire in self.opened)

    def open(self, url: str = "sim:", baud: int | None = None) -> SimTransport:
        """As `open_sim`."""
        self.opened.append(open_sim(url, baud))
        return self.opened[-1]

    async def wait(self, progress: Progress | None) -> None:
        """Wait where the scene wants the line to be held."""
        if self.hold and progress and progress.operation is Operation.WRITE and progress.done >= self.hold:
            self.held = True
            await self._go_on.wait()

    def release(self) -> None:
        """Let what was held go on."""
        self.hold = 0
        self._go_on.set()


STAGED = ("r", WAIT, "3", "enter", "e", "type:0000ff", "escape")
"""Bytes typed over the first ones of flash, of which some bits rise."""
WRITTEN = (
    *("v", "n", WAIT, "escape", "r", WAIT, "3", "tab", "enter", "e", "type:deadbeef", "escape"),
    *("w", WAIT, "enter", ASKED, "type:yes", "enter", WAIT, "escape"),
)
"""A backup, and EEPROM that was written since."""
TYPED = (
    "4", "type:fuse set eesave=on bodlevel=4.3V", "enter", WAIT,
    "type:isp 30 00 {0..2} 00", "enter", WAIT,
)  # fmt: skip
UNO_MINI = ("b", "b", "type:uno mini", "enter", "l")
BURN = (*UNO_MINI, "type:loader.hex", "enter")
UPLOAD = ("U", "f", "type:other.hex", "enter")
YES = ("enter", ASKED, "type:yes", "enter")
SCENES = (
    Scene("fuses", ("r", WAIT, *TYPED, "escape", "2", *["down"] * 7)),
    Scene("connection", ("r", WAIT, "1")),
    Scene("memory", ("r", WAIT, "3", *["right"] * 12)),
    Scene(
        "console",
        ("4", "type:isp 30 00 {0..2} 00", "enter", WAIT, "type:fuses", "enter", WAIT, "type:fuse s"),
    ),
    Scene("choose", ("2", "down", "enter", "type:internal")),
    Scene("write", ("2", *["down"] * 5, "space", "w", "type:ATmega3")),
    Scene("hex", ("r", WAIT, "3", "d", "type:other.hex", "enter", "enter", "slash", 'type:"v1.4"', "enter")),
    Scene("hex-backup", (*WRITTEN, "d", WAIT, "enter", WAIT)),
    Scene("patch", (*STAGED, "w", WAIT)),
    Scene("patched", (*STAGED, "w", WAIT, "enter", ASKED, "type:yes", "enter", WAIT)),
    Scene("trace", ("t", "f", *["up"] * 6)),
    Scene("burn", ("r", WAIT, *BURN)),
    Scene("burning", ("r", WAIT, *UNO_MINI, "type:factory.hex", "enter", *YES, HELD), hold=5632),
    Scene("burned", ("r", WAIT, *BURN, *YES, WAIT)),
    Scene("upload", ("r", WAIT, "U", "i", "f", "type:other.hex", "enter")),
    Scene("uploading", ("r", WAIT, *UPLOAD, *YES, *YES[1:], HELD), hold=3968),
    Scene("uploaded", ("r", WAIT, *UPLOAD, *YES, *YES[1:], WAIT)),
    Scene("doctor", ("o", "type:sim:?target=none", "enter", WAIT, "escape", "d", WAIT)),
    Scene("backups", ("v", "n", WAIT, "escape", "v", WAIT)),
    Scene("compared", (*WRITTEN, "escape", "v", "n", WAIT, "space", "down", "down", "d", WAIT)),
    Scene("restore", (*WRITTEN, "escape", "v", "r", ASKED)),
    Scene("inventory", ("i", "l", "type:bench-uno-4", "enter")),
    Scene("wiring", ("y",)),
    Scene("fault", ("x", WAIT, "2", "right", "space", "w")),
    Scene("help", ("2", "question_mark")),
)


View = tuple[tuple[int, int], str]
"""A terminal's size and a theme."""


async def pictures(scene: Scene, views: Sequence[View]) -> list[str]:
    """The scene as Rich's SVG, once a view."""
    taken = []
    wires = Wires()
    wires.hold = scene.hold
    with surroundings(wires) as port:
        app = DeckApp(port)
        app.animation_level = "none"
        read = SimTransport.read

        async def held(wire: SimTransport, timeout: float) -> bytes:
            await wires.wait(app.session.job.progress if app.session.job else None)
            return await read(wire, timeout)

        with mock.patch.object(SimTransport, "read", held):
            async with app.run_test(size=views[0][0]) as pilot:
                await _settled(pilot)
                for key in scene.keys:
                    await _press(pilot, key, wires)
                for size, theme in views:
                    app.theme = theme
                    await pilot.resize_terminal(*size)
                    taken.append(await _still(pilot))
                wires.release()
                if scene.hold:
                    await _settled(pilot)
    return taken


async def _still(pilot: Pilot[None]) -> str:
    """The screen once it does not change any more."""
    before = ""
    for _ in range(MOST_LOOKS):
        await pilot.pause()
        await pilot.pause(SETTLING_SECONDS)
        now = pilot.app.export_screenshot()
        if now == before:
            break
        before = now
    return before


async def _press(pilot: Pilot[None], key: str, wires: Wires) -> None:
    if key == WAIT:
        await _settled(pilot)
    elif key == HELD:
        while not wires.held:
            await pilot.pause(SETTLING_SECONDS)
    elif key == ASKED:
        while not isinstance(pilot.app.screen, AnswerScreen):
            await pilot.pause(SETTLING_SECONDS)
    elif key.startswith("type:"):
        for letter in key.removeprefix("type:"):
            await pilot.press(_KEYS.get(letter, letter))
    else:
        await pilot.press(key)


_KEYS = {
    " ": "space", "=": "equals_sign", ".": "full_stop", "-": "minus", '"': "quotation_mark",
    "{": "left_curly_bracket", "}": "right_curly_bracket",
}  # fmt: skip


async def _settled(pilot: Pilot[None]) -> None:
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()
    await pilot.pause()


def _noon() -> datetime:
    return NOON


@contextmanager
def surroundings(wires: Wires) -> Iterator[str]:
    """A folder with a made-up chip and files, and a machine with ``wires`` alone; the port to open."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ) as environment:
        os.environ.update(AVRDECK_DATA=f"{folder}/data", XDG_STATE_HOME=f"{folder}/state")
        environment.pop("NO_COLOR", None)
        os.chdir(folder)
        _furnish(Path(folder))
        try:
            with (
                mock.patch("serial.tools.list_ports.comports", list),
                mock.patch("avrdeck.protocol.transports.sim.open_sim", wires.open),
                mock.patch("avrdeck.tui.controllers.steplog.now", wires.now),
                mock.patch.object(Inventory.__init__, "__defaults__", (None, _noon)),
                mock.patch("avrdeck.jobs.backup.model.datetime", mock.Mock(**{"now.return_value": NOON})),
                mock.patch("textual.widgets.Input.cursor_blink", new=False),
                mock.patch("avrdeck.boards.boards_txt.places.usual", tuple),
            ):
                yield "sim:?autoreset=no&state=chip.json"
        finally:
            os.chdir(before)


def _furnish(folder: Path) -> None:
    """A chip as on a well-used Uno, a file that differs from it, and a loader."""
    dice = random.Random(3)  # noqa: S311 - the same bytes each time, no secret
    common = (0x00, 0x01, 0x04, 0x10, 0x91, 0xE0, 0xCF)
    program = bytearray(b"\x0c\x94\x5c\x00" + b"\x0c\x94\x6e\x00" * 25)
    while len(program) < APPLICATION:
        program.append(dice.choice((*common, dice.randrange(256))))
    program[0xE8:0xFC] = b"bench-uno-4 v1.4.2\n\0"
    loader = bytes(dice.randrange(256) for _ in range(LOADER))
    cells = factory_fresh(part("ATmega328P"), 7)
    cells.flash[: len(program)] = program
    cells.flash[LOADER_AT : LOADER_AT + LOADER] = loader
    cells.eeprom[:96] = bytes(dice.randrange(256) for _ in range(96))
    cells.fuses.update(lfuse=0xFF, hfuse=0xDE, efuse=0xFD, lock=0xCF)
    state.save(folder / "chip.json", state.State(cells, UNO_CRYSTAL))
    for address, byte in {0x42: 0x21, 0xE0: 0x6B, 0xE4: 0xDA, 0xF9: 0x31, 0x140: 0x81}.items():
        program[address] = byte
    images.save(Image.of(bytes(program)), folder / "other.hex")
    images.save(Image.of(loader, LOADER_AT), folder / "loader.hex")
    both = (Segment(0, bytes(program)), Segment(LOADER_AT, loader))
    images.save(Image("", both), folder / "factory.hex")


async def write_all(folder: Path) -> None:
    """Every scene at the two usual sizes, and the first in every theme and wide."""
    for scene in SCENES:
        views: list[View] = [(size, themes.DARK) for size in (NARROW, USUAL)]
        if scene is SCENES[0]:
            views += [(USUAL, theme) for theme in themes.PALETTES if theme != themes.DARK]
            views.append((WIDE, themes.DARK))
        for view, svg in zip(views, await pictures(scene, views), strict=True):
            screenshots.write(svg, folder / file_name(scene, view))


def file_name(scene: Scene, view: View) -> str:
    """The picture's file, without its ending."""
    (width, height), theme = view
    shade = "" if theme == themes.DARK else f"-{theme.removeprefix('avrdeck-')}"
    return f"{scene.name}{shade}-{width}x{height}"


def main() -> None:
    """Write them all into the folder named on the command line."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(write_all(folder))


if __name__ == "__main__":
    main()
