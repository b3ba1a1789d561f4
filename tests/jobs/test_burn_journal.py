import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrdeck.boards.images import Image, Segment
from avrdeck.boards.uid import Source
from avrdeck.jobs.backup.identity import Chip
from avrdeck.jobs.burn import BurnPlan
from avrdeck.jobs.burn.journal import Entry, Journals
from avrdeck.jobs.serials.stamping import Stamp
from avrdeck.protocol.errors import InputFault

CHIP = Chip("ATmega328P", bytes.fromhex("1E950F"), Source.UNDOCUMENTED, b"LOT123\x01\x02\x03")
CLONE = replace(CHIP, source=Source.ALL_EQUAL, serial=b"\xff" * 9)
IMAGE = Image("loader.hex", (Segment(0x7E00, b"\x01\x02"), Segment(0x7FFE, b"\x03\x04")))
PLAN = BurnPlan(IMAGE, {"lfuse": 0xFF, "hfuse": 0xDE}, 0xCF, "ATmega328P", "Arduino UNO", 16_000_000, 115_200)
STAMP = Stamp(b"\x2a\0\0\0", 0x3FC, "eeprom", overwrite=True, text="42")
ENTRY = Entry(PLAN, CHIP, "/dev/ttyACM0", "hfuse", "before.zip", begun=True)


DUMPED = {"text": "42", "data": "2a000000", "memory": "eeprom", "address": 0x3FC, "overwrite": False}


@pytest.fixture
def journals(tmp_path: Path) -> Journals:
    return Journals(tmp_path / "burns")


def only(journals: Journals) -> Path:
    (path,) = journals.folder.iterdir()
    return path


@pytest.mark.parametrize(
    "entry",
    [
        ENTRY,
        replace(ENTRY, plan=BurnPlan(IMAGE, part="ATmega328P"), begun=False),
        replace(ENTRY, plan=replace(PLAN, serial=STAMP)),
        replace(ENTRY, plan=replace(PLAN, serial=Stamp(b"\xff" * 256, 0, "flash", text="x" * 256))),
    ],
)
def test_what_is_saved_is_loaded_and_what_is_removed_is_gone(journals: Journals, entry: Entry) -> None:
    assert journals.load(CHIP, "/dev/ttyACM0") is None
    journals.save(entry)
    assert journals.load(CHIP, "/dev/ttyACM0") == entry
    journals.remove(entry)
    journals.remove(entry)
    assert journals.load(CHIP, "/dev/ttyACM0") is None


def test_a_chip_is_known_by_its_serial_number_a_clone_by_its_port(journals: Journals) -> None:
    journals.save(ENTRY)
    assert journals.load(CHIP, "COM7") == replace(ENTRY, port="COM7")
    journals.save(replace(ENTRY, chip=CLONE))
    assert journals.load(CLONE, "/dev/ttyACM0")
    assert journals.load(CLONE, "COM7") is None
    assert journals.load(replace(CHIP, serial=b"another12"), "/dev/ttyACM0") is None


def test_a_port_cannot_lead_out_of_the_folder(journals: Journals) -> None:
    journals.save(replace(ENTRY, chip=CLONE, port="../../etc/passwd"))
    assert only(journals).parent == journals.folder


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", "avrdeck burn 2"),
        ("signature", "1E9307"),
        ("serial", "00"),
        ("part", "ATmega8"),
        ("part", "ATmega328"),
        ("part", "nothing"),
        ("fuses", {"lock": 1}),
        ("fuses", {"lfuse": 256}),
        ("fuses", {"lfuse": True}),
        ("fuses", []),
        ("lock", -1),
        ("f_cpu_hz", "16"),
        ("board", 3),
        ("file", "x" * 300),
        ("image", []),
        ("image", [[0, "!!"]]),
        ("image", [[-1, "AAAA"]]),
        ("image", [[0x7FFF, "AAAA"]]),
        ("image", [[0, "AAAA"], [1, "////"]]),
        ("image", {"0": "AAAA"}),
        ("stamp", "42"),
        ("stamp", {**DUMPED, "memory": "lfuse"}),
        ("stamp", {**DUMPED, "memory": ["flash"]}),
        ("stamp", {**DUMPED, "data": ""}),
        ("stamp", {**DUMPED, "data": "2"}),
        ("stamp", {**DUMPED, "data": "00" * 257}),
        ("stamp", {**DUMPED, "data": 42}),
        ("stamp", {**DUMPED, "address": -1}),
        ("stamp", {**DUMPED, "text": None}),
    ],
)
def test_a_damaged_or_foreign_journal_is_refused_with_the_reason(
    journals: Journals, key: str, value: object
) -> None:
    journals.save(ENTRY)
    path = only(journals)
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    with pytest.raises(InputFault, match="cannot be used") as caught:
        journals.load(CHIP, "/dev/ttyACM0")
    assert caught.value.detail


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    journals = Journals(tmp_path_factory.mktemp("burns"))
    journals.save(ENTRY)
    only(journals).write_bytes(content)
    with pytest.raises(InputFault):
        journals.load(CHIP, "/dev/ttyACM0")


def test_text_in_it_cannot_steer_a_terminal(journals: Journals) -> None:
    journals.save(replace(ENTRY, step="\x1b[2J"))
    loaded = journals.load(CHIP, "/dev/ttyACM0")
    assert loaded is not None
    assert loaded.step == r"\x1b[2J"


def test_a_folder_that_cannot_be_written_is_a_fault_before_anything_is_done(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputFault, match="cannot be written"):
        Journals(tmp_path / "file").save(ENTRY)
