"""What the machine knows of a port: its USB names, and the board that they belong to."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usb:
    """A port's USB device. ``board`` is in the words of `avrdeck.boards.wiring`, `None` if not known."""

    vendor: int
    product: int
    name: str
    board: str | None

    def __str__(self) -> str:
        return f"{self.vendor:04X}:{self.product:04X} {self.name}".strip()


def usb_of(port: str) -> Usb | None:
    """The USB device behind ``port``; `None` where there is none or nobody knows."""
    from serial.tools.list_ports import comports

    from avrdeck.protocol.text import printable

    real = os.path.realpath(port)
    for found in comports():
        if found.device in {port, real} and found.vid is not None and found.pid is not None:
            name = printable((found.product or "").encode("utf-8", "replace"))
            return Usb(found.vid, found.pid, name, board_of(found.vid, found.pid))
    return None


def board_of(vendor: int, product: int) -> str | None:
    """The programmer board with that USB id among those whose wiring is known."""
    from avrdeck.boards import wiring
    from avrdeck.boards.builtin import BOARDS

    known = {word for one in wiring.programmers() for word in (one.id, *one.aliases)}
    for listing in BOARDS.listings():
        name = listing.short_id.lower()
        if name in known and (vendor, product) in BOARDS.board(listing.short_id, {}).usb_ids:
            return name
    return None
