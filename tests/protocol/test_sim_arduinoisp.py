"""The virtual ArduinoISP against what the real sketch was seen to answer."""

import pytest

from avrdeck.protocol.simulator.arduinoisp import sketch_baud
from protocol.sim_boards import MS, SET_DEVICE_328P, ask, machine, timed

BYTE_MS = 10 / 19.2
PAGE = bytes(range(128))
PROG_PAGE_F = b"d\x00\x80F" + PAGE + b" "

# Request, answer; every row on a board of its own, in programming mode.
ANSWERS = {
    "get sync": ("30 20", "14 10"),
    "sign on": ("31 20", "14 41 56 52 20 49 53 50 10"),
    "hardware version": ("41 80 20", "14 02 10"),
    "major": ("41 81 20", "14 01 10"),
    "minor": ("41 82 20", "14 12 10"),
    "programming mode": ("41 93 20", "14 53 10"),
    "any other parameter": ("41 98 20", "14 00 10"),
    "set device": (SET_DEVICE_328P, "14 10"),
    "set device ext eats five": ("45 05 04 D7 C2 01 20", "14 10"),
    "second enter": ("50 20", "14 10"),
    "prog flash does nothing": ("60 12 34 20", "14 10"),
    "prog data does nothing": ("61 12 20", "14 10"),
    "signature": ("75 20", "14 1e 95 0f 10"),
    "universal": ("56 30 00 01 00 20", "14 95 10"),
    "universal echoes byte 3": ("56 AC 80 A5 00 20", "14 a5 10"),
    "no command": ("20", "15"),
    "missing end": ("30 00", "15"),
    "unknown": ("99 20", "12"),
    "chip erase is unknown": ("52 20", "12"),
    "unknown without end": ("99 00", "15"),
    "set parameter loses step": ("40 84 32 20", "15 12"),
    "set parameter may leave programming mode": ("40 89 51 20", "15 14 10"),
    "read three bytes of flash": ("74 00 03 46 20", "14 ff ff ff ff 10"),
    "read nothing": ("74 00 00 46 20", "14 10"),
    "read a negative length of flash": ("74 80 00 46 20", "14 10"),
    "read an unknown memory": ("74 00 04 58 20", "14 11"),
    "read page without end": ("74 00 02 46 00", "15"),
    "write an unknown memory": ("64 00 02 58 30 20 20", "11 14 10 15"),
    "write too much eeprom": ("64 04 01 45 20 30 20", "14 11 14 10"),
    "write an empty page": ("64 00 00 46 20", "14 10"),
}


@pytest.fixture
def board():
    built = machine()
    assert ask(built, SET_DEVICE_328P) == "14 10"
    assert ask(built, "50 20") == "14 10"
    return built


@pytest.mark.parametrize(("request_", "answer"), ANSWERS.values(), ids=ANSWERS)
def test_it_answers_as_the_sketch_does(board, request_: str, answer: str) -> None:
    assert ask(board, request_) == answer


@pytest.mark.parametrize(("request_", "answer"), ANSWERS.values(), ids=ANSWERS)
def test_it_answers_the_same_byte_by_byte(board, request_: str, answer: str) -> None:
    for byte in bytes.fromhex(request_):
        board.feed(bytes([byte]))
        board.run_until(board.now + 2 * MS)
    board.run_until(board.now + 100 * MS)
    assert board.take().hex(" ") == answer


def test_a_negative_length_of_eeprom_reads_as_many_bytes_as_its_bits_say(board) -> None:
    """The compiler counts up to equality: 0x8000 bytes, not none."""
    assert len(bytes.fromhex(ask(board, "74 80 00 45 20", ms=18_000))) == 0x8000 + 2


@pytest.mark.parametrize("request_", ["56 30 00 00 00 20", "64 00 02 46 01 02 20"])
def test_without_spi_it_hangs_until_reset(request_: str) -> None:
    board = machine()
    ask(board, request_)
    assert ask(board, "30 20 30 20", ms=5000) in {"", "14"}
    board.reset_board()
    board.run_until(board.now + 2000 * MS)
    board.take()
    assert ask(board, "30 20") == "14 10"


def test_read_sign_after_leaving_answers_in_sync_and_hangs(board) -> None:
    assert ask(board, "51 20") == "14 10"
    assert ask(board, "75 20") == "14"
    assert ask(board, "30 20") == ""


def test_flash_addresses_move_on_and_eeprom_addresses_do_not(board) -> None:
    board.target.cells.flash[:4] = b"\x01\x02\x03\x04"
    board.target.cells.eeprom[:4] = b"\x05\x06\x07\x08"
    ask(board, "55 00 00 20")
    assert [ask(board, "74 00 02 46 20") for _ in range(2)] == ["14 01 02 10", "14 03 04 10"]
    ask(board, "55 00 00 20")
    assert [ask(board, "74 00 02 45 20") for _ in range(2)] == ["14 05 06 10", "14 05 06 10"]


def test_eeprom_addresses_are_words(board) -> None:
    ask(board, "55 04 00 20")
    assert ask(board, "64 00 01 45 77 20") == "14 10"
    assert board.target.cells.eeprom[8] == 0x77


def test_a_page_of_flash_takes_the_loads_and_the_lamp(board) -> None:
    ask(board, "55 00 00 20")
    (in_sync, _), (done, _) = timed(board, PROG_PAGE_F, 2)
    assert in_sync == pytest.approx(len(PROG_PAGE_F) * BYTE_MS + 0.5, abs=0.1)
    assert done - in_sync == pytest.approx(63.9, abs=0.3)
    assert board.target.cells.flash[:128] == PAGE


def test_every_eeprom_byte_takes_45_ms(board) -> None:
    ask(board, "55 00 00 20")
    (in_sync, _), _ = timed(board, b"d\x00\x0aE" + PAGE[:10] + b" ", 2)
    assert in_sync == pytest.approx(15 * BYTE_MS + 10 * 45.27, abs=1)


def test_63_bytes_wait_while_it_is_busy_and_the_64th_is_lost(board) -> None:
    """The lost byte is the end of READ_SIGN: the sketch goes on waiting for it."""
    ask(board, "55 00 00 20")
    board.feed(PROG_PAGE_F)
    board.run_until(board.now + 71 * MS)
    assert ask(board, b"0 " * 31 + b"u ", ms=300).replace(" ", "") == "1410" * 32
    assert board.lost == 1
    assert ask(board, "20") == "14 1e 95 0f 10"


def test_63_bytes_are_none_too_many(board) -> None:
    ask(board, "55 00 00 20")
    board.feed(PROG_PAGE_F)
    board.run_until(board.now + 71 * MS)
    assert ask(board, b"0 " * 31, ms=300).replace(" ", "") == "1410" * 32
    assert board.lost == 0


def test_a_second_enter_does_not_pulse_reset(board) -> None:
    """A byte too few on SPI cannot be repaired by 'P', only by 'Q' and 'P'."""
    board.target.transfer(0x00, 125_000, board.now)
    assert ask(board, "75 20") != "14 1e 95 0f 10"
    ask(board, "50 20")
    assert ask(board, "75 20") != "14 1e 95 0f 10"
    ask(board, "51 20")
    ask(board, "50 20", ms=200)
    assert ask(board, "75 20") == "14 1e 95 0f 10"


def test_nothing_connected_is_ok_too() -> None:
    board = machine("target=none")
    assert ask(board, "50 20") == "14 10"
    assert ask(board, "75 20") == "14 ff ff ff 10"
    assert ask(board, "64 00 02 46 01 02 20") == "14 10"


@pytest.mark.parametrize(("size", "pages"), [(32, 4), (64, 2), (128, 1), (256, 1), (16, 64), (0, 64)])
def test_it_commits_at_the_page_boundaries_it_knows(size: int, pages: int) -> None:
    """Any other page size makes it commit after every word: 30 ms each."""
    board = machine()
    ask(board, SET_DEVICE_328P.replace("00 80", size.to_bytes(2, "big").hex(), 1))
    ask(board, "50 20")
    ask(board, "55 00 00 20")
    (in_sync, _), (done, _) = timed(board, PROG_PAGE_F, 2)
    assert done - in_sync == pytest.approx(128 * 0.263 + pages * 30.27, abs=0.5)


def test_a_device_code_of_the_at89s_turns_reset_around(board) -> None:
    ask(board, "51 20")
    ask(board, SET_DEVICE_328P.replace("86", "E0", 1))
    ask(board, "50 20")
    assert ask(board, "75 20") == "14 ff ff ff 10"


def test_an_odd_length_writes_a_byte_of_the_buffer_too(board) -> None:
    ask(board, "56 11 22 33 44 20")
    ask(board, "55 00 00 20")
    ask(board, "64 00 03 46 01 02 03 20")
    assert board.target.cells.flash[:5] == b"\x01\x02\x03\x44\xff"


def test_a_reset_ends_programming_mode(board) -> None:
    board.set_dtr(asserted=True)
    assert not board.target.in_reset
    assert ask(board, "30 20", ms=1500) == ""
    assert ask(board, "30 20") == "14 10"


def test_only_the_edge_of_dtr_resets(board) -> None:
    board.set_dtr(asserted=True)
    board.run_until(board.now + 2000 * MS)
    board.set_dtr(asserted=True)
    assert ask(board, "30 20") == "14 10"


def test_a_reset_cuts_the_answer_short(board) -> None:
    timed(board, "31 20", 2)
    board.reset_board()
    assert ask(board, "") == ""


@pytest.mark.parametrize(
    ("baud", "actual"), [(19200, 19230.8), (115200, 117647), (1_000_000, 1e6), (57600, 58823.5)]
)
def test_the_core_rounds_the_speed(baud: int, actual: float) -> None:
    assert sketch_baud(baud) == pytest.approx(actual, rel=1e-5)


def test_a_read_runs_at_the_speed_of_the_wire(board) -> None:
    """16384 bytes in one READ_PAGE, half of the 17.05 s for 32 KiB."""
    last, _ = timed(board, b"t\x40\x00F ", 16384 + 2)[-1]
    assert last / 1000 == pytest.approx(17.05 / 2, rel=0.002)


def test_errors_are_counted_until_get_sync(board) -> None:
    ask(board, "99 20 99 20 20")
    assert board.firmware.errors == 3
    ask(board, "30 20")
    assert board.firmware.errors == 0


def test_it_wrecks_itself_when_a_page_overruns_its_memory(board) -> None:
    ask(board, "55 00 00 20")
    assert ask(board, b"d\x02\x00F" + bytes(512) + b" ", ms=1000) == ""
    assert ask(board, "30 20") == ""
