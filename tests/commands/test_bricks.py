"""A chip bricked by a command is explained by the doctor from the inventory, with nothing said by the user.

The cases are those of rules A2 to A9, as in `tests/jobs/test_doctor_bricks.py`, by the command line.
"""

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from avrdeck.boards.catalog import part
from avrdeck.jobs.doctor.recollecting import patient_on
from avrdeck.jobs.inventory.book import Inventory
from avrdeck.protocol.errors import ExitCode, PortError, PortReason
from avrdeck.protocol.link import Link
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.simulator.cells import factory_fresh
from avrdeck.protocol.simulator.target import Target
from avrdeck.protocol.target import fuses as access
from commands.conftest import Avrdeck
from virtual import board


class Brick(NamedTuple):
    """``edits`` for `fuse set` end ISP on ``part`` with ``xtal`` at its pins, by ``rule``."""

    rule: str
    part: str
    edits: tuple[str, ...]
    xtal: str = "16000000"


BRICKS = [
    Brick("A2", "ATmega328P", ("hfuse=0x59",)),
    Brick("A2", "ATtiny85", ("hfuse=0x5F",), "none"),
    Brick("A3", "ATmega328P", ("hfuse=0x99",)),
    Brick("A3", "ATtiny2313", ("hfuse=0x5F",), "none"),
    Brick("A4", "ATmega328P", ("hfuse=0x99", "lock=0xFC")),
    Brick("A5", "ATmega328P", ("lfuse=0xE0",)),
    Brick("A5", "ATtiny13", ("lfuse=0x78",), "none"),
    Brick("A6", "ATmega328P", ("lfuse=0xFF",), "none"),
    Brick("A7", "ATmega328P", ("lfuse=0xE4",), "32768"),
    Brick("A8", "ATmega328P", ("lfuse=0xE3",)),
    Brick("A9", "ATmega328P", ("lfuse=0x7B",), "1000000"),
]


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AVRDECK_DATA", str(tmp_path / "data"))
    return tmp_path


def port_of(brick: Brick, folder: Path) -> str:
    """Factory fuses first run on what is fitted; the crystal comes and goes with the port's options."""
    return f"sim:?autoreset=no&part={brick.part.lower()}&xtal={brick.xtal}&state={folder / 'chip.json'}"


@pytest.mark.parametrize("brick", BRICKS, ids=lambda brick: f"{brick.rule} {brick.part} {brick.edits}")
def test_a_brick_is_explained_from_the_inventory(avrdeck: Avrdeck, data: Path, brick: Brick) -> None:
    port = port_of(brick, data)
    assert avrdeck("inventory", "add", "--label", "kitchen clock", "-P", port).status == 0
    warned = avrdeck("fuse", "set", *brick.edits, "--json", "-P", port).json["findings"]
    assert brick.rule in {finding["id"] for finding in warned}
    broke = avrdeck("fuse", "set", *brick.edits, "-w", "--yes", "--force-fatal", brick.part, "-P", port)
    assert broke.status == ExitCode.TARGET, broke.err
    assert "“kitchen clock”" in broke.err
    found = avrdeck("doctor", "--json", "-P", port).json
    assert found["healthy"] is False
    sure = [cause["rule"] for cause in found["causes"] if cause["sure"]]
    assert brick.rule in sure
    seen = next(check["seen"] for check in found["checks"] if check["name"] == "Last seen")
    assert seen.startswith("“kitchen clock”, ")
    for edit in brick.edits:
        name, value = edit.split("=0x")
        assert f"{name} {value}" in seen


def test_a_raw_instruction_is_noted_too(avrdeck: Avrdeck, data: Path) -> None:
    port = port_of(BRICKS[5], data)
    ran = avrdeck("isp", "AC", "A0", "00", "E0", "--yes", "--force-fatal", "ATmega328P", "-P", port)
    assert ran.status == 0
    assert avrdeck("id", "-P", port).status == ExitCode.TARGET
    causes = avrdeck("doctor", "--json", "-P", port).json["causes"]
    assert (causes[0]["rule"], causes[0]["sure"]) == ("A5", True)


async def test_a_byte_may_be_there_when_nobody_heard_of_its_write(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = board()
    programmer = await Programmer.connect(Link(wire))
    await programmer.identify()
    assert programmer.fuses == {}
    await access.read_all(programmer)

    async def gone(timeout: float) -> bytes:
        raise PortError("sim:", PortReason.VANISHED, "sim: is gone")

    monkeypatch.setattr(wire, "read", gone)
    with pytest.raises(PortError):
        await access.write(programmer, "lfuse", 0xE0)
    assert programmer.fuses == {"lfuse": 0xE0, "hfuse": 0xD9, "efuse": 0xFF, "lock": 0xFF}


async def test_the_bytes_of_a_chip_of_another_kind_are_not_this_ones() -> None:
    wire = board()
    programmer = await Programmer.connect(Link(wire))
    await programmer.identify()
    await access.read_all(programmer)
    await programmer.identify()
    assert programmer.fuses["lfuse"] == 0x62, "the same kind: what was known of it is still known"
    wire.machine.firmware.target = Target(factory_fresh(part("attiny85")))
    await programmer.identify()
    assert programmer.fuses == {}


def test_another_chip_on_the_port_is_as_welcome(avrdeck: Avrdeck, data: Path) -> None:
    assert avrdeck("inventory", "add", "-P", "sim:").status == 0
    with Inventory() as inventory:
        inventory.sighted(inventory.chips()[0].chip, "sim:?autoreset=no&part=attiny85", {"lfuse": 0xE0})
    found = avrdeck("doctor", "--json", "-P", "sim:?autoreset=no&part=attiny85").json
    assert found["healthy"] is True
    expected = avrdeck("doctor", "--json", "-P", "sim:?autoreset=no&part=attiny85", "-p", "m328p").json
    assert "not ATmega328P" in expected["title"]


def test_what_the_user_says_was_written_counts_more(avrdeck: Avrdeck, data: Path) -> None:
    port = "sim:?autoreset=no&target=none"
    with Inventory() as inventory:
        assert avrdeck("inventory", "add", "-P", "sim:").status == 0
        inventory.sighted(inventory.chips()[0].chip, port, {"lfuse": 0xE0, "hfuse": 0xD9})
    assert patient_on(port).last == {"lfuse": 0xE0, "hfuse": 0xD9}
    found = avrdeck("doctor", "--json", "-p", "m328p", "--wrote", "hfuse=0x59", "-P", port).json
    assert [cause["rule"] for cause in found["causes"] if cause["sure"]] == ["A2"]
    assert not any(check["name"] == "Last seen" for check in found["checks"])


def test_a_foreign_or_damaged_note_explains_nothing(data: Path) -> None:
    with Inventory() as inventory:
        chip = inventory.sighted(_chip("ATmega999"), "there", {"lfuse": 1}).known.chip
        assert patient_on("there").part is None
        number = inventory.sighted(_chip("ATmega328P"), "here", {"lfuse": 0x62}).known.id
        inventory.fuses(number, {"lfuse": 0x162, "hfuse": True, "nofuse": 1}, "here")
    assert chip.part == "ATmega999"
    patient = patient_on("here")
    assert (patient.part.name, dict(patient.last), patient.assumed) == ("ATmega328P", {}, True)
    assert patient_on("nowhere").part is None


def _chip(name: str):
    from avrdeck.jobs.backup.identity import Chip

    return Chip(name, b"\x1e\x95\x0f")


def test_every_command_that_changes_fuses_notes_them(avrdeck: Avrdeck, data: Path) -> None:
    port = f"sim:?autoreset=no&state={data / 'chip.json'}"
    yes = ("--yes", "--force-fatal", "ATmega328P", "-P", port)

    def noted() -> str:
        history = avrdeck("inventory", "show", "1", "--json").json["history"]
        return [each["text"] for each in history if each["kind"] == "fuses"][-1]

    def greeted(*arguments: object) -> str:
        ran = avrdeck(*arguments, *yes)
        assert ran.status == 0, ran.err
        return ran.err

    assert "is new here" in greeted("id")
    assert noted() == "lfuse 62  hfuse D9  efuse FF  lock FF"
    greeted("backup", "--quick", "-o", data / "fresh.zip")
    assert greeted("burn", "uno", "--deckboot").count("last seen") == 1
    assert noted() == "lfuse FF  hfuse DE  efuse FD  lock CF"
    greeted("erase")
    assert noted() == "lfuse FF  hfuse DE  efuse FD  lock FF"
    greeted("fuse", "set", "lock=0xFC", "-w")
    assert noted() == "lfuse FF  hfuse DE  efuse FD  lock FC"
    (data / "one.bin").write_bytes(b"one")
    (data / "two.bin").write_bytes(b"two")
    greeted("write", "flash", data / "one.bin", "-e")
    assert noted().endswith("lock FF")
    greeted("fuse", "set", "lock=0xFE", "-w")
    assert noted().endswith("lock FE")
    greeted("upload", data / "two.bin", "--isp")
    assert noted().endswith("lock FF")
    greeted("restore", data / "fresh.zip", "--only", "fuses")
    assert noted().startswith("lfuse 62  hfuse D9")


def test_in_a_console_connecting_greets_once(
    avrdeck: Avrdeck, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    avrdeck("inventory", "add", "--label", "kitchen clock", "-P", "sim:?autoreset=no")
    lines = "connect\nid\nfuse set lfuse=0xE2 -w --yes\nid\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    ran = avrdeck("console", "-P", "sim:?autoreset=no")
    assert ran.err.count("“kitchen clock”, ATmega328P") == 1
    history = json.loads(avrdeck("inventory", "show", "1", "--json").out)["history"]
    assert [each["text"] for each in history if each["kind"] == "fuses"] == [
        "lfuse 62  hfuse D9  efuse FF  lock FF",
        "lfuse E2  hfuse D9  efuse FF  lock FF",
    ]
