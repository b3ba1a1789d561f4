"""Whatever comes down the line, and whenever power goes, the loader stays and answers."""

from __future__ import annotations

import random

import pytest
from deckboot_rig import LAYOUTS, MS, STARTED, Host, loader, rig

from avrdeck.boards.deckboot import Wish

pytestmark = pytest.mark.usefixtures("bench")

PIECE_BYTES = 4096
# The bench finds no start bits after 2^34 cycles: a new one is taken in time.
PIECES_A_RIG = 200
MOMENTS_A_RIG = 300
BYTES_A_SECOND = 11_520
IN_STEP = b"\x14\x10"
EEPROM_PAGE_S = 0.9
LONGEST = 262
"""Bytes that a loader may still be waiting for: PROG_PAGE with 256 bytes, and some."""


def _noise(dice: random.Random, size: int) -> bytes:
    return _staying(dice.randbytes(size))


def _staying(data: bytes) -> bytes:
    """Without LEAVE_PROGMODE, which would run what was written: what random code does is not the loader's."""
    return data.replace(b"Q", b"P")


def _near_misses(dice: random.Random, size: int) -> bytes:
    """Commands with anything for arguments, mostly with their EOP, mostly at the loader's own pages."""
    out = bytearray()
    while len(out) < size:
        length = dice.choice([0, 1, 2, 127, 128, 255, dice.randrange(256)])
        address = dice.choice(
            [dice.randrange(0x10000), dice.randrange(0x3E00, 0x4000), 0x3F00, 0xFFFF, 0xBF00]
        )
        out += dice.choice(
            [
                b"U" + address.to_bytes(2, "little"),
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
        out += b" " if dice.random() < 0.9 else dice.randbytes(1)
    return _staying(bytes(out))


def _in_step(host: Host) -> bool:
    """GET_SYNC until it is answered, from wherever the loader is: a page of EEPROM takes its time."""
    for _ in range(3):
        for _ in range(LONGEST // 2):
            if host(b"0 ", 0.002).endswith(IN_STEP):
                return True
        host.run(EEPROM_PAGE_S)
    return False


def _endure(name: str, kind: str, seconds: float) -> None:
    dice = random.Random(f"{name} {kind}")
    left = round(seconds * BYTES_A_SECOND / PIECE_BYTES)
    while left > 0:
        _endure_pieces(name, kind, dice, min(left, PIECES_A_RIG))
        left -= PIECES_A_RIG


def _endure_pieces(name: str, kind: str, dice: random.Random, pieces: int) -> None:
    one = loader(name)
    make = {"noise": _noise, "near misses": _near_misses}[kind]
    with rig(one) as bench:
        host = Host(bench)
        host.enter()
        for _ in range(pieces):
            data = make(dice, PIECE_BYTES)
            host(data, len(data) / BYTES_A_SECOND + 0.1)
            assert _in_step(host)
        dump = bench.dump()
        assert dump.device_flash[one.variant.start :] == one.section
        assert dump.device_fuses == bytes([0xE7, 0xDE, 0xFD, 0xFF])
        assert bench.counters()["crashes"] == 0
        host.enter()


@pytest.mark.parametrize("kind", ["noise", "near misses"])
@pytest.mark.parametrize("name", ["ATmega328P", "ATmega1284P", "ATmega8"])
def test_hostile_bytes(name: str, kind: str) -> None:
    _endure(name, kind, 4)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["noise", "near misses"])
@pytest.mark.parametrize("name", LAYOUTS)
def test_ten_minutes_of_hostile_bytes(name: str, kind: str) -> None:
    _endure(name, kind, 600)


def test_noise_on_the_line() -> None:
    """One byte in fifty is hit, both ways: pages may be wrong, the loader is not."""
    one = loader()
    with rig(one, noise=0.02) as bench:
        host = Host(bench)
        host.reset()
        dice = random.Random(1)
        for _ in range(40):
            host(b"0 U" + dice.randbytes(2) + b" ", 0.02)
            host(b"d\x00\x80F" + dice.randbytes(128) + b" ", 0.06)
        bench.control.ask("noise 0")
        host.reset()
        assert _in_step(host)
        assert bench.dump().device_flash[one.variant.start :] == one.section


def _cut(host: Host, place: int, memory: bytes, after_ns: int, content: bytes) -> None:
    """Power goes that long after the first byte of PROG_PAGE has begun."""
    control = host.control
    host.enter()
    host.load(place)
    control.write(b"d\x00" + bytes([len(content)]) + memory + content + b" ")
    control.run(control.now + after_ns)
    control.ask("power 0")
    control.run(control.now + 5 * MS)
    control.ask("power 1")
    control.run(control.now + STARTED)


def _survives(place: int, memory: bytes, moments: list[int], size: int = 128) -> None:
    one = loader()
    dice = random.Random(place)
    with rig(one) as bench:
        host = Host(bench)
        for after_ns in moments:
            content = dice.randbytes(size)
            _cut(host, place, memory, after_ns, content)
            host.enter()
            assert host.ask(b"u", 3) == b"\x1e\x95\x0f"
            assert host.program(place, content, memory, 0.6) == IN_STEP
            assert host.read(place, size, memory) == content
        dump = bench.dump()
        assert dump.device_flash[one.variant.start :] == one.section
        outside = bytearray(dump.device_flash[: one.variant.start])
        if memory == b"F":
            outside[place : place + size] = b"\xff" * size
        assert outside[2:] == one.flash[2 : one.variant.start]


FRAME_NS = 133 * 10 * 1_000_000_000 // 115_200
WRITE_NS = 10 * MS
CASES = {
    "RWW": (0x0400, b"F", 128, FRAME_NS + WRITE_NS),
    "NRWW": (0x7D80, b"F", 128, FRAME_NS + 2 * WRITE_NS),
    "EEPROM": (0x0010, b"E", 16, 20 * 10 * 1_000_000_000 // 115_200 + 16 * 3_400_000),
}


@pytest.mark.parametrize("case", CASES)
def test_a_power_cut_during_a_page_write(case: str) -> None:
    place, memory, size, until = CASES[case]
    _survives(place, memory, [until * step // 12 + step for step in range(13)], size)


@pytest.mark.long
@pytest.mark.parametrize("case", CASES)
def test_a_power_cut_at_any_cycle_of_a_page_write(case: str) -> None:
    """Any cycle: a thousand of them at random, and each one around the end of the command."""
    place, memory, size, until = CASES[case]
    dice = random.Random(case)
    moments = [dice.randrange(until) for _ in range(1000)]
    end = (size + 5) * 10 * 1_000_000_000 // 115_200
    moments += [end + cycle * 125 // 2 for cycle in range(-200, 2600, 3)]
    for first in range(0, len(moments), MOMENTS_A_RIG):
        _survives(place, memory, moments[first : first + MOMENTS_A_RIG], size)


def test_a_slower_clock_survives_too() -> None:
    with rig(loader(wish=Wish(8_000_000, 57_600))) as bench:
        host = Host(bench)
        _cut(host, 0x400, b"F", 20 * MS, bytes(128))
        host.enter()
        assert host.ask(b"u", 3) == b"\x1e\x95\x0f"
