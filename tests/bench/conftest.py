"""Tests of the bench itself; they need Debian's simavr, AVR compiler, Arduino and avrdude packages."""

from __future__ import annotations

import pytest
from firmware import CORE, SKETCH, MissingToolError, need
from rig import build

from debian import absent

OPTIBOOT = CORE / "bootloaders/optiboot/optiboot.c"


@pytest.fixture(scope="session", autouse=True)
def _tools() -> None:
    """Skip without the tools, or fail where they must be: in CI."""
    try:
        need("avrdude", "avr-gcc", "avr-g++", SKETCH, OPTIBOOT)
        build()
    except MissingToolError as missing:
        absent(str(missing))
