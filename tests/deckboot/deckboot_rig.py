"""deckboot on the bench: images with an application, and a host that counts bytes.

`LAYOUTS` has what the bench must be told of a chip: simavr's name, avrdude's, where the NRWW section
begins, and RAMEND.
"""

from __future__ import annotations

import tempfile
from copy import copy
from dataclasses import dataclass
from pathlib import Path

from firmware import Firmware
from rig import TARGETS, Control, Rig

from avrdeck.boards.catalog import part
from avrdeck.boards.deckboot import Entry, Variant, Wish, made_for, variant, variants

MS = 1_000_000
STARTED = 67 * MS  # 16K CK and 65 ms, and a little
STANDSTILL = b"\xff\xcf"
BOOT_RESET_HFUSE = 0xDE
PLAIN_HFUSE = 0xDF

_FOLDER = tempfile.TemporaryDirectory(prefix="deckboot-")


@dataclass(frozen=True)
class Layout:
    """A chip for the bench."""

    mcu: str
    avrdude: str
    nrww: int
    flash: int
    eeprom: int
    page: int


LAYOUTS = {
    "ATmega328P": Layout("atmega328p", "m328p", 0x7000, 32768, 1024, 128),
    "ATmega168P": Layout("atmega168p", "m168p", 0x3800, 16384, 512, 128),
    "ATmega168": Layout("atmega168", "m168", 0x3800, 16384, 512, 128),
    "ATmega88P": Layout("atmega88p", "m88p", 0x1800, 8192, 512, 64),
    "ATmega88": Layout("atmega88", "m88", 0x1800, 8192, 512, 64),
    "ATmega644P": Layout("atmega644p", "m644p", 0xE000, 65536, 2048, 256),
    "ATmega1284P": Layout("atmega1284p", "m1284p", 0x1E000, 131072, 4096, 256),
    "ATmega32": Layout("atmega32", "m32", 0x7000, 32768, 1024, 128),
    "ATmega8": Layout("atmega8", "m8", 0x1800, 8192, 512, 64),
}


@dataclass(frozen=True)
class Loader:
    """A built image, as flash."""

    variant: Variant
    flash: bytes
    wish: Wish

    @property
    def section(self) -> bytes:
        """What the boot section holds."""
        return self.flash[self.variant.start :]


def loader(
    name: str = "ATmega328P",
    entry: Entry = Entry.TIMEOUT,
    wish: Wish | None = None,
    *,
    small: bool = False,
) -> Loader:
    """The part's loader, alone in flash."""
    wish = wish or Wish()
    one = variant(part(name), entry, small=small)
    return Loader(one, made_for(one, wish).flat(LAYOUTS[name].flash), wish)


def loaders(timeout_s: float | None = None) -> tuple[Loader, ...]:
    """Every image there is; ``timeout_s`` is for those that have a time-out."""
    found = []
    for one in variants():
        wish = Wish(timeout_s=timeout_s if one.entry is Entry.TIMEOUT else None)
        found.append(Loader(one, made_for(one, wish).flat(LAYOUTS[one.parts[0]].flash), wish))
    return tuple(found)


def signature_row(name: str) -> bytes:
    """The row of that part's chip on the bench: its signature, and another byte at each other address."""
    signature = part(name).signature
    return bytes(signature[at // 2] if at in {0, 2, 4} else 0x60 + at for at in range(64))


def flashed(one: Loader, application: bytes = STANDSTILL) -> Firmware:
    """That loader with an application before it."""
    flash = application + one.flash[len(application) :]
    image = Path(_FOLDER.name) / f"{abs(hash(flash)):x}.bin"
    image.write_bytes(flash)
    return Firmware(one.variant.name, image, one.wish.baud, one.variant.start, BOOT_RESET_HFUSE)


def rig(
    one: Loader,
    *,
    application: bytes = STANDSTILL,
    eeprom: bytes = b"",
    dtr_reset: bool = False,
    pty: bool = False,
    **options: float | str,
) -> Rig:
    """A bench with that loader and an application before it."""
    name = one.variant.parts[0]
    layout = LAYOUTS[name]
    told: dict[str, float | str] = {
        "mcu": layout.mcu, "nrww_start": f"{layout.nrww:x}", "hz": one.wish.f_cpu_hz,
        "lfuse": "e7", "efuse": "fd", "lock": "ff",
    }  # fmt: skip
    return Rig(
        flashed(one, application),
        TARGETS["m328p"] | {"signature": part(name).signature.hex()},
        pty=pty,
        dtr_reset=dtr_reset,
        eeprom=eeprom,
        row=signature_row(name),  # the device's is the target's
        options=told | options,
    )


class Host:
    """The other end of the line, in step with the loader after `enter`."""

    def __init__(self, bench: Rig) -> None:
        self.control = bench.control
        self.control.run(STARTED)
        self.control.open(bench.firmware.baud)

    def on(self, control: Control) -> Host:
        """The same host at a copy of the bench."""
        other = copy(self)
        other.control = control
        return other

    def reset(self) -> None:
        """An external reset, and the start-up time."""
        self.control.ask("reset")
        self.control.run(self.control.now + STARTED)

    def enter(self) -> None:
        """Reset and GET_SYNC; where the loader had been waiting already, the second reset brings it back."""
        self.reset()
        if not (answer := self(b"0 ")):
            self.reset()
            answer = self(b"0 ")
        assert answer == b"\x14\x10"

    def run(self, seconds: float) -> bytes:
        """What comes in that time."""
        return self(b"", seconds)

    def __call__(self, command: bytes, seconds: float = 0.02) -> bytes:
        return self.control.exchange(command, seconds)

    def ask(self, command: bytes, length: int = 0, seconds: float = 0.02) -> bytes:
        """The data of a reply that must be INSYNC, that many bytes, OK."""
        reply = self(command + b" ", seconds)
        assert (reply[:1], reply[-1:], len(reply)) == (b"\x14", b"\x10", length + 2), reply.hex(" ")
        return reply[1:-1]

    def load(self, byte_address: int) -> None:
        """LOAD_ADDRESS."""
        self.ask(b"U" + (byte_address // 2 & 0xFFFF).to_bytes(2, "little"))

    def read(self, byte_address: int, length: int, memory: bytes = b"F") -> bytes:
        """READ_PAGE."""
        self.load(byte_address)
        return self.ask(b"t" + length.to_bytes(2, "big") + memory, length, 0.02 + length * 0.0011)

    def program(self, byte_address: int, data: bytes, memory: bytes = b"F", seconds: float = 0.06) -> bytes:
        """LOAD_ADDRESS and PROG_PAGE, whose raw reply it returns."""
        self.load(byte_address)
        return self(b"d" + len(data).to_bytes(2, "big") + memory + data + b" ", seconds)

    def universal(self, *instruction: int) -> int:
        """The answer of UNIVERSAL."""
        return self.ask(b"V" + bytes(instruction), 1)[0]
