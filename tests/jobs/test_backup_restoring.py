from pathlib import Path

import pytest

from avrdeck.boards.uid import Source
from avrdeck.jobs.backup import files
from avrdeck.jobs.backup.model import Absence, Backup, made_of
from avrdeck.jobs.backup.planning import RestorePlan, plan_restore
from avrdeck.jobs.backup.restoring import RestoreReceipt, restore
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.backup.taking import Wish, take
from avrdeck.jobs.events import Event, StepStarted
from avrdeck.jobs.questions import Question, Topic
from avrdeck.protocol.errors import (
    Fault,
    Refused,
    SignatureMismatch,
    SyncError,
    TargetError,
    UsageFault,
    VerifyError,
)
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.simulator.cells import Cells
from avrdeck.protocol.target.progress import Operation, Progress
from avrdeck.protocol.transports.sim import SimTransport
from jobs.backups import MADE, a_backup, agree, chip_on, wired
from virtual import board, programmer_on

M88 = "part=atmega88"
FUSES = {"lfuse": 0xFF, "hfuse": 0xDD, "efuse": 0xFC}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


async def saved_from(wire: SimTransport) -> Backup:
    return await take(await programmer_on(wire))


async def run(
    programmer: Programmer, backup: Backup, store: Store, what: tuple[str, ...] | None = None, **more: object
) -> RestoreReceipt:
    plan = await (plan_restore(programmer, backup, what) if what else plan_restore(programmer, backup))
    return await restore(programmer, plan, store, agree, **more)  # type: ignore[arg-type]


def content(cells: Cells) -> tuple[bytes, bytes, dict[str, int]]:
    return bytes(cells.flash), bytes(cells.eeprom), dict(cells.fuses)


async def test_a_chip_is_brought_back_and_what_it_held_is_saved(store: Store) -> None:
    source = wired(M88, seed=1)
    source.machine.target.cells.fuses.update(FUSES, lock=0xCF)
    backup = await saved_from(source)
    wire, programmer = await chip_on(M88, seed=2)
    held = content(wire.machine.target.cells)
    events: list[Event] = []
    receipt = await run(programmer, backup, store, on_event=events.append)
    assert content(wire.machine.target.cells) == content(source.machine.target.cells)
    assert receipt.after == {**FUSES, "lock": 0xCF}
    assert receipt.before == {"lfuse": 0x62, "hfuse": 0xDF, "efuse": 0xF9, "lock": 0xFF}
    assert receipt.erased
    assert receipt.flash_bytes == 0x2000
    before = files.load(store.folder / receipt.saved)
    assert (before.memories["flash"], before.memories["eeprom"]) == held[:2]
    assert not programmer.in_progmode
    steps = [event.step for event in events if isinstance(event, StepStarted)]
    assert steps == [
        "identity", "contents", "erase", "flash", "verify", "eeprom", "efuse", "hfuse", "lfuse", "restart",
        "lock", "restart",
    ]  # fmt: skip


async def test_restoring_what_was_saved_before_undoes_the_restoring(store: Store) -> None:
    wire, programmer = await chip_on(seed=2)
    held = content(wire.machine.target.cells)
    receipt = await run(programmer, a_backup(), store)
    assert content(wire.machine.target.cells) != held
    await programmer.identify()
    await run(programmer, files.load(store.folder / receipt.saved), store)
    assert content(wire.machine.target.cells) == held


async def test_nothing_happens_without_a_yes(store: Store) -> None:
    wire, programmer = await chip_on()
    held = content(wire.machine.target.cells)

    async def silence(question: Question) -> str | None:
        assert "Restore" in question.text

    plan = await plan_restore(programmer, a_backup())
    with pytest.raises(Refused) as caught:
        await restore(programmer, plan, store, silence)
    assert caught.value.holds == "The chip is unchanged."
    assert content(wire.machine.target.cells) == held
    assert not store.listing()


async def test_what_isp_cannot_undo_wants_the_name_of_the_part(store: Store) -> None:
    wire, programmer = await chip_on()
    held = content(wire.machine.target.cells)
    backup = a_backup()
    bad = made_of(
        backup.chip, {**backup.memories, "hfuse": bytes([0xFE])}, {}, made=MADE
    )  # RSTDISBL of the ATtiny13 is bit 0 of hfuse
    plan = await plan_restore(programmer, bad)
    assert any(finding.id == "A2" for finding in plan.findings)
    questions: list[Question] = []

    async def reflex(question: Question) -> str | None:
        questions.append(question)
        return "yes"

    with pytest.raises(Refused, match="Nothing was written"):
        await restore(programmer, plan, store, reflex)
    assert questions[0].required == "ATtiny13"
    assert content(wire.machine.target.cells) == held


@pytest.mark.parametrize(("loader", "told"), [(b"\x0f\xb6", False), (b"", True)])
async def test_reset_into_a_boot_section_is_told_where_the_backup_has_nothing_there(
    loader: bytes, told: bool
) -> None:
    _, programmer = await chip_on("part=atmega328p")
    whole = a_backup("ATmega328P")
    flash = whole.memories["flash"][:0x7E00] + loader.ljust(0x200, b"\xff")
    booting = made_of(whole.chip, {**whole.memories, "flash": flash, "hfuse": b"\xde"}, {}, made=MADE)
    plan = await plan_restore(programmer, booting)
    assert any(finding.id == "C2" for finding in plan.findings) is told


@pytest.mark.parametrize(
    ("backup", "what", "error", "says"),
    [
        (a_backup("ATmega328P"), None, SignatureMismatch, "of an ATmega328P, the chip is an ATtiny13"),
        (a_backup(left_out={"flash": Absence.LOCKED}), None, UsageFault, "its lock byte is FC"),
        (a_backup(), ("eeprom",), UsageFault, "its lock byte is FC"),
        (a_backup(), ("fuses",), UsageFault, "its lock byte is FC"),
    ],
)
async def test_what_cannot_be_is_refused_untouched(
    backup: Backup, what: tuple[str, ...] | None, error: type[Fault], says: str, store: Store
) -> None:
    wire = wired()
    cells = wire.machine.target.cells
    cells.fuses.update(lock=0xFC, lfuse=0x7A)
    held = content(cells)
    with pytest.raises(error, match=says) as caught:
        await run(await programmer_on(wire), backup, store, what)
    assert caught.value.holds == "The chip is unchanged."
    assert content(cells) == held


async def test_a_bootloader_is_no_way_to_restore(store: Store) -> None:
    _, programmer = await chip_on("dialect=optiboot")
    with pytest.raises(UsageFault, match="its own bootloader"):
        await run(programmer, a_backup("ATmega328P"), store)


@pytest.mark.parametrize("lock", [0xFD, 0xFC], ids=["other lock bits", "the same lock bits"])
async def test_a_locked_chip_is_unlocked_by_the_erase_and_locked_again(store: Store, lock: int) -> None:
    wire = wired()
    cells = wire.machine.target.cells
    cells.fuses["lock"] = 0xFC
    backup = a_backup()
    locked = made_of(backup.chip, {**backup.memories, "lock": bytes([lock])}, {}, made=MADE)
    programmer = await programmer_on(wire)
    plan = await plan_restore(programmer, locked)
    assert "The chip is locked (lock FC): the erase unlocks it." in plan.notes
    receipt = await restore(programmer, plan, store, agree)
    assert (receipt.before["lock"], receipt.after["lock"]) == (0xFC, lock)
    assert cells.fuses["lock"] & 0x03 == lock & 0x03
    assert cells.flash == locked.memories["flash"]
    assert files.load(store.folder / receipt.saved).header.left_out["flash"] is Absence.LOCKED


async def test_lock_bits_stay_without_an_erase(store: Store) -> None:
    wire = wired(M88)
    cells = wire.machine.target.cells
    cells.fuses["lock"] = 0xCF
    programmer = await programmer_on(wire)
    plan = await plan_restore(programmer, a_backup("ATmega88"), ("lock", "fuses"))
    assert any("the chip stays locked" in note for note in plan.notes)
    await restore(programmer, plan, store, agree)
    assert cells.fuses["lock"] == 0xCF


@pytest.mark.parametrize("eesave", [True, False])
@pytest.mark.parametrize("in_backup", [True, False])
async def test_eeprom_survives_whether_eesave_is_programmed_or_not(
    eesave: bool, in_backup: bool, store: Store
) -> None:
    wire = wired(M88)
    cells = wire.machine.target.cells
    cells.fuses["hfuse"] = 0xD7 if eesave else 0xDF
    held = bytes(cells.eeprom)
    backup = a_backup("ATmega88", left_out={} if in_backup else {"eeprom": Absence.SKIPPED})
    programmer = await programmer_on(wire)
    plan = await plan_restore(programmer, backup)
    assert plan.keep_eeprom == (not eesave and not in_backup)
    assert any("EESAVE is programmed" in note for note in plan.notes) == eesave
    await restore(programmer, plan, store, agree)
    assert cells.eeprom == (backup.memories["eeprom"] if in_backup else held)
    assert cells.flash == backup.memories["flash"]


async def test_only_the_eeprom_bytes_that_differ_are_written(store: Store) -> None:
    wire, programmer = await chip_on()
    backup = await take(programmer)
    wire.machine.target.cells.eeprom[7] ^= 0xFF
    wire.machine.target.cells.flash[7] ^= 0xFF
    receipt = await run(programmer, backup, store, ("eeprom",))
    assert (receipt.eeprom_bytes, receipt.flash_bytes, receipt.erased) == (1, 0, False)
    assert wire.machine.target.cells.eeprom == backup.memories["eeprom"]
    assert wire.machine.target.cells.flash[7] == backup.memories["flash"][7] ^ 0xFF


async def test_a_backup_of_a_blank_flash_makes_it_blank(store: Store) -> None:
    fresh = board("part=attiny13")
    backup = await take(await programmer_on(fresh), Wish(unless_blank=True))
    assert backup.header.left_out["flash"] is Absence.BLANK
    wire, programmer = await chip_on()
    await run(programmer, backup, store)
    assert set(wire.machine.target.cells.flash) == {0xFF}
    assert wire.machine.target.cells.eeprom == fresh.machine.target.cells.eeprom


async def test_a_backup_without_flash_leaves_flash_alone(store: Store) -> None:
    wire, programmer = await chip_on()
    flash = bytes(wire.machine.target.cells.flash)
    backup = a_backup(left_out={"flash": Absence.SKIPPED})
    plan = await plan_restore(programmer, backup)
    assert any("Flash is not in the backup (skipped)" in note for note in plan.notes)
    await restore(programmer, plan, store, agree)
    assert wire.machine.target.cells.flash == flash
    assert wire.machine.target.cells.eeprom == backup.memories["eeprom"]


@pytest.mark.parametrize(
    ("serial", "says"),
    [
        (b"LOT999\x01\x02\x03\x04", "of another chip"),
        (b"\xff" * 10, "cannot be told"),
        (b"", "cannot be told"),
    ],
)
async def test_whose_backup_it_is_is_said(serial: bytes, says: str) -> None:
    _, programmer = await chip_on()
    plan = await plan_restore(programmer, a_backup(serial=serial))
    assert any(says in note for note in plan.notes)


async def test_the_backup_knows_which_of_the_parts_with_one_signature_it_is(store: Store) -> None:
    wire = wired("part=atmega324pa")
    backup = await take(await programmer_on(wire, "atmega324pa"), Wish(contents=()))
    assert backup.chip.part == "ATmega324PA"
    programmer = await programmer_on(wire)
    await run(programmer, backup, store)
    assert programmer.require_part().name == "ATmega324PA"


async def test_a_clone_is_restored_too(store: Store) -> None:
    wire = wired()
    cells = wire.machine.target.cells
    cells.row = cells.row[:0x0E] + b"\xff" * 18
    backup = await saved_from(wire)
    assert backup.chip.source is Source.ALL_EQUAL
    cells.flash[0] ^= 1
    await run(await programmer_on(wire), backup, store)
    assert cells.flash == backup.memories["flash"]


async def test_no_backup_saves_identity_all_the_same(store: Store) -> None:
    _, programmer = await chip_on()
    receipt = await run(programmer, a_backup(), store, save_contents=False)
    before = files.load(store.folder / receipt.saved)
    assert before.header.left_out == {"eeprom": Absence.SKIPPED, "flash": Absence.SKIPPED}
    assert before.fuses["lfuse"] == 0x6A


async def test_without_a_place_for_the_backup_nothing_is_destroyed(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file where the folder should be")
    wire, programmer = await chip_on()
    held = content(wire.machine.target.cells)
    with pytest.raises(Fault) as caught:
        await run(programmer, a_backup(), Store(tmp_path / "store"))
    assert caught.value.holds == "The chip is unchanged."
    assert content(wire.machine.target.cells) == held


async def test_a_page_that_does_not_take_is_told_with_what_is_there(store: Store) -> None:
    wire, programmer = await chip_on()

    def wear_out(event: Event) -> None:
        if isinstance(event, StepStarted) and event.step == "verify":
            wire.machine.target.cells.flash[0x10] ^= 1

    with pytest.raises(VerifyError) as caught:
        await run(programmer, a_backup(), store, on_event=wear_out)
    assert "Flash is written in part; fuses are unchanged" in caught.value.holds
    assert "What it held before is in ATtiny13-" in caught.value.holds


async def test_an_erase_that_does_not_happen_is_noticed_for_a_blank_backup_too(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = a_backup(left_out={"flash": Absence.BLANK})
    _, programmer = await chip_on()
    plan = await plan_restore(programmer, backup)
    monkeypatch.setattr(Cells, "erase", lambda cells, *, keep_eeprom: None)
    with pytest.raises(TargetError, match="not blank after the erase"):
        await restore(programmer, plan, store, agree)


async def test_a_fuse_that_does_not_take_can_be_put_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = wired(M88, seed=1)
    source.machine.target.cells.fuses.update(FUSES, lock=0xCF)
    backup = await saved_from(source)
    wire, programmer = await chip_on(M88, seed=2)
    cells = wire.machine.target.cells

    async def regretful(question: Question) -> str | None:
        return "yes" if question.topic is Topic.UNDO else question.required

    plan = await plan_restore(programmer, backup)
    write_fuse = Cells.write_fuse

    def badly(cells: Cells, name: str, value: int) -> None:
        write_fuse(cells, name, value ^ 0x20 if (name, value) == ("lfuse", 0xFF) else value)

    monkeypatch.setattr(Cells, "write_fuse", badly)
    receipt = await restore(programmer, plan, store, regretful)
    assert receipt.fuses_reverted
    assert receipt.after == receipt.before
    assert cells.flash == backup.memories["flash"]


async def test_a_clock_that_is_missing_shows_before_the_lock_bits_are_written(store: Store) -> None:
    source = wired(M88, seed=1)
    source.machine.target.cells.fuses.update(FUSES, lock=0xCF)
    backup = await saved_from(source)
    wire, programmer = await chip_on(f"{M88}&xtal=none")
    with pytest.raises(TargetError, match="No target answers") as caught:
        await run(programmer, backup, store)
    assert "Restored so far: flash, EEPROM." in caught.value.holds
    assert "the chip does not answer" in caught.value.holds
    assert wire.machine.target.cells.fuses["lock"] == 0xFF


async def test_an_interrupted_restoring_is_finished_by_the_next(store: Store) -> None:
    backup = a_backup()
    wire, programmer = await chip_on()
    broken = False

    def reset(event: Event) -> None:
        nonlocal broken
        if isinstance(event, Progress) and event.operation is Operation.WRITE and not broken:
            broken = True
            wire.machine.reset_board()

    with pytest.raises(SyncError) as caught:
        await run(programmer, backup, store, on_event=reset)
    assert "Flash is written in part" in caught.value.holds
    again = await programmer_on(wire)
    await run(again, backup, store)
    assert wire.machine.target.cells.flash == backup.memories["flash"]
    assert wire.machine.target.cells.eeprom == backup.memories["eeprom"]


async def test_an_empty_plan_says_so(store: Store) -> None:
    wire, programmer = await chip_on()
    plan: RestorePlan = await plan_restore(programmer, await take(programmer), ("fuses", "lock"))
    assert plan.empty
    assert wire.machine.target.cells.fuses["lock"] == 0xFF
