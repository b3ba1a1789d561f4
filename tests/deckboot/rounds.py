"""30 KiB of random flash and all of EEPROM through deckboot, again and again, with resets in between.

    python tests/deckboot/rounds.py [COUNT [avrdeck|avrdude]]

lets avrdeck (or Debian's avrdude) do COUNT rounds (50) at each clock and clock error, and prints what they
took.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent / "bench"))

from bench_transport import BenchTransport
from deckboot_rig import LAYOUTS, STANDSTILL, STARTED, Loader, loader, rig
from rig import Rig

from avrdeck.boards.deckboot import Wish
from avrdeck.boards.images import Image
from avrdeck.jobs.session import close_programmer
from avrdeck.jobs.upload.bootloading import upload
from avrdeck.jobs.upload.model import Plan
from avrdeck.jobs.upload.reaching import Way, reach_bootloader
from avrdeck.jobs.upload.touching import Surroundings
from avrdeck.jobs.writing import write_image
from avrdeck.protocol.transports.base import Transport

KIB = 1024
FLASH_BYTES = 30 * KIB
EEPROM_BYTES = KIB
CLOCKS = {"16 MHz": (16_000_000, 115_200), "8 MHz": (8_000_000, 57_600)}
PPM = (0, 20_000, -20_000)

Client = Callable[[Rig, Loader, bytes, bytes], None]


@dataclass(frozen=True, slots=True)
class Took:
    """Simulated seconds of all rounds without the disturbances; what the loader's USART lost in them."""

    rounds: int
    seconds: float
    overruns: int
    framing_errors: int

    def __str__(self) -> str:
        each = f"{self.seconds / self.rounds:.2f} s each" if self.rounds else "none"
        return f"{self.rounds} rounds, {each}, {self.overruns} overruns, {self.framing_errors} framing errors"


def rounds(client: Client, clock: tuple[int, int], ppm: int, count: int) -> Took:
    """Let the client write and verify other contents each time, and look at the chip afterwards."""
    one = loader(wish=Wish(*clock))
    dice = random.Random(ppm)
    seconds, lost, framing = 0.0, 0, 0
    with rig(one, dtr_reset=True, ppm=ppm) as bench:
        for seed in range(count):
            disturb(bench, dice)
            flash, eeprom = content(seed, FLASH_BYTES), dice.randbytes(EEPROM_BYTES)
            before = bench.counters()
            client(bench, one, flash, eeprom)
            after = bench.counters()
            seconds += (after["now_ns"] - before["now_ns"]) / 1e9
            lost += after["overruns"] - before["overruns"]
            framing += after["framing_errors"] - before["framing_errors"]
            insist(bench, one, flash, eeprom)
        counted = bench.counters()
        assert counted["host_framing_errors"] == counted["watchdog_resets"] == counted["crashes"] == 0
    return Took(count, seconds, lost, framing)


def content(seed: int, size: int) -> bytes:
    """Random, but the application it makes stands still: the bench is no place for random code."""
    return STANDSTILL + random.Random(seed).randbytes(size - 2)


def insist(bench: Rig, one: Loader, flash: bytes, eeprom: bytes) -> None:
    """The chip holds that, and its loader is what it was."""
    dump = bench.dump()
    assert dump.device_flash[: len(flash)] == flash
    assert dump.device_flash[one.variant.start :] == one.section
    assert dump.device_eeprom[: len(eeprom)] == eeprom


def disturb(bench: Rig, dice: random.Random) -> None:
    """Resets at any time: in the application, in the loader, in the middle of a page."""
    control = bench.control
    control.run(0)
    for _ in range(dice.randrange(4)):
        control.run(control.now + dice.randrange(2_000_000_000))
        control.ask("reset")
        if dice.random() < 0.7:
            control.run(control.now + STARTED)
            control.ask("open")
            control.ask(f"baud {bench.firmware.baud}")
            page = b"0 U\x00\x05 d\x00\x80F" + bytes(128) + b" "
            control.write(page[: dice.randrange(len(page))])
            control.run(control.now + dice.randrange(20_000_000))
            control.ask("reset")
            control.ask("close")


def by_avrdude(bench: Rig, one: Loader, flash: bytes, eeprom: bytes, *options: str) -> None:
    """As the Arduino IDE calls it."""
    layout = LAYOUTS[one.variant.parts[0]]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "flash.bin").write_bytes(flash)
        (Path(folder) / "eeprom.bin").write_bytes(eeprom)
        actions = ("-U", f"flash:w:{folder}/flash.bin:r", "-U", f"eeprom:w:{folder}/eeprom.bin:r")
        bench.avrdude("-c", "arduino", "-b", str(one.wish.baud), *options, *actions, part=layout.avrdude)


def by_avrdeck(bench: Rig, one: Loader, flash: bytes, eeprom: bytes) -> None:
    """The jobs behind `avrdeck upload` and `avrdeck write eeprom`, in one session."""
    asyncio.run(_avrdeck(bench, one.wish.baud, flash, eeprom))


async def _avrdeck(bench: Rig, baud: int, flash: bytes, eeprom: bytes) -> None:
    async def opened(port: str, baud: int) -> Transport:
        return BenchTransport(bench, baud)

    way = Way("bench", baud=baud)
    programmer = await reach_bootloader(way, around=Surroundings(open=opened))
    try:
        await programmer.identify()
        receipt = await upload(programmer, Plan(Image.of(flash, file="random.bin")))
        assert (receipt.pages_written, receipt.healed) == (FLASH_BYTES // 128, 0)
        await write_image(programmer, Image.of(eeprom, file="random.eep", memory="eeprom"))
    finally:
        await close_programmer(programmer)


CLIENTS: dict[str, Client] = {"avrdeck": by_avrdeck, "avrdude": by_avrdude}


def main(count: int, name: str) -> int:
    """Print what the rounds took; whatever is wrong raises."""
    for title, clock in CLOCKS.items():
        for ppm in PPM:
            took = rounds(CLIENTS[name], clock, ppm, count)
            print(f"{name} at {clock[1]} baud, {title} {ppm / 1e4:+.0f} %: {took}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 50, sys.argv[2] if len(sys.argv) > 2 else "avrdeck")
    )
