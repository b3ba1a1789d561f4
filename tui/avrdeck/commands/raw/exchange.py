"""What was sent, what came back, what it means: one exchange, and many of them as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from avrdeck.commands.raw.words import Sweep
from avrdeck.protocol.text import hexadecimal, printable

TABLE_COLUMNS = 16


@dataclass(frozen=True, slots=True)
class Exchange:
    """``milliseconds`` from the first byte sent to the last received."""

    sent: bytes
    received: bytes
    meaning: str
    milliseconds: float

    @property
    def data(self) -> dict[str, object]:
        """For programs."""
        return {
            "sent": self.sent.hex(),
            "received": self.received.hex(),
            "meaning": self.meaning,
            "ms": round(self.milliseconds, 3),
        }

    def __str__(self) -> str:
        sent, received = hexadecimal(self.sent, 24), hexadecimal(self.received, 24) or "--"
        return f"{sent} → {received:5}  {self.meaning:44} {self.milliseconds:7.1f} ms"


def as_list(exchanges: Sequence[Exchange]) -> str:
    """A line each."""
    return "\n".join(map(str, exchanges))


def as_wire(exchanges: Sequence[Exchange]) -> str:
    """Both data lines byte by byte; a programmer hands on only what MISO brought last."""
    lines = []
    for each in exchanges:
        unknown = " ".join(["--"] * (len(each.sent) - len(each.received)))
        lines += [
            f"MOSI {hexadecimal(each.sent)}",
            f"MISO {unknown} {hexadecimal(each.received)}   {each.meaning}",
        ]
    return "\n".join(lines)


def as_dump(exchanges: Sequence[Exchange]) -> str:
    """The answers in order as a hex dump with text."""
    return hex_dump(b"".join(each.received for each in exchanges))


def as_table(sweep: Sweep, exchanges: Sequence[Exchange]) -> str:
    """One-byte answers in a grid: the fastest varying byte across, the others down, text at the end."""
    across = sweep.columns[sweep.varying[-1]]
    width = min(len(across), TABLE_COLUMNS)
    head = " ".join(f"{value:02X}" for value in across[:width]) if len(across) <= TABLE_COLUMNS else ""
    label = len(hexadecimal(exchanges[0].sent))
    lines = [f"{'':{label}}   {head}".rstrip()] if head else []
    for start in range(0, len(exchanges), len(across)):
        for at in range(start, start + len(across), width):
            row = exchanges[at : min(at + width, start + len(across))]
            answers = b"".join(each.received[-1:] or b"?" for each in row)
            lines.append(f"{hexadecimal(row[0].sent)}   {hexadecimal(answers)}   {printable(answers)}")
    return "\n".join(lines)


def hex_dump(data: bytes, start: int = 0) -> str:
    """Sixteen bytes a line: address, hex, text."""
    lines = []
    for offset in range(0, len(data), 16):
        row = data[offset : offset + 16]
        lines.append(f"{start + offset:06X}  {row.hex(' ').upper():47}  {printable(row)}")
    return "\n".join(lines)
