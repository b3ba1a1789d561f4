"""From the port a user names to an open transport."""

from __future__ import annotations

import os

from avrdeck.protocol.transports.base import Transport

DEFAULT_BAUD = 19_200
"""The stock ArduinoISP sketch's speed."""


async def open_transport(name: str, baud: int | None = None) -> Transport:
    """Open ``name`` at ``baud``, by default the virtual firmware's own or `DEFAULT_BAUD`.

    Raises `PortError`.

    ``sim:`` with options is the virtual programmer, ``socket://host:port`` a TCP stream,
    ``rfc2217://host:port`` a serial server's port; any other ``scheme://`` is left to pyserial;
    the rest are ports of this machine.
    """
    scheme = name.partition("://")[0] if "://" in name else name.partition(":")[0]
    match scheme:
        case "sim":
            from avrdeck.protocol.transports.sim import open_sim

            return open_sim(name, baud)
        case "socket":
            from avrdeck.protocol.transports.tcp import open_socket

            return await open_socket(name, baud or DEFAULT_BAUD)
        case "rfc2217":
            from avrdeck.protocol.transports.rfc2217 import open_rfc2217

            return await open_rfc2217(name, baud or DEFAULT_BAUD)
    if "://" in name or os.name == "nt":
        from avrdeck.protocol.transports.threaded import open_threaded

        return await open_threaded(name, baud or DEFAULT_BAUD)
    from avrdeck.protocol.transports.local import open_local

    return await open_local(name, baud or DEFAULT_BAUD)
