"""The USB devices behind ports: what tells one from another, whatever its port is called today."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace

from avrdeck.boards.text import printable

MAX_TEXT = 126
"""Characters of a USB string descriptor at most (USB 2.0, section 9.6.7)."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """One USB device. ``serial`` is its serial number, empty where it has none.

    ``name`` is what it calls itself. ``others`` are the ports of devices that are there now and have the
    same ids and serial number: copies of cheap boards often have none, or all the same.
    """

    vendor: int
    product: int
    serial: str = ""
    name: str = field(default="", compare=False)
    others: tuple[str, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        return f"{self.vendor:04X}:{self.product:04X} {self.name}".strip()

    @property
    def key(self) -> str:
        """``2341:0043:8573531303435150B1A0``: the same for the same device on every port."""
        return f"{self.vendor:04X}:{self.product:04X}:{self.serial}"


def adapter_of(port: str) -> Adapter | None:
    """The USB device behind ``port``; `None` where there is none, or nobody knows.

    The simulator and ports on a network have none.
    """
    if "://" in port or port.startswith("sim:"):
        return None
    there = _attached()
    names = {port, os.path.realpath(port)}
    found = next((adapter for name, adapter in there.items() if name in names), None)
    if found is None:
        return None
    alike = [name for name, adapter in there.items() if adapter == found and name not in names]
    return replace(found, others=tuple(sorted(alike)))


def _attached() -> dict[str, Adapter]:
    """The USB devices by the names of their ports."""
    from serial.tools.list_ports import comports

    return {
        port.device: Adapter(port.vid, port.pid, _text(port.serial_number), _text(port.product))
        for port in comports()
        if port.vid is not None and port.pid is not None
    }


def _text(told: str | None) -> str:
    """What a device says of itself, as one line that cannot steer a terminal."""
    return printable((told or "")[:MAX_TEXT])
