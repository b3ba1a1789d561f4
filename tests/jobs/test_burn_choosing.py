from dataclasses import replace
from pathlib import Path

import pytest

from avrdeck.boards import images
from avrdeck.boards.boards import BUILT_IN, Board
from avrdeck.boards.catalog import part
from avrdeck.boards.deckboot import Entry
from avrdeck.boards.deckwishes import Wishes
from avrdeck.boards.images import ImageError
from avrdeck.jobs.burn import choosing
from avrdeck.jobs.burn.choosing import Choice, Hand, by_hand, for_board
from avrdeck.jobs.serials.counter import Counter
from avrdeck.jobs.serials.order import Order, Place
from avrdeck.jobs.serials.recipe import Kind, Recipe
from avrdeck.protocol.errors import InputFault, UsageFault

UNO = Board(
    id="arduino:avr:uno",
    name="Arduino UNO",
    source=BUILT_IN,
    part="ATmega328P",
    f_cpu_hz=16_000_000,
    fuses={"lfuse": 0xFF, "hfuse": 0xDE, "efuse": 0xFD},
    lock=0xCF,
    bootloader="optiboot/optiboot_atmega328.hex",
    speed=115_200,
)


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch):
    """`for_board` on a board made up for the test."""

    def choose(hand: Hand | None = None, **facts: object) -> Choice:
        monkeypatch.setattr(choosing, "find_board", lambda name, menu: replace(UNO, **facts))
        return for_board("uno", {}, hand)

    return choose


@pytest.fixture
def loader(tmp_path: Path) -> Path:
    file = tmp_path / "loader.hex"
    images.save(images.Image.of(b"\x01\x02\x03\x04", 0x7E00), file)
    return file


def test_a_board_brings_file_fuses_lock_clock_and_speed(chosen, loader: Path) -> None:
    choice = chosen(bootloader_file=loader)
    plan = choice.plan
    assert (plan.image.start, plan.image.size) == (0x7E00, 4)
    assert (plan.fuse_bytes, plan.lock) == (UNO.fuses, 0xCF)
    assert (plan.part, plan.board, plan.f_cpu_hz, plan.baud) == (
        "ATmega328P",
        "Arduino UNO",
        16_000_000,
        115_200,
    )
    assert choice.notes == ()


def test_what_is_given_by_hand_goes_over_the_board(chosen, loader: Path) -> None:
    plan = chosen(Hand(loader, {"hfuse": 0xDA}, lock=0xFF)).plan
    assert plan.fuse_bytes == {**UNO.fuses, "hfuse": 0xDA}
    assert plan.lock == 0xFF
    assert plan.image.size == 4
    assert plan.baud is None


def test_a_missing_file_is_replaced_by_our_own_and_that_is_told(chosen) -> None:
    choice = chosen()
    assert choice.plan.image.start == 0x7E00
    (note,) = choice.notes
    assert note.startswith("optiboot/optiboot_atmega328.hex is not on this machine: deckboot")


def test_our_own_can_be_asked_for_and_is_made_for_the_boards_clock(chosen, loader: Path) -> None:
    fast = chosen(Hand(deckboot=Wishes()), bootloader_file=loader)
    slow = chosen(Hand(deckboot=Wishes()), f_cpu_hz=8_000_000, speed=38_400)
    assert fast.notes == ()
    assert fast.plan.image.segments[0].data != slow.plan.image.segments[0].data
    assert slow.plan.baud == 38_400
    unsaid = chosen(Hand(deckboot=Wishes()), f_cpu_hz=8_000_000, speed=None)
    assert unsaid.plan.baud == 57_600


def test_our_own_is_made_as_wished(chosen) -> None:
    plan = chosen(Hand(deckboot=Wishes(baud=57_600, led="none", entry=Entry.WAIT))).plan
    assert plan.made
    assert (plan.made.variant, plan.made.led, plan.made.timeout_s) == ("atmega328p-wait", None, None)
    assert (plan.baud, plan.f_cpu_hz, plan.image) == (57_600, 16_000_000, plan.made.image)
    slow = chosen(Hand(deckboot=Wishes(clock_hz=8_000_000, baud=38_400))).plan
    assert (slow.baud, slow.f_cpu_hz) == (38_400, 8_000_000)
    with pytest.raises(UsageFault, match=r"115200 baud cannot be made from 8000000 Hz.* 57600, 38400"):
        chosen(Hand(deckboot=Wishes(clock_hz=8_000_000)))


def test_a_file_and_our_own_exclude_each_other(chosen, loader: Path) -> None:
    for choose in (chosen, lambda hand: by_hand(hand, part("m328p"))):
        with pytest.raises(UsageFault, match=r"Either loader\.hex or deckboot"):
            choose(Hand(loader, deckboot=Wishes()))


def test_a_serial_number_has_a_place_in_our_own_and_needs_one_elsewhere(chosen, loader: Path) -> None:
    number = Recipe(Kind.NUMBER, Counter(loader.with_name("counter")))
    assert chosen(Hand(deckboot=Wishes(), serial=number)).plan.order == Order(
        number, Place("flash", 0x7FFC, 4)
    )
    place = Place("eeprom", 0x3FC)
    named = chosen(Hand(loader, serial=number, place=place, overwrite=True)).plan
    assert named.order == Order(number, place, overwrite=True)
    assert chosen(Hand(deckboot=Wishes(), serial=number, place=place)).plan.order == Order(number, place)
    with pytest.raises(UsageFault, match="not said where") as caught:
        chosen(Hand(loader, serial=number))
    assert "--serial-at" in caught.value.advice
    with pytest.raises(UsageFault, match="atmega168p-256 has no room"):
        by_hand(Hand(deckboot=Wishes(small=True), serial=number), part("m168p"))
    with pytest.raises(UsageFault, match="not said which"):
        chosen(Hand(loader, place=place))


def test_no_file_and_no_image_of_our_own_says_what_to_install(chosen) -> None:
    with pytest.raises(InputFault, match="no core with it is installed") as caught:
        chosen(part="ATmega32U4", bootloader="caterina/Caterina-Leonardo.hex")
    assert "caterina/Caterina-Leonardo.hex" in caught.value.detail
    assert "Install the core" in caught.value.advice


def test_an_installed_file_that_does_not_fit_is_told_with_a_way_out(chosen, tmp_path: Path) -> None:
    file = tmp_path / "huge.hex"
    images.save(images.Image.of(b"\x01", 0x8000), file)
    with pytest.raises(InputFault, match="that comes with Arduino UNO cannot be used") as caught:
        chosen(bootloader_file=file)
    assert "deckboot" in caught.value.advice


def test_a_board_without_a_part_cannot_be_burned(chosen) -> None:
    with pytest.raises(UsageFault, match="does not say which part"):
        chosen(part=None)


def test_by_hand_needs_a_file_or_a_part_for_our_own(loader: Path) -> None:
    with pytest.raises(UsageFault, match="nothing to burn"):
        by_hand(Hand(), None)
    with pytest.raises(UsageFault, match="nothing to burn"):
        by_hand(Hand(deckboot=Wishes()), None)
    with pytest.raises(UsageFault, match="not built for ATtiny13"):
        by_hand(Hand(deckboot=Wishes()), part("attiny13"))
    with pytest.raises(ImageError):
        by_hand(Hand(loader.with_name("nothing.hex")), None)
    assert by_hand(Hand(loader, {"lfuse": 1}), None).plan.part is None
    ours = by_hand(Hand(deckboot=Wishes()), part("m328p")).plan
    assert (ours.image.start, ours.f_cpu_hz, ours.baud) == (0x7E00, 16_000_000, 115_200)
