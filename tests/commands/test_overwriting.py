"""What goes without a question, what is asked before, and what is saved in either case."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from avrdeck.boards.catalog import part
from avrdeck.boards.images import Format, Image, save
from avrdeck.jobs.backup import files
from avrdeck.protocol.errors import ExitCode
from avrdeck.protocol.simulator import state
from avrdeck.protocol.simulator.cells import Cells, factory_fresh
from avrdeck.protocol.simulator.oscillator import Xtal
from avrdeck.protocol.simulator.state import State
from commands.conftest import Avrdeck

NOTES = b"calibration"


@pytest.fixture
def chip(tmp_path: Path) -> Callable[[Callable[[Cells], None]], str]:
    """The port of a virtual board whose chip is made so."""

    def made(prepare: Callable[[Cells], None]) -> str:
        cells = factory_fresh(part("ATtiny13"))
        prepare(cells)
        state.save(tmp_path / "chip.json", State(cells, Xtal.parse("8000000")))
        return f"sim:?autoreset=no&part=attiny13&state={tmp_path / 'chip.json'}"

    return made


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes.eep"
    save(Image.of(NOTES, 0x10, memory="eeprom"), path, Format.HEX)
    return path


def saved(own_data: Path) -> list[Path]:
    folder = own_data / "backups"
    return sorted(folder.iterdir()) if folder.exists() else []


def test_eeprom_data_that_a_file_goes_over_is_saved_first(
    avrdeck: Avrdeck, chip: Callable[[Callable[[Cells], None]], str], notes: Path, own_data: Path
) -> None:
    def used(cells: Cells) -> None:
        cells.eeprom[0x12] = 0x5A

    port = chip(used)
    ran = avrdeck("write", "eeprom", notes, "-P", port)
    assert ran.status == 0, ran.err
    (backup,) = saved(own_data)
    assert files.load(backup).memories["eeprom"][0x12] == 0x5A
    assert avrdeck("restore", backup, "--only", "eeprom", "-P", port, "--yes").status == 0
    assert state.load(Path(port.rpartition("=")[2])).cells.eeprom[0x12] == 0x5A


@pytest.mark.parametrize("there", ["nothing", "the same", "data elsewhere", "data, and --no-backup"])
def test_where_nothing_is_lost_nothing_is_saved(
    avrdeck: Avrdeck,
    chip: Callable[[Callable[[Cells], None]], str],
    notes: Path,
    own_data: Path,
    there: str,
) -> None:
    def prepare(cells: Cells) -> None:
        if there == "the same":
            cells.eeprom[0x10 : 0x10 + len(NOTES)] = NOTES
        elif there != "nothing":
            cells.eeprom[0x00 if there == "data elsewhere" else 0x12] = 0x5A

    option = ["--no-backup"] if "--no-backup" in there else []
    assert avrdeck("write", "eeprom", notes, *option, "-P", chip(prepare)).status == 0
    assert saved(own_data) == []


def test_an_erase_is_asked_for_and_what_needs_none_is_not(
    avrdeck: Avrdeck, chip: Callable[[Callable[[Cells], None]], str], tmp_path: Path
) -> None:
    app = tmp_path / "app.hex"
    save(Image.of(b"\x01\x02"), app, Format.HEX)
    port = chip(lambda cells: None)
    for verb in (["write", "flash", app], ["upload", app, "--isp"]):
        assert avrdeck(*verb, "-P", port).status == 0
    assert avrdeck("write", "flash", app, "-e", "-P", port).status == ExitCode.REFUSED
    save(Image.of(b"\x02\x01"), app, Format.HEX)
    assert avrdeck("upload", app, "--isp", "-P", port).status == ExitCode.REFUSED
    assert avrdeck("write", "flash", app, "-P", port).status == ExitCode.VERIFY
