import asyncio
import random
from dataclasses import replace
from pathlib import Path

import pytest

from avrdeck.boards.images import Image
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.burn import BurnPlan
from avrdeck.jobs.burn.job import Burnt, Keeping, carry_out, unfinished
from avrdeck.jobs.burn.journal import Journals
from avrdeck.jobs.burn.outline import prepare
from avrdeck.jobs.events import Event, StepDone, StepStarted
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.questions import Question
from avrdeck.protocol.errors import Fault, InputFault, PortError, Refused, UsageFault
from avrdeck.protocol.target.progress import Progress
from avrdeck.protocol.transports.sim import SimTransport
from jobs.burns import no, plug_in_again, resume_on, stop_at, yes
from virtual import board, programmer_on

LOADER = Image.of(random.Random(7).randbytes(100), 0x1F00, "loader.hex")
PLAN = BurnPlan(LOADER, {"lfuse": 0xFF, "hfuse": 0xDE, "efuse": 0xFA}, 0xCF, "ATmega88PA", "Mini", 16_000_000)
OLD = random.Random(8).randbytes(300)


@pytest.fixture
def keeping(tmp_path: Path) -> Keeping:
    return Keeping(Store(tmp_path / "backups"), Journals(tmp_path / "burns"), contents=False)


def thorough(keeping: Keeping) -> Keeping:
    return replace(keeping, contents=True)


def used() -> SimTransport:
    wire = board("part=atmega88pa")
    wire.machine.target.cells.flash[: len(OLD)] = OLD
    return wire


async def burn_on(
    wire: SimTransport, keeping: Keeping, on_event=lambda _: None, plan: BurnPlan = PLAN
) -> Burnt:
    programmer = await programmer_on(wire)
    return await carry_out(programmer, await prepare(programmer, plan), yes, keeping, on_event)


def as_planned(wire: SimTransport) -> bool:
    cells = wire.machine.target.cells
    fuses = {name: cells.fuses[name] for name in PLAN.fuse_bytes} == PLAN.fuse_bytes
    return fuses and cells.fuses["lock"] == 0xCF and bytes(cells.flash) == LOADER.flat(len(cells.flash))


async def test_what_it_held_is_saved_first_and_no_journal_is_left(keeping: Keeping) -> None:
    wire = used()
    burnt = await burn_on(wire, thorough(keeping))
    assert as_planned(wire)
    assert burnt.saved.backup.memories["flash"][: len(OLD)] == OLD
    assert burnt.chip.serial_text
    assert burnt.receipt.after["lock"] == 0xCF
    assert list(keeping.journals.folder.iterdir()) == []


async def test_without_a_yes_nothing_is_touched_not_even_a_backup_made(keeping: Keeping) -> None:
    wire = used()
    programmer = await programmer_on(wire)
    with pytest.raises(Refused) as caught:
        await carry_out(programmer, await prepare(programmer, PLAN), no, keeping)
    assert caught.value.holds == "The chip is unchanged."
    assert bytes(wire.machine.target.cells.flash[: len(OLD)]) == OLD
    assert not keeping.store.folder.exists()


async def test_a_fatal_plan_wants_the_parts_name(keeping: Keeping) -> None:
    asked: list[Question] = []

    async def ask(question: Question) -> str | None:
        asked.append(question)
        return "yes"

    programmer = await programmer_on(used())
    outline = await prepare(programmer, replace(PLAN, fuse_bytes={"hfuse": 0x5F}))
    with pytest.raises(Refused, match="Nothing was written"):
        await carry_out(programmer, outline, ask, keeping)
    assert asked[0].required == "ATmega88PA"
    assert any(finding.id == "A2" for finding in asked[0].findings)


@pytest.mark.parametrize("step", ["erase", "efuse", "hfuse", "lfuse", "restart", "flash", "verify", "lock"])
async def test_stopped_at_any_step_it_says_what_the_chip_holds_and_goes_on_from_there(
    keeping: Keeping, step: str
) -> None:
    wire = used()
    with pytest.raises(PortError) as caught:
        await burn_on(wire, keeping, stop_at(wire, step))
    assert caught.value.holds.startswith("The chip")
    assert "What it held before is in ATmega88PA" in caught.value.holds
    assert "avrdeck burn --resume" in caught.value.advice
    plug_in_again(wire)
    events: list[Event] = []
    burnt = await resume_on(wire, keeping, events.append)
    assert as_planned(wire)
    (told,) = (event.text for event in events if isinstance(event, StepDone) and event.step == "resume")
    assert f"the burn of loader.hex stopped at: {step}" in told
    assert burnt.receipt.before["lock"] == 0xFF
    with pytest.raises(UsageFault, match="No burn of this chip was interrupted"):
        await unfinished(await programmer_on(wire), keeping)


async def test_fuses_that_are_in_place_are_not_written_again(keeping: Keeping) -> None:
    wire = used()
    with pytest.raises(PortError):
        await burn_on(wire, keeping, stop_at(wire, "flash"))
    plug_in_again(wire)
    events: list[Event] = []
    await resume_on(wire, keeping, events.append)
    steps = [event.step for event in events if isinstance(event, StepStarted)]
    assert steps == ["identity", "erase", "flash", "verify", "lock"]


async def test_the_old_content_is_not_saved_over_by_what_a_burn_left(keeping: Keeping) -> None:
    wire = used()
    with pytest.raises(PortError):
        await burn_on(wire, thorough(keeping), stop_at(wire, "verify"))
    plug_in_again(wire)
    await resume_on(wire, thorough(keeping))
    saved = [each.header for each in keeping.store.listing()]
    assert sum("flash" in header.memories for header in saved if header) == 1


async def test_what_came_into_the_chip_since_is_saved_before_a_burn_goes_on(keeping: Keeping) -> None:
    wire = used()
    with pytest.raises(PortError):
        await burn_on(wire, keeping, stop_at(wire, "flash"))
    plug_in_again(wire)
    wire.machine.target.cells.flash[:8] = b"precious"
    burnt = await resume_on(wire, thorough(keeping))
    assert burnt.saved.backup.memories["flash"][:8] == b"precious"
    assert as_planned(wire)


async def test_a_journal_is_not_taken_for_another_chip(keeping: Keeping) -> None:
    wire = used()
    with pytest.raises(PortError):
        await burn_on(wire, keeping, stop_at(wire, "flash"))
    with pytest.raises(UsageFault, match="No burn of this chip"):
        await unfinished(await programmer_on(board("part=atmega88pa&seed=1")), keeping)


async def test_without_a_journal_nothing_is_erased(keeping: Keeping, tmp_path: Path) -> None:
    (tmp_path / "burns").write_text("a file where the folder should be")
    wire = used()
    with pytest.raises(InputFault, match="journal") as caught:
        await burn_on(wire, keeping)
    assert caught.value.holds == "The chip is unchanged."
    assert bytes(wire.machine.target.cells.flash[: len(OLD)]) == OLD


async def test_a_journal_that_cannot_be_written_any_more_does_not_stop_a_burn(keeping: Keeping) -> None:
    wire = used()

    def fill_the_disk(event: Event) -> None:
        if isinstance(event, StepDone) and event.step == "erase":
            for path in keeping.journals.folder.iterdir():
                path.unlink()
            keeping.journals.folder.rmdir()
            keeping.journals.folder.write_text("")

    await burn_on(wire, keeping, fill_the_disk)
    assert as_planned(wire)


async def test_who_cancels_learns_what_the_chip_holds_and_can_resume(keeping: Keeping) -> None:
    wire = used()
    programmer = await programmer_on(wire)
    ledger = Ledger()

    def cancel(event: Event) -> None:
        if isinstance(event, Progress) and "written in part" in ledger.holds and not task.cancelling():
            task.cancel()

    outline = await prepare(programmer, PLAN)
    task = asyncio.create_task(carry_out(programmer, outline, yes, keeping, cancel, ledger))
    with pytest.raises(asyncio.CancelledError):
        await task
    held = "The chip's fuses are as planned, its flash is written in part, it is not locked."
    assert ledger.holds.startswith(f"{held} What it held before is in ")
    await resume_on(wire, keeping)
    assert as_planned(wire)


async def test_an_erase_that_did_not_take_place_is_noticed(keeping: Keeping, monkeypatch) -> None:
    wire = used()
    cells = wire.machine.target.cells
    monkeypatch.setattr(type(cells), "erase", lambda self, keep_eeprom: None)
    with pytest.raises(Fault, match="not blank after the erase: there is something at 0x000"):
        await burn_on(wire, keeping)
