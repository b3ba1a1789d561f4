"""Seeded STK500 byte streams for ArduinoISP: meaningful ones, and what a broken or hostile host sends.

Random where it matters and tame where an answer would depend on a few microseconds: a flood comes
while a page keeps the sketch busy for tens of milliseconds, and instructions that every target
decodes in its own way are left out.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

BAUD = 115_200
EOP = b" "
OPCODES = b"01ABEPQUV`adtu"
PAGE_SIZES = (128, 128, 128, 64, 32)
FRAME_MS = 10_000 / BAUD
COMMIT_MS = 31.0
LOAD_MS = 0.28
PAGE_MS = 128 * LOAD_MS + COMMIT_MS
"""How long a page of 128 bytes keeps the sketch busy after its last byte, and a little more."""
EEPROM_BYTE_MS = 45.4
ENTER_MS = 75.0
READ_BYTE_MS = 0.3
MOST_BYTES = 256
"""Of a page: the sketch's buffer has no more places, and builds differ in what lies behind it."""
FUSES = {
    0xA0: (0x62, 0xE2, 0xFF), 0xA8: (0xD9, 0xD1, 0xDF, 0xDE),
    0xA4: (0xFF, 0xFD, 0xFC), 0xE0: (0xFF, 0xEF, 0xFE),
}  # fmt: skip
"""By the second byte of the instruction; none stops the clock."""
EXACT = (0x30, 0x38, 0x50, 0x58, 0xAC)
"""Instructions that are not cut short: what follows would make them one that is not documented."""
LOCKING = (0xFC, 0xCC)
CLOSING = (0x59, 0x99)
"""Values of hfuse that end ISP: RSTDISBL, DWEN."""


@dataclass(frozen=True, slots=True)
class Feed:
    """Bytes that the host writes at once, and how long it then only listens, in ms."""

    data: bytes
    wait: float


@dataclass(frozen=True, slots=True)
class Stream:
    """What a host sends, piece by piece. The programmer is in programming mode at its beginning."""

    seed: int
    feeds: tuple[Feed, ...]


def stream(seed: int) -> Stream:
    """The stream of that number."""
    dice = random.Random(seed)
    feeds = [feed for _ in range(dice.randint(1, 6)) for feed in _choose(dice)(dice)]
    return Stream(seed, tuple(feeds))


def set_device(page_size: int = 128, device_code: int = 0x86) -> bytes:
    """SET_DEVICE for an ATmega328P, or for something like it."""
    tail = page_size.to_bytes(2, "big") + bytes.fromhex("0400 00008000")
    return bytes([0x42, device_code]) + bytes.fromhex("0000 01010101 03 FF FF FF FF") + tail + EOP


def _choose(dice: random.Random) -> Callable[[random.Random], Iterator[Feed]]:
    return dice.choices([kind for kind, _ in KINDS], [weight for _, weight in KINDS])[0]


def _command(dice: random.Random) -> tuple[bytes, float]:
    """A valid command and how long the sketch may be busy over it, in ms."""
    return dice.choices([kind for kind, _ in COMMANDS], [weight for _, weight in COMMANDS])[0](dice)


def _short(dice: random.Random) -> tuple[bytes, float]:
    parameter = bytes([dice.choice([0x80, 0x81, 0x82, 0x93, 0x98, dice.randrange(256)])])
    word = dice.randrange(0x4000).to_bytes(2, "little")
    choices = (
        b"0 ", b"1 ", b"A" + parameter + EOP, b"U" + word + EOP, b"U\0\0 ", b"E" + dice.randbytes(5) + EOP,
        b"`" + dice.randbytes(2) + EOP, b"a" + dice.randbytes(1) + EOP, b"u ",
    )  # fmt: skip
    return dice.choice(choices), 2.0


def _device(dice: random.Random) -> tuple[bytes, float]:
    return set_device(dice.choice(PAGE_SIZES)), 1.0


def _universal(dice: random.Random) -> tuple[bytes, float]:
    low = dice.randrange(64)
    data = dice.randrange(256)
    opcode = dice.choice(list(FUSES))
    frame = dice.choice(
        (
            (0x20, 0, low, 0), (0x28, 0, low, 0), (0x40, 0, low, data), (0x48, 0, low, data),
            (0x4C, 0, low, 0), (0xA0, 0, low, 0), (0xC0, 0, low, data), (0xC1, 0, low & 3, data),
            (0xC2, 0, low & 0x3C, 0), (0x30, 0, low & 3, 0), (0x50, 0, 0, 0), (0x50, 8, 0, 0),
            (0x58, 0, 0, 0), (0x58, 8, 0, 0), (0xF0, 0, 0, 0), (0xAC, opcode, 0, dice.choice(FUSES[opcode])),
            (0xAC, 0x80, 0, 0), (dice.randrange(0x10), data, low, data),
        )
    )  # fmt: skip
    return b"V" + bytes(frame) + EOP, dice.choice([0.5, 15.0])


def _page(dice: random.Random) -> tuple[bytes, float]:
    size = dice.choice([2, 16, 64, 128, 128, dice.randint(0, MOST_BYTES)])
    data = dice.choice([dice.randbytes(size), bytes(size), b" " * size])
    commits = size // min(PAGE_SIZES) + 2
    return b"d" + size.to_bytes(2, "big") + b"F" + data + EOP, size * LOAD_MS + commits * COMMIT_MS


def _eeprom_page(dice: random.Random) -> tuple[bytes, float]:
    size = dice.choice([0, 1, 1, 2, 2, 3, 3, 3, 33])
    data = dice.randbytes(size)
    return b"d" + size.to_bytes(2, "big") + b"E" + data + EOP, size * EEPROM_BYTE_MS + 2


def _read(dice: random.Random) -> tuple[bytes, float]:
    size = dice.choice([0, 1, 2, 3, 16, 128, 256, dice.randrange(300)])
    return b"t" + size.to_bytes(2, "big") + dice.choice([b"F", b"E"]) + EOP, size * READ_BYTE_MS + 2


def _enter(dice: random.Random) -> tuple[bytes, float]:
    return b"P ", ENTER_MS


def _valid(dice: random.Random) -> Iterator[Feed]:
    data, busy = _command(dice)
    yield Feed(data, busy)


def _at_once(dice: random.Random) -> Iterator[Feed]:
    """Several short commands in one piece."""
    yield Feed(b"".join(_short(dice)[0] for _ in range(dice.randint(2, 6))), 20.0)


def _truncated(dice: random.Random) -> Iterator[Feed]:
    data, busy = _command(dice)
    while data[:1] == b"V" and data[1] in EXACT:
        data, busy = _command(dice)
    yield Feed(data[: dice.randrange(len(data))], dice.choice([0.0, busy]))


def _bad_end(dice: random.Random) -> Iterator[Feed]:
    data, busy = _command(dice)
    yield Feed(data[:-1] + bytes([dice.choice([0x00, 0x30, 0x14, 0xFF])]), busy)


def _unknown(dice: random.Random) -> Iterator[Feed]:
    opcode = dice.choice([code for code in range(256) if code not in OPCODES + EOP])
    yield Feed(bytes([opcode]) + dice.choice([EOP, b"", b"\0", b"\x32 "]), 2.0)


def _odd_memory(dice: random.Random) -> Iterator[Feed]:
    """A memory that does not exist, too much of one, or less than nothing: data become commands."""
    head = dice.choice([b"d\0\x02X", b"d\0\x10X", b"d\x04\x01E", b"d\x80\0F", b"t\0\x04X", b"t\x80\0F"])
    yield Feed(head + dice.choice([b"0 ", b"1 ", b" ", b""]) + EOP, COMMIT_MS + 5.0)


def _noise(dice: random.Random) -> Iterator[Feed]:
    """Bytes without a meaning, without those that begin a transfer or end programming mode."""
    harmless = [code for code in range(256) if code not in b"dtPQV"]
    yield Feed(bytes(dice.choices(harmless, k=dice.randint(1, 20))), 5.0)


def _flood(dice: random.Random) -> Iterator[Feed]:
    """Short commands while a page is written: 63 bytes of them are kept."""
    page = dice.randbytes(128)
    room = dice.choice([60, 62, 63, 64, 65, 70, 100, 200])
    commands = b"".join(_short(dice)[0] for _ in range(40))[:room]
    yield Feed(set_device() + b"U\0\0 ", 5.0)
    yield Feed(b"d\0\x80F" + page + EOP, 133 * FRAME_MS + 1.0)
    yield Feed(commands, PAGE_MS + 50.0)


def _while_busy(dice: random.Random) -> Iterator[Feed]:
    """Instructions that reach the target while it writes."""
    begin = dice.choice([b"\x4c\0\0\0", b"\xac\x80\0\0", b"\xc0\0\5\x77", b"\xac\xa0\0\xe2"])
    then = dice.choice([b"\x20\0\0\0", b"\xa0\0\5\0", b"\xf0\0\0\0", b"\x50\0\0\0", b"\xc0\0\6\x11"])
    yield Feed(b"V\x40\0\0\x12 V" + begin + b" V" + then + EOP, 20.0)
    yield Feed(b"V" + then + EOP, 15.0)


def _locked(dice: random.Random) -> Iterator[Feed]:
    """Writes and reads of flash on a locked chip, then an erase."""
    yield Feed(b"V\xac\xe0\0" + bytes([dice.choice(LOCKING)]) + EOP, 15.0)
    for frame in (b"\x40\0\0\x12", b"\x4c\0\0\0", b"\x20\0\x07\0", b"\xc0\0\0\x55", b"\xac\xa0\0\xe2"):
        yield Feed(b"V" + frame + EOP, 15.0)
    yield Feed(b"V\xac\x80\0\0 ", 20.0)


def _leave(dice: random.Random) -> Iterator[Feed]:
    """Out of programming mode and in again, now and then with something that needs SPI in between."""
    yield Feed(b"Q ", 2.0)
    if dice.random() < 0.2:
        yield Feed(dice.choice([b"u ", b"V\x30\0\0\0 ", b"t\0\x02F ", b"d\0\x02F\x01\x02 "]), 5.0)
    yield Feed(b"P ", ENTER_MS)


def _reversed_reset(dice: random.Random) -> Iterator[Feed]:
    """As an AT89S, which is held in reset by a high level."""
    yield Feed(b"Q " + set_device(device_code=0xE0), 5.0)
    yield Feed(b"P ", ENTER_MS)
    yield Feed(b"u ", 5.0)
    yield Feed(b"Q " + set_device(), 5.0)
    yield Feed(b"P ", ENTER_MS)


def _closed(dice: random.Random) -> Iterator[Feed]:
    """A fuse that takes RESET away."""
    yield Feed(b"V\xac\xa8\0" + bytes([dice.choice(CLOSING)]) + EOP, 15.0)
    yield Feed(b"V\x58\x08\0\0 ", 2.0)
    if dice.random() < 0.5:
        yield Feed(b"V\xac\xa8\0\xd9 ", 15.0)
    yield Feed(b"Q P u ", ENTER_MS + 5.0)


COMMANDS = (
    (_short, 6), (_device, 1), (_universal, 10), (_page, 3), (_eeprom_page, 1), (_read, 4), (_enter, 1),
)  # fmt: skip
KINDS = (
    (_valid, 40), (_at_once, 6), (_truncated, 10), (_bad_end, 8), (_unknown, 8), (_odd_memory, 6),
    (_noise, 6), (_flood, 5), (_while_busy, 6), (_locked, 1), (_leave, 3), (_reversed_reset, 1),
    (_closed, 0.3),
)  # fmt: skip
