"""The ports of this machine with their USB names, likely programmers first."""

from __future__ import annotations

from dataclasses import dataclass

SIMULATOR = "sim:"
LIKELY_VENDORS = frozenset({0x2341, 0x2A03, 0x1A86, 0x0403, 0x10C4, 0x1B4F, 0x239A})
"""USB vendors of Arduino boards and of the converters on their copies."""


@dataclass(frozen=True, slots=True)
class PortIdentity:
    """What tells a USB device from others when it comes back under another name."""

    vendor: int | None
    product: int | None
    serial: str | None


@dataclass(frozen=True, slots=True)
class PortEntry:
    """One port. ``usb`` is ``2341:0043`` or empty."""

    device: str
    name: str
    usb: str = ""
    likely: bool = False
    identity: PortIdentity | None = None


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
    """The entry of a port, or `None` when the machine does not list it."""
    return next((entry for entry in entries() if entry.device == device), None)


def returned(identity: PortIdentity) -> str | None:
    """The name under which a USB device is back, or `None` while it is away."""
    return next((entry.device for entry in entries() if entry.identity == identity), None)
