"""Every screen as a picture in text. ``AVRDECK_SNAPSHOTS=update`` writes them anew: look at the diff."""

import difflib
import os
from pathlib import Path

import pytest

from avrdeck.tui import gallery, screenshots, themes
from tui.picture import grid

SNAPSHOTS = Path(__file__).parent / "snapshots"
PICTURES = Path(__file__).parents[2] / "screenshots"
UPDATE = os.environ.get("AVRDECK_SNAPSHOTS") == "update"
VIEWS = (
    (gallery.NARROW, themes.DARK),
    (gallery.USUAL, themes.DARK),
    (gallery.WIDE, themes.DARK),
    (gallery.USUAL, themes.LIGHT),
    (gallery.USUAL, themes.MONO),
)


@pytest.mark.parametrize("scene", gallery.SCENES, ids=lambda scene: scene.name)
async def test_screens_look_as_they_did(scene):
    taken = await gallery.pictures(scene, VIEWS)
    parts = []
    for ((width, height), theme), svg in zip(VIEWS, taken, strict=True):
        text, looks = grid(svg)
        shown = looks if theme != themes.DARK else [*text, *looks]
        parts += [f"## {width}x{height} {theme}", *shown]
    file = SNAPSHOTS / f"{scene.name}.txt"
    content = "\n".join(parts) + "\n"
    if UPDATE:
        file.write_text(content, "utf-8")
    before = file.read_text("utf-8")
    if content != before:
        changes = difflib.unified_diff(before.splitlines(), parts, "was", "is", lineterm="", n=0)
        pytest.fail("\n".join([*changes][:60]), pytrace=False)
    for view, svg in zip(VIEWS, taken, strict=True):
        picture = PICTURES / f"{gallery.file_name(scene, view)}.svg"
        if picture.exists():
            assert picture.read_text("utf-8") == screenshots.redrawn(svg), f"{picture.name}: make screenshots"
