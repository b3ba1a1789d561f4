"""The signature row as rows: its bytes, and which of them mean what."""

from __future__ import annotations

from collections.abc import Mapping

from avrdeck.boards.models import Part
from avrdeck.boards.uid import calibration_addresses, serial_addresses
from avrdeck.tui.views.ink import Pen, Row

IDS = (0, 2, 4)
"""Addresses of the signature's three bytes."""
WIDE = 78
"""Columns from which 24 bytes stand in a row, below it 12."""


def rows(part: Part, content: bytes, width: int) -> list[Row]:
    """Signature, calibration and serial told apart by weight, and named below."""
    calibration, serial = calibration_addresses(part), serial_addresses(part)
    roles: Mapping[int, str] = {
        **dict.fromkeys(IDS, "bold"),
        **dict.fromkeys(calibration, "accent bold"),
        **dict.fromkeys(serial, ""),
    }
    title = Pen(width).put("Signature row", "bold", at=1).put(f" {len(content)} B")
    painted = [title.right("isp 30/38", "disabled", margin=1).row()]
    per_row = 24 if width >= WIDE else 12
    margin = int(3 + 3 * per_row <= width)
    for first in range(0, len(content), per_row):
        pen = Pen(width).put(f"{first:02X}", "muted", at=margin)
        for at in range(first, min(first + per_row, len(content))):
            pen.put(" ").put(f"{content[at]:02X}", roles.get(at, "disabled"))
        painted.append(pen.row())
    return [*painted, _names(calibration, serial, width)]


def _names(calibration: tuple[int, ...], serial: tuple[int, ...], width: int) -> Row:
    """Which addresses hold what; close together where many calibration bytes need the room."""
    where = " ".join(f"{at:X}" for at in calibration)
    words = [("id", "bold", "0 2 4"), ("OSCCAL", "accent bold", where)]
    if serial:
        words.append(("unique", "", f"{serial[0]:02X}-{serial[-1]:02X}"))
    length = sum(len(name) + 1 + len(places) for name, _, places in words)
    margin, gap = (4, 3) if 4 + length + 3 * (len(words) - 1) <= width else (0, 2)
    pen = Pen(width, at=margin)
    for name, role, places in words:
        pen.put(name, role).put(f" {places}", "muted").put(" " * gap)
    return pen.row()
