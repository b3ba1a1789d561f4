"""Which programmer board a USB device is."""

from __future__ import annotations

from dataclasses import dataclass

from avrdeck.jobs.adapters import Adapter, adapter_of


@dataclass(frozen=True, slots=True)
class Usb:
    """A port's USB device. ``board`` is in the words of `avrdeck.boards.wiring`, `None` if not known."""

    adapter: Adapter
    board: str | None

    def __str__(self) -> str:
        return str(self.adapter)


def usb_of(port: str) -> Usb | None:
    """The USB device behind ``port``; `None` where there is none or nobody knows."""
    adapter = adapter_of(port)
    return Usb(adapter, board_of(adapter.vendor, adapter.product)) if adapter else None


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
