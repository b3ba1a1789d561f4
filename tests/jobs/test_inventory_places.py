"""Which chip was seen where: by its adapter, by its port, and never another one's history."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from avrdeck.boards.uid import Source
from avrdeck.jobs.adapters import Adapter, adapter_of
from avrdeck.jobs.backup.identity import Chip
from avrdeck.jobs.doctor.recollecting import patient_on
from avrdeck.jobs.inventory import export
from avrdeck.jobs.inventory.book import Inventory
from avrdeck.jobs.inventory.database import MIGRATIONS, Database
from avrdeck.jobs.inventory.model import Kind

UNO = Chip("ATmega328P", bytes.fromhex("1E950F"), Source.UNDOCUMENTED, b"L0B6KJ\x69\x08\x26\x0e")
OTHER = Chip("ATmega328P", UNO.signature, Source.UNDOCUMENTED, b"L0B6KJ\x69\x08\x27\x0e")
CLONE = Chip("ATmega328P", UNO.signature, Source.ALL_EQUAL, b"\xff" * 10)
FIRST = {"lfuse": 0x62, "hfuse": 0xD9}
SECOND = {"lfuse": 0xE0, "hfuse": 0xDE}

GENUINE = (0x2341, 0x0043, "85735313034351E0B1A0")
CHEAP = (0x1A86, 0x7523, None)


class Machine:
    """The USB devices that are plugged in, by the names of their ports."""

    def __init__(self) -> None:
        self.ports: dict[str, tuple[int, int, str | None]] = {}

    def listed(self) -> list[SimpleNamespace]:
        found = [
            SimpleNamespace(
                device=name, vid=ids[0], pid=ids[1], serial_number=ids[2], product="USB \x1bserial"
            )
            for name, ids in self.ports.items()
        ]
        built_in = SimpleNamespace(device="/dev/ttyS0", vid=None, pid=None, serial_number=None, product=None)
        return [built_in, *found]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr("serial.tools.list_ports.comports", made.listed)
    return made


@pytest.fixture
def inventory(own_data: Path) -> Iterator[Inventory]:
    with Inventory() as opened:
        yield opened


# --- adapters --------------------------------------------------------------------------------------


def test_an_adapter_is_the_same_on_every_port(machine: Machine) -> None:
    machine.ports = {"/dev/ttyACM0": GENUINE}
    before = adapter_of("/dev/ttyACM0")
    machine.ports = {"/dev/ttyACM1": GENUINE, "/dev/ttyUSB0": CHEAP}
    after = adapter_of("/dev/ttyACM1")
    assert before
    assert before == after
    assert before.key == "2341:0043:85735313034351E0B1A0"
    assert str(before) == r"2341:0043 USB \x1bserial"
    assert after.others == ()
    assert before != adapter_of("/dev/ttyUSB0")


def test_adapters_that_look_the_same_name_each_other(machine: Machine) -> None:
    machine.ports = {"/dev/ttyUSB0": CHEAP, "/dev/ttyUSB1": CHEAP, "/dev/ttyUSB2": (*CHEAP[:2], "0001")}
    found = adapter_of("/dev/ttyUSB0")
    assert found
    assert found.others == ("/dev/ttyUSB1",)


def test_a_link_leads_to_the_adapter(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "ttyUSB0").touch()
    (tmp_path / "programmer").symlink_to(tmp_path / "ttyUSB0")
    machine.ports = {str(tmp_path / "ttyUSB0"): CHEAP}
    assert adapter_of(str(tmp_path / "programmer")) == Adapter(0x1A86, 0x7523)


@pytest.mark.parametrize("port", ["sim:", "sim:?part=attiny85", "socket://bench:23", "/dev/ttyS0", "COM9"])
def test_what_is_no_usb_device_has_no_identity(machine: Machine, port: str) -> None:
    machine.ports = {"sim:": CHEAP, "sim:?part=attiny85": CHEAP, "socket://bench:23": CHEAP}
    assert adapter_of(port) is None


# --- the chip that was there last ------------------------------------------------------------------


@pytest.mark.parametrize("ids", [GENUINE, CHEAP], ids=["serial number", "none"])
def test_a_chip_is_found_behind_its_adapter_under_another_name(
    machine: Machine, inventory: Inventory, ids: tuple[int, int, str | None]
) -> None:
    machine.ports = {"/dev/ttyUSB0": ids}
    inventory.sighted(OTHER, "/dev/ttyUSB0", FIRST)
    inventory.sighted(UNO, "/dev/ttyUSB0", SECOND)
    machine.ports = {"/dev/ttyUSB1": ids}
    patient = patient_on("/dev/ttyUSB1")
    assert patient.part
    assert (patient.part.name, patient.last) == ("ATmega328P", SECOND)
    assert UNO.serial_text in patient.seen
    assert "as /dev/ttyUSB0: lfuse E0, hfuse DE" in patient.seen


def test_another_adapter_under_the_old_name_is_not_taken_for_it(
    machine: Machine, inventory: Inventory
) -> None:
    machine.ports = {"/dev/ttyUSB0": GENUINE}
    inventory.sighted(UNO, "/dev/ttyUSB0", SECOND)
    machine.ports = {"/dev/ttyUSB0": CHEAP, "/dev/ttyUSB1": GENUINE}
    assert patient_on("/dev/ttyUSB0").part is None
    machine.ports = {}
    assert patient_on("/dev/ttyUSB0").part is None, "nobody knows what that port is"


def test_of_two_adapters_alike_nothing_is_claimed(machine: Machine, inventory: Inventory) -> None:
    machine.ports = {"/dev/ttyUSB0": CHEAP}
    inventory.sighted(UNO, "/dev/ttyUSB0", SECOND)
    machine.ports = {"/dev/ttyUSB0": CHEAP, "/dev/ttyUSB1": CHEAP}
    for port, other in (("/dev/ttyUSB0", "/dev/ttyUSB1"), ("/dev/ttyUSB1", "/dev/ttyUSB0")):
        patient = patient_on(port)
        assert (patient.part, patient.last) == (None, {})
        assert UNO.serial_text in patient.seen
        assert patient.seen.endswith(f"but its adapter cannot be told from that on {other}")


def test_of_two_adapters_alike_the_words_are_about_the_port_of_that_name(
    machine: Machine, inventory: Inventory
) -> None:
    machine.ports = {"/dev/ttyUSB0": CHEAP, "/dev/ttyUSB1": CHEAP}
    inventory.sighted(UNO, "/dev/ttyUSB0", FIRST)
    inventory.sighted(OTHER, "/dev/ttyUSB1", FIRST)
    assert UNO.serial_text in patient_on("/dev/ttyUSB0").seen
    assert OTHER.serial_text in patient_on("/dev/ttyUSB1").seen


def test_a_chip_that_went_elsewhere_is_no_longer_there(machine: Machine, inventory: Inventory) -> None:
    machine.ports = {"/dev/ttyACM0": GENUINE, "/dev/ttyUSB0": CHEAP}
    inventory.sighted(UNO, "/dev/ttyACM0", FIRST)
    inventory.sighted(UNO, "/dev/ttyUSB0", FIRST)
    assert inventory.last_on("/dev/ttyACM0") is None
    assert inventory.last_on("/dev/ttyUSB0")


def test_ports_without_an_adapter_go_by_their_names(machine: Machine, inventory: Inventory) -> None:
    inventory.sighted(UNO, "rfc2217://bench:4000", FIRST)
    inventory.sighted(OTHER, "rfc2217://bench:4001", SECOND)
    last = inventory.last_on("rfc2217://bench:4000")
    assert last
    assert (last.known.chip, last.fuses, last.others) == (UNO, FIRST, ())


def test_an_older_inventory_still_knows_the_port(machine: Machine, own_data: Path) -> None:
    path = own_data / "inventory.sqlite"
    Database(path, MIGRATIONS[:1]).close()
    older = sqlite3.connect(path)
    for number, (serial, source) in enumerate(
        [("01", "undocumented"), ("02", "documented"), ("ff", "all_equal")]
    ):
        seen = f"2026-01-0{number + 1}"
        values = ("1e950f", serial, source, "ATmega328P", f"/dev/ttyUSB{number // 2}", seen, seen)
        older.execute(
            "INSERT INTO chip (signature, serial, source, part, port, first_seen, last_seen)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)", values,
        )  # fmt: skip
        older.execute(
            "INSERT INTO event (chip, at, kind, text, data) VALUES (?, ?, 'fuses', '', ?)",
            (number + 1, seen, f'{{"lfuse": {number}}}'),
        )
    older.commit()
    older.close()
    machine.ports = {"/dev/ttyUSB0": CHEAP}
    with Inventory() as inventory:
        last = inventory.last_on("/dev/ttyUSB0")
        assert last
        assert (last.known.chip.serial, last.fuses) == (b"\x02", {"lfuse": 1})
        assert inventory.last_on("/dev/ttyUSB1") is None, "nobody knows which of its kind that was"
        inventory.sighted(UNO, "/dev/ttyUSB0", FIRST)
        machine.ports = {"/dev/ttyUSB0": GENUINE}
        assert inventory.last_on("/dev/ttyUSB0") is None, "the adapter is known now"


# --- chips that cannot be told apart ---------------------------------------------------------------


def test_chips_alike_have_one_entry_and_each_port_its_own_fuses(
    machine: Machine, inventory: Inventory
) -> None:
    one = inventory.sighted(CLONE, "/dev/ttyS0", FIRST)
    two = inventory.sighted(CLONE, "/dev/ttyS1", SECOND)
    assert one.known.id == two.known.id
    assert inventory.fuses(one.known.id, SECOND, one.port), "it is the other one that had these"
    brick = {**FIRST, "hfuse": 0x59}
    assert inventory.fuses(one.known.id, brick, one.port)
    inventory.record(two.known.id, Kind.BURN, "optiboot.hex", port=two.port)
    assert patient_on("/dev/ttyS0").last == brick
    assert patient_on("/dev/ttyS1").last == SECOND
    told = [inventory.chips()[0].told(each) for each in inventory.history(one.known.id)]
    assert told == [
        "lfuse 62  hfuse D9, on /dev/ttyS0",
        "lfuse E0  hfuse DE, on /dev/ttyS1",
        "lfuse E0  hfuse DE, on /dev/ttyS0",
        "lfuse 62  hfuse 59, on /dev/ttyS0",
        "optiboot.hex, on /dev/ttyS1",
    ]


def test_what_was_not_read_of_a_chip_without_a_number_is_not_taken_from_another(
    machine: Machine, inventory: Inventory
) -> None:
    inventory.sighted(CLONE, "/dev/ttyS0", FIRST)
    inventory.sighted(CLONE, "/dev/ttyS0")
    assert patient_on("/dev/ttyS0").last == {}
    inventory.sighted(UNO, "/dev/ttyS1", FIRST)
    inventory.sighted(UNO, "/dev/ttyS0")
    assert patient_on("/dev/ttyS0").last == FIRST, "this one is known wherever it is"


def test_the_table_shows_no_fuses_of_chips_alike(machine: Machine, inventory: Inventory) -> None:
    number = inventory.sighted(CLONE, "/dev/ttyS0", FIRST).known.id
    inventory.sighted(UNO, "/dev/ttyS1", SECOND)
    text = export.as_csv(inventory)
    assert "lfuse E0" in text
    assert "lfuse 62" not in text
    data = export.as_data(inventory.chips()[1], inventory.history(number))
    assert data["history"][0]["port"] == "/dev/ttyS0"


def test_one_chip_keeps_its_history_on_every_port(machine: Machine, inventory: Inventory) -> None:
    inventory.sighted(UNO, "/dev/ttyS0", FIRST)
    assert not inventory.sighted(UNO, "/dev/ttyS1", FIRST).fuses_changed
    (known,) = inventory.chips()
    assert [known.told(each) for each in inventory.history(known.id)] == ["lfuse 62  hfuse D9"]
