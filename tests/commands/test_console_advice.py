"""What the line console advises can be typed into it as it stands."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pytest

from avrdeck.boards.catalog import part
from avrdeck.commands.deck import Deck
from avrdeck.commands.output import TextOutput
from avrdeck.commands.session import Session
from avrdeck.commands.settings import Settings
from avrdeck.console import loop
from avrdeck.protocol.simulator import state
from avrdeck.protocol.simulator.cells import factory_fresh
from avrdeck.protocol.simulator.oscillator import Xtal
from avrdeck.protocol.simulator.state import State
from commands.conftest import Avrdeck


class Keyboard(io.StringIO):
    """Standard input at a terminal that can only print lines."""

    def isatty(self) -> bool:
        return True


async def typed(lines: Sequence[str], port: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """What the console prints as results, and what besides."""
    pending = [f"{line}\n" for line in lines]

    async def typed_line() -> str:
        return pending.pop(0) if pending else ""

    monkeypatch.setattr(loop, "typed_line", typed_line)
    monkeypatch.setattr("sys.stdin", Keyboard())
    monkeypatch.setattr(loop, "comfortable", lambda: False)
    out, err = io.StringIO(), io.StringIO()
    await loop.run(Deck(Settings(port=port), TextOutput(out, err), Session(keep=True)))
    return out.getvalue(), err.getvalue()


async def test_a_fault_names_the_command_as_it_is_typed_there(monkeypatch: pytest.MonkeyPatch) -> None:
    _, err = await typed(["inventory show 99"], "sim:?autoreset=no", monkeypatch)
    assert "         inventory list shows them." in err
    assert "avrdeck inventory" not in err


@pytest.fixture
def locked(tmp_path: Path) -> str:
    """A virtual board whose chip is locked, which the doctor advises to erase."""
    cells = factory_fresh(part("ATmega328P"))
    cells.fuses["lock"] = 0xFC
    state.save(tmp_path / "chip.json", State(cells, Xtal.parse("8000000")))
    return f"sim:?autoreset=no&state={tmp_path / 'chip.json'}"


async def test_so_does_the_doctor(locked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    out, _ = await typed(["doctor"], locked, monkeypatch)
    assert "If its content may go: erase." in out


def test_on_the_command_line_it_has_the_programs_name(avrdeck: Avrdeck, locked: str) -> None:
    assert "         avrdeck inventory list shows them." in avrdeck("inventory", "show", "99").err
    assert "If its content may go: avrdeck erase." in avrdeck("doctor", "-P", locked).out
