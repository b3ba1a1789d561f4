"""Single bytes of flash and EEPROM: what is touched, what is put back, what is refused, what is said."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avrdeck.jobs.backup import files
from avrdeck.jobs.backup.model import Absence
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.backup.taking import Wish
from avrdeck.jobs.events import Event, StepStarted
from avrdeck.jobs.patch.model import Patch, PatchReceipt, Way
from avrdeck.jobs.patch.planning import plan_patch
from avrdeck.jobs.patch.running import write_patch
from avrdeck.jobs.questions import Question
from avrdeck.protocol.errors import Fault, Refused, TargetError, UsageFault, VerifyError
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.simulator.cells import Cells
from avrdeck.protocol.simulator.faults import Fault as Injected
from avrdeck.protocol.simulator.faults import Kind
from avrdeck.protocol.transports.sim import SimTransport
from jobs.backups import wired
from jobs.uploads import Bench
from virtual import programmer_on

BOOTED = "part=atmega88pa&baud=500000"
BOOT = 0x1C00


async def yes(question: Question) -> str | None:
    return "yes"


async def nobody(question: Question) -> str | None:
    return None


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "backups")


def cells(wire: SimTransport) -> Cells:
    return wire.machine.target.cells


def known(wire: SimTransport, memory: str) -> bytes:
    return bytes(getattr(cells(wire), memory))


async def patched(
    wire: SimTransport, store: Store, memory: str, staged: dict[int, int], wish: Wish | None = None
) -> PatchReceipt:
    programmer = await programmer_on(wire)
    plan = await plan_patch(programmer, Patch(memory, known(wire, memory), staged))
    return await write_patch(programmer, plan, store, yes, wish or Wish())


def falling(wire: SimTransport, *addresses: int) -> dict[int, int]:
    """Edits of flash that only clear bits."""
    return {at: cells(wire).flash[at] & 0x0F & ~(cells(wire).flash[at] & 1) for at in addresses}


async def test_eeprom_is_written_byte_by_byte_and_nothing_else(store: Store) -> None:
    wire = wired()
    before, flash = known(wire, "eeprom"), known(wire, "flash")
    receipt = await patched(wire, store, "eeprom", {3: 0x5A, 4: 0xA5, 60: before[60]})
    assert known(wire, "eeprom") == before[:3] + b"\x5a\xa5" + before[5:]
    assert known(wire, "flash") == flash
    assert (receipt.ranges, receipt.bytes_written, receipt.erased) == (((3, 5),), 2, False)
    assert files.load(store.folder / receipt.backup).memories["eeprom"] == before


async def test_bits_that_fall_are_written_over_their_page_without_an_erase(store: Store) -> None:
    wire = wired()
    before, eeprom = known(wire, "flash"), known(wire, "eeprom")
    staged = falling(wire, 5, 0x105)
    receipt = await patched(wire, store, "flash", staged)
    wanted = bytearray(before)
    for at, value in staged.items():
        wanted[at] = value
    assert known(wire, "flash") == wanted
    assert known(wire, "eeprom") == eeprom
    assert (receipt.erased, receipt.bytes_written) == (False, 2 * 32)
    assert files.load(store.folder / receipt.backup).memories["flash"] == before


async def test_a_bit_that_rises_erases_and_everything_is_put_back(store: Store) -> None:
    wire = wired(BOOTED)
    before, eeprom = known(wire, "flash"), known(wire, "eeprom")
    cells(wire).fuses.update(lock=0xCF, hfuse=0xDE)
    fuses = dict(cells(wire).fuses)
    receipt = await patched(wire, store, "flash", {7: 0xFF})
    assert known(wire, "flash") == before[:7] + b"\xff" + before[8:]
    assert known(wire, "eeprom") == eeprom
    assert cells(wire).fuses == fuses, "the lock bits too"
    assert receipt.erased
    saved = files.load(store.folder / receipt.backup)
    assert (saved.memories["flash"], saved.memories["eeprom"]) == (before, eeprom)


async def test_a_chip_that_is_locked_against_writing_is_erased_for_flash_and_locked_again(
    store: Store,
) -> None:
    wire = wired()
    before = known(wire, "flash")
    cells(wire).fuses["lock"] = 0xFE
    staged = falling(wire, 9)
    receipt = await patched(wire, store, "flash", staged)
    assert receipt.erased
    assert known(wire, "flash") == before[:9] + bytes([staged[9]]) + before[10:]
    assert cells(wire).fuses["lock"] == 0xFE


@pytest.mark.parametrize(
    ("lock", "memory", "said"),
    [(0xFC, "flash", "forbid reading"), (0xFC, "eeprom", "forbid reading"), (0xFE, "eeprom", "forbid writ")],
)
async def test_lock_bits_are_explained(lock: int, memory: str, said: str) -> None:
    wire = wired()
    cells(wire).fuses["lock"] = lock
    programmer = await programmer_on(wire)
    with pytest.raises(UsageFault, match=said) as refused:
        await plan_patch(programmer, Patch(memory, known(wire, memory), {0: known(wire, memory)[0] ^ 1}))
    assert refused.value.advice


@pytest.mark.parametrize(
    ("setup", "memory", "staged", "way", "said"),
    [
        ({}, "eeprom", {0: 0x00, 1: 0xFF}, Way.BYTES, "Only these bytes"),
        ({}, "flash", {0: 0x00}, Way.PAGES, "Bits only go from 1 to 0: 1 page is written over"),
        ({}, "flash", {0: 0xFF}, Way.ERASE, "from 0 to 1, which over ISP only a chip erase can do"),
        ({}, "flash", {0: 0xFF}, Way.ERASE, "EEPROM too: it is read before and written back"),
        ({"hfuse": 0xD6}, "flash", {0: 0xFF}, Way.ERASE, "EESAVE is programmed: the EEPROM stays"),
        ({"lock": 0xCF}, "flash", {0: 0xFF}, Way.ERASE, "CF is written again"),
        ({}, "flash", {BOOT: 0x00}, Way.PAGES, "1 byte is in the boot section, which begins at 0x1800"),
    ],
)
async def test_what_will_happen_is_told_before(setup, memory, staged, way, said) -> None:
    wire = wired(BOOTED)
    cells(wire).flash[0], cells(wire).flash[BOOT], cells(wire).eeprom[0] = 0x7F, 0xFF, 0x12
    cells(wire).fuses.update(setup)
    programmer = await programmer_on(wire)
    plan = await plan_patch(programmer, Patch(memory, known(wire, memory), staged))
    assert plan.way is way
    assert said in " ".join(plan.notes)
    assert plan.question.text.endswith("with a chip erase?") is (way is Way.ERASE)


@pytest.mark.parametrize("value", [0x00, 0xFF])
async def test_without_a_yes_nothing_is_touched_and_nothing_saved(store: Store, value: int) -> None:
    wire = wired()
    before = known(wire, "flash")
    programmer = await programmer_on(wire)
    plan = await plan_patch(programmer, Patch("flash", before, {3: value}))
    with pytest.raises(Refused):
        await write_patch(programmer, plan, store, nobody)
    assert known(wire, "flash") == before
    assert not store.folder.exists()


async def test_a_chip_that_changed_since_it_was_read_is_left_alone(store: Store) -> None:
    wire = wired()
    read = known(wire, "flash")
    cells(wire).flash[6] ^= 0x80
    programmer = await programmer_on(wire)
    with pytest.raises(TargetError, match="changed since it was read: 0x0006"):
        await plan_patch(programmer, Patch("flash", read, {5: 0x00}))
    plan = await plan_patch(programmer, Patch("flash", read, {0x205: 0xFF}))
    now = known(wire, "flash")
    with pytest.raises(TargetError, match="changed since it was read: 0x0006") as stopped:
        await write_patch(programmer, plan, store, yes)
    assert known(wire, "flash") == now
    assert stopped.value.holds == "The chip is unchanged."


async def test_a_backup_is_left_out_only_where_it_is_not_needed_again(store: Store) -> None:
    skip = Wish(skip=lambda: True)
    wire = wired()
    receipt = await patched(wire, store, "flash", falling(wire, 5), skip)
    assert files.load(store.folder / receipt.backup).header.left_out["flash"] is Absence.SKIPPED
    receipt = await patched(wire, store, "flash", {0x30: 0xFF}, skip)
    assert "flash" in files.load(store.folder / receipt.backup).memories


async def test_a_byte_that_was_disturbed_while_saving_is_not_written_back(store: Store) -> None:
    wire = wired()
    eeprom = known(wire, "eeprom")
    programmer = await programmer_on(wire)
    plan = await plan_patch(programmer, Patch("flash", known(wire, "flash"), {3: 0xFF}))

    def disturb(event: Event) -> None:
        if isinstance(event, StepStarted) and event.step == "contents":
            wire.machine.faults.add(Injected(Kind.FLIP, wire.machine.faults.to_host + 10, to_host=True))

    with pytest.raises(TargetError, match="eeprom has changed since it was read"):
        await write_patch(programmer, plan, store, yes, Wish(), disturb)
    assert known(wire, "eeprom") == eeprom


@pytest.mark.parametrize("memory", ["flash", "eeprom"])
async def test_an_erase_by_chance_while_bytes_are_written_is_noticed(store: Store, memory: str) -> None:
    wire = wired()
    programmer = await programmer_on(wire)
    staged = falling(wire, 0x105) if memory == "flash" else {30: 0x00}
    plan = await plan_patch(programmer, Patch(memory, known(wire, memory), staged))

    def erased(event: Event) -> None:
        if isinstance(event, StepStarted) and event.step == "write":
            cells(wire).flash[:] = b"\xff" * len(cells(wire).flash)
            cells(wire).eeprom[:] = b"\xff" * len(cells(wire).eeprom)

    with pytest.raises(VerifyError) as told:
        await write_patch(programmer, plan, store, yes, Wish(), erased)
    assert "What it held before is in" in told.value.holds


async def bootloader() -> tuple[Bench, Programmer]:
    bench = Bench("dialect=optiboot&part=atmega328p")
    bench.machine.target.cells.flash[:600] = random.Random(4).randbytes(600)
    return bench, await programmer_on(await bench.open("bench", 115200))


async def test_through_a_bootloader_whole_pages_are_written_and_bits_may_rise(store: Store) -> None:
    bench, programmer = await bootloader()
    flash = bench.machine.target.cells.flash
    before = bytes(flash)
    plan = await plan_patch(
        programmer, Patch("flash", before, {5: before[5] ^ 0xFF, 300: before[300] ^ 0x81})
    )
    assert plan.way is Way.BOOTLOADER
    receipt = await write_patch(programmer, plan, store, yes, Wish(skip=lambda: True))
    wanted = bytearray(before)
    wanted[5] ^= 0xFF
    wanted[300] ^= 0x81
    assert bytes(flash) == wanted
    assert receipt.bytes_written == 256


async def test_a_bootloader_is_never_asked_to_write_over_itself() -> None:
    bench, programmer = await bootloader()
    before = bytes(bench.machine.target.cells.flash)
    with pytest.raises(UsageFault, match="boot section begins at 0x7E00"):
        await plan_patch(programmer, Patch("flash", before, {0x7E00: 0x00}))
    with pytest.raises(UsageFault, match="does not reach the EEPROM"):
        await plan_patch(programmer, Patch("eeprom", bytes(1024), {0: 0x01}))


async def test_an_edit_that_changes_nothing_is_none() -> None:
    wire = wired()
    with pytest.raises(UsageFault, match="No byte is staged"):
        await plan_patch(
            await programmer_on(wire), Patch("eeprom", known(wire, "eeprom"), {1: known(wire, "eeprom")[1]})
        )


@settings(max_examples=25, deadline=None)
@given(
    memory=st.sampled_from(["flash", "eeprom"]),
    edits=st.dictionaries(st.integers(0, 1023), st.integers(0, 255), min_size=1, max_size=6),
    seed=st.integers(0, 99),
)
async def test_the_chip_holds_exactly_what_was_staged(memory, edits, seed, tmp_path_factory) -> None:
    wire = wired(seed=seed)
    before = {name: bytearray(known(wire, name)) for name in ("flash", "eeprom")}
    staged = {at % len(before[memory]): value for at, value in edits.items()}
    if all(before[memory][at] == value for at, value in staged.items()):
        return
    await patched(wire, Store(tmp_path_factory.mktemp("store")), memory, staged)
    for at, value in staged.items():
        before[memory][at] = value
    assert {name: bytearray(known(wire, name)) for name in before} == before


FAULTS = 40


@pytest.mark.parametrize("value", [0x00, 0xFF], ids=["page", "erase"])
async def test_whatever_disturbs_the_line_success_is_true_and_a_fault_says_what_the_chip_holds(
    value: int, tmp_path: Path
) -> None:
    """Drawn with a fixed seed from every byte of the job; what was saved brings the chip back."""
    dice = random.Random(value)
    length = await _bytes_sent(value, tmp_path / "dry")
    for number in range(FAULTS):
        kind = dice.choice([Kind.DROP, Kind.FLIP, Kind.DOUBLE, Kind.RESET_PROGRAMMER, Kind.VANISH])
        fault = Injected(kind, dice.randrange(length), mask=1 << dice.randrange(8))
        wire = wired()
        wanted = bytearray(known(wire, "flash"))
        wanted[0x22] = value
        before, eeprom, fuses = known(wire, "flash"), known(wire, "eeprom"), dict(cells(wire).fuses)
        programmer = await programmer_on(wire)
        plan = await plan_patch(programmer, Patch("flash", before, {0x22: value}))
        sent = wire.machine.faults.to_device
        wire.machine.faults.add(Injected(kind, sent + fault.index, mask=fault.mask))
        store = Store(tmp_path / f"{number}")
        try:
            await write_patch(programmer, plan, store, yes)
        except Fault as told:
            assert told.holds, fault
            if told.holds == "The chip is unchanged.":
                assert known(wire, "flash") == before, fault
            else:
                (saved,) = store.folder.iterdir()
                assert files.load(saved).memories["flash"] == before, fault
                assert saved.name in told.holds, fault
        else:
            assert known(wire, "flash") == wanted, fault
            assert known(wire, "eeprom") == eeprom, fault
        if kind is not Kind.VANISH:
            assert cells(wire).fuses == fuses, fault


async def _bytes_sent(value: int, place: Path) -> int:
    wire = wired()
    programmer = await programmer_on(wire)
    plan = await plan_patch(programmer, Patch("flash", known(wire, "flash"), {0x22: value}))
    before = wire.machine.faults.to_device
    await write_patch(programmer, plan, Store(place), yes)
    return wire.machine.faults.to_device - before
