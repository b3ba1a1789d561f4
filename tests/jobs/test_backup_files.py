import hashlib
import io
import json
import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrdeck.boards.images import load as load_image
from avrdeck.jobs.backup import files
from avrdeck.jobs.backup.container import MAX_ARCHIVE, MAX_FILE
from avrdeck.jobs.backup.model import Absence, BadBackup
from avrdeck.protocol.errors import InputFault
from jobs.backups import a_backup

GOOD = a_backup(left_out={"calibration": Absence.UNREADABLE}, label="Käfig 7")


@pytest.fixture
def zipped(tmp_path: Path) -> Path:
    return files.save(GOOD, tmp_path / "good.zip")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return files.save(GOOD, tmp_path / "good")


def reason(path: Path) -> str:
    with pytest.raises(BadBackup) as caught:
        files.load(path)
    assert "good" in caught.value.title
    return caught.value.reason


@pytest.mark.parametrize("name", ["x.zip", "X.ZIP", "folder", "deep/er/x.zip"])
def test_what_is_saved_is_loaded(tmp_path: Path, name: str) -> None:
    loaded = files.load(files.save(GOOD, tmp_path / name))
    assert (loaded.header, loaded.memories) == (GOOD.header, GOOD.memories)
    assert files.load_header(tmp_path / name) == GOOD.header


def test_each_memory_is_intel_hex_of_its_own(folder: Path) -> None:
    image = load_image(folder / "flash.hex", "flash")
    assert image.flat(1024) == GOOD.memories["flash"]
    assert load_image(folder / "lfuse.hex", "lfuse").flat(1) == GOOD.memories["lfuse"]


def test_it_travels_to_another_machine(zipped: Path, folder: Path) -> None:
    """Nothing in it names the place where it was made, and a zip that is unpacked is a backup too."""
    content = b"".join(file.read_bytes() for file in folder.iterdir())
    assert os.fsencode(folder.parent) not in content
    elsewhere = Path(tempfile.mkdtemp(dir=folder.parent))
    with zipfile.ZipFile(zipped) as archive:
        archive.extractall(elsewhere / "good")
    crlf = elsewhere / "good" / "flash.hex"
    crlf.write_bytes(crlf.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    assert files.load(elsewhere / "good").memories == GOOD.memories


def test_nothing_is_replaced_and_nothing_is_left_behind(zipped: Path, folder: Path) -> None:
    for path in (zipped, folder):
        with pytest.raises(InputFault, match="exists already"):
            files.save(a_backup(seed=2), path)
        assert files.load(path).memories == GOOD.memories
    assert {path.name for path in folder.parent.iterdir()} == {"good", "good.zip"}


def test_a_folder_that_cannot_be_written_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputFault, match="cannot be written"):
        files.save(GOOD, tmp_path / "file" / "x.zip")


def remade(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The zip with its files changed."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    change(content)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def sealed(path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """The zip with its manifest changed and sealed again, as somebody would who means harm."""

    def rewrite(content: dict[str, bytes]) -> None:
        table = json.loads(content["manifest.json"])
        change(table)
        table.pop("seal", None)
        text = json.dumps(table, sort_keys=True, separators=(",", ":"))
        table["seal"] = hashlib.sha256(text.encode()).hexdigest()
        content["manifest.json"] = json.dumps(table).encode()

    return remade(path, rewrite)


def put(*keys: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(table: dict[str, Any]) -> None:
        for key in keys[:-1]:
            table = table[key]
        table[keys[-1]] = value

    return change


BAD_MANIFESTS = [
    (put("format", value="cat pictures"), "not made by avrdeck"),
    (put("version", value=2), "reads version 1"),
    (put("version", value=True), "reads version 1"),
    (put("part", value="ATtiny99"), "does not know"),
    (put("part", value=7), "part is missing"),
    (put("part", value="ATmega328P"), "which is no ATmega328P"),
    (put("signature", value="1E950F"), "which is no ATtiny13"),
    (put("signature", value="xyz"), "not hexadecimal"),
    (put("identity", value=[]), "identity is missing"),
    (put("identity", "source", value="psychic"), "unknown kind"),
    (put("identity", "serial", value="FFFF"), "not what its manifest says"),
    (put("identity", "serial", value="0102" * 100), "not what its manifest says"),
    (put("identity", "source", value="all_equal"), "not what its manifest says"),
    (put("memories", "../../etc/passwd", value={"size": 1, "sha256": "0" * 64}), "has no memory"),
    (put("memories", "manifest", value={"size": 1, "sha256": "0" * 64}), "has no memory"),
    (put("memories", "efuse", value={"size": 1, "sha256": "0" * 64}), "has no memory"),
    (put("memories", "flash", "size", value=2048), "size"),
    (put("memories", "flash", "size", value=1024.0), "size"),
    (put("memories", "lock", "size", value=True), "size"),
    (put("memories", "signature", "size", value=257), "size"),
    (put("memories", "flash", "sha256", value="00"), "hash of flash"),
    (put("memories", "flash", "sha256", value="0" * 64), "does not hold what"),
    (put("memories", "flash", value=None), "flash is missing"),
    (put("left_out", "flash", value="skipped"), "both has and lacks"),
    (put("left_out", "calibration", value="dog ate it"), "unknown reason"),
    (put("left_out", "efuse", value="skipped"), "has not"),
    (put("made", value="yesterday"), "date"),
    (put("made", value="2026-03-01T12:00:00"), "time zone"),
    (put("made", value="0001-01-01T00:00:00+23:59"), "date"),
    (put("label", value="x" * 81), "label"),
    (put("label", value="\x1b]0;owned\x07"), "label"),
    (put("extra", value=1), "too many or too few"),
    (lambda table: table.pop("label"), "too many or too few"),
    (lambda table: table["memories"].pop("flash"), "became of flash"),
]


@pytest.mark.parametrize(
    ("change", "says"), BAD_MANIFESTS, ids=[f"{n}-{c[1]}" for n, c in enumerate(BAD_MANIFESTS)]
)
def test_a_manifest_that_lies_is_refused(
    zipped: Path, change: Callable[[dict[str, Any]], None], says: str
) -> None:
    assert says in reason(sealed(zipped, change))


def test_a_manifest_sealed_again_unchanged_is_fine(zipped: Path) -> None:
    """So that the table above tests what it says."""
    assert files.load(sealed(zipped, put("label", value="other"))).header.label == "other"


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        (b"", "not JSON"),
        (b"[" * 60_000, "not JSON"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[]", "not made by avrdeck"),
        (b" " * 70_000, "too long"),
    ],
)
def test_what_is_no_manifest_is_refused(zipped: Path, manifest: bytes, says: str) -> None:
    assert says in reason(remade(zipped, lambda content: content.update({"manifest.json": manifest})))


def without(name: str) -> Callable[[dict[str, bytes]], None]:
    return lambda content: content.pop(name) and None  # type: ignore[func-returns-value]


FLASH = bytes(GOOD.memories["flash"])
BAD_FILES: list[tuple[Callable[[dict[str, bytes]], Any], str]] = [
    (without("manifest.json"), "manifest.json is missing"),
    (without("flash.hex"), "flash.hex is missing"),
    (lambda c: c.update({"flash.hex": c["flash.hex"][:-40]}), "flash.hex"),
    (lambda c: c.update({"flash.hex": c["flash.hex"].replace(b":10", b":11", 1)}), "flash.hex"),
    (lambda c: c.update({"flash.hex": c["eeprom.hex"]}), "does not hold what"),
    (lambda c: c.update({"lfuse.hex": b":0100000000FF\n:00000001FF\n"}), "does not hold what"),
    (lambda c: c.update({"lfuse.hex": b":0100010000FE\n:00000001FF\n"}), "does not hold what"),
    (lambda c: c.update({"lfuse.hex": b":0100000000FF\n:0100000001FE\n:00000001FF\n"}), "contradicts"),
    (lambda c: c.update({"manifest.json": c["manifest.json"].replace(b"2026", b"2025")}), "own hash"),
    (lambda c: c.update({f"junk{n}": b"" for n in range(100)}), "files"),
    (lambda c: c.update({"../../evil.sh": b"boo"}), "leads out"),
    (lambda c: c.update({"/etc/passwd": b"boo"}), "leads out"),
    (lambda c: c.update({"..\\evil.bat": b"boo"}), "leads out"),
    (lambda c: c.update({"C:evil.bat": b"boo"}), "leads out"),
]


@pytest.mark.parametrize(("change", "says"), BAD_FILES, ids=[f"{n}-{c[1]}" for n, c in enumerate(BAD_FILES)])
def test_damaged_and_foreign_zips_are_refused(
    zipped: Path, change: Callable[[dict[str, bytes]], Any], says: str
) -> None:
    assert says in reason(remade(zipped, change))


def test_a_zip_bomb_is_refused_before_it_goes_off(zipped: Path) -> None:
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", b" " * (MAX_FILE + 1))
    assert zipped.stat().st_size < 10_000
    assert "unpack to more" in reason(zipped)


def test_a_zip_bomb_that_lies_about_its_size_is_cut_off(zipped: Path) -> None:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", b" " * (8 * MAX_FILE))
    lying = raw.getvalue().replace((8 * MAX_FILE).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    zipped.write_bytes(lying)
    assert "damaged" in reason(zipped)


def test_links_encryption_and_twins_in_a_zip_are_refused(zipped: Path) -> None:
    original = zipped.read_bytes()
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(zipped, "a") as archive:
        archive.writestr(info, "/etc/passwd")
    assert "a link" in reason(zipped)
    zipped.write_bytes(original)
    with zipfile.ZipFile(zipped, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("lock.hex", b"")
    assert "one name" in reason(zipped)
    central = original.index(b"PK\x01\x02")
    zipped.write_bytes(original[: central + 8] + b"\x01" + original[central + 9 :])
    assert "encrypted" in reason(zipped)


def test_links_and_pipes_in_a_folder_are_refused(folder: Path, tmp_path: Path) -> None:
    flash = folder / "flash.hex"
    shutil.move(flash, tmp_path / "elsewhere.hex")
    flash.symlink_to(tmp_path / "elsewhere.hex")
    assert "is a link" in reason(folder)
    flash.unlink()
    os.mkfifo(flash)
    assert "no regular file" in reason(folder)
    flash.unlink()
    assert "flash.hex is missing" in reason(folder)
    flash.mkdir()
    assert "cannot be read" in reason(folder)


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "no zip"), (b"hello", "no zip"), (b"\0" * (MAX_ARCHIVE + 1), "MiB")],
    ids=["empty", "text", "huge"],
)
def test_what_is_no_zip_is_refused(zipped: Path, content: bytes, says: str) -> None:
    zipped.write_bytes(content)
    assert says in reason(zipped)


def test_a_missing_file_and_an_empty_folder_are_told(tmp_path: Path) -> None:
    assert "no such file" in reason(tmp_path / "good.zip")
    (tmp_path / "good").mkdir()
    assert "manifest.json is missing" in reason(tmp_path / "good")


@given(data=st.data())
def test_a_damaged_zip_is_refused_or_says_the_same(data: st.DataObject) -> None:
    """Whatever a disk or a wire does to it: never another content, never another exception."""
    with tempfile.TemporaryDirectory() as place:
        path = files.save(GOOD, Path(place) / "good.zip")
        content = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            at = data.draw(st.integers(0, len(content) - 1))
            content[at] ^= data.draw(st.integers(1, 255))
        cut = data.draw(st.none() | st.integers(0, len(content)))
        path.write_bytes(content[:cut])
        try:
            loaded = files.load(path)
        except BadBackup:
            return
        assert (loaded.memories, loaded.chip) == (GOOD.memories, GOOD.chip)
