"""deckboot, avrdeck's own bootloader: which image a part takes, and an image made to measure.

The images, what they can do and where they may be changed are in ``firmware/deckboot``: its README says
it in words, `deckboot.toml` in numbers. Nothing here looks at a chip or a clock.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntFlag, StrEnum
from functools import cache
from pathlib import Path

from avrdeck.boards import images
from avrdeck.boards.baud import DOUBLE_SPEED, rate
from avrdeck.boards.datafile import DataError, Node
from avrdeck.boards.images import Image, Segment
from avrdeck.boards.models import Part

FOLDER = Path(__file__).with_name("firmware") / "deckboot"
MANIFEST = "deckboot.toml"

IDENTITY = 0xDB
"""The answer to GET_PARAMETER HW_VER; with the three low bits of any parameter 0 it is the same."""
SERIAL_BYTES = 4
BLANK_SERIAL = b"\xff" * SERIAL_BYTES

MAX_ERROR = 2.5
"""Per cent that the rate may be off: of the 4 that a receiver stands, the host's clock needs some."""
UBRR_MAX = 255
"""The loader writes UBRRL only."""
USUAL_BAUDS = (115_200, 57_600, 38_400, 19_200, 9_600)
TIMEOUT_S = {"timeout": 1.0, "wait": 8.0}
"""Usual; with `Entry.WAIT` it is for resets that may not have been external ones."""
PAUSE_S = 0.5
"""How long a host may be silent within a command, which is then forgotten."""
TURNS = 65_536
"""Turns of the waiting loop to one count of the time-out byte."""
SILENCE_S = 0.004
SILENCE_TURNS = 256
"""To one count of the silence byte; the small loader's time-out counts silences."""
SMALL_SECTION = 256

AS_BUILT = "as built"
NO_LED = "none"


class Entry(StrEnum):
    """What the loader does after an external reset; after any other it starts the application."""

    TIMEOUT = "timeout"
    """Waits a second for a host: for boards whose adapter resets them."""
    WAIT = "wait"
    """Waits for ever, and a second reset starts the application: for boards with a button only."""


class Feature(IntFlag):
    """The bits that GET_PARAMETER PROGMODE answers."""

    EEPROM_READ = 1
    EEPROM_WRITE = 2
    FUSES_READ = 4
    """UNIVERSAL 50 and 58 read fuses and lock bits."""
    ROW_READ = 8
    """UNIVERSAL 30 and 38 read the signature row; without it the signature is a constant."""
    WAITS = 16
    SILENCE = 32
    """The small loader: a command ends with its EOP and silence, pages are whole, nothing is NOSYNC."""


class DeckbootError(ValueError):
    """A wish that no image can fulfil; the message says which and what is possible."""

    title = "No such bootloader"


@dataclass(frozen=True, slots=True)
class Variant:
    """An image as built. ``start`` is the byte address of its boot section, the ``_at`` count from there.

    ``turn_cycles`` is the length of a turn of the waiting loop, ``ports`` are the I/O addresses of PORTx.
    `None` is what the small loader does not have; only it has ``silence_at``, and no ``pause_at``.
    """

    name: str
    parts: tuple[str, ...]
    entry: Entry
    start: int
    section_bytes: int
    code_bytes: int
    features: Feature
    turn_cycles: int
    divisor_at: int
    timeout_at: int
    pause_at: int | None
    silence_at: int | None
    led_on_at: int | None
    led_off_at: int | None
    serial_at: int | None
    led: str | None
    ports: Mapping[str, int]

    def image(self) -> Image:
        """The image from its file; raises `avrdeck.boards.images.ImageError`."""
        return images.load(FOLDER / f"{self.name}.hex")

    @property
    def serial_address(self) -> int:
        """Byte address in flash of the `SERIAL_BYTES`; raises `DeckbootError` where there is no room."""
        if self.serial_at is None:
            raise DeckbootError(f"{self.name} has no room for a serial number.")
        return self.start + self.serial_at


@dataclass(frozen=True, slots=True)
class Wish:
    """What an image is to be made for.

    ``led`` is a pin such as ``B5``, `NO_LED` or `AS_BUILT`; ``timeout_s`` is for `Entry.TIMEOUT`, `None`
    leaves what is usual; ``serial`` is four bytes of the owner's choice.
    """

    f_cpu_hz: int = 16_000_000
    baud: int = 115_200
    led: str = AS_BUILT
    timeout_s: float | None = None
    serial: bytes = BLANK_SERIAL


@cache
def variants() -> tuple[Variant, ...]:
    """Every image there is; raises `DataError`."""
    node = Node(tomllib.loads((FOLDER / MANIFEST).read_text(encoding="utf-8")), MANIFEST)
    node.need("f_cpu_hz", int)
    node.need("baud", int)
    found = tuple(_variant(name, table) for name, table in node.each("variants"))
    node.close()
    return found


def variant(part: Part, entry: Entry = Entry.TIMEOUT, *, small: bool = False) -> Variant:
    """The part's image, or its image of 256 bytes; raises `DeckbootError`."""
    known: set[str] = set()
    for one in variants():
        if (one.section_bytes == SMALL_SECTION) is not small or one.entry != entry:
            continue
        if part.name in one.parts:
            return one
        known.update(one.parts)
    which = "deckboot in 256 bytes" if small else "deckboot"
    if not known:
        raise DeckbootError(f"{which} only waits for a time, not for ever.")
    raise DeckbootError(f"{which} is not built for {part.name}. It is for {', '.join(sorted(known))}.")


def usual_baud(f_cpu_hz: int) -> int:
    """The fastest of the usual rates that the clock can make; raises `DeckbootError`."""
    for baud in USUAL_BAUDS:
        if _divisor(f_cpu_hz, baud) is not None:
            return baud
    raise DeckbootError(f"At {f_cpu_hz} Hz no usual baud rate is near enough.")


def made_for(one: Variant, wish: Wish) -> Image:
    """The variant's image with divisor, time-out, LED pin and serial number as wished.

    Raises `DeckbootError` for what cannot be, and `DataError` when the file is not the one that was built.
    """
    image = one.image()
    section = bytearray(image.read(one.start, one.section_bytes))
    _put_divisor(section, one, wish)
    _put_timeout(section, one, wish)
    _put_led(section, one, wish.led)
    _put_serial(section, one, wish.serial)
    segments = tuple(
        Segment(part.start, bytes(section[part.start - one.start : part.end - one.start]))
        for part in image.segments
    )
    return replace(image, file=f"deckboot {one.name}", segments=segments)


# --- patches ---------------------------------------------------------------------------------------

LDI_R17, LDI_R18, LDI_R25 = 0xE010, 0xE020, 0xE090
SBI, CBI, NOP = 0x9A00, 0x9800, 0x0000


def _divisor(f_cpu_hz: int, baud: int) -> int | None:
    """UBRR with U2X, or `None` when it cannot be."""
    if f_cpu_hz <= 0 or baud <= 0:
        return None
    made = rate(f_cpu_hz, baud, DOUBLE_SPEED)
    fits = made.ubrr is not None and made.ubrr <= UBRR_MAX and abs(made.error) <= MAX_ERROR
    return made.ubrr if fits else None


def _put_divisor(code: bytearray, one: Variant, wish: Wish) -> None:
    divisor = _divisor(wish.f_cpu_hz, wish.baud)
    if divisor is None:
        raise DeckbootError(_no_rate(wish))
    _put_immediate(code, one, one.divisor_at, LDI_R17, divisor)


def _no_rate(wish: Wish) -> str:
    """Why the baud rate cannot be, and which can."""
    said = f"{wish.baud} baud cannot be made from {wish.f_cpu_hz} Hz"
    if wish.baud > 0 and wish.f_cpu_hz > 0:
        made = rate(wish.f_cpu_hz, wish.baud, DOUBLE_SPEED)
        if made.ubrr is None and made.error < 0:
            said += f": the fastest is {wish.f_cpu_hz // 8}"
        elif made.ubrr is None or made.ubrr > UBRR_MAX:
            said += f": the slowest is {wish.f_cpu_hz // (8 * (UBRR_MAX + 1))}"
        else:
            said += f": the nearest is {made.error:+.1f} % off, {MAX_ERROR} % is the most"
    usual = [str(baud) for baud in USUAL_BAUDS if _divisor(wish.f_cpu_hz, baud) is not None]
    return f"{said}. {', '.join(usual)} can." if usual else f"{said}. No usual rate can."


def _put_timeout(code: bytearray, one: Variant, wish: Wish) -> None:
    if wish.timeout_s is not None and one.entry == Entry.WAIT:
        raise DeckbootError(f"{one.name} has no time-out: it waits.")
    if one.silence_at is not None:
        _put_immediate(code, one, one.silence_at, LDI_R25, _silence(one, wish.f_cpu_hz))
    if one.pause_at is not None:
        _put_immediate(code, one, one.pause_at, LDI_R18, _pause(one, wish.f_cpu_hz))
    _put_immediate(code, one, one.timeout_at, LDI_R18, _count(one, wish))


def count_seconds(one: Variant, f_cpu_hz: int) -> tuple[float, float]:
    """Seconds to one count of the time-out, and the counts that it takes on average beyond its own."""
    if one.silence_at is None:
        return TURNS * one.turn_cycles / f_cpu_hz, 0.5
    return (_silence(one, f_cpu_hz) + 0.5) * SILENCE_TURNS * one.turn_cycles / f_cpu_hz, 0.0


def _silence(one: Variant, f_cpu_hz: int) -> int:
    """What the silence byte counts at that clock."""
    return max(round(SILENCE_S * f_cpu_hz / (SILENCE_TURNS * one.turn_cycles) - 0.5), 1)


def _pause(one: Variant, f_cpu_hz: int) -> int:
    """What the pause byte counts at that clock."""
    unit, already = count_seconds(one, f_cpu_hz)
    return max(round(PAUSE_S / unit - already), 1)


def _count(one: Variant, wish: Wish) -> int:
    unit, already = count_seconds(one, wish.f_cpu_hz)
    seconds = TIMEOUT_S[one.entry] if wish.timeout_s is None else wish.timeout_s
    count = seconds / unit - already
    if wish.timeout_s is None:
        count = min(max(count, 1), 255)
    if not 0.5 <= count < 255.5:
        possible = f"{(0.5 + already) * unit:.2g} s to {(255 + already) * unit:.3g} s"
        raise DeckbootError(f"A time-out of {seconds:g} s is not possible, only {possible}.")
    return round(count)


def _put_immediate(code: bytearray, one: Variant, at: int, ldi: int, value: int) -> None:
    if _word(code, at) & 0xF0F0 != ldi:
        raise DataError(f"{one.name}.hex", f"0x{at:03X}", "is not the instruction that the manifest says")
    _set_word(code, at, ldi | (value & 0xF0) << 4 | value & 0x0F)


def _put_led(code: bytearray, one: Variant, led: str) -> None:
    if one.led is None or one.led_on_at is None or one.led_off_at is None:
        if led not in {AS_BUILT, NO_LED}:
            raise DeckbootError(f"{one.name} has no room for a LED.")
        return
    port, bit = one.ports[one.led[0]], int(one.led[1])
    places = (one.led_on_at, one.led_on_at + 2, one.led_off_at, one.led_off_at + 2)
    for at, built in zip(places, _led_instructions(port, bit), strict=True):
        if _word(code, at) != built:
            raise DataError(f"{one.name}.hex", f"0x{at:03X}", "is not the instruction that the manifest says")
    if led == AS_BUILT:
        return
    wanted = (NOP,) * 4 if led == NO_LED else _led_instructions(*_pin(one, led))
    for at, word in zip(places, wanted, strict=True):
        _set_word(code, at, word)


def _led_instructions(port: int, bit: int) -> tuple[int, int, int, int]:
    """Output, high; low, input again. DDRx is at the address before PORTx."""
    ddr = port - 1
    return SBI | ddr << 3 | bit, SBI | port << 3 | bit, CBI | port << 3 | bit, CBI | ddr << 3 | bit


def _pin(one: Variant, led: str) -> tuple[int, int]:
    name = led.upper().removeprefix("P")
    if len(name) == 2 and name[0] in one.ports and name[1] in "01234567":
        return one.ports[name[0]], int(name[1])
    pins = ", ".join(f"{port}0 to {port}7" for port in sorted(one.ports))
    raise DeckbootError(f"{led[:20]!r} is no pin of {one.parts[0]}: {pins}, or {NO_LED}.")


def _put_serial(code: bytearray, one: Variant, serial: bytes) -> None:
    if len(serial) != SERIAL_BYTES:
        raise DeckbootError(f"A serial number has {SERIAL_BYTES} bytes, not {len(serial)}.")
    if one.serial_at is None and serial == BLANK_SERIAL:
        return
    at = one.serial_address - one.start
    end = at + SERIAL_BYTES
    if code[at - 4] != IDENTITY or code[at:end] != BLANK_SERIAL:
        raise DataError(f"{one.name}.hex", f"0x{at:03X}", "is not as the manifest says")
    code[at:end] = serial


def _word(code: bytearray, at: int) -> int:
    return int.from_bytes(code[at : at + 2], "little")


def _set_word(code: bytearray, at: int, word: int) -> None:
    code[at : at + 2] = word.to_bytes(2, "little")


# --- the manifest ----------------------------------------------------------------------------------


def _variant(name: str, node: Node) -> Variant:
    ports = node.table("ports")
    one = Variant(
        name=name,
        parts=tuple(node.need("parts", list)),
        entry=Entry(node.need("entry", str)),
        start=node.need("start", int),
        section_bytes=node.size("section_bytes"),
        code_bytes=node.size("code_bytes"),
        features=Feature(node.need("features", int)),
        turn_cycles=node.size("turn_cycles"),
        divisor_at=node.need("divisor_at", int),
        timeout_at=node.need("timeout_at", int),
        pause_at=node.may("pause_at", int),
        silence_at=node.may("silence_at", int),
        led_on_at=node.may("led_on_at", int),
        led_off_at=node.may("led_off_at", int),
        serial_at=node.may("serial_at", int),
        led=node.may("led", str),
        ports={port: ports.size(port) for port in ports} if ports else {},
    )
    node.close()
    return one
