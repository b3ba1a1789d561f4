"""Files that tests of images and of Arduino cores write."""

from __future__ import annotations

from pathlib import Path

import pytest

from avrdeck.boards import boards
from avrdeck.boards.boards_txt import core


@pytest.fixture
def file(tmp_path):
    """Writes an image's file."""

    def make(content: str | bytes, name: str = "image.hex") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode("latin-1") if isinstance(content, str) else content)
        return path

    return make


@pytest.fixture
def make(tmp_path):
    """Writes a core's files and loads it."""

    def write(text: str, files: dict[str, str] | None = None) -> core.Core:
        folder = tmp_path / "hardware" / "acme" / "avr"
        for name, content in {"boards.txt": text, **(files or {})}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return core.load(folder)

    return write


def keys(board: boards.Board) -> list[str]:
    return [finding.key for finding in board.findings]
