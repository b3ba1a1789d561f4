"""Where Arduino cores are found, and which of several is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from avrdeck.boards import boards
from avrdeck.boards.boards_txt import core, places

LAYOUTS = {
    "packages/arduino/hardware/avr/1.8.6": "arduino",
    "packages/MiniCore/hardware/avr/3.0.2": "MiniCore",
    "hardware/MegaCore/avr": "MegaCore",
    "packages/framework-arduino-avr": "arduino",
    "packages/framework-arduino-avr-minicore": "minicore",
    "packages/framework-arduino-avr-attiny@1.5.2": "attiny",
    "avr": "home",
}


@pytest.mark.parametrize(("layout", "package"), LAYOUTS.items())
def test_cores_are_found_in_every_usual_layout(tmp_path, layout, package):
    home = tmp_path / "home"
    folder = home / layout
    folder.mkdir(parents=True)
    (folder / "boards.txt").write_text("x.name=X\nx.build.mcu=atmega8\n")
    assert list(places.core_folders([home])) == [folder.resolve()]
    assert boards.find("x", folders=[home]).id == f"{package}:avr:x"
    assert boards.find("x", folders=[folder]).part == "ATmega8"


def test_the_newest_version_of_a_core_wins(tmp_path):
    for version in ("1.8.9", "1.8.10", "1.7.99"):
        folder = tmp_path / "packages/arduino/hardware/avr" / version
        folder.mkdir(parents=True)
        (folder / "boards.txt").write_text(f"x.name=X {version}\n")
    assert boards.find("x", folders=[tmp_path]).name == "X 1.8.10"
    assert [listing.name for listing in boards.listings(folders=[tmp_path]) if listing.short_id == "x"] == [
        "X 1.8.10"
    ]


def test_an_installed_core_comes_before_the_boards_built_in(tmp_path):
    folder = tmp_path / "packages/arduino/hardware/avr/9.9.9"
    folder.mkdir(parents=True)
    (folder / "boards.txt").write_text("uno.name=My Uno\n")
    assert boards.find("uno", folders=[tmp_path]).name == "My Uno"
    assert boards.find("nano", folders=[tmp_path]).source == boards.BUILT_IN
    ids = [listing.id for listing in boards.listings(folders=[tmp_path])]
    assert len(set(ids)) == len(ids) == 27


def test_the_usual_places_are_the_users_and_the_systems(tmp_path, monkeypatch):
    for name in (
        ".arduino15",
        "Arduino",
        ".platformio",
        "data",
        "Library/Arduino15",
        "AppData/Local/Arduino15",
    ):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("ARDUINO_DIRECTORIES_DATA", str(tmp_path / "data"))
    for system, names in (
        ("linux", ["data", ".arduino15", "Arduino", ".platformio"]),
        ("darwin", ["data", "Library/Arduino15", ".platformio"]),
        ("win32", ["data", "AppData/Local/Arduino15", ".platformio"]),
    ):
        monkeypatch.setattr("sys.platform", system)
        found = [path for path in places.usual() if path.is_relative_to(tmp_path)]
        assert found == [tmp_path / name for name in names]


def test_every_unpacked_arduino_1_is_a_place_the_newest_first(tmp_path, monkeypatch):
    for name in ("arduino-1.8.9", "arduino-1.8.19", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "arduino-1.9.zip").touch()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    found = [path.name for path in places.usual() if path.parent == tmp_path]
    assert found == ["arduino-1.8.19", "arduino-1.8.9"]


def test_a_place_with_too_many_cores_ends(tmp_path, monkeypatch):
    for name in "abc":
        (tmp_path / "hardware" / name / "avr").mkdir(parents=True)
        (tmp_path / "hardware" / name / "avr" / "boards.txt").touch()
    monkeypatch.setattr(places, "_MAX_CORES", 2)
    assert [path.parent.name for path in places.core_folders([tmp_path])] == ["a", "b"]


def test_links_in_a_circle_are_passed_over(tmp_path):
    (tmp_path / "hardware/acme").mkdir(parents=True)
    (tmp_path / "hardware/acme/avr").symlink_to("avr")
    (tmp_path / "avr").symlink_to(tmp_path / "hardware")
    assert list(places.core_folders([tmp_path])) == []


def test_a_core_without_boards_txt_is_empty(tmp_path):
    assert core.load(tmp_path).listings() == ()
    assert list(places.core_folders([tmp_path, Path("/nowhere")])) == []
