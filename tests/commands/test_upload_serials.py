"""Uploads that give their chip a serial number: where it goes, and when a counter's number is used."""

from pathlib import Path

import pytest

from avrdeck.boards.catalog import part
from avrdeck.boards.images import Format, save
from avrdeck.jobs.inventory.book import Inventory
from avrdeck.protocol.errors import ExitCode
from avrdeck.protocol.simulator import state
from avrdeck.protocol.simulator.cells import Cells, factory_fresh
from avrdeck.protocol.simulator.oscillator import Xtal
from avrdeck.protocol.simulator.state import State
from commands.conftest import Avrdeck
from jobs.uploads import sketch

NUMBER = ("--serial", "number:2", "--serial-at")


@pytest.fixture
def chip(tmp_path: Path) -> Path:
    return tmp_path / "chip.json"


@pytest.fixture
def used(chip: Path) -> Path:
    """An Uno's chip with a bootloader and data in EEPROM, without a sketch."""
    made = factory_fresh(part("ATmega328P"))
    made.fuses.update(lfuse=0xFF, hfuse=0xDE, efuse=0xFD)
    made.flash[0x7E00:0x7E04] = b"boot"
    made.eeprom[0x20] = 7
    state.save(chip, State(made, Xtal.parse("16000000")))
    return chip


def cells(chip: Path) -> Cells:
    return state.load(chip).cells


@pytest.mark.parametrize(
    ("port", "isp"),
    [("sim:?dialect=optiboot", []), ("sim:?dialect=optiboot", ["--delta"]), ("sim:?autoreset=no", ["--isp"])],
    ids=["bootloader", "delta", "ISP"],
)
def test_each_chip_gets_the_next_number_within_its_sketch(
    avrdeck: Avrdeck, blink: Path, chip: Path, port: str, isp: list[str]
) -> None:
    before = blink.read_bytes()
    for number in (1, 2):
        ran = avrdeck(
            "upload", blink, *isp, *NUMBER, "0x700", "-P", f"{port}&state={chip}", "--yes", "--json"
        )
        assert ran.status == 0, ran.err
        assert ran.json["serial_number"] == str(number)
        assert ran.json["stamp"] == {"memory": "flash", "address": 0x700, "data": f"{number:02X}00"}
        assert cells(chip).flash[0x700:0x702] == bytes([number, 0])
        assert cells(chip).flash[:1500] == sketch(1500).segments[0].data
    assert blink.read_bytes() == before


@pytest.mark.parametrize(
    ("port", "isp"),
    [("sim:?dialect=deckboot", []), ("sim:?autoreset=no", ["--isp"])],
    ids=["deckboot", "ISP"],
)
def test_a_number_for_eeprom_follows_the_sketch(
    avrdeck: Avrdeck, blink: Path, chip: Path, port: str, isp: list[str]
) -> None:
    ran = avrdeck("upload", blink, *isp, *NUMBER, "eeprom:0x10", "-P", f"{port}&state={chip}")
    assert ran.status == 0, ran.err
    assert "serial number 1 (01 00) at 0x0010 of eeprom" in ran.out
    assert cells(chip).eeprom[0x10:0x12] == b"\x01\x00"
    assert cells(chip).flash[:1500] == sketch(1500).segments[0].data
    with Inventory() as inventory:
        (known,) = inventory.chips()
        done = inventory.history(known.id)[-1]
    assert done.text.endswith("blink.hex, serial number 1")
    assert done.data["serial_number"] == "1"


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("eeprom:0", "EEPROM"),
        ("0x7E00", "reaches into the bootloader"),
        ("0x10", "blink.hex has data at 0x0010"),
        ("0x9000", "outside the ATmega328P"),
        ("0x10 --isp", "blink.hex has data at 0x0010"),
        ("eeprom:0x20 --isp", "The chip has data at 0x0020 of eeprom"),
        ("0x7FFC --isp", "the bootloader's, which begins at 0x7E00"),
    ],
)
def test_a_place_that_will_not_do_uses_no_number_and_writes_nothing(
    avrdeck: Avrdeck, blink: Path, used: Path, place: str, says: str
) -> None:
    place, *isp = place.split()
    way = [*isp, "-P", f"sim:?{'autoreset=no' if isp else 'dialect=optiboot'}&state={used}"]
    ran = avrdeck("upload", blink, *NUMBER, place, *way)
    assert ran.status in {ExitCode.USAGE, ExitCode.REFUSED}
    assert says in ran.err
    assert not bytes(cells(used).flash[:1500]).strip(b"\xff")
    assert avrdeck("upload", blink, *NUMBER, "0x700", *way, "--json").json["serial_number"] == "1"


def test_data_in_eeprom_gives_way_only_when_told(avrdeck: Avrdeck, blink: Path, used: Path) -> None:
    port = f"sim:?autoreset=no&state={used}"
    arguments = ["upload", blink, "--isp", *NUMBER, "eeprom:0x20", "-P", port]
    assert avrdeck(*arguments).status == ExitCode.REFUSED
    assert avrdeck(*arguments, "--serial-overwrite").status == 0
    assert cells(used).eeprom[0x20:0x22] == b"\x01\x00"


def test_the_number_is_taken_when_the_erase_is_allowed(avrdeck: Avrdeck, blink: Path, chip: Path) -> None:
    """Bits would have to go from 0 to 1; whoever says no has used nothing."""
    other = blink.with_name("other.hex")
    save(sketch(1500, seed=8), other, Format.HEX)
    port = f"sim:?autoreset=no&state={chip}"
    assert avrdeck("upload", other, "--isp", "-P", port).status == 0
    arguments = ["upload", blink, "--isp", *NUMBER, "0x700", "-P", port]
    for _ in range(2):
        ran = avrdeck(*arguments)
        assert ran.status == ExitCode.REFUSED
        assert "no counter gives it again" not in ran.err
    assert avrdeck(*arguments, "--yes", "--json").json["serial_number"] == "1"


def test_without_a_place_there_is_no_number(avrdeck: Avrdeck, blink: Path) -> None:
    ran = avrdeck("upload", blink, "--serial", "number", "-P", "sim:?dialect=optiboot")
    assert ran.status == ExitCode.USAGE
    assert "--serial-at" in ran.err
