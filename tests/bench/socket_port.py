"""A TCP port of a rig, for programs that know nothing of simulated time and open `socket://` ports.

    with Rig(firmware) as rig, SocketPort(rig) as port:
        subprocess.run(["avrdeck", "-P", port.url, "id"])

Simulated time follows wall time and is never ahead of it. A connection asserts DTR, as opening a port does.
"""

from __future__ import annotations

import select
import socket
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

from rig import Rig

SLICE_S = 0.002
"""The device runs no further before the client is looked at again; a slow machine makes it slower."""
CHUNK = 65_536


class SocketPort:
    """Serves one client after the other, in a thread of its own; `url` is what to open."""

    def __init__(self, rig: Rig) -> None:
        self._control = rig.connection()
        self._baud = rig.firmware.baud
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(SLICE_S)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self.url = f"socket://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._listener.close()
        self._control.close()

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            with client:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
                self._control.open(self._baud)
                self._carry(client)
                self._control.ask("drain")
                self._control.ask("close")

    def _carry(self, client: socket.socket) -> None:
        """Bytes both ways until the client goes."""
        before = time.monotonic()
        self._control.run(0)  # somebody else may have let it run
        while not self._over.is_set():
            readable, _, _ = select.select([client], [], [], SLICE_S / 4)
            if readable:
                data = b""
                with suppress(ConnectionError):
                    data = client.recv(CHUNK)
                if not data:
                    return
                self._control.write(data)
            now = time.monotonic()
            heard = self._control.run(self._control.now + round(min(now - before, SLICE_S) * 1e9))
            before = now
            if heard:
                with suppress(ConnectionError):
                    client.sendall(bytes(byte for _, byte in heard))
