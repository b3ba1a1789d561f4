"""deckboot to measure, as people write it (``baud=57600``, ``led=none``), and what an image is made for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from avrdeck.boards.baud import DOUBLE_SPEED
from avrdeck.boards.deckboot import (
    AS_BUILT,
    NO_LED,
    SBI,
    DeckbootError,
    Entry,
    Variant,
    Wish,
    count_seconds,
    made_for,
    usual_baud,
    variant,
)
from avrdeck.boards.images import Image
from avrdeck.boards.labels import hz_label
from avrdeck.boards.models import Part

WISHES = "baud=57600, clock=8000000, led=D3 or led=none, timeout=2 in seconds, entry=wait, small"
_HZ = re.compile(r"([1-9]\d{0,8}(?:\.\d{1,6})?)([mk]?)(?:hz)?", re.ASCII)
_NUMBER = re.compile(r"[1-9]\d{0,8}", re.ASCII)
_SECONDS = re.compile(r"(\d{1,4}(?:\.\d{1,6})?)s?", re.ASCII)
_UNITS = {"m": 1_000_000, "k": 1_000, "": 1}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is wished of deckboot. `None` is left to the board, or to what is usual."""

    clock_hz: int | None = None
    baud: int | None = None
    led: str = AS_BUILT
    timeout_s: float | None = None
    entry: Entry = Entry.TIMEOUT
    small: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """An image and how it behaves, read back from its bytes.

    ``error`` is the baud rate's, in per cent, too fast is positive. ``led`` is `None` without one,
    ``timeout_s`` where it waits for ever, ``serial_address`` (in flash) without room for a serial number.
    """

    image: Image
    variant: str
    f_cpu_hz: int
    baud: int
    ubrr: int
    error: float
    led: str | None
    timeout_s: float | None
    serial_address: int | None

    @property
    def text(self) -> str:
        """``16 MHz, 115200 baud (UBRR 16, +2.1 %), LED on B5, waits 1.0 s for a host``."""
        wait = "waits until a second reset"
        if self.timeout_s is not None:
            wait = f"waits {self.timeout_s:.2g} s for a host"
        led = f"LED on {self.led}" if self.led else "no LED"
        rate = f"{self.baud} baud (UBRR {self.ubrr}, {self.error:+.1f} %)"
        return f"{hz_label(self.f_cpu_hz)}, {rate}, {led}, {wait}"


def parse(words: Iterable[str]) -> Wishes:
    """The wishes in ``baud=57600``, ``led=none``, ``small`` and so on; commas separate too.

    Raises `DeckbootError` for what is no wish, and for one that is made twice.
    """
    wishes: dict[str, object] = {}
    for word in (word.strip() for text in words for word in text.split(",")):
        found = _wish(word)
        if wishes.keys() & found.keys():
            raise DeckbootError(f"{word.partition('=')[0]} is wished twice.")
        wishes |= found
    return replace(Wishes(), **wishes)  # type: ignore[arg-type]


def make(part: Part, wishes: Wishes, f_cpu_hz: int | None = None, baud: int | None = None) -> Made:
    """The image for ``part`` as wished; ``f_cpu_hz`` and ``baud`` are the board's, `None` where it has none.

    Raises `DeckbootError` with what is possible instead.
    """
    one = variant(part, wishes.entry, small=wishes.small)
    hz = wishes.clock_hz or f_cpu_hz or Wish().f_cpu_hz
    rate = wishes.baud or baud or usual_baud(hz)
    image = made_for(one, Wish(hz, rate, wishes.led, wishes.timeout_s))
    return _read_back(one, image, hz, rate)


def _wish(word: str) -> Mapping[str, object]:
    name, _, value = word.partition("=")
    match name.lower(), value.lower():
        case "small", "":
            return {"small": True}
        case "entry", (Entry.TIMEOUT | Entry.WAIT) as entry:
            return {"entry": Entry(entry)}
        case "led", pin if pin:
            return {"led": pin if pin == NO_LED else value}
        case "baud", digits if _NUMBER.fullmatch(digits):
            return {"baud": int(digits)}
        case "clock", hz if match := _HZ.fullmatch(hz):
            return {"clock_hz": round(float(match[1]) * _UNITS[match[2]])}
        case "timeout", seconds if match := _SECONDS.fullmatch(seconds):
            return {"timeout_s": float(match[1])}
    raise DeckbootError(f"{word[:40]!r} is no wish for deckboot. Write {WISHES}.")


def _read_back(one: Variant, image: Image, f_cpu_hz: int, baud: int) -> Made:
    code = image.read(one.start, one.section_bytes)
    ubrr = _operand(code, one.divisor_at)
    actual = f_cpu_hz / (DOUBLE_SPEED.divisor * (ubrr + 1))
    unit, beyond = count_seconds(one, f_cpu_hz)
    return Made(
        image=image,
        variant=one.name,
        f_cpu_hz=f_cpu_hz,
        baud=baud,
        ubrr=ubrr,
        error=(actual / baud - 1) * 100,
        led=_led(code, one),
        timeout_s=None if one.entry is Entry.WAIT else (_operand(code, one.timeout_at) + beyond) * unit,
        serial_address=None if one.serial_at is None else one.serial_address,
    )


def _operand(code: bytes, at: int) -> int:
    """The constant of the LDI at offset ``at``."""
    return code[at] & 0x0F | (code[at + 1] & 0x0F) << 4


def _led(code: bytes, one: Variant) -> str | None:
    """The pin that the SBI names, ``B5``; `None` where NOPs are."""
    if one.led_on_at is None:
        return None
    word = int.from_bytes(code[one.led_on_at : one.led_on_at + 2], "little")
    ports = {address: name for name, address in one.ports.items()}
    # DDRx is at the address before PORTx.
    name = ports.get((word >> 3 & 0x1F) + 1)
    return f"{name}{word & 7}" if name and word & SBI == SBI else None
