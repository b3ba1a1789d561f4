"""What jobs do through avrdeck's own bootloader: nearly all but fuses and erase, in its true limits."""

import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from unittest import mock

import pytest

from avrdeck.boards.catalog import part
from avrdeck.boards.images import Image
from avrdeck.jobs.backup.estimate import read_seconds
from avrdeck.jobs.backup.identity import read_chip
from avrdeck.jobs.backup.model import Absence
from avrdeck.jobs.backup.taking import take
from avrdeck.jobs.events import Event, StepStarted
from avrdeck.jobs.fuses import write_fuses
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.questions import YES, Question
from avrdeck.jobs.session import close_programmer
from avrdeck.jobs.upload import bootloading
from avrdeck.jobs.upload.model import Plan
from avrdeck.jobs.writing import write_image
from avrdeck.protocol.codes import EOP, Op
from avrdeck.protocol.errors import SyncError, UsageFault
from avrdeck.protocol.link import Link
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.simulator.faults import Fault, FaultPlan, Kind
from avrdeck.protocol.simulator.machine import Machine
from avrdeck.protocol.target import fuses, memories
from avrdeck.protocol.trace import Direction
from jobs.uploads import sketch
from virtual import board

LARGE, SMALL = "dialect=deckboot", "dialect=deckboot-256&part=atmega168p"


async def on(options: str = LARGE) -> tuple[Programmer, object]:
    """A board whose application and EEPROM hold random bytes."""
    wire = board(options)
    cells = wire.machine.target.cells
    cells.flash[: wire.machine.firmware.variant.start] = random.Random(options).randbytes(
        wire.machine.firmware.variant.start
    )
    cells.eeprom[:] = random.Random(options).randbytes(len(cells.eeprom))
    programmer = await Programmer.connect(Link(wire))
    await programmer.identify()
    return programmer, cells


async def yes(question: Question) -> str | None:
    return YES


async def test_a_backup_holds_all_that_an_isp_programmer_would_read() -> None:
    programmer, cells = await on()
    backup = await take(programmer)
    assert backup.memories["flash"] == cells.flash
    assert backup.memories["eeprom"] == cells.eeprom
    assert backup.fuses == {name: cells.fuses[name] for name in ("lfuse", "hfuse", "efuse", "lock")}
    assert backup.memories["prodsig"] == cells.row[:24]
    assert backup.chip.distinct
    assert backup.header.full
    over_isp = Link(board())
    other = await Programmer.connect(over_isp)
    await other.identify()
    assert (await read_chip(other))[0].same(backup.chip), "the same chip, whoever reads it"


async def test_the_small_loader_leaves_out_the_eeprom_and_says_so() -> None:
    programmer, cells = await on(SMALL)
    backup = await take(programmer)
    assert backup.memories["flash"] == cells.flash
    assert backup.fuses["efuse"] == cells.fuses["efuse"]
    assert backup.header.left_out == {"eeprom": Absence.UNREADABLE}


async def test_where_the_row_cannot_be_read_nothing_is_made_up() -> None:
    programmer, _ = await on("dialect=deckboot&part=atmega8")
    chip, rows = await read_chip(programmer)
    assert not chip.distinct
    assert set(rows) == {"signature"}
    assert set(await fuses.read_all(programmer)) == {"lfuse", "hfuse", "lock"}


@pytest.mark.parametrize("options", [LARGE, SMALL])
async def test_the_time_it_takes_is_told_before(options: str) -> None:
    programmer, _ = await on(options)
    clock = programmer.link.transport
    began = 0.0

    def watch(event: Event) -> None:
        nonlocal began
        began = clock.now() if isinstance(event, StepStarted) and event.step == "contents" else began

    backup = await take(programmer, on_event=watch)
    sizes = {name: len(backup.memories[name]) for name in ("flash", "eeprom") if name in backup.memories}
    assert read_seconds(programmer, sizes) == pytest.approx(clock.now() - began, rel=0.12)


async def test_fuses_and_erase_are_refused_before_anything_is_sent() -> None:
    programmer, cells = await on()
    held = dict(cells.fuses)
    with pytest.raises(UsageFault, match="deckboot, a bootloader, cannot write fuses") as refused:
        await write_fuses(programmer, {"lfuse": 0xE2}, yes)
    assert refused.value.holds == "The chip is unchanged."
    assert cells.fuses == held


@pytest.mark.parametrize(("options", "room"), [(LARGE, 0x7E00), (SMALL, 0x3F00)])
async def test_a_sketch_may_fill_all_below_the_loader(options: str, room: int) -> None:
    programmer, cells = await on(options)
    code = bytes(cells.flash[room:])
    await bootloading.upload(programmer, Plan(sketch(room)))
    assert cells.flash[:room] == sketch(room).read(0, room)
    with pytest.raises(UsageFault, match=f"begins at 0x{room:04X}"):
        await bootloading.upload(programmer, Plan(sketch(room + 1)))
    assert cells.flash[room:] == code


async def test_the_fuses_say_where_a_larger_boot_section_begins() -> None:
    programmer, cells = await on()
    cells.fuses["hfuse"] = 0xDC
    before = bytes(cells.flash)
    with pytest.raises(UsageFault, match="begins at 0x7C00"):
        await bootloading.upload(programmer, Plan(sketch(0x7C01)))
    assert cells.flash == before
    await bootloading.upload(programmer, Plan(sketch(0x7C00)))


async def test_the_small_loader_gets_whole_pages_each_command_in_one_piece() -> None:
    programmer, cells = await on(SMALL)
    await bootloading.upload(programmer, Plan(sketch(300, start=0x100)))
    assert cells.flash[0x100:0x22C] == sketch(300).read(0, 300)
    sent = [event.data for event in programmer.link.trace.events if event.direction is Direction.SENT]
    pages = [data for data in sent if data[0] == Op.PROG_PAGE]
    assert [(len(data), data[-1]) for data in pages] == [(133, EOP)] * 3
    assert all(data[-1] == EOP for data in sent)
    reads = [int.from_bytes(data[1:3], "big") for data in sent if data[0] == Op.READ_PAGE]
    assert max(reads) == 128


@pytest.mark.parametrize("dialect", ["deckboot", "optiboot", "atmegaboot"])
async def test_a_few_bytes_are_written_without_the_rest_of_their_page(dialect: str) -> None:
    wire = board(f"dialect={dialect}")
    cells = wire.machine.target.cells
    cells.flash[:0x7000] = random.Random(dialect).randbytes(0x7000)
    before = bytes(cells.flash)
    programmer = await Programmer.connect(Link(wire))
    await programmer.identify()
    await write_image(programmer, Image.of(b"serial", 0x1235, "stamp.hex"))
    assert cells.flash[0x1235:0x123B] == b"serial"
    assert cells.flash[:0x1235] == before[:0x1235]
    assert cells.flash[0x123B:] == before[0x123B:]
    with pytest.raises(UsageFault, match="reaches into the bootloader"):
        await write_image(programmer, Image.of(b"\0", part("atmega328p").flash.size - 1, "stamp.hex"))
    assert cells.flash[0x7000:] == before[0x7000:]


MISHEARD = "Nothing was written; unless the line made PROG_PAGE of a READ_PAGE, the chip is unchanged."
OLD = "dialect=optiboot4"


async def save(programmer: Programmer) -> None:
    await take(programmer)


async def compare(programmer: Programmer) -> None:
    with Ledger().told():
        await memories.verify(programmer, sketch(100))


async def dump(programmer: Programmer) -> None:
    with Ledger().told():
        await memories.read(programmer, "flash", 0x10, 16)


@pytest.mark.parametrize("job", [save, compare, dump])
@pytest.mark.parametrize(
    ("options", "says", "kept"),
    [
        (LARGE, "The chip is unchanged.", True),
        (SMALL, MISHEARD, False),
        (OLD, MISHEARD, False),
        ("dialect=atmegaboot", "The chip is unchanged.", True),
        ("", "The chip is unchanged.", True),
    ],
)
async def test_whatever_only_reads_says_what_a_misheard_read_may_have_cost(
    options: str, says: str, kept: bool, job: Callable[[Programmer], Awaitable[None]]
) -> None:
    wire = board(options)
    cells, plan = wire.machine.target.cells, wire.machine.faults
    cells.flash[:0x400] = random.Random(options).randbytes(0x400)
    programmer = await Programmer.connect(Link(wire))
    await programmer.identify()
    before = bytes(cells.flash)
    with pytest.raises(SyncError) as caught, flipped(Op.READ_PAGE, plan):
        await job(programmer)
    assert caught.value.holds == says
    await close_programmer(programmer)
    assert (cells.flash == before) is kept


@contextmanager
def flipped(op: Op, plan: FaultPlan) -> Iterator[None]:
    """Let the line turn one bit of the first command ``op``: READ_PAGE becomes PROG_PAGE."""
    feed, struck = Machine.feed, []

    def heard(machine: Machine, data: bytes) -> None:
        if not struck and op in data:
            struck.append(op)
            plan.add(Fault(Kind.FLIP, plan.to_device + data.index(op), to_host=False, mask=0x10))
        feed(machine, data)

    with mock.patch.object(Machine, "feed", heard):
        yield


@pytest.mark.parametrize(
    ("options", "says", "kept"),
    [
        (LARGE, "The chip is unchanged.", True),
        (SMALL, "Nothing was written; unless the line made PROG_PAGE of a READ_PAGE", False),
    ],
)
async def test_a_read_that_the_line_made_a_write(options: str, says: str, kept: bool) -> None:
    """The large loader keeps the page, even when GET_SYNC follows; the small one is told of honestly."""
    programmer, cells = await on(options)
    before, plan = bytes(cells.flash), programmer.link.transport.machine.faults
    await programmer.link.synchronise()

    def strike(event: Event) -> None:
        if isinstance(event, StepStarted):
            plan.add(Fault(Kind.FLIP, plan.to_device + len(b"U\0\0 "), to_host=False, mask=0x10))

    with pytest.raises(SyncError) as caught:
        await bootloading.upload(programmer, Plan(sketch(100), delta=True), strike)
    assert caught.value.holds.startswith(says)
    await close_programmer(programmer)
    assert (cells.flash == before) is kept
