"""Files and parts that the tests of images are made of."""

from __future__ import annotations

import struct
from dataclasses import dataclass

END = ":00000001FF\n"


def record(address: int, data: bytes, kind: int = 0) -> str:
    body = bytes([len(data)]) + address.to_bytes(2) + bytes([kind]) + data
    return f":{(body + bytes([-sum(body) & 0xFF])).hex().upper()}\n"


GOOD = record(0, b"\x0c\x94\x5c\x00") + record(0x10, b"\x01\x02") + END


@dataclass(frozen=True)
class FakePart:
    name: str
    sizes: dict[str, int]

    def size(self, memory: str) -> int:
        return self.sizes[memory]


M168 = FakePart("ATmega168", {"flash": 0x4000, "eeprom": 512, "lfuse": 1})

MULTI = (
    record(0, b"flash")
    + record(0, b"\x00\x81", 4) + record(0, b"eeprom")
    + record(0, b"\x00\x82", 4) + record(0, b"\xe2\xd9\xff")
    + record(0, b"\x00\x83", 4) + record(0, b"\xcf")
    + record(0, b"\x00\x84", 4) + record(0, b"\x1e\x95\x0f")
    + END
)  # fmt: skip


def elf(segments: list[tuple[int, bytes]], machine: int = 83, kind: int = 2) -> bytes:
    """A linked program: (load address, bytes) each."""
    offset = 52 + 32 * len(segments)
    head = b"\x7fELF\x01\x01\x01" + bytes(9)
    head += struct.pack("<HHIIIIIHHHHHH", kind, machine, 1, 0, 52, 0, 5, 52, 32, len(segments), 40, 0, 0)
    table = data = b""
    for address, content in segments:
        table += struct.pack(
            "<8I", 1, offset + len(data), address ^ 0x800100, address, len(content), len(content), 5, 1
        )
        data += content
    return head + table + data


ELF = elf(
    [
        (0, b"fla"),
        (3, b"sh"),
        (0x810000, b"eeprom"),
        (0x820000, b"\xe2\xd9\xff"),
        (0x830000, b"\xcf"),
        (0x840000, b"\x1e\x95\x0f"),
        (0x800100, b""),
    ]
)
