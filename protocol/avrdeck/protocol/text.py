"""Bytes from outside, made safe to show."""

from __future__ import annotations

SHOWN_BYTES = 64


def hexadecimal(data: bytes, limit: int = SHOWN_BYTES) -> str:
    """``data`` as ``1E 95 0F``, cut after ``limit`` bytes."""
    shown = data[:limit].hex(" ").upper()
    return f"{shown} … ({len(data)} bytes)" if len(data) > limit else shown


def printable(data: bytes, limit: int = SHOWN_BYTES) -> str:
    """``data`` as text in which nothing is left that a terminal would act on.

    Printable ASCII stays, a line end becomes a visible backslash-n, everything else ``·``.
    """
    shown = "".join(
        chr(byte) if 0x20 <= byte < 0x7F else "\\n" if byte == 0x0A else "·" for byte in data[:limit]
    )
    return shown.replace("·\\n", "\\n") + ("…" if len(data) > limit else "")


def mostly_text(data: bytes) -> bool:
    """Whether ``data`` looks like something written for people."""
    good = sum(0x20 <= byte < 0x7F or byte in b"\r\n\t" for byte in data)
    return len(data) >= 4 and good >= 0.9 * len(data)
