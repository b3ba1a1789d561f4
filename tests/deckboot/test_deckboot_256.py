"""The loader of 256 bytes: what it keeps, what it refuses, what it cannot."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from deckboot_rig import LAYOUTS, STANDSTILL, Host, Loader, loader, rig, signature_row
from reporting import Watcher, behind

from avrdeck.boards.catalog import part
from avrdeck.boards.deckboot import Wish

pytestmark = pytest.mark.usefixtures("bench")

PARTS = ["ATmega168P", "ATmega88P"]
IN_STEP = b"\x14\x10"
REFUSED = b"\x14\x14"


def _small(name: str = "ATmega168P", wish: Wish | None = None) -> Loader:
    return loader(name, wish=wish, small=True)


@pytest.mark.parametrize("name", PARTS)
def test_it_says_who_the_chip_is(name: str) -> None:
    with rig(_small(name)) as bench:
        host = Host(bench)
        host.enter()
        assert host.ask(b"u", 3) == part(name).signature
        row = bytes(host.universal(0x30 | (at & 1) << 3, 0, at >> 1, 0) for at in range(64))
        assert row == signature_row(name)
        fuses = [(0x50, 0x00), (0x58, 0x00), (0x50, 0x08), (0x58, 0x08)]
        assert [host.universal(*pair, 0, 0) for pair in fuses] == [0xE7, 0xFF, 0xFD, 0xDE]
        told = [host.ask(bytes([0x41, parameter]), 1)[0] for parameter in (0x80, 0x81, 0x82, 0x93, 0x98)]
        assert told == [0xDB, 2, 0, 0x2C, 0xDB]


@pytest.mark.parametrize("command", [b"0", b"1", b"P", b"R", b"B" + bytes(20), b"E" + bytes(5)])
def test_other_commands_are_accepted_and_do_nothing(command: bytes) -> None:
    with rig(_small()) as bench:
        host = Host(bench)
        host.enter()
        assert host(command + b" ") == IN_STEP


def test_an_eop_among_the_data_does_not_end_the_command() -> None:
    with rig(_small()) as bench:
        host = Host(bench)
        host.enter()
        assert host.program(0x400, b" " * 128) == IN_STEP
        assert host.read(0x400, 128) == b" " * 128


@pytest.mark.parametrize("name", PARTS)
def test_pages_everywhere_below_the_loader_and_none_in_it(name: str) -> None:
    one, layout = _small(name), LAYOUTS[name]
    with rig(one) as bench:
        host = Host(bench)
        host.enter()
        data = random.Random(name).randbytes(layout.page)
        for place in (layout.page, layout.nrww - layout.page, layout.nrww, one.variant.start - layout.page):
            for content in (bytes(layout.page), data):
                assert host.program(place, content) == IN_STEP
                assert host.read(place, layout.page) == content
        for place in range(one.variant.start, layout.flash, layout.page):
            assert host.program(place, bytes(layout.page)) == REFUSED
        assert host.read(one.variant.start, 256) == one.section
        assert bench.dump().device_flash[one.variant.start :] == one.section
        assert bench.counters()["overruns"] == bench.counters()["spm_refused"] == 0


@pytest.mark.parametrize("letter", [*(ord("F") ^ 1 << bit for bit in range(8)), ord("E")])
def test_other_letters_are_refused(letter: int) -> None:
    one = _small()
    with rig(one) as bench:
        host = Host(bench)
        host.enter()
        assert host.program(0x400, bytes(128), bytes([letter])) == REFUSED
        assert host(b"t\x00\x80" + bytes([letter]) + b" ") == REFUSED
        assert bench.dump().device_flash[2:] == one.flash[2:]


def test_eeprom_is_refused() -> None:
    one = _small()
    with rig(one) as bench:
        host = Host(bench)
        host.enter()
        assert host.program(0, b"\x12\x34", b"E") == REFUSED
        host.load(0)
        assert host(b"t\x00\x04E ") == REFUSED
        dump = bench.dump()
        assert set(dump.device_eeprom) == {0xFF}
        assert dump.device_flash[2:] == one.flash[2:]


@pytest.mark.parametrize(
    ("name", "wish", "ppm"),
    [
        ("ATmega168P", Wish(), 20_000), ("ATmega168P", Wish(8_000_000, 57_600), -20_000),
        ("ATmega88P", Wish(), 0),
    ],
)  # fmt: skip
def test_avrdude_fills_all_below_it(tmp_path: Path, name: str, wish: Wish, ppm: int) -> None:
    one, layout = _small(name, wish), LAYOUTS[name]
    flash = STANDSTILL + random.Random(name).randbytes(one.variant.start - 2)
    (tmp_path / "flash.bin").write_bytes(flash)
    with rig(one, dtr_reset=True, ppm=ppm, usb_ms=1) as bench:
        write = ("-U", f"flash:w:{tmp_path}/flash.bin:r", "-U", "lfuse:r:-:h")
        done = bench.avrdude("-c", "arduino", "-b", str(wish.baud), *write, part=layout.avrdude)
        assert done.stdout.split() == ["0xe7"]
        dump = bench.dump()
        assert dump.device_flash == flash + one.section
        assert bench.counters()["overruns"] == 0


@pytest.mark.parametrize(("wish", "low", "high"), [(Wish(), 0.97, 1.06), (Wish(timeout_s=0.5), 0.46, 0.54)])
def test_the_time_out(wish: Wish, low: float, high: float) -> None:
    with behind(_small(wish=wish)) as bench:
        watcher = Watcher(bench)
        watcher.run(0.07)
        watcher.control.ask("reset")
        began = watcher.control.now
        watcher.run(2)
        assert low <= (watcher.heard[0][0] - began) / 1e9 - 0.066 <= high


def test_once_a_host_has_spoken_it_may_take_its_time() -> None:
    with behind(_small()) as bench:
        watcher = Watcher(bench)
        watcher.run(0.07)
        watcher.reset("external")
        assert watcher.send(b"0 ") == IN_STEP
        watcher.run(12)
        assert watcher.heard == []
        assert watcher.send(b"0 ") == IN_STEP
