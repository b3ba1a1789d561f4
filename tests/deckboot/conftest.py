"""Tests of deckboot run it on the bench of `tests/bench`, against Debian's unmodified avrdude."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

BENCH = str(Path(__file__).parent.parent / "bench")
if BENCH not in sys.path:
    sys.path.insert(0, BENCH)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: minutes of simulated time; run with -m long")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "long" in config.option.markexpr:
        return
    chosen = [item for item in items if not item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("long")])
    items[:] = chosen


@pytest.fixture(scope="session")
def bench() -> Iterator[None]:
    """The bench, built, with `wraps.c` around it; skips without its tools, or fails where they must be."""
    import rig
    from deckboot_rig import wrapped

    from debian import missing, tool

    tool("avr-gcc", "gcc-avr")
    tool("avrdude", "avrdude")
    try:
        folder = wrapped(rig.build())
    except rig.MissingToolError:
        missing("libsimavr-dev, libelf-dev, gcc and make")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rig, "build", lambda: folder)
        yield
