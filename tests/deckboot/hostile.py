"""Bytes that no host in its right mind sends, for as long as one likes, into any of the loaders.

    python tests/deckboot/hostile.py [SECONDS [IMAGE…]]

sends each image (or those named) so many simulated seconds (600) of noise and of near misses, and prints
what it did. It ends with 1 when a boot section changed or a loader fell silent.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent / "bench"))

from deckboot_rig import LAYOUTS, STANDSTILL, Host, Loader, loaders, rig

PIECE_BYTES = 4096
BYTES_A_SECOND = 11_520
IN_STEP = b"\x14\x10"
LONGEST = 262
"""Bytes that a loader may still be waiting for: PROG_PAGE with 256 bytes, and some."""
EEPROM_PAGE_S = 0.9
"""Of 256 bytes."""
ANSWER_S = 0.03
"""The longest answer, 258 bytes; a page is written sooner."""

Make = Callable[[random.Random, Loader], bytes]


class LoaderLost(AssertionError):
    """The loader's section has changed, or it does not answer any more."""


@dataclass(frozen=True, slots=True)
class Endured:
    """What was sent, and what the loader made of it: pages of flash erased and written, EEPROM bytes."""

    sent: int
    seconds: float
    erased: int
    written: int
    eeprom: int

    def __str__(self) -> str:
        return (
            f"{self.sent:9d} bytes in {self.seconds:5.0f} s: {self.erased} pages erased, "
            f"{self.written} written, {self.eeprom} bytes of EEPROM; its section unchanged, in step"
        )


def noise(dice: random.Random, one: Loader) -> bytes:
    """Any bytes. The small loader, whose commands end with a pause, gets pieces, half of them with EOP."""
    if not one.variant.silence_at:
        return _staying(dice.randbytes(PIECE_BYTES))
    return _staying(dice.randbytes(dice.randrange(1, 400))) + dice.choice([b"", b" "])


def near_misses(dice: random.Random, one: Loader) -> bytes:
    """Commands with anything for arguments, mostly with their EOP, mostly at the loader's own pages."""
    out = bytearray()
    while len(out) < (1 if one.variant.silence_at else PIECE_BYTES):
        out += _near_miss(dice, one) + (b" " if dice.random() < 0.9 else dice.randbytes(1))
    return _staying(bytes(out))


KINDS: dict[str, Make] = {"noise": noise, "near misses": near_misses}


def endure(one: Loader, kind: str, seconds: float) -> Endured:
    """Send it that for so long; raises `LoaderLost`. The same bytes every time."""
    dice = random.Random(f"{one.variant.name} {kind}")
    sent = 0
    with rig(one) as bench:
        host = Host(bench)
        host.enter()
        began = bench.control.now
        while bench.control.now < began + seconds * 1e9:
            data = KINDS[kind](dice, one)
            host(data, len(data) / BYTES_A_SECOND + ANSWER_S)
            sent += len(data)
            if not _gets_in_step(host, one):
                raise LoaderLost(f"{one.variant.name} is silent after {sent} bytes of {kind}")
        took = (bench.control.now - began) / 1e9
        dump, counted = bench.dump(), bench.counters()
        _make_harmless(host, one)
        host.enter()
    if dump.device_flash[one.variant.start :] != one.section or counted["crashes"]:
        raise LoaderLost(f"{one.variant.name} was changed by {kind}")
    return Endured(sent, took, counted["spm_erases"], counted["spm_writes"], counted["eeprom_writes"])


def _near_miss(dice: random.Random, one: Loader) -> bytes:
    section = one.variant.start // 2
    length = dice.choice([0, 1, 2, 64, 127, 128, 255, dice.randrange(256)])
    inside = section + dice.randrange(one.variant.section_bytes // 2)
    below = dice.randrange(section)
    word = dice.choice([below, below, inside, section, dice.randrange(0x10000), 0xFFFF])
    return dice.choice(
        [
            b"U" + (word & 0xFFFF).to_bytes(2, "little"),
            b"d" + dice.randbytes(1) + bytes([length]) + dice.choice([b"F", b"E", dice.randbytes(1)])
            + dice.randbytes((length or 256) + dice.choice([0, 0, 0, 0, -1, 1, 5])),
            b"t\x00" + bytes([length]) + dice.choice([b"F", b"E", dice.randbytes(1)]),
            b"V" + dice.randbytes(4),
            b"B" + dice.randbytes(dice.choice([20, 20, dice.randrange(40)])),
            b"E" + dice.randbytes(dice.choice([5, 5, dice.randrange(10)])),
            b"A" + dice.randbytes(1),
            dice.randbytes(dice.randrange(8)),
        ]
    )  # fmt: skip


def _staying(data: bytes) -> bytes:
    """Without LEAVE_PROGMODE, which would run what was written: what random code does is not the loader's."""
    return data.replace(b"Q", b"P")


def _gets_in_step(host: Host, one: Loader) -> bool:
    """GET_SYNC until it is answered, from wherever the loader is: a page of EEPROM takes its time."""
    if one.variant.silence_at:
        host(b" ", ANSWER_S)
        return host(b"0 ", ANSWER_S) == IN_STEP
    for _ in range(3):
        for _ in range(LONGEST // 2):
            if host(b"0 ", 0.002).endswith(IN_STEP):
                return True
        host.run(EEPROM_PAGE_S)
    return False


def _make_harmless(host: Host, one: Loader) -> None:
    """The next reset may start the application, in which anything may stand by now."""
    page = STANDSTILL.ljust(LAYOUTS[one.variant.parts[0]].page, b"\xff")
    if host.program(0, page) != IN_STEP or host.read(0, len(page)) != page:
        raise LoaderLost(f"{one.variant.name} does not write a page any more")


def main(seconds: float, names: list[str]) -> int:
    """Print what every image endured."""
    lost = 0
    for one in loaders():
        if names and one.variant.name not in names:
            continue
        for kind in KINDS:
            try:
                told = str(endure(one, kind, seconds))
            except LoaderLost as loss:
                told, lost = f"LOST: {loss}", lost + 1
            print(f"{one.variant.name:20} {kind:11} {told}", flush=True)
    return int(lost > 0)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 600, sys.argv[2:]))
