"""avrdeck's engine on real firmware: what the chip holds counts, not what the engine says."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from bench_transport import BenchTransport
from firmware import Firmware, arduino_isp, atmegaboot, optiboot
from rig import TARGETS, Rig

from avrdeck.boards.catalog import part
from avrdeck.boards.images import Image
from avrdeck.protocol.dialects import ARDUINO_ISP_FORK, ATMEGABOOT, DIALECTS, OPTIBOOT, Dialect
from avrdeck.protocol.errors import Fault
from avrdeck.protocol.flight import STRICT
from avrdeck.protocol.framing import NEED_DATA, CommandReader, Malformed
from avrdeck.protocol.link import Link
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import memories

SETUP_NS = 1_000_000_000
PARTS = {"m328p": "ATmega328P", "m2560": "ATmega2560", "t85": "ATtiny85"}
BAUDS = (19_200, 115_200, 250_000, 500_000, 1_000_000)
NOISE = random.Random(7).randbytes(1024)
SPACES = b" " * 128
"""Every byte of it ends a command that lost some."""


@asynccontextmanager
async def on(rig: Rig, target: str = "m328p") -> AsyncIterator[Programmer]:
    """A programmer on the rig with its target identified."""
    if not rig.firmware.boot_start:
        rig.control.run(SETUP_NS)
    transport = BenchTransport(rig, rig.firmware.baud)
    programmer = await Programmer.connect(Link(transport))
    await programmer.identify(part(PARTS[target]))
    yield programmer


def lost(rig: Rig) -> int:
    """What no transfer may leave behind."""
    counters = rig.counters()
    return sum(counters[name] for name in ("overruns", "framing_errors", "isp_while_busy"))


@pytest.mark.parametrize("usb_ms", [0, 1])
@pytest.mark.parametrize("baud", BAUDS)
async def test_flash_and_eeprom_hold_what_was_written(baud: int, usb_ms: int) -> None:
    """At every speed of the sketch, over a line without latency and through USB frames of 1 ms."""
    flash, eeprom = Image.of(NOISE), Image.of(NOISE[:64], memory="eeprom")
    with Rig(arduino_isp(baud), options={"usb_ms": usb_ms}) as rig:
        async with on(rig) as programmer:
            await memories.write(programmer, flash, erased=True)
            await memories.write(programmer, eeprom, erased=True)
            await memories.verify(programmer, flash)
            await memories.verify(programmer, eeprom)
        dump = rig.dump()
        assert dump.flash == NOISE.ljust(0x8000, b"\xff")
        assert dump.eeprom == NOISE[:64].ljust(0x400, b"\xff")
        assert lost(rig) == 0


@pytest.mark.parametrize("baud", [19_200, 1_000_000])
@pytest.mark.parametrize(("target", "start"), [("m2560", 0x1FF00), ("t85", 0x1E00)])
async def test_other_page_sizes_and_addresses(target: str, start: int, baud: int) -> None:
    with Rig(arduino_isp(baud), TARGETS[target]) as rig:
        async with on(rig, target) as programmer:
            await memories.write(programmer, Image.of(NOISE[:512], start), erased=True)
            await memories.verify(programmer, Image.of(NOISE[:512], start))
        assert rig.dump().flash == (b"\xff" * start + NOISE[:512]).ljust(len(rig.dump().flash), b"\xff")
        assert lost(rig) == 0


@pytest.mark.parametrize("usb_ms", [0, 1])
@pytest.mark.parametrize("loader", [optiboot, atmegaboot])
async def test_bootloaders_hold_what_was_uploaded(loader: Callable[[], Firmware], usb_ms: int) -> None:
    with Rig(loader(), dtr_reset=True, options={"usb_ms": usb_ms}) as rig:
        async with on(rig) as programmer:
            assert programmer.dialect in {OPTIBOOT, ATMEGABOOT}
            await memories.write(programmer, Image.of(NOISE), erased=False)
            await memories.verify(programmer, Image.of(NOISE))
        assert_only(rig, NOISE)
        assert lost(rig) == 0


def assert_only(rig: Rig, content: bytes) -> None:
    """The device holds ``content``, its bootloader and nothing else."""
    flash, loader = rig.dump().device_flash, rig.firmware.image.read_bytes()
    assert flash == content + loader[len(content) :]


@pytest.mark.parametrize("noise", [0.03, 0.0005])
@pytest.mark.parametrize("seed", range(1, 5))
async def test_a_noisy_line_ends_right_or_in_a_fault(seed: int, noise: float) -> None:
    """3 % of all bytes have a wrong bit, or 1 in 2000, of which some get through unnoticed."""
    image = Image.of(NOISE[:384])
    with Rig(arduino_isp(115_200), options={"noise": noise, "seed": f"{seed:x}"}) as rig:
        try:
            async with on(rig) as programmer:
                await memories.write(programmer, image, erased=True)
                await memories.verify(programmer, image)
        except Fault as fault:
            assert str(fault)
        else:
            assert rig.dump().flash[:384] == NOISE[:384]
        assert rig.control.now < 60 * SETUP_NS


async def test_firmware_that_is_not_known_gets_one_command_at_a_time() -> None:
    with Rig(arduino_isp(19_200, minor=19)) as rig:
        async with on(rig) as programmer:
            assert programmer.dialect is ARDUINO_ISP_FORK
            assert programmer.link.window == STRICT
            await memories.write(programmer, Image.of(NOISE[:256]), erased=True)
            await memories.write(programmer, Image.of(NOISE[:8], memory="eeprom"), erased=True)
            await memories.verify(programmer, Image.of(NOISE[:256]))
        assert rig.dump().flash[:256] == NOISE[:256]
        assert all(len(commands) == 1 for commands in turns(rig))


def turns(rig: Rig) -> list[list[bytes]]:
    """The commands that the host sent between any two things that it heard."""
    reader, found, heard = CommandReader(), [[]], False
    for line in rig.trace():
        if line.mark == "<":
            heard = True
        elif line.mark == ">":
            if heard:
                found.append([])
            heard = False
            reader.feed(bytes([line.byte]))
            while (command := reader.next_command()) is not NEED_DATA:
                assert not isinstance(command, Malformed)
                found[-1].append(command.encode())
    return found


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("build", [arduino_isp, optiboot, atmegaboot])
async def test_a_wrong_name_cannot_corrupt(build: Callable[[], Firmware], dialect: Dialect) -> None:
    """Every firmware under every name: what is verified is there, and nothing else has changed."""
    firmware, content = build(), NOISE[:256] + SPACES
    sketch = not firmware.boot_start
    with Rig(firmware, dtr_reset=not sketch) as rig:
        async with on(rig) as programmer:
            programmer.dialect, programmer.link.window = dialect, dialect.window
            try:
                await memories.write(programmer, Image.of(content), erased=True)
                await memories.verify(programmer, Image.of(content))
            except Fault:
                verified = False
            else:
                verified = True
        dump = rig.dump()
        flash = dump.flash if sketch else dump.device_flash
        before = b"\xff" * 0x8000 if sketch else firmware.image.read_bytes()
        assert flash[len(content) :] == before[len(content) :]
        if verified:
            assert flash[: len(content)] == content
