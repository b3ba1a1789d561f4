"""The ports of this machine with their USB names, likely programmers first."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

SIMULATOR = "sim:"
LIKELY_VENDORS = frozenset({0x2341, 0x2A03, 0x1A86, 0x0403, 0x10C4, 0x1B4F, 0x239A})
"""USB vendors of Arduino boards and of the converters on their copies."""


@dataclass(frozen=True, slots=True)
class PortIdentity:
    """What tells a USB device from others when it comes back under another name.

    ``beside``: the ports of devices that look the same and were there at the same time, as copies without a
    serial number do; what answers on them is not the one that went away.
    """

    vendor: int | None
    product: int | None
    serial: str | None
    beside: frozenset[str] = field(default=frozenset(), compare=False)


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """A port that no USB device stands behind, as far as the machine tells: a file that is made anew.

    ``made`` tells one file of that name from the next: its inode and when it was made, in ns.
    """

    device: str
    made: tuple[int, int]


Identity = PortIdentity | FileIdentity


@dataclass(frozen=True, slots=True)
class PortEntry:
    """One port. ``usb`` is ``2341:0043`` or empty."""

    device: str
    name: str
    usb: str = ""
    likely: bool = False
    identity: Identity | None = None


def entries() -> tuple[PortEntry, ...]:
    """Every serial port, those of likely programmers first, and the simulator last."""
    from serial.tools.list_ports import comports

    found = []
    for port in comports():
        usb = f"{port.vid:04X}:{port.pid:04X}" if port.vid is not None and port.pid is not None else ""
        identity = PortIdentity(port.vid, port.pid, port.serial_number) if port.vid is not None else None
        name = port.product or (port.description if port.description != "n/a" else "") or "serial port"
        found.append(PortEntry(port.device, name, usb, port.vid in LIKELY_VENDORS, identity))
    found.sort(key=lambda entry: (not entry.likely, not entry.usb, entry.device))
    return (*found, PortEntry(SIMULATOR, "virtual Uno with ArduinoISP", likely=True))


def known(device: str) -> PortEntry | None:
    """The entry of a port by any of its names, or `None` for what is no port of this machine."""
    listed = entries()
    found = next((entry for entry in listed if entry.device == device), None)
    if found is None and "://" not in device:
        real = os.path.realpath(device)
        found = next((entry for entry in listed if entry.device == real), None)
    if found is None and (made := _made(device)):
        return PortEntry(device, "", identity=FileIdentity(device, made))
    if found and isinstance(found.identity, PortIdentity):
        alike = (each.device for each in listed if each.identity == found.identity and each != found)
        return replace(found, identity=replace(found.identity, beside=frozenset(alike)))
    return found


def returned(identity: Identity) -> str | None:
    """The name under which a lost port is back, or `None` while it is away."""
    if isinstance(identity, PortIdentity):
        alike = (entry.device for entry in entries() if entry.identity == identity)
        return next((device for device in alike if device not in identity.beside), None)
    made = _made(identity.device)
    return identity.device if made and made != identity.made else None


def _made(device: str) -> tuple[int, int] | None:
    """When a device's own name was made, be it a link; `None` where it leads nowhere."""
    try:
        if not Path(device).exists():
            return None
        found = os.lstat(device)
    except (OSError, ValueError):
        return None
    return found.st_ino, found.st_ctime_ns
