"""What the campaign has found, each held on to by itself: one wrong bit or one wrong reading."""

from __future__ import annotations

from pathlib import Path

import pytest

from avrdeck.boards.images import Image
from avrdeck.jobs.backup.planning import plan_restore
from avrdeck.jobs.backup.restoring import restore
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.fuses import write_fuses
from avrdeck.jobs.ledger import UNCHANGED
from avrdeck.jobs.patch.model import Patch
from avrdeck.jobs.patch.planning import plan_patch
from avrdeck.jobs.patch.running import write_patch
from avrdeck.jobs.session import close_programmer
from avrdeck.jobs.upload import bootloading, over_isp
from avrdeck.jobs.upload.model import Plan
from avrdeck.jobs.witnesses import ErasedByChance
from avrdeck.jobs.writing import write_image
from avrdeck.protocol.codes import EOP, MemoryType, Op
from avrdeck.protocol.errors import Fault, RemoteProtocolError, SyncError, TargetError, VerifyError
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.simulator.faults import Fault as Injected
from avrdeck.protocol.simulator.faults import Kind
from avrdeck.protocol.simulator.machine import Machine
from avrdeck.protocol.target import memories
from avrdeck.protocol.transports.sim import SimTransport
from jobs.trials.isp import APPLICATION, BOOT, SKETCH, empty, holding_sketch, used_small, with_loader
from jobs.trials.keeping import BACKUP
from jobs.trials.model import Content, agree, cells_of
from jobs.trials.patching import RISING
from jobs.uploads import Bench, ops, sketch
from virtual import programmer_on

ERASE, LOCK_WRITE = bytes([Op.UNIVERSAL, 0xAC, 0x80]), bytes([Op.UNIVERSAL, 0xAC, 0xE0])
AS_FUSE_WRITE = {ERASE: 0x20, LOCK_WRITE: 0x40}
"""The bit of the last byte that makes AC A0 of the instruction, which writes the low fuse."""
LOAD_BOOT = bytes([Op.LOAD_ADDRESS, BOOT // 2 & 0xFF, BOOT // 2 >> 8])

READ_FROM_ZERO = bytes([Op.LOAD_ADDRESS, 0, 0, EOP, Op.READ_PAGE])


def flip(machine: Machine, pattern: bytes, mask: int, *, later: int = 0, occurrence: int = 1) -> None:
    """Flip ``mask`` in the byte that comes ``later`` than the end of ``pattern`` when that is sent."""
    feed, sent, base, seen = machine.feed, bytearray(), machine.faults.to_device, 0

    def watched(data: bytes) -> None:
        nonlocal seen
        for byte in data:
            sent.append(byte)
            if sent.endswith(pattern):
                seen += 1
                if seen == occurrence:
                    machine.faults.add(Injected(Kind.FLIP, base + len(sent) - 1 + later, mask=mask))
            feed(bytes([byte]))

    machine.feed = watched  # type: ignore[method-assign]


def page_of(size: int) -> bytes:
    """How the writing of a flash page of ``size`` bytes begins."""
    return bytes([Op.PROG_PAGE, size >> 8, size & 0xFF, MemoryType.FLASH])


async def on(machine: Machine) -> Programmer:
    return await programmer_on(SimTransport(machine, "bench"))


async def upload(machine: Machine, image: Image, place: Path) -> object:
    plan, store = Plan(image), Store(place)
    return await over_isp.upload(await on(machine), plan, store, agree, save_contents=False)


async def bring_back(machine: Machine, place: Path) -> object:
    programmer = await on(machine)
    plan = await plan_restore(programmer, BACKUP)
    return await restore(programmer, plan, Store(place), agree, save_contents=False)


async def test_a_bit_beside_the_image_in_blank_flash_is_found() -> None:
    machine = empty()
    flip(machine, page_of(32), 0x80, later=32, occurrence=3)
    with pytest.raises(VerifyError):
        await write_image(await on(machine), SKETCH)
    assert cells_of(machine).flash[95] == 0x7F


async def test_a_bit_beside_the_image_through_a_bootloader_is_found() -> None:
    bench = Bench()
    flip(bench.machine, page_of(128), 0x80, later=128, occurrence=2)
    with pytest.raises(VerifyError):
        await bootloading.upload(await bench.identified(), Plan(sketch(150)))
    assert bench.flash[255] == 0x7F


async def test_a_bit_beside_the_image_after_an_erase_is_found(tmp_path: Path) -> None:
    machine = used_small()
    flip(machine, page_of(32), 0x80, later=32, occurrence=4)
    with pytest.raises(VerifyError):
        await upload(machine, APPLICATION, tmp_path)
    assert cells_of(machine).flash[127] == 0x7F


@pytest.mark.parametrize("job", ["upload", "restore"])
async def test_an_erase_that_became_a_fuse_write_leaves_the_fuses_as_they_were(
    job: str, tmp_path: Path
) -> None:
    machine = used_small()
    before = dict(cells_of(machine).fuses)
    flip(machine, ERASE, AS_FUSE_WRITE[ERASE])
    with pytest.raises(TargetError) as caught:
        await (upload(machine, APPLICATION, tmp_path) if job == "upload" else bring_back(machine, tmp_path))
    assert cells_of(machine).fuses == before
    assert "its fuses are unchanged" in caught.value.holds
    assert "without flash (skipped) and eeprom (skipped)" in caught.value.holds


async def test_a_fuse_write_that_became_an_erase_is_told() -> None:
    machine = used_small()
    flip(machine, bytes([Op.UNIVERSAL, 0xAC, 0xA0]), 0x20)
    with pytest.raises(ErasedByChance) as caught:
        await write_fuses(await on(machine), {"lfuse": 0x7A}, agree)
    assert not cells_of(machine).flash.strip(b"\xff")
    assert cells_of(machine).fuses["lfuse"] == 0x7A
    assert "Flash is erased" in caught.value.holds


async def test_a_lock_write_that_became_a_fuse_write_leaves_the_fuses_as_they_were(tmp_path: Path) -> None:
    machine = with_loader()
    before = dict(cells_of(machine).fuses)
    flip(machine, LOCK_WRITE, AS_FUSE_WRITE[LOCK_WRITE])
    with pytest.raises(Fault):
        await upload(machine, APPLICATION, tmp_path)
    assert cells_of(machine).fuses == {**before, "lock": 0xFF}


async def test_lock_bits_that_forbid_reading_are_not_taken_for_an_erase() -> None:
    machine = used_small()
    flip(machine, LOCK_WRITE, 0x02, later=2)
    with pytest.raises(VerifyError) as caught:
        await write_fuses(await on(machine), {"lock": 0xFE}, agree)
    assert caught.value.holds == "The chip holds lfuse 6A, hfuse FF, lock FC."
    assert cells_of(machine).fuses["lock"] == 0xFC


async def test_a_bootloader_is_not_lost_to_a_wrong_address(tmp_path: Path) -> None:
    machine = with_loader()
    before = Content.of(machine)
    flip(machine, LOAD_BOOT, 0x02)
    with pytest.raises(TargetError, match="reads differently each time"):
        await upload(machine, APPLICATION, tmp_path)
    assert Content.of(machine).same(before)


async def test_what_is_written_back_with_a_page_is_read_twice() -> None:
    machine = empty()
    programmer = await on(machine)
    # LOAD_ADDRESS answers two bytes, READ_PAGE one before its data.
    machine.faults.add(Injected(Kind.FLIP, machine.faults.to_host + 3 + 95, to_host=True, mask=0x80))
    with pytest.raises(TargetError, match="reads differently each time") as caught:
        await write_image(programmer, SKETCH)
    assert caught.value.holds == UNCHANGED
    assert not cells_of(machine).flash.strip(b"\xff")


async def test_a_page_that_is_there_already_is_not_written() -> None:
    programmer = await on(holding_sketch())
    await write_image(programmer, SKETCH)
    assert Op.PROG_PAGE not in ops(programmer)


async def test_a_bit_that_was_read_wrong_does_not_cost_an_erase(tmp_path: Path) -> None:
    machine = holding_sketch()
    before = Content.of(machine)
    programmer = await on(machine)
    # Three bytes answer each of nine fuse reads, two LOAD_ADDRESS, and READ_PAGE begins with one.
    first = machine.faults.to_host + 9 * 3 + 2 + 1
    set_bit = SKETCH.segments[0].data[0] & -SKETCH.segments[0].data[0]
    machine.faults.add(Injected(Kind.FLIP, first, to_host=True, mask=set_bit))
    with pytest.raises(TargetError, match="reads differently each time") as caught:
        await over_isp.upload(programmer, Plan(SKETCH), Store(tmp_path), agree, save_contents=False)
    assert caught.value.holds == UNCHANGED
    assert Content.of(machine).same(before)


async def test_a_page_that_is_half_sent_gets_its_own_bytes_and_no_later_command() -> None:
    machine = empty()
    programmer = await on(machine)
    feed = machine.feed

    def watched(data: bytes) -> None:
        if page_of(32) in data and not machine.faults.faults:
            # LOAD_ADDRESS is answered, then INSYNC to the first page becomes NOSYNC.
            machine.faults.add(Injected(Kind.FLIP, machine.faults.to_host + 2, to_host=True, mask=0x01))
        feed(data)

    machine.feed = watched  # type: ignore[method-assign]
    with pytest.raises(RemoteProtocolError, match="lost step at PROG_PAGE"):
        await write_image(programmer, SKETCH)
    await programmer.identify()
    written = cells_of(machine).flash
    assert written[:32] == SKETCH.read(0, 32)
    assert all(
        there in {0xFF, wanted} for there, wanted in zip(written, SKETCH.read(0, len(written)), strict=True)
    )


async def test_a_reading_of_one_byte_that_became_its_writing_writes_nothing() -> None:
    machine = holding_sketch()
    before = Content.of(machine)
    flip(machine, READ_FROM_ZERO, Op.READ_PAGE ^ Op.PROG_PAGE)
    programmer = await on(machine)
    with pytest.raises(SyncError):
        await memories.read(programmer, "eeprom", 0x20, 1)
    await close_programmer(programmer)
    assert Content.of(machine).same(before)


@pytest.mark.parametrize("reading", range(2, 5))
async def test_a_reading_that_became_the_writing_of_a_page_gets_no_data(reading: int, tmp_path: Path) -> None:
    machine = holding_sketch()
    before = Content.of(machine)
    programmer = await on(machine)
    flip(machine, READ_FROM_ZERO, Op.READ_PAGE ^ Op.PROG_PAGE, occurrence=reading)
    plan = await plan_patch(programmer, Patch("flash", before.flash, RISING))
    with pytest.raises(Fault) as caught:
        await write_patch(programmer, plan, Store(tmp_path), agree)
    assert caught.value.holds == UNCHANGED
    assert Content.of(machine).same(before)
