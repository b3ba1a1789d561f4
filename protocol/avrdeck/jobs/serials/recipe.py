"""What a serial number is made of: fixed bytes, a counter's number, a UUID, or a text template."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from avrdeck.jobs.backup.identity import Chip
from avrdeck.jobs.serials import template
from avrdeck.jobs.serials.counter import Counter
from avrdeck.protocol.errors import Fault, UsageFault
from avrdeck.protocol.text import hexadecimal

NUMBER_BYTES = 4
_SIZES = tuple("12345678")
_FORMS = "Write number, number:2, uuid, bytes:01 02 FF or text:SN-{counter:6}."


class Kind(StrEnum):
    """The ways to come by a serial number."""

    NUMBER = "number"
    """A counter's next, little end first, as AVR software reads it."""
    UUID = "uuid"
    """16 random bytes, a UUID of version 4."""
    BYTES = "bytes"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Serial:
    """A serial number: its bytes, and what people call it; ``drawn`` is the counter's number in it."""

    data: bytes
    text: str
    drawn: int | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to make one. ``value`` are the digits of `Kind.BYTES` or the template of `Kind.TEXT`.

    ``size`` is in bytes, for `Kind.NUMBER`. Raises `UsageFault` when it is made of what makes none.
    """

    kind: Kind
    counter: Counter
    value: str = ""
    size: int = NUMBER_BYTES

    def __post_init__(self) -> None:
        if self.kind is Kind.BYTES:
            template.fixed(self.value)
        if self.kind is Kind.TEXT:
            template.parse(self.value)

    @property
    def words(self) -> str:
        """``the counter's next number in 4 bytes``."""
        match self.kind:
            case Kind.NUMBER:
                return f"the counter's next number in {self.size} bytes"
            case Kind.UUID:
                return "a new UUID"
            case Kind.BYTES:
                return hexadecimal(template.fixed(self.value), 16)
        return self.value

    @property
    def own(self) -> bool:
        """Whether every chip gets another."""
        own = ("counter", "uuid", "uid")
        text = self.kind is Kind.TEXT and any(template.parse(self.value).needs(name) for name in own)
        return text or self.kind in {Kind.NUMBER, Kind.UUID}

    def make(self, chip: Chip | None) -> Serial:
        """A serial number for ``chip``, or for a file; a counter's number is used from now on.

        Blocks while another program holds the counter. Raises `UsageFault` for a template that cannot be
        filled, and as `Counter.draw`.
        """
        drawn: list[int] = []

        def draw() -> int:
            drawn.append(self.counter.draw())
            return drawn[0]

        try:
            serial = self._made(chip, draw)
        except Fault:
            for number in drawn:
                self.counter.give_back(number)
            raise
        return replace(serial, drawn=drawn[0] if drawn else None)

    def unmake(self, serial: Serial) -> None:
        """Give the number back that ``serial`` was made of, and that is written nowhere; as the counter's."""
        if serial.drawn is not None:
            self.counter.give_back(serial.drawn)

    def sample(self, chip: Chip | None) -> Serial:
        """What `make` would bring if it were called now, with no number used; raises as `make`."""
        return self._made(chip, self.counter.peek)

    def _made(self, chip: Chip | None, number: Callable[[], int]) -> Serial:
        match self.kind:
            case Kind.NUMBER:
                drawn = number()
                return Serial(template.counted(drawn, self.size), str(drawn))
            case Kind.UUID:
                made = uuid.uuid4()
                return Serial(made.bytes, str(made))
            case Kind.BYTES:
                data = template.fixed(self.value)
                return Serial(data, hexadecimal(data, 16))
        text = self._filled(chip, number)
        return Serial(template.encoded(text), text)

    def _filled(self, chip: Chip | None, number: Callable[[], int]) -> str:
        parsed = template.parse(self.value)
        values = template.values_at(datetime.now().astimezone())
        if chip:
            values["part"] = chip.part
            # The bytes of a clone are the same in all of them.
            values |= {"uid": chip.serial_text} if chip.distinct else {}
        if parsed.needs("counter"):
            values["counter"] = number()
        return parsed.render(values)


def parse(spec: str, counter: Counter) -> Recipe:
    """The recipe in ``number``, ``number:2``, ``uuid``, ``bytes:01 02 FF`` or ``text:SN-{counter:6}``.

    Raises `UsageFault`.
    """
    name, colon, value = spec.partition(":")
    match name.lower(), value:
        case Kind.NUMBER, "" if not colon:
            return Recipe(Kind.NUMBER, counter)
        case Kind.NUMBER, size if size in _SIZES:
            return Recipe(Kind.NUMBER, counter, size=int(size))
        case Kind.UUID, "" if not colon:
            return Recipe(Kind.UUID, counter)
        case (Kind.BYTES | Kind.TEXT) as kind, made_of if made_of:
            return Recipe(Kind(kind), counter, made_of)
    raise UsageFault(f"{spec[:40]!r} makes no serial number", advice=_FORMS)
