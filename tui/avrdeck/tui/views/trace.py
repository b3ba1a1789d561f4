"""The trace as rows: a line a frame, and one frame in full."""

from __future__ import annotations

import math

from avrdeck.tui.controllers.tracing import Shown
from avrdeck.tui.views.ink import Pen, Row, clipped

LONG_GAP = 0.02
"""Seconds of silence that are marked."""
LONG_REPLY = 18
"""Bytes of a reply from which on only their number is shown."""
WIDE = 100
BITS_PER_BYTE = 10
"""On the wire, with start and stop bit."""
BAD = ("no reply", "no command", "FAILED", "NOSYNC", "UNKNOWN", "NODEVICE")
"""What the meaning of a frame that is not well begins with."""


def hex_text(data: bytes) -> str:
    """All of ``data`` as ``1E 95 0F``."""
    return data.hex(" ").upper()


def head(width: int) -> Row:
    """The names of the columns of `frame_row`."""
    wide = width >= WIDE
    pen = Pen(width).put("time s", "disabled", at=5).put("gap ms", "disabled", at=15)
    pen.put("bytes", "disabled", at=31 if wide else 25).put("meaning", "disabled", at=57 if wide else 42)
    return pen.row()


def frame_row(shown: Shown, width: int, *, here: bool) -> Row:
    """A frame's line: commands bold, replies muted, long silences marked."""
    long = shown.gap >= LONG_GAP
    pen = Pen(width).put("►" if here else " ", "accent bold", at=1)
    pen.put(f"{shown.time:9.3f}", "muted", at=2)
    if shown.gap:
        pen.put(f"{shown.gap * 1000:9.1f}", "warning bold" if long else "muted", at=12)
    columns = min(5, max(0, round(math.log10(max(shown.gap * 1000, 0.1)) * 1.5 + 1.5)))
    if width >= WIDE:
        pen.put("▄" * columns, "warning" if long else "disabled", at=22)
    at = 29 if width >= WIDE else 23
    pen.put("→" if shown.sent else "←", "accent" if shown.sent else "muted", at=at)
    room = 24 if width >= WIDE else 15
    data = shown.frame.data
    text = hex_text(data)
    if len(text) > room:
        text = f"{hex_text(data[: (room - 6) // 3])} .. {data[-1]:02X}"
    pen.put(text, "" if shown.sent else "muted", at=at + 2)
    pen.at = at + room + 4
    _meaning(pen, shown)
    return pen.row(band=here)


def _meaning(pen: Pen, shown: Shown) -> None:
    """A command's name and what it asks; what a reply brought."""
    text = shown.frame.text
    if text.startswith(BAD):
        pen.put(clipped(text, pen.width - pen.at), "warning bold")
    elif shown.sent:
        name, _, rest = text.partition(" ")
        pen.put(name, "bold").put(clipped(f" {rest}", pen.width - pen.at), "muted")
    elif text == "OK":
        pen.put("ok", "success")
    elif len(shown.frame.data) > LONG_REPLY:
        pen.put("ok ", "success").put(f"{len(shown.frame.data) - 2} bytes", "muted")
    else:
        pen.put("ok ", "success").put(clipped(text, pen.width - pen.at))


def frame_rows(shown: Shown, reply: Shown | None, baud: int | None, width: int) -> list[Row]:
    """One frame in full: its meaning, its bytes, and what it answers, or the ``reply`` that it got.

    Its time on the wire is told where the ``baud`` rate is known.
    """
    size = len(shown.frame.data)
    takes = f", {_wire(size, baud) * 1000:.1f} ms on the wire" if baud else ""
    told = f"{size} byte{'s' * (size != 1)}{takes}"
    head_ = Pen(width).put(clipped(shown.frame.text, width - len(told) - 4), "bold", at=1)
    return [
        head_.right(told, "muted", margin=1).row(),
        _bytes(shown, width),
        _other(shown, reply, baud, width),
    ]


def _bytes(shown: Shown, width: int) -> Row:
    """The first and the last byte, which frame the others, muted; as many of those as there is room for."""
    data, pen = shown.frame.data, Pen(width)
    room = (width - 2) // 3
    shown_bytes, more = (data, False) if len(data) <= room else (data[: room - 3], True)
    pen.put(f"{shown_bytes[0]:02X} ", "accent bold" if shown.sent else "muted", at=1)
    if more:
        pen.put(hex_text(shown_bytes[1:])).put(" .. ", "muted")
    elif len(shown_bytes) > 2:
        pen.put(hex_text(shown_bytes[1:-1])).put(" ")
    if len(data) > 1:
        pen.put(f"{data[-1]:02X}", "muted")
    return pen.row()


def _other(shown: Shown, reply: Shown | None, baud: int | None, width: int) -> Row:
    """The reply and how long it took, or the command that this one answers."""
    pen = Pen(width, at=1)
    first, last = (shown, reply) if shown.sent else (shown.asked, shown)
    if first is None or last is None:
        return pen.put("not answered" if shown.sent else "nothing is known that it answers", "muted").row()
    other, text = (last, "answered") if shown.sent else (first, "answers")
    place = f"frame {other.number}"
    pen.put(f"{text} ", "muted").put(clipped(other.frame.text, width // 2))
    pen.put(f" after {(last.time - first.time) * 1000:.1f} ms", "muted")
    pen.put(clipped(_where_it_went(first, last, baud), width - pen.at - len(place) - 3), "muted")
    return pen.right(place, "muted", margin=1).row()


def _where_it_went(asked: Shown, reply: Shown, baud: int | None) -> str:
    """What else was under way between the two; else how long the wire took, and the programmer."""
    between = reply.number - asked.number - 1
    if between:
        return f", {between} frame{'s' * (between != 1)} between"
    took, wire = reply.time - asked.time, _wire(len(asked.frame.data) + len(reply.frame.data), baud)
    if not wire or wire >= took:
        return ""
    return f": wire {wire * 1000:.1f} ms, programmer {(took - wire) * 1000:.1f} ms"


def _wire(size: int, baud: int | None) -> float:
    return size * BITS_PER_BYTE / baud if baud else 0.0
