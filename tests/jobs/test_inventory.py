import csv
import io
import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrdeck.boards.uid import Source
from avrdeck.jobs.backup.identity import Chip
from avrdeck.jobs.inventory import export
from avrdeck.jobs.inventory.book import Inventory
from avrdeck.jobs.inventory.database import MIGRATIONS, Database
from avrdeck.jobs.inventory.model import Kind, Known
from avrdeck.protocol.errors import Fault, InputFault, UsageFault

UNO = Chip("ATmega328P", bytes.fromhex("1E950F"), Source.UNDOCUMENTED, b"L0B6KJ\x69\x08\x26\x0e")
OTHER = Chip("ATmega328P", UNO.signature, Source.UNDOCUMENTED, b"L0B6KJ\x69\x08\x27\x0e")
CLONE = Chip("ATmega328P", UNO.signature, Source.ALL_EQUAL, b"\xff" * 10)
BARE = Chip("ATmega328P", UNO.signature)
FUSES = {"lfuse": 0x62, "hfuse": 0xD9}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "inventory.sqlite"


@pytest.fixture
def inventory(path: Path) -> Iterator[Inventory]:
    days = iter(range(1000))
    with Inventory(path, lambda: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(next(days))) as opened:
        yield opened


def test_a_chip_is_new_once_and_then_greeted_by_its_label(inventory: Inventory) -> None:
    first = inventory.sighted(UNO, "/dev/ttyACM0", FUSES)
    assert first.greeting == "ATmega328P L0B6KJ-69-08-26-0E is new here"
    inventory.label(first.known.id, "kitchen clock")
    again = inventory.sighted(UNO, "/dev/ttyUSB1", FUSES)
    assert again.greeting == "“kitchen clock”, ATmega328P L0B6KJ-69-08-26-0E, last seen 2026-01-01"
    assert again.known.id == first.known.id
    assert (again.known.first_seen, again.known.last_seen, again.known.port, again.known.sightings) == (
        "2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00+00:00", "/dev/ttyUSB1", 2,
    )  # fmt: skip


def test_what_is_noted_outlives_the_program(inventory: Inventory, path: Path) -> None:
    number = inventory.sighted(UNO, "sim:").known.id
    inventory.note(number, "crystal replaced")
    inventory.close()
    with Inventory(path) as opened:
        assert opened.chips()[0].notes == "crystal replaced"


def test_one_byte_of_the_serial_number_makes_another_chip(inventory: Inventory) -> None:
    inventory.label(inventory.sighted(UNO, "sim:").known.id, "mine")
    assert inventory.sighted(OTHER, "sim:").before is None
    assert [known.label for known in inventory.chips()] == ["", "mine"]


@pytest.mark.parametrize("chip", [CLONE, BARE], ids=["clone", "no serial number"])
def test_chips_that_cannot_be_told_apart_are_not_taken_for_an_old_friend(
    inventory: Inventory, chip: Chip
) -> None:
    inventory.sighted(UNO, "sim:")
    first = inventory.sighted(chip, "sim:")
    assert first.greeting == f"{chip.text}: avrdeck cannot tell it from others like it when it comes back"
    assert inventory.sighted(chip, "sim:").greeting == "", "that is said once"
    inventory.label(first.known.id, "bag of clones")
    again = inventory.sighted(chip, "sim:", FUSES)
    assert not again.known.chip.distinct
    assert again.greeting == f"{chip.text}; all of them are labelled “bag of clones”"
    assert not again.fuses_changed
    assert len(inventory.chips()) == 2


def test_clones_without_bytes_and_with_equal_bytes_are_kept_apart(inventory: Inventory) -> None:
    numbers = {inventory.sighted(chip, "sim:").known.id for chip in (CLONE, BARE, UNO, CLONE)}
    assert len(numbers) == 3


def test_the_fuse_history_has_changes_only(inventory: Inventory) -> None:
    number = inventory.sighted(UNO, "sim:", FUSES).known.id
    assert not inventory.sighted(UNO, "sim:", FUSES).fuses_changed
    changed = inventory.sighted(UNO, "sim:", FUSES | {"lfuse": 0xFF})
    assert changed.fuses_changed
    assert changed.greeting.endswith("its fuses have changed since")
    assert not inventory.fuses(number, FUSES | {"lfuse": 0xFF})
    assert inventory.fuses(number, FUSES)
    history = [each for each in inventory.history(number) if each.kind == Kind.FUSES]
    assert [each.data["lfuse"] for each in history] == [0x62, 0xFF, 0x62]
    assert history[1].text == "lfuse FF  hfuse D9"


def test_receipts_are_kept_in_order(inventory: Inventory) -> None:
    number = inventory.sighted(UNO, "sim:").known.id
    inventory.record(number, Kind.BURN, "optiboot.hex", {"bytes": 512})
    inventory.record(number, Kind.BACKUP, "a.zip")
    history = inventory.history(number)
    assert [(each.kind, each.text, each.data) for each in history] == [
        ("burn", "optiboot.hex", {"bytes": 512}),
        ("backup", "a.zip", {}),
    ]


@pytest.mark.parametrize("word", ["1", "Kitchen CLOCK", "L0B6KJ-69-08-26", "4c3042364b4a690826"])
def test_a_chip_is_found_by_number_label_and_serial(inventory: Inventory, word: str) -> None:
    number = inventory.sighted(UNO, "sim:").known.id
    inventory.label(number, "kitchen clock")
    inventory.sighted(OTHER, "sim:")
    assert inventory.find(word).id == number


@pytest.mark.parametrize(
    ("word", "says"),
    [("99", "No chip"), ("", "No chip"), ("L0B6KJ", "several chips: 2, 1"), ("\x1b[2J", "No chip")],
)
def test_what_means_no_chip_or_several_is_told(inventory: Inventory, word: str, says: str) -> None:
    inventory.sighted(UNO, "sim:")
    inventory.sighted(OTHER, "sim:")
    with pytest.raises(UsageFault, match=says) as caught:
        inventory.find(word)
    assert "\x1b" not in caught.value.title


def test_what_cannot_be_noted_is_refused(inventory: Inventory) -> None:
    number = inventory.sighted(UNO, "sim:").known.id
    for label in ("x" * 81, "\x1b]0;owned\x07", "42"):
        with pytest.raises(UsageFault):
            inventory.label(number, label)
    with pytest.raises(UsageFault, match="at most 4000"):
        inventory.note(number, "x" * 4001)
    with pytest.raises(UsageFault, match="too long"):
        inventory.record(number, Kind.BURN, "x", {"x": "x" * 70_000})
    for act in (lambda: inventory.label(9, "x"), lambda: inventory.record(9, Kind.BURN, "x")):
        with pytest.raises(UsageFault, match="There is no chip 9"):
            act()
    assert inventory.chips()[0].label == ""
    assert inventory.history(number) == ()


@given(st.text(max_size=80))
def test_any_label_is_kept_as_it_is_or_refused(label: str) -> None:
    with Inventory(Path(":memory:")) as inventory:
        number = inventory.sighted(UNO, "sim:").known.id
        try:
            inventory.label(number, label)
        except UsageFault:
            return
        assert inventory.chips()[0].label == label.strip()


def test_an_older_file_is_brought_up_to_date(path: Path) -> None:
    with Inventory(path) as old:
        old.sighted(UNO, "sim:")
    newer = Database(path, (*MIGRATIONS, "ALTER TABLE chip ADD COLUMN colour TEXT NOT NULL DEFAULT 'green'"))
    with newer.reading() as db:
        row = db.execute("SELECT part, colour FROM chip").fetchone()
        version = db.execute("PRAGMA user_version").fetchone()[0]
    assert (tuple(row), version) == (("ATmega328P", "green"), len(MIGRATIONS) + 1)
    newer.close()
    with pytest.raises(InputFault, match="of a newer avrdeck"):
        Inventory(path)


def test_a_migration_that_fails_leaves_the_file_as_it_was(path: Path) -> None:
    with Inventory(path) as old:
        old.sighted(UNO, "sim:")
    with pytest.raises(InputFault):
        Database(path, (*MIGRATIONS, "ALTER TABLE chip ADD COLUMN colour TEXT; DROP TABLE nothing"))
    with Inventory(path) as again:
        assert len(again.chips()) == 1


def test_it_is_a_wal_database(inventory: Inventory, path: Path) -> None:
    inventory.sighted(UNO, "sim:")
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


@pytest.mark.parametrize(
    "content", [b"not a database, just text " * 100, b"SQLite format 3\x00" + b"\xff" * 4000]
)
def test_what_is_no_database_is_refused_and_not_touched(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(InputFault, match=r"no inventory|cannot be used"):
        Inventory(path)
    assert path.read_bytes() == content


def test_the_database_of_another_program_is_not_written_into(path: Path) -> None:
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.commit()
    connection.close()
    with pytest.raises(InputFault, match="no inventory"):
        Inventory(path)
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("bookmarks",)]
    connection.close()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputFault, match="cannot be opened"):
        Inventory(tmp_path / "file" / "inventory.sqlite")


def test_a_file_that_another_program_holds_is_called_busy(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("avrdeck.jobs.inventory.database.BUSY_SECONDS", 0.05)
    with Inventory(path) as inventory:
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(Fault, match="busy"):
            inventory.sighted(UNO, "sim:")
        assert inventory.chips() == ()
        holder.execute("ROLLBACK")
        holder.close()
        assert inventory.sighted(UNO, "sim:").before is None


def test_rows_that_somebody_else_wrote_do_no_harm(inventory: Inventory, path: Path) -> None:
    number = inventory.sighted(UNO, "sim:").known.id
    connection = sqlite3.connect(path)
    connection.execute("UPDATE chip SET serial = 'zz', source = 'psychic', label = char(27) || '[2J'")
    connection.execute("INSERT INTO event (chip, at, kind, text, data) VALUES (?, 1, 2, 3, '[[[')", (number,))
    connection.commit()
    connection.close()
    known = inventory.chips()[0]
    assert not known.chip.distinct
    assert inventory.history(number)[-1].data == {}
    assert "\x1b" not in export.as_csv(inventory)


def test_threads_share_one_inventory(inventory: Inventory) -> None:
    number = inventory.sighted(UNO, "sim:").known.id
    threads = [
        threading.Thread(target=lambda: [inventory.record(number, Kind.WRITE, "x") for _ in range(50)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(inventory.history(number)) == 200


WRITER = """
import sys, time
from pathlib import Path
from avrdeck.boards.uid import Source
from avrdeck.jobs.backup.identity import Chip
from avrdeck.jobs.inventory.book import Inventory
from avrdeck.jobs.inventory.model import Kind

name, path, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
shared = Chip("ATmega328P", bytes.fromhex("1E950F"), Source.UNDOCUMENTED, b"SHARED\\x01\\x02\\x03\\x04")
print("ready", flush=True)
sys.stdin.readline()
with Inventory(path) as inventory:
    number = inventory.sighted(shared, name).known.id
    for each in range(1, count):
        if each % 10:
            inventory.record(number, Kind.WRITE, f"{name} {each}", {"number": each})
        else:
            inventory.sighted(shared, name)
        time.sleep(1e-5)  # so that the other gets a turn
"""


def race(path: Path, count: int, processes: int) -> None:
    """Start processes that write ``count`` times each, all at the same moment, into a file yet to be made."""
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, f"p{number}", str(path), str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(processes)
    ]
    for racer in racers:
        assert racer.stdout
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin
        racer.stdin.write("go\n")
        racer.stdin.flush()
    for racer in racers:
        _, error = racer.communicate(timeout=60)
        assert (racer.returncode, error) == (0, "")


def test_two_processes_lose_nothing_in_ten_thousand_writes(path: Path) -> None:
    race(path, 5000, 2)
    with Inventory(path) as inventory:
        (known,) = inventory.chips()
        history = inventory.history(known.id)
    written = {each.text for each in history}
    assert written == {f"p{name} {each}" for name in range(2) for each in range(1, 5000) if each % 10}
    assert len(history) == 9000
    assert known.sightings == 1000
    switches = sum(first.text[:2] != second.text[:2] for first, second in pairwise(history))
    assert switches > 100, "the two did not interleave"


def test_many_processes_can_begin_a_new_inventory_at_once(path: Path) -> None:
    race(path, 5, 6)
    with Inventory(path) as inventory:
        (known,) = inventory.chips()
        assert len(inventory.history(known.id)) == 24


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "\u00a0=cmd",
        "|calc",
        "%0",
        "＝1+1",
        "＠x",
    ],
)
def test_csv_is_no_formula(inventory: Inventory, text: str) -> None:
    assert export.inert(text).startswith("'")
    number = inventory.sighted(UNO, text).known.id
    inventory.note(number, text)
    rows = list(csv.DictReader(io.StringIO(export.as_csv(inventory), newline="")))
    assert rows[0]["notes"].startswith("'")
    assert rows[0]["port"].startswith("'")
    assert rows[0]["part"] == "ATmega328P"


@given(st.text())
def test_csv_cells_stay_one_cell_on_one_line(text: str) -> None:
    with Inventory(Path(":memory:")) as inventory:
        inventory.note(inventory.sighted(UNO, "sim:").known.id, text.encode("utf-8", "replace").decode())
        exported = export.as_csv(inventory)
    assert exported.count("\n") == 2
    (row,) = csv.DictReader(io.StringIO(exported, newline=""))
    assert list(row) == list(export.COLUMNS)
    assert row["notes"][:1] not in set("=+-@\t\r")


def test_json_has_everything(inventory: Inventory) -> None:
    number = inventory.sighted(UNO, "sim:", FUSES).known.id
    inventory.record(number, Kind.BURN, "x.hex", {"size": 1})
    known: Known = inventory.find(str(number))
    data = json.loads(json.dumps(export.as_data(known, inventory.history(number))))
    assert data["serial"] == UNO.serial.hex().upper()
    assert [each["kind"] for each in data["history"]] == ["fuses", "burn"]
    assert data["history"][1]["data"] == {"size": 1}
