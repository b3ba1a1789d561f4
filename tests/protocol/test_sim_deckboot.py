"""The virtual deckboots: what they answer and refuse. `tests/deckboot` holds them against the real ones."""

from pathlib import Path

import pytest

from avrdeck.boards.catalog import part
from avrdeck.boards.deckboot import Entry, Wish, made_for, variant
from avrdeck.protocol.errors import UsageFault
from avrdeck.protocol.simulator.board import build, save
from avrdeck.protocol.simulator.machine import Machine
from avrdeck.protocol.simulator.options import from_url
from protocol.sim_boards import MS, SET_DEVICE_328P, ask, machine

PAGE = bytes(range(128))
LARGE, SMALL = "dialect=deckboot", "dialect=deckboot-256&part=atmega168p"
SYNC = ("30 20", "14 10")


def board(options: str = LARGE) -> Machine:
    """In step with a host that has spoken, and with an application that does nothing."""
    made = machine(f"{options}&app=echo")
    assert ask(made, SYNC[0]) == SYNC[1]
    return made


COMMANDS = {
    "sign on has no text": ("31 20", "14 10"),
    "enter": ("50 20", "14 10"),
    "signature": ("75 20", "14 1e 95 0f 10"),
    "identity": ("41 80 20", "14 db 10"),
    "version": ("41 81 20 41 82 20", "14 02 10 14 00 10"),
    "features": ("41 93 20", "14 0f 10"),
    "the serial number is blank": ("41 84 20", "14 ff 10"),
    "set device": (SET_DEVICE_328P, "14 10"),
    "set device ext": ("45 05 04 D7 C2 01 20", "14 10"),
    "signature by the row": ("56 30 00 01 00 20", "14 95 10"),
    "lfuse": ("56 50 00 00 00 20", "14 ff 10"),
    "lock": ("56 58 00 00 00 20", "14 cf 10"),
    "hfuse": ("56 58 08 00 00 20", "14 de 10"),
    "no erase": ("56 AC 80 00 00 20", "14 00 10"),
    "chip erase is unknown": ("52 20", "14 12"),
    "a page of no memory": ("64 00 02 47 01 02 20", "14 11"),
    "nothing is read of no memory": ("74 00 02 47 20", "14 11"),
    "a command without its end": ("30 30", "15"),
    "an end too many": ("20 20 30 20", "14 10"),
}


@pytest.mark.parametrize(("request_", "answer"), COMMANDS.values(), ids=COMMANDS)
def test_the_large_loader(request_: str, answer: str) -> None:
    assert ask(board(), request_) == answer


SMALL_COMMANDS = {
    "anything is accepted": ("99 20", "14 10"),
    "an end alone too": ("20", "14 10"),
    "signature": ("75 20", "14 1e 94 0b 10"),
    "identity, by two bits of the parameter": ("41 84 20", "14 db 10"),
    "features": ("41 93 20", "14 2c 10"),
    "efuse": ("56 50 08 00 00 20", "14 fe 10"),
    "other instructions bring some byte": ("56 AC 80 00 00 20", "14 9e 10"),
    "EEPROM is refused": ("74 00 04 45 20", "14 14"),
    "so is any other letter": ("74 00 04 47 20", "14 14"),
    "without an end nothing is said": ("75", ""),
}


@pytest.mark.parametrize(("request_", "answer"), SMALL_COMMANDS.values(), ids=SMALL_COMMANDS)
def test_the_small_loader(request_: str, answer: str) -> None:
    assert ask(board(SMALL), request_) == answer


@pytest.mark.parametrize(("options", "refused"), [(LARGE, "14 11"), (SMALL, "14 14")])
def test_pages_below_the_loader_and_none_in_it(options: str, refused: str) -> None:
    made = board(options)
    cells = made.target.cells
    code = bytes(cells.flash[-512:])
    for place, answer in ((0x400, "14 10"), (len(cells.flash) - 128, refused)):
        ask(made, b"U" + (place // 2).to_bytes(2, "little") + b" ")
        assert ask(made, b"d\x00\x80F" + PAGE + b" ") == answer
    assert cells.flash[0x400:0x480] == PAGE
    assert cells.flash[-512:] == code


@pytest.mark.parametrize("count", range(6))
@pytest.mark.parametrize("letter", [b"F", b"E", b"G"])
def test_a_page_is_erased_by_its_fourth_byte_and_forgotten_after_a_pause(letter: bytes, count: int) -> None:
    made = board()
    cells = made.target.cells
    cells.flash[0x400:0x480] = PAGE
    ask(made, b"U\x00\x02 ")
    assert ask(made, b"d\x00\x80" + letter + b" U\x80\x02 "[:count]) == ""
    made.run_until(made.now + 600 * MS)
    assert ask(made, SYNC[0]) == SYNC[1]
    erased = letter == b"F" and count >= 4
    assert cells.flash[0x400:0x480] == (b"\xff" * 128 if erased else PAGE)
    assert not cells.eeprom.strip(b"\xff")


@pytest.mark.parametrize("letter", [b"G", b"D", b"V", b"f"])
@pytest.mark.parametrize(("options", "refused"), [(LARGE, "14 11"), (SMALL, "14 14")])
def test_a_page_with_a_stray_letter_touches_nothing(options: str, refused: str, letter: bytes) -> None:
    made = board(options)
    cells = made.target.cells
    before = bytes(cells.flash), bytes(cells.eeprom)
    ask(made, b"U\x00\x02 ")
    assert ask(made, b"d\x00\x80" + letter + PAGE + b" ") == refused
    assert ask(made, SYNC[0]) == SYNC[1]
    assert (bytes(cells.flash), bytes(cells.eeprom)) == before


def test_an_open_boot_section_is_not_written_either() -> None:
    made = board()
    made.target.cells.fuses["lock"] = 0xFF
    test = bytes(made.target.cells.flash[-512:])
    ask(made, b"U\x00\x3f ")
    assert ask(made, b"d\x00\x80F" + PAGE + b" ") == "14 11"
    assert made.target.cells.flash[-512:] == test


def test_eeprom_is_read_and_written_by_words() -> None:
    made = board()
    ask(made, "55 04 00 20")
    assert ask(made, "64 00 03 45 01 02 03 20") == "14 10"
    assert made.target.cells.eeprom[8:11] == b"\x01\x02\x03"
    assert ask(made, "74 00 03 45 20") == "14 01 02 03 10"


@pytest.mark.parametrize(("entry", "small", "options"), [("timeout", False, LARGE), ("timeout", True, SMALL)])
def test_the_real_code_is_in_the_chip(entry: str, small: bool, options: str) -> None:
    cells = board(options).target.cells
    one = variant(cells.part, Entry(entry), small=small)
    assert cells.flash[one.start :] == made_for(one, Wish()).read(one.start, one.section_bytes)


def test_another_loader_in_the_chip_is_none() -> None:
    made = machine(LARGE)
    made.target.cells.flash[-8] = 0x12
    made.target.cells.flash[0] = 0x00
    made.reset_board()
    assert ask(made, SYNC[0]) == ""


def test_an_empty_chip_comes_back_to_the_loader_and_another_does_not() -> None:
    for first, answer in ((0xFF, SYNC[1]), (0x00, "")):
        made = machine(LARGE)
        made.target.cells.flash[0] = first
        assert ask(made, b"x") == ""
        made.run_until(made.now + 5 * MS)
        assert ask(made, SYNC[0]) == answer


def test_power_on_starts_the_application() -> None:
    made = board()
    made.cut_power()
    assert ask(made, b"hello") == b"hello".hex(" ")


@pytest.mark.parametrize("options", [LARGE, SMALL])
def test_without_a_host_it_gives_up_after_a_second_and_with_one_never(options: str) -> None:
    made = machine(f"{options}&app=echo")
    made.run_until(made.now + 450 * MS)
    assert ask(made, SYNC[0]) == SYNC[1]
    made.run_until(made.now + 60_000 * MS)
    assert ask(made, SYNC[0]) == SYNC[1]
    made.reset_board()
    made.run_until(made.now + 1100 * MS)
    assert ask(made, b"0 ") == "30 20"


def test_with_a_button_every_second_reset_starts_the_application() -> None:
    made = machine("dialect=deckboot-wait&app=echo&autoreset=no")
    heard = []
    for _ in range(4):
        made.reset_board()
        made.run_until(made.now + 3000 * MS)
        heard.append(ask(made, b"0 "))
        made.run_until(made.now + 10 * MS)
    assert heard == ["14 10", "30 20", "14 10", "30 20"]


def test_the_row_is_not_made_up_where_the_chip_has_none() -> None:
    made = board("dialect=deckboot&part=atmega8")
    assert ask(made, "56 30 00 02 00 20") == "14 07 10"
    assert ask(made, "56 38 00 00 00 20") == "14 00 10"
    assert ask(made, "56 30 00 07 00 20") == "14 00 10"


def test_the_speed_is_that_of_the_code(tmp_path: Path) -> None:
    options = from_url(f"sim:?dialect=deckboot&baud=57600&state={tmp_path / 'chip'}")
    save(options, build(options))
    kept = machine(f"dialect=deckboot&app=echo&state={tmp_path / 'chip'}")
    assert kept.host_baud == 57600
    assert kept.device_baud == pytest.approx(57600, rel=0.01)
    assert ask(kept, SYNC[0]) == SYNC[1]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("dialect=deckboot&part=attiny85", "not built for ATtiny85"),
        ("dialect=deckboot-256", "not built for ATmega328P"),
        ("dialect=deckboot&baud=300", "300 baud"),
    ],
)
def test_boards_that_cannot_be(options: str, says: str) -> None:
    with pytest.raises(UsageFault, match=says):
        machine(options)


def test_big_chips_are_reached_to_the_end() -> None:
    made = board("dialect=deckboot&part=atmega1284p")
    ask(made, b"U\x00\x80 ")
    page = PAGE + PAGE[::-1]
    assert ask(made, b"d\x00\x00F" + page + b" ") == "14 10"
    assert made.target.cells.flash[0x10000:0x10100] == page
    assert part("atmega1284p").signature.hex(" ") in ask(made, "75 20")
