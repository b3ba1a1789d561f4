"""Tests of deckboot run it on the bench of `tests/bench`, against Debian's unmodified avrdude and avrdeck."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

BENCH = str(Path(__file__).parent.parent / "bench")
if BENCH not in sys.path:
    sys.path.insert(0, BENCH)


@pytest.fixture(scope="session")
def bench() -> None:
    """The bench, built; skips without its tools, or fails where they must be."""
    from firmware import MissingToolError, need
    from rig import build

    from debian import absent

    try:
        need("avrdude", "avr-gcc")
        build()
    except MissingToolError as missing:
        absent(str(missing))
