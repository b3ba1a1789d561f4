"""Run byte streams into deckboot on the bench and into the virtual one, and see where they differ.

    python tests/deckboot/deckboot_streams.py [COUNT [FIRST]]

runs COUNT streams (500) into each loader of `PAIRS`. They are what hosts send and what broken ones do, but no
floods: what is lost then depends on microseconds. Addresses stay inside flash, beyond which simavr reads its
own memory, and off the first page, where the application stands still.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "bench")]

from deckboot_rig import LAYOUTS, MS, STANDSTILL, Host, loader, rig, signature_row  # noqa: E402

from avrdeck.boards.deckboot import Entry  # noqa: E402
from avrdeck.protocol.simulator import board  # noqa: E402
from avrdeck.protocol.simulator.machine import Machine  # noqa: E402
from avrdeck.protocol.simulator.options import DialectName, Options  # noqa: E402

FRAME_MS = 10_000 / 115_200
EEPROM_BYTE_MS = 10.0
PAUSE_MS = 25.0
LONG_PAUSE_MS = 600.0
"""After which the large loader has forgotten a command."""
STRAY_LETTERS = (b"G", b"D", b"e", b"\0", b" ", b"\xc6")
DRAIN = b" " * 300
BATCH = 25
FUSES = {"lfuse": 0xE7, "hfuse": 0xDE, "efuse": 0xFD, "lock": 0xFF}


@dataclass(frozen=True)
class Pair:
    """A loader and the option that makes the virtual one."""

    part: str
    dialect: DialectName

    @property
    def small(self) -> bool:
        """Whether it is the loader of 256 bytes."""
        return self.dialect is DialectName.DECKBOOT_256

    @property
    def entry(self) -> Entry:
        """How it begins."""
        return Entry.WAIT if self.dialect is DialectName.DECKBOOT_WAIT else Entry.TIMEOUT


PAIRS = (
    Pair("ATmega328P", DialectName.DECKBOOT),
    Pair("ATmega328P", DialectName.DECKBOOT_WAIT),
    Pair("ATmega1284P", DialectName.DECKBOOT),
    Pair("ATmega8", DialectName.DECKBOOT),
    Pair("ATmega168P", DialectName.DECKBOOT_256),
    Pair("ATmega88P", DialectName.DECKBOOT_256),
)


@dataclass(frozen=True)
class Feed:
    """Bytes, and how long the host then listens; without bytes the board is reset before."""

    data: bytes
    wait: float = PAUSE_MS

    @property
    def seconds(self) -> float:
        """From the first byte on."""
        return (len(self.data) * FRAME_MS + self.wait) / 1000


class Virtual:
    """The virtual board, with the same chip as on the bench."""

    def __init__(self, pair: Pair) -> None:
        self.machine: Machine = board.build(Options(part=pair.part, dialect=pair.dialect))
        assert self.machine.target is not None
        self.cells = self.machine.target.cells
        self.cells.row = signature_row(pair.part)
        self.cells.fuses.update(FUSES)
        self.cells.flash[: len(STANDSTILL)] = STANDSTILL

    def remember(self, host: Host, *, small: bool) -> None:
        """Have in RAM and registers what the bench's chip has there by chance: it shows where hosts err."""

        def held(start: int, count: int) -> bytes:
            return bytes(int(host.control.ask(f"peek {start + at:x}"), 16) for at in range(count))

        loader: Any = self.machine.firmware
        if small:
            loader._ring[:] = held(0x100, len(loader._ring))
            loader._address = int.from_bytes(held(14, 2), "little")
        else:
            loader._ram[:] = held(0x200, len(loader._ram))
            loader._r[:] = held(0, len(loader._r))

    def reset(self) -> None:
        """An external reset."""
        self.machine.reset_board()
        self.machine.run_until(self.machine.now + MS)

    def __call__(self, data: bytes, seconds: float) -> bytes:
        self.machine.feed(data)
        self.machine.run_until(self.machine.now + round(seconds * 1e9))
        return self.machine.take()


def stream(seed: int, pair: Pair) -> list[Feed]:
    """The stream of that number."""
    dice = random.Random(f"{seed}/{pair.part}")
    layout = LAYOUTS[pair.part]
    makers = _Makers(dice, layout.page, layout.flash, pair.small)
    return [feed for _ in range(dice.randint(1, 6)) for feed in makers.any()]


class _Makers:
    """What a stream is made of."""

    def __init__(self, dice: random.Random, page: int, flash: int, small: bool) -> None:
        self._dice, self._page, self._flash, self._small = dice, page, flash, small

    def any(self) -> Iterator[Feed]:
        """One thing that a host does."""
        kinds: tuple[tuple[Callable[[], Iterator[Feed]], float], ...] = (
            (self._command, 20), (self._transfer, 15), (self._bad_end, 4), (self._truncated, 4),
            (self._noise, 3), (self._two, 3), (self._paused, 2), (self._reset, 1),
        )  # fmt: skip
        return self._dice.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]()

    def _short(self) -> bytes:
        dice = self._dice
        opcodes = [0x30, 0x38, 0x50, 0x58, 0x20, 0xAC, 0x4D, dice.randrange(256)]
        universal = bytes([dice.choice(opcodes), dice.choice([0, 8]), dice.randrange(16), 0])
        return dice.choice(
            (
                b"0 ", b"1 ", b"P ", b"u ", b"R ", b"A" + bytes([dice.randrange(0x80, 0x99)]) + b" ",
                b"B" + self._device() + b" ", b"E" + dice.randbytes(5) + b" ", b"V" + universal + b" ",
                self._address() + b" ", bytes([dice.choice([0x99, 0x40, 0x7F])]) + b" ", b" ",
            )
        )  # fmt: skip

    def _device(self) -> bytes:
        """Twenty bytes, three of which become the address of the large loader."""
        place = bytes([0, self._dice.randrange(256), self._dice.randrange(2, 24)])
        return self._dice.randbytes(9) + place + self._dice.randbytes(8)

    def _address(self) -> bytes:
        dice = self._dice
        pages = self._flash // self._page
        near = (2, 3, pages - 40, pages - 20, pages - 8, pages - 6, pages - 5)
        at = dice.choice(near) * self._page + dice.choice([0, 0, 0, 0, 2, self._page // 2])
        return b"U" + (at // 2 & 0xFFFF).to_bytes(2, "little")

    def _command(self) -> Iterator[Feed]:
        yield Feed(self._short())

    def _transfer(self) -> Iterator[Feed]:
        dice = self._dice
        yield Feed(self._address() + b" ")
        size = dice.choice([self._page, self._page, self._page, 1, 2, 3, 7, 24, 25, 64, 255, 256])
        if self._small and size != self._page:
            size = dice.choice([2, self._page])
        head = (size & 0xFF).to_bytes(2, "big") if size < 256 else dice.choice([b"\1\0", b"\0\0"])
        memory = dice.choice(b"FFFFE") if size < 40 else dice.choice(b"FFFFF")
        letter = bytes([memory]) if dice.random() < 0.9 else dice.choice(STRAY_LETTERS)
        if dice.random() < 0.6:
            data = dice.choice([dice.randbytes(size), b" " * size])
            busy = size * EEPROM_BYTE_MS if letter == b"E" else 0
            yield Feed(b"d" + head + letter + data + b" ", PAUSE_MS + busy)
            yield Feed(self._address() + b" ")
        yield Feed(b"t" + head + letter + b" ", PAUSE_MS + size * FRAME_MS)

    def _bad_end(self) -> Iterator[Feed]:
        yield Feed(self._unplaced()[:-1] + bytes([self._dice.choice([0x00, 0x30, 0x14, 0xFF])]))

    def _truncated(self) -> Iterator[Feed]:
        whole = self._unplaced()
        yield Feed(whole[: self._dice.randint(1, len(whole))])

    def _unplaced(self) -> bytes:
        """A command that does not leave an address behind when others end it."""
        while (short := self._short())[:1] in b"UB":
            pass
        return short

    def _noise(self) -> Iterator[Feed]:
        """Bytes that begin no page and do not end the session."""
        harmless = [code for code in range(256) if code not in b"dtQUB"]
        yield Feed(bytes(self._dice.choices(harmless, k=self._dice.randint(1, 12))))

    def _two(self) -> Iterator[Feed]:
        """A page, and two bytes at once behind it, which the receiver stores."""
        yield Feed(b"U\x40\0 ")
        page = self._dice.randbytes(self._page)
        yield Feed(b"d" + self._page.to_bytes(2, "big")[-2:] + b"F" + page + b" " + b"0 ", 40.0)

    def _paused(self) -> Iterator[Feed]:
        """Part of a page, or a READ_PAGE that became one, and silence; the small loader still waits then."""
        if self._small:
            return
        yield Feed(self._address() + b" ")
        page = b"d" + self._page.to_bytes(2, "big") + self._dice.choice([b"F", b"F", *STRAY_LETTERS])
        page += self._dice.choice([b" U\0", self._dice.randbytes(self._page)])
        yield Feed(page[: self._dice.choice([*range(1, 10), self._page])], LONG_PAUSE_MS)

    def _reset(self) -> Iterator[Feed]:
        yield Feed(self._dice.choice([b"Q ", b""]))
        yield Feed(b"")
        yield Feed(self._dice.choice([b"0 ", b"0 ", b"0 ", b"00", b"x", b" "]))
        yield Feed(b"")
        yield Feed(b"0 ")


def differing(pair: Pair, first: int, count: int) -> list[str]:
    """What is not the same in a batch of streams, in words: empty, if the virtual loader does not lie."""
    virtual = Virtual(pair)
    with rig(loader(pair.part, pair.entry, small=pair.small)) as bench:
        host = Host(bench)
        virtual.remember(host, small=pair.small)
        for either in (host, virtual):
            either.reset()
        for seed in range(first, first + count):
            for feed in (Feed(b"0 "), *stream(seed, pair), Feed(DRAIN), Feed(b"0 ", 100.0)):
                if not feed.data:
                    host.reset()
                    virtual.reset()
                theirs, ours = host(feed.data, feed.seconds), virtual(feed.data, feed.seconds)
                if theirs != ours:
                    return [f"{pair} stream {seed}, sent {_shown(feed.data)}: {_apart(theirs, ours)}"]
            if not theirs:
                host.reset()
                virtual.reset()
        dump = bench.dump()
    memories = {"flash": dump.device_flash, "eeprom": dump.device_eeprom}
    return [
        f"{pair} streams {first} to {first + count - 1}: {name}, first at {_first(held, mine):#06x}"
        for name, held in memories.items()
        if held != (mine := bytes(getattr(virtual.cells, name)))
    ]


def _first(one: bytes, other: bytes) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (left, right) in pairs if left != right), min(len(one), len(other)))


def _apart(theirs: bytes, ours: bytes) -> str:
    at = _first(theirs, ours)
    return f"from byte {at} on real {_shown(theirs[at:])}, virtual {_shown(ours[at:])}"


def _shown(data: bytes) -> str:
    more = f" and {len(data) - 16} more" if len(data) > 16 else ""
    return (data[:16].hex(" ") or "nothing") + more


def main(count: int = 500, first: int = 0) -> int:
    """Print every difference and how many there were."""
    different = [
        told
        for pair in PAIRS
        for at in range(first, first + count, BATCH)
        for told in differing(pair, at, min(BATCH, first + count - at))
    ]
    print("\n".join([*different, f"{count} streams into each of {len(PAIRS)}, {len(different)} differ"]))
    return int(bool(different))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
