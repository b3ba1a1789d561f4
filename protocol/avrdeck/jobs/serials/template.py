"""Serial numbers as bytes: fixed, counted, random, or from a text template.

A template is text with names in braces: ``SN-{counter:6}-{year}``. A number after the colon is a
width, filled with zeros on the left, an ``x`` after it gives hex. ``{{`` and ``}}`` are braces.
Nothing in it is evaluated.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from avrdeck.protocol.errors import UsageFault

MAX_BYTES = 256
MAX_WIDTH = 32
MAX_TEMPLATE = 256
NAMES = ("counter", "uuid", "date", "year", "month", "day", "part", "uid")

_TOKEN = re.compile(r"\{\{|\}\}|\{([a-z]+)(?::(\d{1,2})?([xX])?)?\}|[{}]|[^{}]+")


@dataclass(frozen=True, slots=True)
class Template:
    """A template that was checked."""

    pieces: tuple[tuple[str, str, int, str], ...]
    """(literal, name, width, x or X); a literal has no name."""

    def needs(self, wanted: str) -> bool:
        """Whether ``{wanted}`` is in it."""
        return any(name == wanted for _, name, _, _ in self.pieces)

    def render(self, values: Mapping[str, str | int]) -> str:
        """The text with ``values`` by name; raises `UsageFault` when one is not there or too long."""
        return "".join(_piece(values, *piece) for piece in self.pieces)


def parse(text: str) -> Template:
    """The template in ``text``; raises `UsageFault` for braces or names that mean nothing."""
    if len(text) > MAX_TEMPLATE:
        raise UsageFault(f"A template has at most {MAX_TEMPLATE} characters")
    return Template(tuple(_pieces(text)))


def _pieces(text: str) -> Iterator[tuple[str, str, int, str]]:
    for token in _TOKEN.finditer(text):
        whole, (name, width, base) = token.group(), token.groups()
        if name:
            if name not in NAMES:
                raise UsageFault(f"A template knows no {{{name}}}", advice=f"It knows {', '.join(NAMES)}.")
            if int(width or 0) > MAX_WIDTH:
                raise UsageFault(f"{whole} is wider than {MAX_WIDTH}")
            yield "", name, int(width or 0), base or ""
        elif whole in {"{", "}"}:
            raise UsageFault(
                "A brace in the template stands alone", advice="Write {counter:6}, or {{ for a brace itself."
            )
        else:
            yield whole[:1] if whole in {"{{", "}}"} else whole, "", 0, ""


def _piece(values: Mapping[str, str | int], literal: str, name: str, width: int, base: str) -> str:
    if not name:
        return literal
    if name not in values:
        raise UsageFault(f"{{{name}}} is not known here", advice="It takes a chip that has it.")
    value = values[name]
    if base and not isinstance(value, int):
        raise UsageFault(f"{{{name}}} is no number and has no hex form")
    text = f"{value:{base}}" if base else str(value)
    if width and len(text) > width:
        raise UsageFault(f"{text} does not fit the {width} characters of {{{name}}}", advice="Widen it.")
    return text.rjust(width, "0")


def values_at(now: datetime, random: Callable[[], uuid.UUID] = uuid.uuid4) -> dict[str, str | int]:
    """What is known without a chip and a counter; the time is that of ``now``'s zone."""
    return {
        "uuid": str(random()),
        "date": f"{now:%Y%m%d}",
        "year": f"{now:%Y}",
        "month": f"{now:%m}",
        "day": f"{now:%d}",
    }


def encoded(text: str) -> bytes:
    """A rendered template as UTF-8; raises `UsageFault` when it is empty or too long."""
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise UsageFault("The serial number is no valid text") from error
    return checked(data)


def checked(data: bytes) -> bytes:
    """``data`` as a serial number; raises `UsageFault` when it is empty or too long."""
    if not 0 < len(data) <= MAX_BYTES:
        raise UsageFault(f"A serial number has 1 to {MAX_BYTES} bytes, not {len(data)}")
    return data


def counted(number: int, size: int, order: Literal["little", "big"] = "little") -> bytes:
    """``number`` in ``size`` bytes, by default as AVR software reads it; raises `UsageFault` if too large."""
    try:
        return checked(number.to_bytes(size, order))
    except OverflowError as error:
        raise UsageFault(f"{number} does not fit {size} bytes", advice="Give it more bytes.") from error


def fixed(text: str) -> bytes:
    """The bytes in hex digits such as ``01 02 FF`` or ``0102ff``; raises `UsageFault` for others."""
    try:
        return checked(bytes.fromhex(text.removeprefix("0x").replace(":", " ")))
    except ValueError as error:
        raise UsageFault(
            f"{text[:40]!r} is not hexadecimal", advice="Write two digits a byte: 01 02 FF."
        ) from error
