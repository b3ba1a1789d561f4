import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrdeck.jobs.backup import files
from avrdeck.jobs.backup.model import Absence
from avrdeck.jobs.backup.store import Store, slug
from avrdeck.jobs.places import backups_folder, inventory_file
from avrdeck.protocol.errors import UsageFault
from jobs.backups import MADE, a_backup

LATER = MADE + timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_names_tell_part_chip_time_and_content(store: Store) -> None:
    backup = a_backup()
    path = store.add(backup)
    assert path.name == f"ATtiny13-LOT123-01-02-03-04-20260301T120000Z-{backup.header.content_id}.zip"
    assert files.load(path).header == backup.header
    assert store.add(backup) == path


def test_a_label_names_the_file_and_cannot_leave_the_folder(store: Store) -> None:
    labels = [
        "../../etc/cron.d/x",
        "/etc/passwd",
        "..",
        "CON",
        "a\\..\\b",
        "C:\\x",
        "",
        "-rf",
        "x" * 80,
        "Küche",
    ]
    for seed, label in enumerate(labels):
        path = store.add(a_backup(label=label, seed=seed))
        assert path.parent == store.folder
        assert path.resolve().parent == store.folder.resolve()
    assert len(list(store.folder.iterdir())) == len(labels)


@given(st.text())
def test_a_slug_is_a_harmless_piece_of_a_name(text: str) -> None:
    piece = slug(text)
    assert piece.isascii()
    assert piece
    assert len(piece) <= 40
    assert not set(piece) & set('/\\:*?"<>|\0 \n\x1b')
    assert piece not in {".", ".."}
    assert not piece.startswith((".", "-"))


def test_the_list_is_newest_first_with_the_unusable_last(store: Store) -> None:
    assert store.listing() == ()
    old = store.add(a_backup(seed=1))
    new = store.add(a_backup(seed=2, made=LATER))
    bad = store.folder / "bad.zip"
    bad.write_bytes(b"not a zip")
    (store.folder / "notes.txt").write_text("mine")
    (store.folder / ".draft.zip").write_bytes(b"")
    listing = store.listing()
    assert [each.path for each in listing] == [new, old, bad]
    assert "no zip" in listing[-1].problem


def test_a_backup_is_found_by_path_name_and_id(store: Store, tmp_path: Path) -> None:
    backup = a_backup()
    path = store.add(backup)
    other = files.save(a_backup(seed=9), tmp_path / "elsewhere.zip")
    assert store.find(str(other)) == other
    identity = backup.header.content_id
    assert {store.find(word) for word in (path.name, path.stem, identity, identity[:4].upper())} == {path}


@pytest.mark.parametrize("word", ["nothing", "ab", "\x1b[2J", "x\0y"])
def test_what_means_no_backup_is_told(store: Store, word: str) -> None:
    store.add(a_backup())
    with pytest.raises(UsageFault, match="There is no backup") as caught:
        store.find(word)
    assert "\x1b" not in caught.value.title


def test_an_id_that_two_share_is_not_guessed(store: Store) -> None:
    store.add(a_backup())
    store.add(a_backup(made=LATER))
    with pytest.raises(UsageFault, match="means several backups"):
        store.find(a_backup().header.content_id)


def test_the_latest_is_the_newest_full_one_of_the_very_chip(store: Store) -> None:
    mine = a_backup(seed=1)
    store.add(a_backup(seed=2))
    wanted = store.add(a_backup(seed=3, made=LATER))
    store.add(a_backup(seed=4, made=LATER + timedelta(1), left_out={"flash": Absence.SKIPPED}))
    store.add(a_backup(seed=5, made=LATER + timedelta(1), serial=b"OTHER1\x09\x09\x09\x08"))
    assert store.latest(mine.chip) == wanted


@pytest.mark.parametrize("serial", [b"\xff" * 10, b""])
def test_clones_share_no_latest_backup(store: Store, serial: bytes) -> None:
    backup = a_backup(serial=serial)
    store.add(backup)
    with pytest.raises(UsageFault, match="cannot be told"):
        store.latest(backup.chip)


def test_the_same_content_is_known_again(store: Store) -> None:
    backup = a_backup()
    path = store.add(backup)
    assert store.holding(a_backup(made=LATER, label="other").header) == path
    for other in (
        a_backup(seed=2),
        a_backup(serial=b"OTHER1"),
        a_backup(left_out={"eeprom": Absence.SKIPPED}),
    ):
        assert store.holding(other.header) is None


def test_a_known_backup_that_is_damaged_does_not_count(store: Store) -> None:
    backup = a_backup()
    folder = files.save(backup, store.folder / "as-folder")
    assert store.holding(backup.header) == folder
    (folder / "flash.hex").write_text(":00000001FF\n")
    assert store.holding(backup.header) is None
    shutil.rmtree(folder)


def test_the_data_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AVRDECK_DATA", str(tmp_path))
    assert Store().folder == backups_folder() == tmp_path / "backups"
    assert inventory_file().parent == tmp_path
    monkeypatch.delenv("AVRDECK_DATA")
    assert backups_folder().is_absolute()
    assert "avrdeck" in backups_folder().parts
