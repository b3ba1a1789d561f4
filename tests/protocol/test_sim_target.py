"""The virtual chip: what serial programming can and cannot do to it."""

import pytest

from avrdeck.boards.catalog import part, part_names
from avrdeck.boards.models import MemoryLock
from avrdeck.protocol import isp
from avrdeck.protocol.simulator.oscillator import Xtal
from protocol.sim_boards import Bench

DRIVEN = Xtal.parse("ext8000000")
"""Clocks every part whose fuses want something on XTAL1."""
AVRS = [name for name in part_names() if part(name).is_avr and not part(name).clone]


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.enter()
    return bench


@pytest.mark.parametrize("name", AVRS)
def test_every_part_shows_its_signature_in_programming_mode(name: str) -> None:
    bench = Bench(name, DRIVEN)
    bench.enter()
    expected = bench.part.signature
    assert bytes(bench.op("signature.read", address) for address in range(3)) == expected


@pytest.mark.parametrize("name", AVRS)
def test_every_part_keeps_what_is_written_to_its_last_page(name: str) -> None:
    bench = Bench(name, DRIVEN)
    bench.enter()
    flash = bench.part.flash
    last = flash.size_words - 1
    if flash.needs_extended_address:
        bench.op("flash.load_ext_addr", last & ~0xFFFF)
    step = "load" if flash.page_size else ""
    for half, value in (("lo", 0x12), ("hi", 0x34)):
        bench.write(f"flash.{step}page_{half}" if step else f"flash.write_{half}", last & 0xFFFF, value)
    if step:
        bench.write("flash.writepage", last & 0xFFFF)
    assert bench.target.cells.flash[-2:] == b"\x12\x34"
    assert [bench.op(f"flash.read_{half}", last & 0xFFFF) for half in ("lo", "hi")] == [0x12, 0x34]
    assert set(bench.target.cells.flash[:-2]) == {0xFF}


def test_sync_is_the_echo_of_53(bench: Bench) -> None:
    assert bench.send("AC 53 00 00")[2] == 0x53


def test_the_at90s1200_does_not_echo() -> None:
    bench = Bench("AT90S1200", DRIVEN)
    bench.target.drive_reset(high=False)
    assert bench.send("AC 53 00 00")[2] != 0x53
    assert bench.op("signature.read", 0) == 0x1E


def test_nothing_works_before_programming_enable() -> None:
    bench = Bench()
    bench.target.drive_reset(high=False)
    assert bench.op("signature.read", 0) != 0x1E
    bench.write("lfuse.write", data=0x00)
    assert bench.target.cells.fuses["lfuse"] == 0x62


def test_nothing_works_without_reset(bench: Bench) -> None:
    bench.leave()
    assert bench.send("30 00 00 00") == b"\xff\xff\xff\xff"
    bench.target.drive_reset(high=False)
    assert bench.op("signature.read", 0) != 0x1E, "programming mode must be entered again"


def test_bytes_out_of_step_do_not_enter() -> None:
    bench = Bench()
    bench.target.drive_reset(high=False)
    bench.send("00")
    bench.send("AC 53 00 00")
    assert not bench.target.programming


def test_flash_bits_only_go_to_zero(bench: Bench) -> None:
    for value in (0x0F, 0x3C):
        bench.write("flash.loadpage_lo", 0, value)
        bench.write("flash.writepage", 0)
    assert bench.op("flash.read_lo", 0) == 0x0F & 0x3C


def test_the_page_buffer_is_blank_after_a_write(bench: Bench) -> None:
    bench.write("flash.loadpage_lo", 0, 0x00)
    bench.write("flash.writepage", 0)
    bench.write("flash.writepage", 64)
    assert bench.target.cells.flash[128:256] == b"\xff" * 128


def test_a_page_write_ignores_the_offset_in_its_address(bench: Bench) -> None:
    bench.write("flash.loadpage_hi", 5, 0x11)
    bench.write("flash.writepage", 64 + 33)
    assert bench.target.cells.flash[128 + 11] == 0x11


def test_only_loaded_bytes_of_an_eeprom_page_change(bench: Bench) -> None:
    bench.target.cells.eeprom[4:8] = b"\x01\x02\x03\x04"
    bench.write("eeprom.loadpage_lo", 1, 0x99)
    bench.write("eeprom.writepage", 4)
    assert bench.target.cells.eeprom[4:8] == b"\x01\x99\x03\x04"


def test_erase_blanks_the_memories_and_opens_the_lock(bench: Bench) -> None:
    cells = bench.target.cells
    cells.flash[0] = cells.eeprom[0] = 0x00
    bench.write("lock.write", data=0xFC)
    fuses = {name: value for name, value in cells.fuses.items() if name != "lock"}
    bench.write("chip_erase")
    assert (cells.flash[0], cells.eeprom[0], cells.fuses["lock"]) == (0xFF, 0xFF, 0xFF)
    assert fuses == {name: value for name, value in cells.fuses.items() if name != "lock"}


def test_eesave_acts_at_once(bench: Bench) -> None:
    bench.target.cells.eeprom[0] = 0x42
    bench.write("hfuse.write", data=0xD9 & ~0x08)
    bench.write("chip_erase")
    assert bench.target.cells.eeprom[0] == 0x42


def test_old_chips_want_a_reset_after_an_erase() -> None:
    bench = Bench("AT90S8515")
    bench.enter()
    bench.write("chip_erase")
    assert bench.op("signature.read", 0) != 0x1E
    bench.enter()
    assert bench.op("signature.read", 0) == 0x1E


# Operation, its time in ms, what a flash read brings meanwhile.
BUSY = [("lfuse.write", 4.5), ("flash.writepage", 4.5), ("eeprom.write", 3.6), ("chip_erase", 9.0)]


@pytest.mark.parametrize(("op", "ms"), BUSY)
def test_a_write_keeps_the_chip_busy(bench: Bench, op: str, ms: float) -> None:
    bench.op(op, data=0x62)
    assert bench.send("F0 00 00 00")[3] & 1 == 1
    bench.wait(ms - 0.001)
    assert bench.op("signature.read", 0) == 0xFF
    bench.op("eeprom.write", 9, 0x00)
    bench.wait(0.001)
    assert bench.send("F0 00 00 00")[3] & 1 == 0
    assert bench.op("signature.read", 0) == 0x1E
    assert bench.target.cells.eeprom[9] == 0xFF, "an instruction while busy is ignored"


def test_old_chips_show_their_polling_value_while_busy() -> None:
    bench = Bench("AT90S2313")
    bench.enter()
    bench.op("eeprom.write", 0, 0x33)
    assert bench.op("eeprom.read", 0) == bench.part.eeprom.readback_poll[0] == 0x80
    bench.wait(10)
    assert bench.op("eeprom.read", 0) == 0x33


@pytest.mark.parametrize(
    ("lock", "write", "read"),
    [(0xFF, True, True), (0xFE, False, True), (0xFC, False, False), (0xFD, False, False)],
)
def test_lock_modes(bench: Bench, lock: int, write: bool, read: bool) -> None:
    cells = bench.target.cells
    cells.flash[0:2] = cells.eeprom[0:2] = b"\x55\x55"
    bench.write("lock.write", data=lock)
    bench.write("flash.loadpage_lo", 0, 0x50)
    bench.write("flash.writepage", 0)
    bench.write("eeprom.write", 0, 0x50)
    bench.write("lfuse.write", data=0xE2)
    assert (cells.flash[0], cells.eeprom[0], cells.fuses["lfuse"]) == (
        (0x50, 0x50, 0xE2) if write else (0x55, 0x55, 0x62)
    )
    assert (bench.op("flash.read_hi", 0) == 0x55) is read
    assert (bench.op("eeprom.read", 1) == 0x55) is read
    assert bench.op("signature.read", 0) == 0x1E, "newer parts show their signature"
    assert bench.op("lock.read") == lock


def test_a_locked_chip_reads_as_its_addresses(bench: Bench) -> None:
    bench.write("lock.write", data=0xFC)
    assert [bench.op("flash.read_lo", word) for word in (0, 1, 0x1234)] == [0x00, 0x01, 0x34]


def test_a_locked_old_chip_hides_its_signature() -> None:
    bench = Bench("AT90S8515")
    bench.enter()
    bench.write("lock.write", data=0xF9)
    assert [bench.op("signature.read", address) for address in range(3)] == [0, 1, 2]


def test_lock_bits_only_go_to_zero(bench: Bench) -> None:
    bench.write("lock.write", data=0xEF)
    bench.write("lock.write", data=0xFB)
    assert bench.op("lock.read") == 0xEB
    bench.write("lock.write", data=0xFF)
    assert bench.op("lock.read") == 0xEB


def test_the_boot_lock_bits_freeze_in_mode_3(bench: Bench) -> None:
    bench.write("lock.write", data=0xFC)
    bench.write("lock.write", data=0xCC)
    assert bench.target.cells.fuses["lock"] == 0xFC


@pytest.mark.parametrize(
    ("op", "data", "value"),
    [
        ("lfuse.write", 0x00, 0x00),
        ("hfuse.write", 0xF9, 0xD9),  # SPIEN stays programmed
        ("efuse.write", 0x05, 0xFD),  # unused bits read 1
        ("efuse.write", 0x00, 0xF8),
        ("lock.write", 0x0F, 0xCF),
    ],
)
def test_fuse_bits_that_isp_cannot_write(bench: Bench, op: str, data: int, value: int) -> None:
    bench.write(op, data=data)
    assert bench.op(op.replace("write", "read")) == value


@pytest.mark.parametrize("name", AVRS)
def test_no_part_loses_spien_by_isp(name: str) -> None:
    bench = Bench(name, DRIVEN)
    bench.enter()
    for fuse in bench.part.fuse_bytes:
        if isp.supports(bench.part, f"{fuse.name}.write"):
            bench.write(f"{fuse.name}.write", data=0xFF)
    assert bench.target.cells.programmed("spi_enable") in {True, None}


def test_the_signature_row_holds_a_serial_number_of_the_seed() -> None:
    rows = []
    for seed in (0, 0, 1):
        bench = Bench("ATmega328PB", seed=seed)
        bench.enter()
        rows.append(bytes(bench.op("prodsig.read", address) for address in range(24)))
    assert rows[0] == rows[1] != rows[2]
    assert rows[0][0:6:2] == bench.part.signature
    assert rows[2][1] == bench.op("calibration.read", 0)
    assert rows[0][14:24] != rows[2][14:24]
    assert rows[0][14:20].decode().isalnum()


def test_big_chips_need_the_extended_address() -> None:
    bench = Bench("ATmega2560")
    bench.enter()
    bench.target.cells.flash[0], bench.target.cells.flash[1 << 17] = 0x11, 0x22
    assert bench.op("flash.read_lo", 0) == 0x11
    bench.op("flash.load_ext_addr", 1 << 16)
    assert bench.op("flash.read_lo", 0) == 0x22
    bench.leave()
    bench.enter()
    assert bench.op("flash.read_lo", 0) == 0x11


def test_small_chips_ignore_the_extended_address(bench: Bench) -> None:
    bench.target.cells.flash[0] = 0x11
    bench.send("4D 00 01 00")
    assert bench.op("flash.read_lo", 0) == 0x11


def test_old_chips_have_no_pages(bench: Bench) -> None:
    bench = Bench("AT90S8515")
    bench.enter()
    for frame in ("C1 00 00 00", "C2 00 00 00", "4C 00 00 00", "F0 00 00 00"):
        bench.send(frame)
        bench.wait(50)
    assert set(bench.target.cells.eeprom) == set(bench.target.cells.flash) == {0xFF}
    bench.write("flash.write_lo", 3, 0x12)
    assert bench.target.cells.flash[6] == 0x12


def test_address_bits_beyond_the_memory_are_ignored(bench: Bench) -> None:
    bench.target.cells.flash[2] = 0x77
    assert bench.send("20 40 01 00")[3] == 0x77
    bench.target.cells.eeprom[1] = 0x66
    assert bench.send("A0 FC 01 00")[3] == 0x66


@pytest.mark.parametrize("frame", ["00 00 00 00", "FF FF FF FF", "AC 00 00 00", "99 12 34 56", "AC D0 00 00"])
def test_unknown_instructions_change_nothing_and_echo(bench: Bench, frame: str) -> None:
    cells = bench.target.cells
    before = bytes(cells.flash), bytes(cells.eeprom), dict(cells.fuses)
    assert bench.send(frame)[3] == bytes.fromhex(frame)[2]
    assert (bytes(cells.flash), bytes(cells.eeprom), dict(cells.fuses)) == before


def test_an_undefined_lock_combination_forbids_everything() -> None:
    bench = Bench()
    bench.target.cells.fuses["lock"] = 0xFD
    assert bench.target.cells.memory_lock == MemoryLock(write_blocked=True, read_blocked=True)
