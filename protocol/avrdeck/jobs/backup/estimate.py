"""How long reading will take, told before it starts."""

from __future__ import annotations

from avrdeck.protocol.dialects import Reach
from avrdeck.protocol.programmer import Programmer

BITS_A_BYTE = 10
"""A start and a stop bit go with eight of data."""
SPI_BITS_A_BYTE = 32
"""Every byte read over ISP takes a 4-byte instruction."""
BLOCK_OVERHEAD = 13
"""LOAD_ADDRESS, READ_PAGE and their status bytes, where they are not sent ahead."""
COMMANDS_A_BLOCK = 2
SINGLE_BYTES = 9
"""UNIVERSAL and its reply, for firmware whose EEPROM is read byte by byte."""


def read_seconds(programmer: Programmer, sizes: dict[str, int]) -> float:
    """Seconds to read ``sizes`` bytes of each memory, by the wire's and the SPI bus's speed."""
    return sum(_seconds(programmer, memory, size) for memory, size in sizes.items())


def _seconds(programmer: Programmer, memory: str, size: int) -> float:
    dialect = programmer.dialect
    if memory == "eeprom" and dialect.cautious:
        on_wire = size * SINGLE_BYTES
    else:
        on_wire = size + BLOCK_OVERHEAD * -(-size // dialect.read_block)
    silence = COMMANDS_A_BLOCK * dialect.silence_us / 1e6 * -(-size // dialect.read_block)
    wire = on_wire * BITS_A_BYTE / programmer.link.transport.baud + silence
    by_spi = dialect.reach is Reach.ISP and dialect.sck_hz
    return max(wire, size * SPI_BITS_A_BYTE / dialect.sck_hz) if by_spi and dialect.sck_hz else wire


def in_words(seconds: float) -> str:
    """``about 18 s``, ``about 3 min``."""
    if seconds < 1:
        return "less than a second"
    return f"about {round(seconds)} s" if seconds < 100 else f"about {round(seconds / 60)} min"
