from pathlib import Path

import pytest

from avrdeck.boards.images import Image
from avrdeck.jobs.backup import files
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.questions import Question
from avrdeck.jobs.upload.model import Plan, UploadReceipt
from avrdeck.jobs.upload.over_isp import upload
from avrdeck.protocol.codes import Op
from avrdeck.protocol.errors import Refused, VerifyError
from avrdeck.protocol.transports.sim import SimTransport
from jobs.uploads import PAGE, ops, sketch
from virtual import board, programmer_on

BOOT = 0x7E00
TINY_BOARD = "part=atmega168"
TINY_BOOT = 0x3E00


class Person:
    """Answers every question alike and remembers them."""

    def __init__(self, answer: str | None = "yes") -> None:
        self.answer = answer
        self.asked: list[Question] = []

    async def __call__(self, question: Question) -> str | None:
        self.asked.append(question)
        return self.answer


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "backups")


def wired(*, loader: bool = False, filled: bool = False) -> SimTransport:
    """A 16 KiB chip, with a bootloader and an old sketch as wished, on a fast line."""
    wire = board(f"{TINY_BOARD}&baud=500000")
    cells = wire.machine.target.cells
    if filled:
        cells.flash[:3000] = sketch(3000, seed=8).segments[0].data
        cells.eeprom[:4] = b"mine"
    if loader:
        cells.flash[TINY_BOOT:] = sketch(512, seed=9).segments[0].data
        cells.fuses["efuse"] = 0xFC  # BOOTSZ 256 words, BOOTRST programmed
        cells.fuses["lock"] = 0xCF
    return wire


async def uploaded(
    wire: SimTransport, plan: Plan, store: Store, person: Person, **options: bool
) -> UploadReceipt:
    return await upload(await programmer_on(wire), plan, store, person, **options)


def flash(wire: SimTransport) -> bytes:
    return bytes(wire.machine.target.cells.flash)


async def test_a_blank_chip_is_written_without_erase_or_question(store: Store) -> None:
    wire, person = wired(), Person(None)
    wire.machine.target.cells.eeprom[:4] = b"mine"
    receipt = await uploaded(wire, Plan(sketch(1000)), store, person)
    assert flash(wire)[:1000] == sketch(1000).segments[0].data
    assert bytes(wire.machine.target.cells.eeprom[:4]) == b"mine"
    assert (receipt.erased, receipt.pages, receipt.pages_written) == (False, 8, 8)
    assert person.asked == []


@pytest.mark.parametrize("delta", [False, True])
async def test_bits_that_only_go_to_zero_need_no_erase(store: Store, delta: bool) -> None:
    wire, person = wired(filled=True), Person(None)
    new = bytearray(flash(wire)[:1000])
    new[200] &= 0x11
    plan = Plan(Image.of(bytes(new), file="blink.hex"), delta)
    receipt = await uploaded(wire, plan, store, person)
    assert flash(wire)[:1000] == new
    assert flash(wire)[1000:3000] == sketch(3000, seed=8).segments[0].data[1000:]
    assert receipt.pages_written == 1
    assert not receipt.erased
    assert person.asked == []


async def test_one_bit_to_one_erases_after_a_yes_and_a_backup(store: Store) -> None:
    wire, person = wired(filled=True), Person()
    before = flash(wire)
    receipt = await uploaded(wire, Plan(sketch(1000), delta=True), store, person)
    assert receipt.erased
    assert flash(wire) == sketch(1000).segments[0].data + b"\xff" * (len(before) - 1000)
    assert [question.text for question in person.asked] == [
        "Erase the ATmega168 to write blink.hex? EEPROM goes too."
    ]
    saved = files.load(store.folder / receipt.backup)
    assert saved.memories["flash"] == before
    assert saved.memories["eeprom"][:4] == b"mine"


async def test_without_a_yes_nothing_is_touched(store: Store) -> None:
    wire = wired(filled=True)
    before = flash(wire)
    with pytest.raises(Refused, match="Nothing was written"):
        await uploaded(wire, Plan(sketch(1000)), store, Person(None))
    assert flash(wire) == before
    assert not store.folder.exists()


async def test_the_bootloader_and_its_lock_survive_an_erase(store: Store) -> None:
    wire, person = wired(loader=True, filled=True), Person()
    boot = flash(wire)[TINY_BOOT:]
    receipt = await uploaded(wire, Plan(sketch(1000)), store, person, save_contents=False)
    assert receipt.erased
    assert receipt.kept_bootloader
    assert flash(wire)[TINY_BOOT:] == boot
    assert wire.machine.target.cells.fuses["lock"] & 0x3F == 0x0F
    assert person.asked[0].text.endswith("EEPROM goes too, the bootloader is put back.")


async def test_a_sketch_up_to_the_bootloader_leaves_it_whole(store: Store) -> None:
    wire = wired(loader=True, filled=True)
    boot = flash(wire)[TINY_BOOT:]
    image = sketch(TINY_BOOT, seed=4)
    await uploaded(wire, Plan(image), store, Person(), save_contents=False)
    assert flash(wire) == image.segments[0].data + boot


async def test_an_image_with_a_bootloader_of_its_own_replaces_the_old_one(store: Store) -> None:
    wire = wired(loader=True, filled=True)
    image = sketch(512, seed=5, start=TINY_BOOT)
    receipt = await uploaded(wire, Plan(image), store, Person(), save_contents=False)
    assert not receipt.kept_bootloader
    assert flash(wire)[TINY_BOOT:] == image.segments[0].data


@pytest.mark.parametrize(("lock", "kept"), [(0xFE, False), (0xFC, False)])
async def test_a_locked_chip_is_erased_to_unlock_it(store: Store, lock: int, kept: bool) -> None:
    wire, person = wired(filled=True), Person()
    wire.machine.target.cells.fuses["lock"] = lock
    receipt = await uploaded(wire, Plan(sketch(1000)), store, person)
    assert receipt.erased
    assert flash(wire)[:1000] == sketch(1000).segments[0].data
    assert "the lock bits go" in person.asked[0].text
    assert wire.machine.target.cells.fuses["lock"] & 0x03 == 0x03


async def test_a_write_locked_chip_that_holds_the_sketch_is_left_alone(store: Store) -> None:
    wire, person = wired(filled=True), Person(None)
    wire.machine.target.cells.fuses["lock"] = 0xFE
    receipt = await uploaded(wire, Plan(sketch(3000, seed=8)), store, person)
    assert (receipt.pages_written, receipt.erased) == (0, False)


async def test_eeprom_stays_where_the_fuses_say_so(store: Store) -> None:
    wire, person = wired(filled=True), Person()
    cells = wire.machine.target.cells
    cells.fuses["hfuse"] &= ~0x08
    await uploaded(wire, Plan(sketch(200)), store, person, save_contents=False)
    assert "EEPROM stays" in person.asked[0].text
    assert bytes(cells.eeprom[:4]) == b"mine"


async def test_a_worn_cell_is_named(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    wire = wired()
    cells = wire.machine.target.cells
    program = cells.program_flash

    def worn(address: int, value: int) -> None:
        program(address, value | 0x40 if address == 300 else value)

    monkeypatch.setattr(type(cells), "program_flash", lambda self, address, value: worn(address, value))
    image = Image.of(bytes(PAGE * 4), file="blink.hex")
    with pytest.raises(VerifyError) as caught:
        await uploaded(wire, Plan(image), store, Person())
    assert caught.value.ranges == ((300, 301),)
    assert "0x012C: 1 bits 1 instead of 0." in caught.value.detail
    assert caught.value.holds == "blink.hex was written and is not verified."


async def test_a_page_that_agrees_is_not_written_again(store: Store) -> None:
    wire = wired(filled=True)
    programmer = await programmer_on(wire)
    receipt = await upload(programmer, Plan(sketch(3000, seed=8)), store, Person(None))
    assert (receipt.pages, receipt.pages_written, receipt.backup) == (24, 0, "")
    assert Op.PROG_PAGE not in ops(programmer)
    assert not store.folder.exists()
