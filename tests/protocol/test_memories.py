import math
import random
from collections import Counter

import pytest

from avrdeck.boards.catalog import part
from avrdeck.boards.images import Image
from avrdeck.boards.images.image import Segment
from avrdeck.protocol.codes import Op
from avrdeck.protocol.dialects import ARDUINO_ISP_FORK
from avrdeck.protocol.errors import UsageFault, VerifyError
from avrdeck.protocol.framing import NEED_DATA, CommandReader
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.stk500v1 import Command
from avrdeck.protocol.target import memories
from avrdeck.protocol.target.progress import Operation, Progress
from avrdeck.protocol.trace import Direction
from virtual import board, programmer_on

RANDOM = random.Random(328)
PARTS = ["ATmega328P", "ATtiny85", "ATmega2560", "AT90S2313", "ATtiny841", "ATtiny26", "ATmega8"]


def commands(programmer: Programmer) -> list[Command]:
    """All that was sent, in order."""
    reader = CommandReader()
    for event in programmer.link.trace.events:
        if event.direction is Direction.SENT:
            reader.feed(event.data)
    return list(iter(reader.next_command, NEED_DATA))


def noise(size: int) -> bytes:
    return RANDOM.randbytes(size)


@pytest.mark.parametrize("name", PARTS)
async def test_flash_holds_what_was_written(name: str) -> None:
    """On pages the sketch knows, pages it does not know, and parts that have none."""
    wire = board(f"part={name}")
    programmer = await programmer_on(wire, name)
    size = part(name).flash.size
    content = noise(700) if size >= 1024 else noise(200)
    image = Image("x.hex", (Segment(0, content[:301]), Segment(size - 70, content[301:371])))
    await memories.write(programmer, image, erased=True)
    await memories.verify(programmer, image)
    flash = wire.machine.target.cells.flash
    assert bytes(flash[:301]) == content[:301]
    assert bytes(flash[size - 70 :]) == content[301:371]
    assert set(flash[512 : size - 256]) <= {0xFF}


@pytest.mark.parametrize("baud", [19_200, 250_000, 1_000_000])
async def test_a_page_that_takes_longer_than_the_sketch_waits_is_waited_for(baud: int) -> None:
    """An ATmega103 takes 56 ms for a page, the sketch waits for 30: then it answers nothing sensible."""
    programmer = await programmer_on(board(f"part=ATmega103&baud={baud}", baud), "ATmega103")
    image = Image("x.hex", (Segment(0, noise(700)),))
    await memories.write(programmer, image, erased=True)
    await memories.verify(programmer, image)


@pytest.mark.parametrize("name", PARTS)
async def test_eeprom_holds_what_was_written_and_nothing_else(name: str) -> None:
    wire = board(f"part={name}")
    programmer = await programmer_on(wire, name)
    eeprom = wire.machine.target.cells.eeprom
    eeprom[:] = bytes(len(eeprom))
    image = Image("x.eep", (Segment(3, b"\x01\x02\xff\x04\x05\x06"), Segment(0x21, b"\x07")), "eeprom")
    await memories.write(programmer, image, erased=False)
    await memories.verify(programmer, image)
    expected = bytearray(len(eeprom))
    expected[3:9], expected[0x21] = b"\x01\x02\xff\x04\x05\x06", 7
    assert bytes(eeprom) == bytes(expected)


async def test_memory_beyond_128_kib_is_reached() -> None:
    wire = board("part=atmega2560")
    programmer = await programmer_on(wire)
    content = noise(0x400)
    image = Image.of(content, 0x1_FE00)
    await memories.write(programmer, image, erased=True)
    assert bytes(wire.machine.target.cells.flash[0x1_FE00:0x2_0200]) == content
    assert await memories.read(programmer, "flash", 0x1_FDFF, 0x402) == b"\xff" + content + b"\xff"


@pytest.mark.parametrize(("start", "size"), [(0, 1), (1, 1), (1, 2), (5, 2048), (0x7FFF, 1), (0, 0x8000)])
async def test_any_stretch_of_flash_can_be_read(start: int, size: int) -> None:
    wire = board()
    programmer = await programmer_on(wire)
    flash = wire.machine.target.cells.flash
    flash[:] = noise(len(flash))
    assert await memories.read(programmer, "flash", start, size) == bytes(flash[start : start + size])


@pytest.mark.parametrize(("start", "size"), [(0, 1), (1, 1), (3, 300), (1023, 1)])
async def test_any_stretch_of_eeprom_can_be_read(start: int, size: int) -> None:
    wire = board()
    programmer = await programmer_on(wire)
    eeprom = wire.machine.target.cells.eeprom
    eeprom[:] = noise(len(eeprom))
    assert await memories.read(programmer, "eeprom", start, size) == bytes(eeprom[start : start + size])


async def test_blank_pages_cost_nothing_after_an_erase() -> None:
    wire = board()
    programmer = await programmer_on(wire)
    image = Image.of(b"\x01" + b"\xff" * 0x7FFE + b"\x02")
    before = wire.now()
    seen: list[Progress] = []
    await memories.write(programmer, image, erased=True, watch=seen.append)
    assert wire.now() - before < 0.4
    assert [(step.address, step.done, step.total) for step in seen] == [(128, 128, 256), (0x8000, 256, 256)]
    assert {step.operation for step in seen} == {Operation.WRITE}


@pytest.mark.parametrize("baud", [19_200, 115_200, 250_000, 500_000, 1_000_000])
async def test_the_wire_is_never_overrun(baud: int) -> None:
    wire = board(f"baud={baud}")
    programmer = await programmer_on(wire)
    await memories.write(programmer, Image.of(noise(2048)), erased=True)
    await memories.read(programmer, "flash", 0, 2048)
    assert wire.machine.lost == 0


@pytest.mark.parametrize(
    ("baud", "latency", "by"),
    [
        (19_200, 0.0, Op.PROG_PAGE),
        (115_200, 0.0, Op.PROG_PAGE),
        (250_000, 0.0, Op.UNIVERSAL),
        (1_000_000, 0.002, Op.UNIVERSAL),
        (1_000_000, 0.016, Op.PROG_PAGE),
        (1_000_000, math.inf, Op.PROG_PAGE),
    ],
)
async def test_pages_go_the_way_that_takes_less_time(baud: int, latency: float, by: Op) -> None:
    wire = board(f"baud={baud}")
    programmer = await programmer_on(wire)
    programmer.link.latency = latency
    programmer.link.trace.events.clear()
    image = Image.of(noise(256))
    await memories.write(programmer, image, erased=True)
    sent = Counter(command.op for command in commands(programmer))
    assert (Op.PROG_PAGE in sent) == (by is Op.PROG_PAGE)
    assert bytes(wire.machine.target.cells.flash[:256]) == image.segments[0].data


async def test_instructions_travel_in_parcels() -> None:
    programmer = await programmer_on(board("baud=1000000"))
    programmer.link.trace.events.clear()
    await memories.write(programmer, Image.of(noise(128)), erased=True)
    sent = [event.data for event in programmer.link.trace.events if event.direction is Direction.SENT]
    assert len(commands(programmer)) == 129
    assert len(sent) < 129 / 2


async def test_unknown_firmware_gets_whole_pages_whatever_the_line() -> None:
    programmer = await programmer_on(board("baud=1000000"))
    programmer.dialect, programmer.link.window = ARDUINO_ISP_FORK, ARDUINO_ISP_FORK.window
    programmer.link.trace.events.clear()
    await memories.write(programmer, Image.of(noise(128)), erased=True)
    assert [command.op for command in commands(programmer)] == [Op.LOAD_ADDRESS, Op.PROG_PAGE]


async def test_memory_beyond_128_kib_is_reached_by_instructions_too() -> None:
    wire = board("part=atmega2560&baud=1000000")
    programmer = await programmer_on(wire)
    content = noise(0x400)
    await memories.write(programmer, Image.of(content, 0x1_FE00), erased=True)
    assert bytes(wire.machine.target.cells.flash[0x1_FE00:0x2_0200]) == content


async def test_what_differs_is_named_by_range() -> None:
    wire = board()
    programmer = await programmer_on(wire)
    image = Image.of(bytes(range(256)), 0x100, "app.hex")
    await memories.write(programmer, image, erased=True)
    wire.machine.target.cells.flash[0x110:0x113] = b"\x00\x00\x00"
    wire.machine.target.cells.flash[0x1FF] = 0
    assert await memories.differences(programmer, image) == [(0x110, 0x113), (0x1FF, 0x200)]
    with pytest.raises(
        VerifyError, match=r"differs from app\.hex in 4 of 256 bytes.*0x0110 to 0x0112"
    ) as caught:
        await memories.verify(programmer, image)
    assert caught.value.ranges == ((0x110, 0x113), (0x1FF, 0x200))


async def test_a_bootloader_writes_and_reads_flash() -> None:
    wire = board("dialect=optiboot")
    programmer = await programmer_on(wire)
    image = Image.of(noise(1000))
    await memories.write(programmer, image, erased=False)
    await memories.verify(programmer, image)
    assert bytes(wire.machine.target.cells.flash[:1000]) == image.segments[0].data
    assert wire.machine.lost == 0
    with pytest.raises(UsageFault, match="does not reach the EEPROM"):
        await memories.read(programmer, "eeprom")


async def test_fuses_are_not_a_memory_of_blocks() -> None:
    programmer = await programmer_on(board())
    with pytest.raises(UsageFault, match="not read in blocks"):
        await memories.read(programmer, "lfuse")
