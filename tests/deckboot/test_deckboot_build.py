"""The committed images are what avr-gcc makes of the committed source."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from avrdeck.boards.deckboot import FOLDER, MANIFEST, variants
from debian import tool


def test_building_again_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, package in (("avr-gcc", "gcc-avr"), ("avr-objcopy", "binutils-avr")):
        tool(name, package)
    done = subprocess.run(
        [sys.executable, FOLDER / "build.py", tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    built = sorted(path.name for path in tmp_path.iterdir())
    assert built == sorted(
        [*(f"{one.name}.hex" for one in variants()), MANIFEST, "listing.txt", "listing256.txt"]
    )
    for name in built:
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes(), name
    # The build tells what the divisors are worth.
    assert "+2.12 %" in done.stdout


def test_every_image_there_is_belongs_to_a_variant() -> None:
    assert {path.stem for path in FOLDER.glob("*.hex")} == {one.name for one in variants()}


def test_the_readme_has_the_sizes_of_the_images() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for one in variants():
        used = one.code_bytes + (8 if one.serial_at else 4)
        assert f"| {one.name} | {used} of {one.section_bytes} |" in readme
