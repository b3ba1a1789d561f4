"""The virtual bootloaders: what they answer, when they give up, what they lose."""

import pytest

from avrdeck.boards.catalog import part
from avrdeck.protocol.errors import UsageFault
from avrdeck.protocol.simulator.machine import Machine
from protocol.sim_boards import MS, SET_DEVICE_328P, ask, machine, timed

PAGE = bytes(range(128))
BOTH = {"get sync": ("30 20", "14 10"), "signature": ("75 20", "14 1e 95 0f 10"), "enter": ("50 20", "14 10")}
OPTIBOOT = BOTH | {
    "no sign on text": ("31 20", "14 10"),
    "major": ("41 81 20", "14 08 10"),
    "minor": ("41 82 20", "14 03 10"),
    "any other parameter": ("41 80 20", "14 03 10"),
    "set device": (SET_DEVICE_328P, "14 10"),
    "set device ext": ("45 05 04 D7 C2 01 20", "14 10"),
    "universal reads nothing": ("56 30 00 00 00 20", "14 00 10"),
    "universal erases nothing": ("56 AC 80 00 00 20", "14 00 10"),
    "erase means nothing": ("52 20", "14 10"),
    "fuse read brings no data": ("72 20", "14 10"),
    "unknown": ("99 20", "14 10"),
    "set parameter kills": ("40 84 32 20", ""),
    "prog flash kills": ("60 00 00 20", ""),
    "eeprom write hangs": ("64 00 02 45 77 77 20", "14"),
    "eeprom read brings flash": ("74 00 02 45 20", "14 ff ff 10"),
}
ATMEGABOOT = BOTH | {
    "sign on": ("31 20", "14 41 56 52 20 49 53 50 10"),
    "hardware": ("41 80 20", "14 02 10"),
    "major": ("41 81 20", "14 01 10"),
    "minor": ("41 82 20", "14 10 10"),
    "top card": ("41 98 20", "14 03 10"),
    "any other parameter": ("41 93 20", "14 00 10"),
    "set parameter without a value": ("40 84 20", "14 10"),
    "set parameter with a value": ("40 86 01 20", "14 10"),
    "set device": (SET_DEVICE_328P, "14 10"),
    "universal signature": ("56 30 00 01 00 20", "14 95 10"),
    "universal": ("56 50 00 00 00 20", "14 00 10"),
    "erase means nothing": ("52 20", "14 10"),
    "osccal": ("76 20", "14 00 10"),
    "leave stays": ("51 20 30 20", "14 10 14 10"),
    "missing end is not answered": ("30 00", ""),
    "unknown": ("99", ""),
}


@pytest.mark.parametrize(("request_", "answer"), OPTIBOOT.values(), ids=OPTIBOOT)
def test_optiboot(request_: str, answer: str) -> None:
    assert ask(machine("dialect=optiboot"), request_) == answer


@pytest.mark.parametrize(("request_", "answer"), ATMEGABOOT.values(), ids=ATMEGABOOT)
def test_atmegaboot(request_: str, answer: str) -> None:
    assert ask(machine("dialect=atmegaboot"), request_) == answer


def test_the_old_optiboot_says_so() -> None:
    board = machine("dialect=optiboot4")
    assert [ask(board, f"41 {which} 20") for which in ("81", "82")] == ["14 04 10", "14 04 10"]


@pytest.mark.parametrize("dialect", ["optiboot", "optiboot4", "atmegaboot"])
def test_a_page_is_erased_and_written(dialect: str) -> None:
    board = machine(f"dialect={dialect}")
    board.target.cells.flash[:128] = bytes(128)
    assert ask(board, "55 00 00 20") == "14 10"
    assert ask(board, b"d\x00\x80F" + PAGE + b" ") == "14 10"
    assert ask(board, "55 00 00 20") == "14 10"
    assert ask(board, "74 00 80 46 20") == f"14 {PAGE.hex(' ')} 10"
    assert board.target.cells.flash[:128] == PAGE


@pytest.mark.parametrize(("dialect", "filled_ms"), [("optiboot", 6), ("optiboot4", 2)])
def test_a_reset_leaves_nothing_in_the_page_buffer(dialect: str, filled_ms: int) -> None:
    board = machine(f"dialect={dialect}")
    ask(board, "55 00 00 20")
    timed(board, b"d\x00\x80F" + bytes(128) + b" ", count=1)
    board.run_until(board.now + filled_ms * MS)
    assert board.target.cells.flash[:128] == b"\xff" * 128  # erased, not written yet
    board.reset_board()
    board.run_until(board.now + 500 * MS)
    assert ask(board, "30 20") == "14 10"
    ask(board, "55 00 00 20")
    ask(board, b"d\x00\x80F" + PAGE + b" ")
    assert board.target.cells.flash[:128] == PAGE


@pytest.mark.parametrize("dialect", ["optiboot", "optiboot4", "atmegaboot"])
def test_the_boot_lock_bits_protect_the_bootloader(dialect: str) -> None:
    board = machine(f"dialect={dialect}")
    before = bytes(board.target.cells.flash[0x7F00:])
    ask(board, "55 80 3F 20")
    assert ask(board, b"d\x00\x80F" + PAGE + b" ") == "14 10"
    assert board.target.cells.flash[0x7F00:] == before
    board.target.cells.fuses["lock"] = 0xFF
    ask(board, "55 80 3F 20")
    ask(board, b"d\x00\x80F" + PAGE + b" ")
    assert board.target.cells.flash[0x7F00:0x7F80] == PAGE


def test_eeprom_of_the_old_optiboot_is_flash() -> None:
    board = machine("dialect=optiboot4")
    ask(board, "55 00 00 20")
    ask(board, b"d\x00\x04E\x01\x02\x03\x04 ")
    assert board.target.cells.flash[:4] == b"\x01\x02\x03\x04"
    assert board.target.cells.eeprom[0] == 0xFF


def test_eeprom_of_atmegaboot_is_addressed_in_words() -> None:
    board = machine("dialect=atmegaboot")
    ask(board, "55 04 00 20")
    assert ask(board, b"d\x00\x02E\x01\x02 ") == "14 10"
    assert board.target.cells.eeprom[8:10] == b"\x01\x02"
    ask(board, "55 04 00 20")
    assert ask(board, "74 00 02 45 20") == "14 01 02 10"


@pytest.mark.parametrize(("dialect", "second"), [("optiboot", "01 02"), ("optiboot4", "03 04")])
def test_whether_reading_moves_the_address_on(dialect: str, second: str) -> None:
    board = machine(f"dialect={dialect}")
    board.target.cells.flash[:4] = b"\x01\x02\x03\x04"
    ask(board, "55 00 00 20")
    assert [ask(board, "74 00 02 46 20") for _ in range(2)] == ["14 01 02 10", f"14 {second} 10"]


def test_a_length_of_zero_is_256() -> None:
    assert len(bytes.fromhex(ask(machine("dialect=optiboot"), "74 00 00 46 20"))) == 258


def test_lengths_of_big_pages_have_16_bits() -> None:
    board = machine("dialect=optiboot&part=ATmega2560")
    ask(board, "55 00 00 20")
    assert len(bytes.fromhex(ask(board, "74 02 00 46 20"))) == 514
    assert ask(board, b"d\x02\x00F" + PAGE * 4 + b" ") == "14 10"
    assert board.target.cells.flash[:256] == PAGE * 2


def alive(board: Machine) -> bool:
    return ask(board, "30 20") == "14 10"


def test_optiboot_gives_up_after_a_second_of_silence() -> None:
    board = machine("dialect=optiboot")
    for _ in range(5):
        assert alive(board)
        board.run_until(board.now + 890 * MS)
    assert alive(board)
    board.run_until(board.now + 910 * MS)
    assert not alive(board)


def test_a_wrong_end_starts_the_application() -> None:
    board = machine("dialect=optiboot&app=echo")
    assert ask(board, "30 21") == ""
    assert ask(board, b"hello") == b"hello".hex(" ")


def test_leaving_starts_the_application_unless_bytes_keep_coming() -> None:
    board = machine("dialect=optiboot&app=echo")
    assert ask(board, "51 20", ms=10) == "14 10"
    assert ask(board, "30 20", ms=20) == "14 10"
    assert ask(board, b"hello") == b"hello".hex(" ")


def test_atmegaboot_gives_up_at_the_fifth_mistake() -> None:
    board = machine("dialect=atmegaboot&app=echo")
    ask(board, b"\xff" * 4)
    assert alive(board)
    ask(board, b"\xff")
    assert ask(board, b"hello") == b"hello".hex(" ")


def test_atmegaboot_gives_up_after_a_silence() -> None:
    board = machine("dialect=atmegaboot")
    for _ in range(3):
        assert alive(board)
        board.run_until(board.now + 1015 * MS)
    assert alive(board)
    board.run_until(board.now + 1035 * MS)
    assert not alive(board)


@pytest.mark.parametrize("dialect", ["optiboot", "optiboot4", "atmegaboot"])
def test_dtr_brings_the_bootloader_back(dialect: str) -> None:
    board = machine(f"dialect={dialect}")
    board.run_until(board.now + 5000 * MS)
    assert not alive(board)
    board.set_dtr(asserted=False)
    board.set_dtr(asserted=True)
    board.run_until(board.now + 400 * MS)
    assert alive(board)


def test_without_a_reset_the_application_runs() -> None:
    board = machine("dialect=optiboot&autoreset=no")
    assert ask(board, b"0 hello") == "", "and it is silent"
    echoing = machine("dialect=optiboot&autoreset=no&app=echo")
    assert ask(echoing, b"0 hello") == b"0 hello".hex(" ")


def test_a_power_cut_ends_in_the_application() -> None:
    board = machine("dialect=optiboot&app=echo")
    assert alive(board)
    board.cut_power()
    assert ask(board, b"hello") == b"hello".hex(" ")


@pytest.mark.parametrize(("baud", "fed"), [(57600, False), (115200, True)])
def test_framing_errors_do_not_feed_the_watchdog(baud: int, fed: bool) -> None:
    """A zero at half the speed is one character without stop bit; at full speed it is a command."""
    board = machine("dialect=optiboot")
    assert alive(board)
    board.run_until(board.now + 600 * MS)
    board.host_baud = baud
    ask(board, b"\x00")
    board.host_baud = 115200
    board.run_until(board.now + 400 * MS)
    assert (ask(board, b" ") == "14 10") is fed


def test_bytes_beyond_the_third_are_lost_while_a_page_is_written() -> None:
    """Three fit: two in the buffer, one in the shift register."""
    for ahead, lost in ((b"0 0", 0), (b"0 0 0", 2)):
        board = machine("dialect=optiboot")
        ask(board, "55 00 00 20")
        board.feed(b"d\x00\x80F" + PAGE + b" " + ahead)
        board.run_until(board.now + 100 * MS)
        assert board.lost == lost


def test_writing_a_page_takes_erase_and_write() -> None:
    board = machine("dialect=optiboot")
    ask(board, "55 00 00 20")
    (in_sync, _), (done, _) = timed(board, b"d\x00\x80F" + PAGE + b" ", 2)
    assert done - in_sync == pytest.approx(9.0, abs=0.2)


@pytest.mark.parametrize(
    ("name", "fuses"),
    [
        ("ATmega328P", {"lfuse": 0xFF, "hfuse": 0xDE, "lock": 0xCF}),
        ("ATmega168", {"lfuse": 0xFF, "efuse": 0xFC, "lock": 0xCF}),
        ("ATmega2560", {"lfuse": 0xFF, "lock": 0xCF}),
        ("ATmega1284P", {"lfuse": 0xFF, "lock": 0xCF}),
    ],
)
def test_boards_come_with_their_fuses(name: str, fuses: dict[str, int]) -> None:
    board = machine(f"dialect=optiboot&part={name}")
    held = board.target.cells.fuses
    assert {key: held[key] for key in fuses} == fuses
    assert ask(board, "75 20") == f"14 {part(name).signature.hex(' ')} 10"


def test_big_chips_take_the_extended_address() -> None:
    board = machine("dialect=optiboot&part=ATmega2560")
    board.target.cells.flash[0x20000:0x20002] = b"\x12\x34"
    ask(board, "56 4D 00 01 00 20")
    ask(board, "55 00 00 20")
    assert ask(board, "74 00 02 46 20") == "14 12 34 10"


@pytest.mark.parametrize("name", ["ATtiny85", "ATmega48", "AT90S8515"])
def test_no_bootloader_without_a_boot_section(name: str) -> None:
    with pytest.raises(UsageFault, match="boot section"):
        machine(f"dialect=optiboot&part={name}")
