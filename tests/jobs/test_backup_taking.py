from pathlib import Path

import pytest

from avrdeck.boards.uid import Source
from avrdeck.jobs.backup.comparing import Verdict, compare, compare_with_chip
from avrdeck.jobs.backup.estimate import in_words, read_seconds
from avrdeck.jobs.backup.guarding import save_first
from avrdeck.jobs.backup.model import Absence, Header
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.backup.taking import QUICK, Wish, take
from avrdeck.jobs.events import Event, StepDone, StepStarted
from avrdeck.jobs.ledger import UNCHANGED
from avrdeck.protocol.errors import InputFault, SyncError, TargetError
from avrdeck.protocol.target import memories
from avrdeck.protocol.target.progress import Progress
from jobs.backups import a_backup, chip_on, wired
from virtual import board, programmer_on

M328P_LOCKED = 0xFC


async def test_everything_that_can_be_read_is_in_it() -> None:
    wire, programmer = await chip_on("part=atmega328p")
    backup = await take(programmer)
    cells = wire.machine.target.cells
    assert backup.memories["flash"] == cells.flash
    assert backup.memories["eeprom"] == cells.eeprom
    assert backup.fuses == {"lfuse": 0x62, "hfuse": 0xD9, "efuse": 0xFF, "lock": 0xFF}
    assert backup.memories["signature"] == bytes.fromhex("1E950F")
    assert backup.memories["calibration"] == cells.row[1:2]
    assert backup.memories["prodsig"] == cells.row[:24]
    assert backup.chip.serial == cells.row[0x0E:0x18]
    assert backup.chip.source is Source.UNDOCUMENTED
    assert backup.header.full
    assert not backup.header.left_out


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ("part=atmega328p", 33_792),
        ("part=atmega328p&baud=115200", 33_792),
        ("part=attiny13", 1088),
        ("dialect=optiboot", 32_768),
        ("dialect=atmegaboot", 33_792),
    ],
)
async def test_the_time_it_takes_is_told_before(options: str, size: int) -> None:
    wire, programmer = await chip_on(options)
    events: list[Event] = []
    began = 0.0

    def watch(event: Event) -> None:
        nonlocal began
        events.append(event)
        began = wire.now() if isinstance(event, StepStarted) and event.step == "contents" else began

    backup = await take(programmer, on_event=watch)
    took = wire.now() - began
    sizes = {name: len(backup.memories[name]) for name in ("eeprom", "flash") if name in backup.memories}
    assert sum(sizes.values()) == size
    assert read_seconds(programmer, sizes) == pytest.approx(took, rel=0.1)
    told = next(event.text for event in events if isinstance(event, StepStarted) and event.step == "contents")
    assert f"{size} bytes, {in_words(read_seconds(programmer, sizes))}" in told


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "less than a second"), (17.6, "about 18 s"), (142, "about 2 min")]
)
def test_times_are_put_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


async def test_the_quick_one_is_a_matter_of_milliseconds() -> None:
    wire, programmer = await chip_on("part=atmega328p")
    began = wire.now()
    backup = await take(programmer, QUICK)
    assert wire.now() - began < 0.3
    assert backup.header.left_out == {"flash": Absence.SKIPPED, "eeprom": Absence.SKIPPED}
    assert not backup.header.full
    assert set(backup.fuses) == {"lfuse", "hfuse", "efuse", "lock"}


async def test_what_is_locked_is_left_out_and_said() -> None:
    wire = wired("part=atmega328p")
    wire.machine.target.cells.fuses["lock"] = M328P_LOCKED
    events: list[Event] = []
    backup = await take(await programmer_on(wire), on_event=events.append)
    assert backup.header.left_out == {"flash": Absence.LOCKED, "eeprom": Absence.LOCKED}
    assert any(isinstance(event, StepDone) and "locked against reading" in event.text for event in events)


async def test_a_bootloader_gives_no_fuses_and_no_serial_number() -> None:
    wire, programmer = await chip_on("dialect=atmegaboot")
    backup = await take(programmer)
    assert backup.memories["flash"] == wire.machine.target.cells.flash
    assert backup.chip.source is Source.NONE
    assert set(backup.header.left_out.items()) == {
        (name, Absence.UNREADABLE) for name in ("lfuse", "hfuse", "efuse", "lock")
    }


@pytest.mark.parametrize(
    ("address", "blank"),
    [(None, True), (0, False), (0x7FFF, False), (0x7000, False), (0x7B10, False), (0x0101, True)],
)
async def test_a_blank_flash_is_found_out_by_a_sample(address: int | None, blank: bool) -> None:
    """The factory's fuses make the boot section begin at 0x7000; 0x0101 is between two samples."""
    wire = board("part=atmega328p")
    if address is not None:
        wire.machine.target.cells.flash[address] = 0x12
    programmer = await programmer_on(wire)
    events: list[Event] = []
    began = wire.now()
    backup = await take(programmer, Wish(unless_blank=True), events.append)
    assert (backup.header.left_out.get("flash") is Absence.BLANK) == blank
    assert (
        any(isinstance(event, StepDone) and "blank at its reset" in event.text for event in events) == blank
    )
    assert backup.header.full
    if blank:
        assert wire.now() - began < 6
    else:
        assert backup.memories["flash"] == wire.machine.target.cells.flash


async def test_a_key_skips_the_rest_and_leaves_the_line_in_step() -> None:
    wire, programmer = await chip_on("part=atmega328p")
    seen: list[Progress] = []

    def watch(event: Event) -> None:
        if isinstance(event, Progress) and event.memory == "flash":
            seen.append(event)

    backup = await take(programmer, Wish(skip=lambda: len(seen) >= 3), watch)
    assert backup.header.left_out == {"flash": Absence.SKIPPED}
    assert backup.memories["eeprom"] == wire.machine.target.cells.eeprom
    assert len(seen) < 6
    assert await memories.read(programmer, "flash", 0, 64) == wire.machine.target.cells.flash[:64]


async def test_a_key_skips_everything_from_the_start() -> None:
    _, programmer = await chip_on()
    for wish in (Wish(skip=lambda: True), Wish(skip=lambda: True, unless_blank=True)):
        backup = await take(programmer, wish)
        assert backup.header.left_out == {"eeprom": Absence.SKIPPED, "flash": Absence.SKIPPED}


async def test_reading_twice_finds_a_bit_that_wavers() -> None:
    wire, programmer = await chip_on()
    flips = 0

    def waver(event: Event) -> None:
        nonlocal flips
        if isinstance(event, Progress) and event.memory == "flash" and not flips:
            flips = 1
            wire.machine.target.cells.flash[5] ^= 1

    with pytest.raises(TargetError, match="flash reads differently"):
        await take(programmer, Wish(twice=True), waver)
    assert (await take(programmer, Wish(twice=True))).memories["flash"] == wire.machine.target.cells.flash


async def test_a_fault_while_reading_says_that_the_chip_is_unchanged() -> None:
    wire, programmer = await chip_on()

    def reset(event: Event) -> None:
        if isinstance(event, StepStarted) and event.step == "contents":
            wire.machine.reset_board()

    with pytest.raises(SyncError) as caught:
        await take(programmer, on_event=reset)
    assert caught.value.holds == "The chip is unchanged."


async def test_what_is_known_is_not_kept_twice(tmp_path: Path) -> None:
    wire, programmer = await chip_on()
    store = Store(tmp_path)
    first = await save_first(programmer, store)
    again = await save_first(programmer, store)
    assert (first.known, again.known) == (False, True)
    assert again.path == first.path
    wire.machine.target.cells.eeprom[0] ^= 0xFF
    assert not (await save_first(programmer, store)).known
    quick = await save_first(programmer, store, contents=False)
    assert quick.lost == {"flash": Absence.SKIPPED, "eeprom": Absence.SKIPPED}
    assert len(store.listing()) == 3


def test_backups_are_compared_byte_by_byte() -> None:
    first, second = a_backup(), a_backup()
    flash = bytearray(second.memories["flash"])
    flash[3:5], flash[100] = bytes(byte ^ 1 for byte in flash[3:5]), flash[100] ^ 0x80
    second.memories["flash"] = bytes(flash)  # type: ignore[index]
    second.memories["lfuse"] = bytes([first.fuses["lfuse"] ^ 0x10])  # type: ignore[index]
    found = compare(first, second)
    by_name = {each.memory: each for each in found.memories}
    assert by_name["flash"].ranges == ((3, 5), (100, 101))
    assert by_name["flash"].bytes_differ == 3
    assert by_name["lfuse"].values == (first.fuses["lfuse"], first.fuses["lfuse"] ^ 0x10)
    assert by_name["eeprom"].verdict is Verdict.SAME
    assert "signature" not in by_name
    assert (found.equal, found.same_chip) == (False, True)
    assert compare(first, a_backup()).equal


def test_what_only_one_has_is_no_agreement() -> None:
    found = compare(a_backup(left_out={"eeprom": Absence.LOCKED}), a_backup(serial=b""))
    assert {each.memory: each.verdict for each in found.memories}["eeprom"] is Verdict.ONLY_SECOND
    assert (found.equal, found.same_chip) == (False, None)


def test_backups_of_different_parts_can_be_compared_too() -> None:
    found = compare(a_backup(), a_backup("ATmega328P"))
    by_name = {each.memory: each for each in found.memories}
    assert found.same_chip is False
    assert by_name["flash"].ranges[-1][1] == 0x8000
    assert by_name["efuse"].verdict is Verdict.ONLY_SECOND


async def test_a_backup_is_compared_with_the_chip_under_the_mask_of_real_bits() -> None:
    wire, programmer = await chip_on("part=atmega88")
    backup = await take(programmer)
    wire.machine.target.cells.fuses["efuse"] = 0x01
    assert (await compare_with_chip(programmer, backup)).equal
    wire.machine.target.cells.flash[0x1234] ^= 1
    found = await compare_with_chip(programmer, backup)
    assert [each.ranges for each in found.memories if each.verdict is Verdict.DIFFERENT] == [
        ((0x1234, 0x1235),)
    ]


@pytest.mark.parametrize(
    ("contents", "skip", "without"),
    [
        (("flash",), False, ""),
        ((), False, ""),
        (("flash",), True, ", without flash (skipped)"),
        (("eeprom", "flash"), True, ", without eeprom (skipped) and flash (skipped)"),
    ],
)
async def test_only_what_a_job_may_change_is_missed_in_its_backup(
    tmp_path: Path, contents: tuple[str, ...], skip: bool, without: str
) -> None:
    _, programmer = await chip_on()
    wish = Wish(contents=contents, skip=lambda: skip)
    saved = await save_first(programmer, Store(tmp_path), wish=wish)
    assert saved.without == without


class Unlisted(Store):
    """A folder that lets itself be looked for, and not written into."""

    def holding(self, header: Header, label: str = "") -> None:
        del header, label


@pytest.mark.parametrize("kind", [Store, Unlisted])
async def test_what_cannot_be_saved_leaves_the_chip_unchanged_and_says_so(
    kind: type[Store], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    _, programmer = await chip_on()
    with pytest.raises(InputFault, match="cannot be") as caught:
        await save_first(programmer, kind(tmp_path / "file" / "backups"))
    assert caught.value.holds == UNCHANGED
    assert "allow writing" in caught.value.advice
