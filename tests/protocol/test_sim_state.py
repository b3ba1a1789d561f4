"""The virtual chip as a file."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrdeck.boards.catalog import part
from avrdeck.protocol.simulator import board
from avrdeck.protocol.simulator.cells import factory_fresh
from avrdeck.protocol.simulator.options import from_url
from avrdeck.protocol.simulator.oscillator import UNO_CRYSTAL, Xtal
from avrdeck.protocol.simulator.state import MAX_FILE_BYTES, BadState, State, dump, load, parse, save
from protocol.sim_boards import ask, machine

FRESH = json.loads(dump(State(factory_fresh(part("ATtiny85")), UNO_CRYSTAL)))


@pytest.mark.parametrize("name", ["ATmega328P", "ATmega2560", "ATtiny85", "AT90S1200"])
@pytest.mark.parametrize("xtal", ["none", "16000000", "ext1000000"])
def test_what_is_saved_is_what_is_loaded(name: str, xtal: str, tmp_path: Path) -> None:
    cells = factory_fresh(part(name), seed=3)
    cells.flash[7], cells.fuses["lock"] = 0x12, 0xFC
    state = State(cells, Xtal.parse(xtal))
    save(tmp_path / "chip.json", state)
    assert load(tmp_path / "chip.json") == state
    assert [path.name for path in tmp_path.iterdir()] == ["chip.json"]


def test_no_file_is_no_chip_yet(tmp_path: Path) -> None:
    assert load(tmp_path / "chip.json") is None


BAD = {
    "no json": "{",
    "deep": "[" * 100_000,
    "no table": "[]",
    "other format": {"format": "x"},
    "no part": {"part": None},
    "unknown part": {"part": "ATmega9999"},
    "another part": {"part": "ATmega328P"},
    "bad xtal": {"xtal": "16 MHz"},
    "short flash": {"flash": "AAAA"},
    "no base64": {"flash": "?" * 8},
    "flash is a number": {"flash": 5},
    "no eeprom": {"eeprom": None},
    "fuse missing": {"fuses": {"lfuse": "FF"}},
    "fuse too many": {"fuses": dict.fromkeys(("lfuse", "hfuse", "efuse", "lock", "fuse"), "FF")},
    "fuse too big": {"fuses": dict.fromkeys(("lfuse", "hfuse", "efuse", "lock"), "100")},
    "fuse no hex": {"fuses": dict.fromkeys(("lfuse", "hfuse", "efuse", "lock"), "xx")},
    "fuses no table": {"fuses": ["FF"]},
    "short row": {"row": "1E"},
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_file_is_refused(bad: str | dict[str, object]) -> None:
    with pytest.raises(BadState):
        parse(bad if isinstance(bad, str) else json.dumps(FRESH | bad))


@given(st.text(max_size=200))
def test_any_text_is_a_chip_or_a_bad_state(text: str) -> None:
    with pytest.raises(BadState):
        parse(text)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "chip.json"
    path.write_bytes(b" " * (MAX_FILE_BYTES + 1))
    with pytest.raises(BadState, match="larger"):
        load(path)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "chip.json").write_bytes(b"\xff\xfe")
    with pytest.raises(BadState):
        load(tmp_path / "chip.json")


def test_the_chip_survives_its_programmer(tmp_path: Path) -> None:
    options = f"autoreset=no&seed=5&state={tmp_path / 'chip.json'}"
    first = machine(options)
    ask(first, "50 20")
    ask(first, "56 AC A0 00 FF 20")
    board.save(from_url(f"sim:?{options}"), first)
    second = machine(options)
    assert second.target.cells == first.target.cells
    assert second.target.active_fuses["lfuse"] == 0xFF, "loading it is power-up: fuses are latched"


def test_the_options_may_change_what_is_on_xtal1(tmp_path: Path) -> None:
    path = tmp_path / "chip.json"
    save(path, State(factory_fresh(part("ATtiny85")), Xtal.parse("none")))
    assert str(machine(f"state={path}").target.xtal) == "none"
    assert str(machine(f"state={path}&xtal=ext1000000").target.xtal) == "ext1000000"


def test_nothing_is_left_of_a_file_that_could_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        save(tmp_path / "taken", State(factory_fresh(part("ATtiny85")), UNO_CRYSTAL))
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
