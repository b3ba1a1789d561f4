"""Debian's tools and Arduino core, for tests that want the real thing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

CORE = Path("/usr/share/arduino/hardware/arduino/avr")


def debian_core() -> Path:
    """The core's folder."""
    return CORE if CORE.is_dir() else missing("arduino-core-avr")


def tool(name: str, package: str) -> str:
    """The path of a program."""
    return shutil.which(name) or missing(package)


def missing(package: str) -> NoReturn:
    """Skip the test, or fail it where tools are required."""
    absent(f"needs the Debian package {package}")


def absent(what: str) -> NoReturn:
    """The same for anything that is not there."""
    if os.environ.get("AVRDECK_REQUIRE_TOOLS"):
        pytest.fail(what)
    pytest.skip(what)
