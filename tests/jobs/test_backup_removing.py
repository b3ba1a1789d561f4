"""Deleting a backup: only one of ours, and nothing it leads to."""

from pathlib import Path

import pytest

from avrdeck.jobs.backup import files
from avrdeck.jobs.backup.removing import remove
from avrdeck.jobs.backup.store import Store
from avrdeck.protocol.errors import InputFault, UsageFault
from jobs.backups import a_backup


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "backups")


def test_one_backup_is_deleted_and_the_others_stay(store: Store) -> None:
    first, second = store.add(a_backup()), store.add(a_backup(seed=2))
    remove(store, first)
    assert [each.path for each in store.listing()] == [second]


def test_a_damaged_one_and_one_in_a_folder_can_be_deleted(store: Store) -> None:
    folder = files.save(a_backup(), store.folder / "mine")
    damaged = store.folder / "damaged.ZIP"
    damaged.write_bytes(b"PK")
    assert len(store.listing()) == 2
    remove(store, folder)
    remove(store, damaged)
    assert not list(store.folder.iterdir())


def test_a_backup_elsewhere_is_not_ours_to_delete(store: Store, tmp_path: Path) -> None:
    store.add(a_backup())
    elsewhere = files.save(a_backup(seed=2), tmp_path / "elsewhere.zip")
    deeper = files.save(a_backup(seed=2), store.folder / "deep" / "one.zip")
    for path in (elsewhere, store.folder / ".." / "elsewhere.zip", deeper, store.folder / "deep" / ".."):
        with pytest.raises(UsageFault):
            remove(store, path)
    assert elsewhere.exists()
    assert deeper.exists()
    assert len(store.listing()) == 2


def test_a_folder_with_more_in_it_and_a_file_of_another_kind_stay(store: Store) -> None:
    folder = files.save(a_backup(), store.folder / "mine")
    (folder / "notes.txt").write_text("keep me")
    other = store.folder / "notes.txt"
    other.write_text("me too")
    for path in (folder, other):
        with pytest.raises(UsageFault):
            remove(store, path)
    assert (folder / "notes.txt").exists()
    assert files.load(folder)
    assert other.exists()


def test_a_link_is_deleted_and_what_it_leads_to_stays(store: Store, tmp_path: Path) -> None:
    target = files.save(a_backup(), tmp_path / "precious")
    store.folder.mkdir()
    link = store.folder / "precious"
    link.symlink_to(target)
    remove(store, link)
    assert not link.exists()
    assert files.load(target)


def test_one_that_is_gone_is_told(store: Store) -> None:
    store.folder.mkdir()
    with pytest.raises(InputFault, match="cannot be deleted"):
        remove(store, store.folder / "gone.zip")
