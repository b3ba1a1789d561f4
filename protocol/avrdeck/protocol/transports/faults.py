"""The operating system's complaints about ports, translated once."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from avrdeck.protocol.errors import PortError, PortReason
from avrdeck.protocol.transports.holders import holders

_BUSY = frozenset({errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})
_MISSING = frozenset({errno.ENOENT, errno.ENODEV, errno.ENXIO})
_NOT_SERIAL = frozenset({errno.ENOTTY, errno.EISDIR, errno.EINVAL})


def cannot_open(port: str, error: OSError) -> PortError:
    """The fault for a port that ``error`` kept from being opened."""
    if error.errno in _MISSING:
        return PortError(port, PortReason.MISSING, f"There is no port {port}", advice=_what_there_is())
    if error.errno in _BUSY:
        return _busy(port)
    if error.errno in _FORBIDDEN:
        return _forbidden(port)
    if error.errno in _NOT_SERIAL:
        return PortError(
            port, PortReason.UNSUPPORTED, f"{port} is not a serial port", advice=_what_there_is()
        )
    return PortError(
        port,
        PortReason.FAILED,
        f"{port} cannot be opened",
        detail=f"The system says: {error.strerror or error}.",
    )


def vanished(port: str, error: OSError | None = None) -> PortError:
    """The fault for a port that stopped working while it was open."""
    detail = f"The system says: {error.strerror}." if error and error.strerror else ""
    what = "network and the serial server" if "://" in port else "USB cable"
    return PortError(
        port,
        PortReason.VANISHED,
        f"{port} has vanished",
        detail=detail,
        advice=f"Check the {what}, then connect again.",
    )


def unreachable(port: str, error: OSError | TimeoutError) -> PortError:
    """The fault for a serial server that ``error`` kept from being connected to."""
    return PortError(
        port,
        PortReason.MISSING,
        f"{port} cannot be reached",
        detail=f"The system says: {error.strerror or 'no answer'}.",
        advice="Check that the serial server runs and listens on that port.",
    )


def not_supported(port: str, why: str, advice: str = "") -> PortError:
    """The fault for a port name that avrdeck can make nothing of."""
    return PortError(port, PortReason.UNSUPPORTED, f"{port}: {why}", advice=advice)


def _busy(port: str) -> PortError:
    names = holders(port)
    detail = f"{', '.join(names)} has it open." if names else "Another program has it open."
    return PortError(
        port, PortReason.BUSY, f"{port} is in use", detail=detail, advice="Close that program first."
    )


def _forbidden(port: str) -> PortError:
    group = _group(port)
    if group:
        detail = f"The port belongs to the group {group}, and you are not in it."
        advice = f"Run: sudo usermod -aG {group} $USER, then log in again."
    else:
        detail, advice = "You may not read and write it.", "Ask for access to the port."
    return PortError(port, PortReason.FORBIDDEN, f"{port} is forbidden to you", detail=detail, advice=advice)


def _group(port: str) -> str | None:
    try:
        owner = Path(port).group()
    except (OSError, KeyError, NotImplementedError):
        return None
    return owner if owner != "root" else None


def _what_there_is() -> str:
    from serial.tools.list_ports import comports

    names = sorted(port.device for port in comports() if port.vid is not None)
    if not names:
        return "No USB serial port is plugged in; sim: is the virtual programmer."
    return f"Plugged in: {', '.join(names)}. sim: is the virtual programmer."


def as_os_error(error: Exception) -> OSError:
    """What pyserial and termios raise as `OSError`, with an errno wherever they carry one."""
    if isinstance(error, OSError) and error.errno is not None:
        return error
    if isinstance(error.__context__, Exception):
        return as_os_error(error.__context__)
    number = error.args[0] if error.args and isinstance(error.args[0], int) else None
    return OSError(number, os.strerror(number)) if number else OSError(None, str(error))
