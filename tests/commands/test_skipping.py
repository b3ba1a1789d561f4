"""The key that goes on without the rest of a running backup, at a terminal that a test holds."""

import io
import os
import pty
import termios
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import pytest

from avrdeck.commands.deck import Deck
from avrdeck.commands.keys import Keys
from avrdeck.commands.output import JsonOutput, TextOutput
from avrdeck.commands.remembering import Remembering
from avrdeck.commands.safeguard import save_before
from avrdeck.commands.session import Session
from avrdeck.commands.settings import Settings
from avrdeck.jobs.backup.model import Absence
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.events import Event
from avrdeck.protocol.link import Link
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target.progress import Progress
from commands.conftest import Avrdeck
from virtual import board


@dataclass
class Terminal:
    """Both ends of one: what the user types, and the file that a program reads."""

    user: int
    file: TextIO

    def types(self, keys: bytes) -> None:
        os.write(self.user, keys)

    @property
    def settings(self) -> list[object]:
        return termios.tcgetattr(self.file.fileno())


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    user, program = pty.openpty()
    with os.fdopen(program, "r") as file:
        yield Terminal(user, file)
    os.close(user)


@dataclass
class Watched(TextOutput):
    """A text output at that terminal; the user types ``keys`` when the first bytes of ``memory`` come."""

    at: Terminal
    keys: bytes = b""
    memory: str = "eeprom"
    err: io.StringIO = field(default_factory=io.StringIO)
    listened: bool = False

    def __post_init__(self) -> None:
        super().__init__(io.StringIO(), self.err)
        self._before = self.at.settings

    def terminal(self) -> TextIO | None:
        return self.at.file

    def event(self, event: Event) -> None:
        super().event(event)
        if isinstance(event, Progress) and event.memory == self.memory and event.done > 100 and self.keys:
            self.listened = self.at.settings != self._before
            self.at.types(self.keys)
            self.keys = b""


async def programmer_with_content() -> Programmer:
    wire = board()
    cells = wire.machine.target.cells
    cells.flash[:4000] = bytes(4000)
    cells.eeprom[:] = bytes(1024)
    programmer = await Programmer.connect(Link(wire))
    await programmer.identify()
    return programmer


async def saved_with(out: TextOutput) -> dict[str, Absence]:
    deck = Deck(Settings(port="sim:"), out, Session())
    await save_before(deck, await programmer_with_content(), contents=True)
    (listed,) = Store().listing()
    assert listed.header is not None
    assert {"lfuse", "hfuse", "efuse", "lock", "signature"} <= set(listed.header.memories)
    return dict(listed.header.left_out)


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVRDECK_DATA", str(tmp_path / "data"))


async def test_the_key_leaves_out_the_rest_and_says_so(terminal: Terminal) -> None:
    out = Watched(terminal, b"p", memory="flash")
    before = terminal.settings
    assert await saved_with(out) == {"flash": Absence.SKIPPED}
    assert out.listened
    assert terminal.settings == before, "the terminal is as it was"
    told = out.err.getvalue()
    assert "save eeprom and flash, 33792 bytes, about 18 s" in told
    assert "p proceeds without it; fuses, lock bits and identity are saved" in told
    assert told.index("about 18 s") < told.index("p proceeds"), "the time is told before"
    assert "flash skipped" in told
    assert ".zip, without flash (skipped)" in told


async def test_what_is_read_by_then_is_kept(terminal: Terminal) -> None:
    assert await saved_with(Watched(terminal, b"P", memory="eeprom")) == {"flash": Absence.SKIPPED}


async def test_other_keys_mean_nothing(terminal: Terminal) -> None:
    assert await saved_with(Watched(terminal, b"sqy\n ")) == {}


async def test_the_terminal_is_given_back_after_a_fault(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = Watched(terminal, b"x")
    before = terminal.settings
    monkeypatch.setattr(out.at, "types", lambda _keys: (_ for _ in ()).throw(ZeroDivisionError))
    with pytest.raises(ZeroDivisionError):
        await saved_with(out)
    assert out.listened
    assert terminal.settings == before


async def test_without_a_terminal_nothing_is_asked_or_said(capsys: pytest.CaptureFixture[str]) -> None:
    out = TextOutput()
    assert out.terminal() is None
    assert await saved_with(out) == {}
    assert "proceeds" not in capsys.readouterr().err


def test_programs_have_no_terminal() -> None:
    assert JsonOutput().terminal() is None
    assert Remembering(JsonOutput(), Session()).terminal() is None


def test_keys_are_read_only_between_begin_and_end(terminal: Terminal) -> None:
    keys = Keys(terminal.file)
    before = terminal.settings
    assert keys.pressed() == ""
    keys.begin()
    keys.begin()
    assert keys.pressed() == ""
    terminal.types(b"ab\xff")
    assert keys.pressed() == "ab\N{REPLACEMENT CHARACTER}"
    keys.end()
    keys.end()
    assert terminal.settings == before
    terminal.types(b"y\n")
    assert terminal.file.readline() == "y\n", "the next question gets its line"


def test_a_backup_in_a_pipe_is_whole(avrdeck: Avrdeck) -> None:
    ran = avrdeck("backup", "-P", "sim:?autoreset=no")
    assert ran.status == 0
    assert "proceeds" not in ran.err
