"""The chip behind the programmer, through the stock sketch's UNIVERSAL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from firmware import arduino_isp
from rig import TARGETS, Rig, Settings


class Isp:
    """Four-byte instructions to the target."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        rig.control.run(1_000_000_000)
        rig.control.open(19200)
        self.enter()

    def enter(self) -> None:
        assert self.rig.control.exchange(b"P ", 0.1) == b"\x14\x10"

    def leave(self) -> None:
        assert self.rig.control.exchange(b"Q ", 0.01) == b"\x14\x10"

    def __call__(self, *instruction: int, wait: float = 0.01) -> int:
        reply = self.rig.control.exchange(b"V" + bytes(instruction) + b" ", 0.005 + wait)
        assert (reply[0], reply[2]) == (0x14, 0x10)
        return reply[1]


@contextmanager
def _isp(target: Settings | None = None, **changes: int | str) -> Iterator[Isp]:
    with Rig(arduino_isp(), (target or TARGETS["m328p"]) | changes) as rig:
        yield Isp(rig)


def _write_word(isp: Isp, address: int, low: int, high: int) -> None:
    isp(0x40, 0, address & 0xFF, low, wait=0)
    isp(0x48, 0, address & 0xFF, high, wait=0)
    isp(0x4C, address >> 8, address & 0xFF, 0)


@pytest.mark.parametrize("name", TARGETS)
def test_signature_fuses_and_calibration_of_each_part(name: str) -> None:
    with _isp(TARGETS[name]) as isp:
        signature = bytes(isp(0x30, 0, index, 0) for index in range(3))
        assert signature.hex() == TARGETS[name]["signature"]
        fuses = [isp(0x50, 0, 0, 0), isp(0x58, 8, 0, 0), isp(0x50, 8, 0, 0), isp(0x58, 0, 0, 0)]
        assert [f"{fuse:02x}" for fuse in fuses] == [
            TARGETS[name][key] for key in ("lfuse", "hfuse", "efuse", "lock")
        ]


def test_flash_only_loses_bits_until_it_is_erased() -> None:
    with _isp() as isp:
        _write_word(isp, 0x0100, 0xF0, 0x0F)
        _write_word(isp, 0x0100, 0x3C, 0xFF)
        assert (isp(0x20, 1, 0, 0), isp(0x28, 1, 0, 0)) == (0x30, 0x0F)
        assert isp(0x20, 1, 1, 0) == 0xFF
        isp(0xAC, 0x80, 0, 0)
        assert isp.rig.dump().flash == b"\xff" * 32768


@pytest.mark.parametrize(("hfuse", "kept"), [("d9", 0xFF), ("d1", 0x5A)])
def test_eesave_keeps_the_eeprom(hfuse: str, kept: int) -> None:
    with _isp(hfuse=hfuse) as isp:
        isp(0xC0, 0x01, 0x23, 0x5A)
        isp(0xAC, 0x80, 0, 0)
        assert isp(0xA0, 0x01, 0x23, 0) == kept


def test_an_eeprom_page_write_touches_only_what_was_loaded() -> None:
    with _isp() as isp:
        isp(0xC0, 0, 0x11, 0x77)
        isp(0xC1, 0, 2, 0xAB, wait=0)
        isp(0xC2, 0, 0x10, 0)
        assert isp.rig.dump().eeprom[0x10:0x14].hex() == "ff77abff"


def test_busy_is_told_by_poll_and_instructions_meanwhile_are_lost() -> None:
    with _isp(flash_us=50000) as isp:
        _write_word(isp, 0, 0x12, 0x34)
        assert isp(0xF0, 0, 0, 0, wait=0) & 1
        isp(0xAC, 0xA0, 0, 0xE2, wait=0)
        isp.rig.control.run(isp.rig.control.now + 60_000_000)
        assert not isp(0xF0, 0, 0, 0) & 1
        assert isp(0x50, 0, 0, 0) == 0x62
        assert isp.rig.counters()["isp_while_busy"] == 1


def test_lock_bits_only_go_down_and_close_the_chip() -> None:
    with _isp() as isp:
        _write_word(isp, 0, 0x12, 0x34)
        isp(0xAC, 0xE0, 0, 0xFC)
        isp(0xAC, 0xE0, 0, 0xFF)
        assert isp(0x58, 0, 0, 0) == 0xFC
        assert isp(0x20, 0, 0, 0) != 0x12
        isp(0xAC, 0xA0, 0, 0x00)
        assert isp(0x50, 0, 0, 0) == 0x62
        isp(0xAC, 0x80, 0, 0)
        assert isp(0x58, 0, 0, 0) == 0xFF


@pytest.mark.parametrize("hfuse", [0x59, 0x99], ids=["RSTDISBL", "DWEN"])
def test_a_fuse_that_closes_isp_counts_from_the_next_start(hfuse: int) -> None:
    with _isp() as isp:
        isp(0xAC, 0xA8, 0, hfuse)
        assert isp(0x58, 8, 0, 0) == hfuse
        assert isp(0x30, 0, 0, 0) == 0x1E
        isp.leave()
        isp.enter()
        assert isp(0x30, 0, 0, 0) == 0xFF


def test_spien_cannot_be_cleared_from_here() -> None:
    with _isp() as isp:
        isp(0xAC, 0xA8, 0, 0xF9)
        assert isp(0x58, 8, 0, 0) == 0xD9


def test_a_target_slower_than_four_sck_periods_is_not_heard() -> None:
    with _isp(hz=128000) as isp:
        assert isp(0x30, 0, 0, 0) == 0xFF
        assert isp.rig.counters()["isp_too_fast"] > 0


def test_programming_enable_comes_too_early_for_a_slow_starter() -> None:
    with _isp(enable_us=60000) as isp:  # the sketch waits for 50 ms
        assert isp(0x30, 0, 0, 0) == 0xFF


def test_the_extended_address_reaches_the_upper_half() -> None:
    with _isp(TARGETS["m2560"]) as isp:
        isp(0x4D, 0, 1, 0)
        _write_word(isp, 0x0080, 0xAB, 0xCD)
        assert isp(0x20, 0, 0x80, 0) == 0xAB
        isp(0x4D, 0, 0, 0)
        assert isp(0x20, 0, 0x80, 0) == 0xFF
        assert isp.rig.dump().flash[0x20100:0x20102].hex() == "abcd"


def test_spi_takes_its_eight_clocks_a_byte() -> None:
    with Rig(arduino_isp(1000000)) as rig:
        rig.control.run(1_000_000_000)
        rig.control.open(1000000)
        rig.control.exchange(b"P ", 0.1)
        assert rig.control.exchange(b"u ") == b"\x14\x1e\x95\x0f\x10"
        times = [line.us for line in rig.trace() if line.mark == "<"][-4:-1]
        # 125 kHz: 16 MHz by 128, four bytes to a signature byte.
        assert times[1] - times[0] == pytest.approx(4 * 64, abs=12)
        assert times[2] - times[1] == pytest.approx(4 * 64, abs=12)
