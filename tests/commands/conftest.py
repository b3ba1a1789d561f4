import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from avrdeck.boards.images import Format, save
from avrdeck.commands.running import run
from jobs.uploads import sketch


@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on standard output; fails when there is anything else."""
        return json.loads(self.out)


Avrdeck = Callable[..., Ran]


@pytest.fixture
def avrdeck(capsys: pytest.CaptureFixture[str]) -> Avrdeck:
    """Run the command line in this process."""

    def call(*arguments: object) -> Ran:
        status = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ran(status, captured.out, captured.err)

    return call


@pytest.fixture
def blink(tmp_path: Path) -> Path:
    """A sketch's file, of 1500 bytes."""
    path = tmp_path / "blink.hex"
    save(sketch(1500), path, Format.HEX)
    return path
