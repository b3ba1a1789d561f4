"""Serial numbers while burning: one for each chip, in flash or EEPROM, the same one when it is resumed."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from avrdeck.boards import deckboot
from avrdeck.boards.catalog import part
from avrdeck.boards.deckboot import Wish
from avrdeck.boards.deckwishes import Wishes
from avrdeck.boards.images import Image
from avrdeck.boards.safety import Fitted, Xtal1
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.burn import BurnPlan
from avrdeck.jobs.burn.choosing import Hand, by_hand
from avrdeck.jobs.burn.job import Burnt, Keeping, carry_out
from avrdeck.jobs.burn.journal import Entry, Journals
from avrdeck.jobs.burn.outline import prepare
from avrdeck.jobs.burn.rehearsal import rehearse
from avrdeck.jobs.events import Event, StepDone
from avrdeck.jobs.serials.counter import Counter
from avrdeck.jobs.serials.order import Order, Place
from avrdeck.jobs.serials.recipe import Kind, Recipe
from avrdeck.protocol.errors import Fault, PortError, Refused, UsageFault
from avrdeck.protocol.transports.sim import SimTransport
from jobs.burns import no, plug_in_again, resume_on, stop_at, yes
from virtual import board, programmer_on

LOADER = Image.of(random.Random(7).randbytes(100), 0x1F00, "loader.hex")
PLAN = BurnPlan(LOADER, {"lfuse": 0xFF, "hfuse": 0xDE, "efuse": 0xFA}, 0xCF, "ATmega88PA")
CRYSTAL = Xtal1(Fitted.CRYSTAL, 16_000_000)
IN_FLASH, IN_EEPROM = Place("flash", 0x1FFC), Place("eeprom", 0x1F0)


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return Counter(tmp_path / "counter", first=7)


@pytest.fixture
def keeping(tmp_path: Path) -> Keeping:
    return Keeping(Store(tmp_path / "backups"), Journals(tmp_path / "burns"), contents=False)


def ordered(counter: Counter, place: Place, *, overwrite: bool = False) -> BurnPlan:
    return replace(PLAN, order=Order(Recipe(Kind.NUMBER, counter), place, overwrite))


async def burn_on(wire: SimTransport, plan: BurnPlan, keeping: Keeping, on_event=lambda _: None) -> Burnt:
    programmer = await programmer_on(wire)
    return await carry_out(programmer, await prepare(programmer, plan), yes, keeping, on_event)


def fresh(seed: int = 1) -> SimTransport:
    return board(f"part=atmega88pa&seed={seed}")


def serial_in(wire: SimTransport, place: Place, size: int = 4) -> bytes:
    return bytes(getattr(wire.machine.target.cells, place.memory)[place.address : place.address + size])


@pytest.mark.parametrize("place", [IN_FLASH, IN_EEPROM], ids=lambda place: place.memory)
async def test_every_chip_gets_the_next_number_and_its_receipt_says_which(
    counter: Counter, keeping: Keeping, place: Place
) -> None:
    for seed, number in ((1, 7), (2, 8)):
        told: list[Event] = []
        wire = fresh(seed)
        burnt = await burn_on(wire, ordered(counter, place), keeping, told.append)
        assert serial_in(wire, place) == number.to_bytes(4, "little")
        assert burnt.receipt.serial
        assert burnt.receipt.serial.text == str(number)
        assert StepDone("number", str(number)) in told
        cells = wire.machine.target.cells
        assert bytes(cells.flash[0x1F00 : 0x1F00 + LOADER.size]) == LOADER.segments[0].data
        assert cells.fuses["lock"] == 0xCF


async def test_deckboot_keeps_a_place_for_it(counter: Counter, keeping: Keeping) -> None:
    """The same bytes as an image that was made for the number."""
    hand = Hand(lock=0xCF, deckboot=Wishes(led="none"), serial=Recipe(Kind.NUMBER, counter))
    plan = by_hand(hand, part("m328p")).plan
    wire = board("part=atmega328p")
    await burn_on(wire, plan, keeping)
    one = deckboot.variant(part("m328p"))
    made = deckboot.made_for(one, Wish(led="none", serial=(7).to_bytes(4, "little")))
    assert bytes(wire.machine.target.cells.flash) == made.flat(32768)


async def test_a_plan_says_what_will_be_done_without_using_a_number(
    counter: Counter, keeping: Keeping
) -> None:
    programmer = await programmer_on(fresh())
    outline = await prepare(programmer, ordered(counter, IN_EEPROM))
    steps = [operation.step for operation in outline.operations]
    assert steps.index("backup") < steps.index("number") < steps.index("erase")
    assert steps.index("verify") < steps.index("serial") < steps.index("lock")
    assert outline.sample
    assert outline.sample.text == "7"
    (played,) = await rehearse(outline, CRYSTAL)
    assert played.good
    assert played.receipt
    assert played.receipt.serial == outline.sample
    with pytest.raises(Refused):
        await carry_out(programmer, outline, no, keeping)
    assert counter.peek() == 7


async def test_a_rehearsal_notices_a_serial_number_that_is_not_there(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forgotten(self: object) -> None:
        return None

    outline = await prepare(await programmer_on(fresh()), ordered(counter, IN_EEPROM))
    monkeypatch.setattr("avrdeck.jobs.burn.running._Burner._write_eeprom", forgotten)
    (played,) = await rehearse(outline, CRYSTAL)
    assert not played.good


@pytest.mark.parametrize(
    ("place", "fault", "says"),
    [
        (Place("flash", 0x1F00), Refused, r"loader\.hex has data at 0x1F00"),
        (Place("flash", 0x1FFE), UsageFault, "outside the ATmega88PA"),
        (Place("eeprom", 0x1FD), UsageFault, "outside the ATmega88PA"),
        (Place("flash", 0x1FFC, 8), UsageFault, "4 bytes, its place 8"),
    ],
)
async def test_a_place_that_cannot_be_is_refused_with_nothing_used(
    counter: Counter, place: Place, fault: type[Fault], says: str
) -> None:
    with pytest.raises(fault, match=says) as caught:
        await prepare(await programmer_on(fresh()), ordered(counter, place))
    assert caught.value.holds == "The chip is unchanged."
    assert counter.peek() == 7


async def test_eeprom_that_is_kept_is_not_written_over_unless_told(
    counter: Counter, keeping: Keeping
) -> None:
    wire = fresh()
    cells = wire.machine.target.cells
    cells.eeprom[0x1F1] = 0x12
    cells.fuses["hfuse"] = 0xD7
    wire.machine.target.power_cycle()
    with pytest.raises(Refused, match="The chip has data at 0x01F0 of eeprom"):
        await burn_on(wire, ordered(counter, IN_EEPROM), keeping)
    assert counter.peek() == 7
    plug_in_again(wire)
    await burn_on(wire, ordered(counter, IN_EEPROM, overwrite=True), keeping)
    assert serial_in(wire, IN_EEPROM) == b"\x07\0\0\0"


async def test_the_loader_is_written_over_only_when_told(counter: Counter, keeping: Keeping) -> None:
    wire = fresh()
    await burn_on(wire, ordered(counter, Place("flash", 0x1F10), overwrite=True), keeping)
    loader = LOADER.segments[0].data
    assert (
        bytes(wire.machine.target.cells.flash[0x1F00:0x1F20]) == loader[:16] + b"\x07\0\0\0" + loader[20:32]
    )


@pytest.mark.parametrize(
    ("place", "step"),
    [
        (IN_FLASH, "erase"),
        (IN_FLASH, "flash"),
        (IN_FLASH, "lock"),
        (IN_EEPROM, "lfuse"),
        (IN_EEPROM, "serial"),
    ],
)
async def test_a_burn_that_stopped_is_resumed_with_its_number(
    counter: Counter, keeping: Keeping, place: Place, step: str
) -> None:
    wire = fresh()
    stops: list[Entry] = []

    async def stopped(entry: Entry, fault: Fault) -> None:
        assert "avrdeck burn --resume" in fault.advice
        stops.append(entry)

    keeping = replace(keeping, stopped=stopped)
    with pytest.raises(PortError) as caught:
        await burn_on(wire, ordered(counter, place), keeping, stop_at(wire, step))
    assert "Serial number 7 stays this chip's" in caught.value.advice
    assert [(entry.step, entry.plan.serial and entry.plan.serial.text) for entry in stops] == [(step, "7")]
    plug_in_again(wire)
    burnt = await resume_on(wire, keeping)
    assert serial_in(wire, place) == b"\x07\0\0\0"
    assert burnt.receipt.serial
    assert burnt.receipt.serial.text == "7"
    assert counter.peek() == 8


async def test_a_burn_that_is_begun_anew_takes_the_next_number(counter: Counter, keeping: Keeping) -> None:
    wire = fresh()
    with pytest.raises(PortError):
        await burn_on(wire, ordered(counter, IN_FLASH), keeping, stop_at(wire, "flash"))
    plug_in_again(wire)
    await burn_on(wire, ordered(counter, IN_FLASH), keeping)
    assert serial_in(wire, IN_FLASH) == b"\x08\0\0\0"


async def test_a_number_that_was_written_in_part_is_finished_where_eeprom_is_kept(
    counter: Counter, keeping: Keeping
) -> None:
    """Power went while the serial number was written; EESAVE keeps what is there through the next erase."""
    wire = fresh()
    plan = replace(ordered(counter, IN_EEPROM), fuse_bytes={**PLAN.fuse_bytes, "hfuse": 0xD6})
    with pytest.raises(PortError):
        await burn_on(wire, plan, keeping, stop_at(wire, "serial"))
    wire.machine.target.cells.eeprom[0x1F0:0x1F2] = b"\x07\x5a"
    for step in ("erase", None):
        plug_in_again(wire)
        if step:
            with pytest.raises(PortError):
                await resume_on(wire, keeping, stop_at(wire, step))
        else:
            await resume_on(wire, keeping)
    assert serial_in(wire, IN_EEPROM) == b"\x07\0\0\0"


async def test_without_a_counter_nothing_is_erased(tmp_path: Path, keeping: Keeping) -> None:
    """The counter is damaged between the plan and the burn."""
    wire = fresh()
    wire.machine.target.cells.flash[0] = 0x12
    counter = Counter(tmp_path / "counter", first=7)
    programmer = await programmer_on(wire)
    outline = await prepare(programmer, ordered(counter, IN_FLASH))
    counter.path.write_text("seven")
    with pytest.raises(Fault, match="holds no number") as caught:
        await carry_out(programmer, outline, yes, keeping)
    assert caught.value.holds == "The chip is unchanged."
    assert wire.machine.target.cells.flash[0] == 0x12


async def test_without_a_journal_nothing_is_erased_and_no_number_used(
    counter: Counter, keeping: Keeping
) -> None:
    """The number that is in no chip and in no journal is the next one's."""
    wire = fresh()
    wire.machine.target.cells.flash[0] = 0x12
    keeping.journals.folder.write_text("not a folder")
    with pytest.raises(Fault, match="journal of the burn cannot be written") as caught:
        await burn_on(wire, ordered(counter, IN_FLASH), keeping)
    assert caught.value.holds == "The chip is unchanged."
    assert "no counter gives it again" not in caught.value.advice
    assert wire.machine.target.cells.flash[0] == 0x12
    assert counter.peek() == 7
