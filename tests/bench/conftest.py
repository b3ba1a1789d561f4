"""Tests of the bench itself; they need Debian's simavr, AVR compiler, Arduino and avrdude packages."""

from __future__ import annotations

import os

import pytest
from firmware import CORE, SKETCH, MissingToolError, need
from rig import build

REQUIRE = "AVRDECK_REQUIRE_TOOLS"
OPTIBOOT = CORE / "bootloaders/optiboot/optiboot.c"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: minutes of simulated time; run with -m long")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "long" in config.option.markexpr:
        return
    chosen = [item for item in items if not item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("long")])
    items[:] = chosen


@pytest.fixture(scope="session", autouse=True)
def _tools() -> None:
    """Skip without the tools, or fail where they must be: in CI."""
    try:
        need("avrdude", "avr-gcc", "avr-g++", SKETCH, OPTIBOOT)
        build()
    except MissingToolError as missing:
        if os.environ.get(REQUIRE) == "1":
            pytest.fail(f"{missing}, but {REQUIRE}=1")
        pytest.skip(str(missing))
