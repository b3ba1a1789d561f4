"""Debian's unmodified avrdude, as the Arduino IDE calls it, writes and verifies through deckboot."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from deckboot_rig import LAYOUTS, STANDSTILL, STARTED, Host, Loader, loader, rig
from rig import Rig

from avrdeck.boards.deckboot import Entry, Wish

pytestmark = pytest.mark.usefixtures("bench")

KIB = 1024
FLASH_BYTES = 30 * KIB
EEPROM_BYTES = KIB
CLOCKS = [(16_000_000, 115_200), (8_000_000, 57_600)]
# The bench finds no start bits after 2^34 cycles: a new one, with the same chip, is taken in time.
ROUNDS_A_RIG = 25
PPM = [0, 20_000, -20_000]


def _content(seed: int, size: int) -> bytes:
    """Random, but the application it makes stands still: the bench is no place for random code."""
    return STANDSTILL + random.Random(seed).randbytes(size - 2)


def _write(bench: Rig, folder: Path, one: Loader, flash: bytes, eeprom: bytes, *options: str) -> None:
    layout = LAYOUTS[one.variant.parts[0]]
    (folder / "flash.bin").write_bytes(flash)
    (folder / "eeprom.bin").write_bytes(eeprom)
    actions = ("-U", f"flash:w:{folder}/flash.bin:r", "-U", f"eeprom:w:{folder}/eeprom.bin:r")
    bench.avrdude("-c", "arduino", "-b", str(one.wish.baud), *options, *actions, part=layout.avrdude)
    dump = bench.dump()
    assert dump.device_flash[: len(flash)] == flash
    assert dump.device_flash[one.variant.start :] == one.section
    assert dump.device_eeprom[: len(eeprom)] == eeprom


def _disturb(bench: Rig, dice: random.Random) -> None:
    """Resets at any time: in the application, in the loader, in the middle of a page."""
    control = bench.control
    control.run(0)
    for _ in range(dice.randrange(4)):
        control.run(control.now + dice.randrange(2_000_000_000))
        control.ask("reset")
        if dice.random() < 0.7:
            control.run(control.now + STARTED)
            control.ask("open")
            control.ask(f"baud {bench.firmware.baud}")
            page = b"0 U\x00\x05 d\x00\x80F" + bytes(128) + b" "
            control.write(page[: dice.randrange(len(page))])
            control.run(control.now + dice.randrange(20_000_000))
            control.ask("reset")
            control.ask("close")


def _rounds(folder: Path, clock: tuple[int, int], ppm: int, rounds: int) -> None:
    one = loader(wish=Wish(*clock))
    dice = random.Random(ppm)
    flash, eeprom = STANDSTILL, b""
    for first in range(0, rounds, ROUNDS_A_RIG):
        with rig(one, application=flash, eeprom=eeprom, dtr_reset=True, ppm=ppm) as bench:
            for seed in range(first, min(first + ROUNDS_A_RIG, rounds)):
                _disturb(bench, dice)
                flash, eeprom = _content(seed, FLASH_BYTES), dice.randbytes(EEPROM_BYTES)
                _write(bench, folder, one, flash, eeprom)
            assert bench.counters()["host_framing_errors"] == bench.counters()["watchdog_resets"] == 0


@pytest.mark.parametrize(("clock", "ppm"), [(CLOCKS[0], -20_000), (CLOCKS[1], 20_000)])
def test_30_kib_and_all_of_eeprom(tmp_path: Path, clock: tuple[int, int], ppm: int) -> None:
    _rounds(tmp_path, clock, ppm, 1)


@pytest.mark.long
@pytest.mark.parametrize("ppm", PPM)
@pytest.mark.parametrize("clock", CLOCKS, ids=["16 MHz", "8 MHz"])
def test_fifty_times_with_resets_in_between(tmp_path: Path, clock: tuple[int, int], ppm: int) -> None:
    _rounds(tmp_path, clock, ppm, 50)


@pytest.mark.parametrize("name", [name for name in LAYOUTS if name != "ATmega328P"])
def test_every_part(tmp_path: Path, name: str) -> None:
    one = loader(name)
    with rig(one, dtr_reset=True) as bench:
        _write(bench, tmp_path, one, _content(1, 3 * KIB), random.Random(2).randbytes(48))
        assert bench.counters()["overruns"] == 0


def test_beyond_64_kib(tmp_path: Path) -> None:
    one = loader("ATmega1284P")
    flash = STANDSTILL + bytes(0xFC00 - 2) + random.Random(3).randbytes(2 * KIB)
    (tmp_path / "flash.bin").write_bytes(flash)
    with rig(one, dtr_reset=True) as bench:
        bench.avrdude(
            "-c", "arduino", "-b", "115200", "-D", "-U", f"flash:w:{tmp_path}/flash.bin:r", part="m1284p"
        )
        dump = bench.dump()
        assert dump.device_flash[: len(flash)] == flash
        assert dump.device_flash[one.variant.start :] == one.section


def test_the_last_page_below_the_loader(tmp_path: Path) -> None:
    one = loader()
    with rig(one, dtr_reset=True) as bench:
        _write(bench, tmp_path, one, _content(4, one.variant.start), b"\x00", "-D")


@pytest.mark.parametrize("entry", Entry)
def test_a_button_instead_of_dtr(tmp_path: Path, entry: Entry) -> None:
    one = loader(entry=entry)
    with rig(one) as bench:
        Host(bench).reset()
        bench.control.ask("close")
        _write(bench, tmp_path, one, _content(5, KIB), b"\x12\x34")


def test_fuses_and_the_signature_are_the_chip_s_own() -> None:
    with rig(loader(), dtr_reset=True) as bench:
        reads = [f"-U{memory}:r:-:h" for memory in ("lfuse", "hfuse", "efuse", "lock", "signature")]
        done = bench.avrdude("-c", "arduino", "-b", "115200", "-v", *reads)
        assert done.stdout.split() == ["0xe7", "0xde", "0xfd", "0xff", "0x1e,0x95,0xf"]
        assert "Firmware Version" in done.stderr


def test_leaving_starts_the_application(tmp_path: Path) -> None:
    """An `sbi DDRD, 7` and an end: data direction tells that it ran."""
    (tmp_path / "flash.bin").write_bytes(bytes.fromhex("579a ffcf"))
    with rig(loader(), dtr_reset=True) as bench:
        bench.avrdude("-c", "arduino", "-b", "115200", "-D", "-U", f"flash:w:{tmp_path}/flash.bin:r")
        bench.control.run(bench.counters()["now_ns"] + 1_000_000)
        assert bench.control.ask("peek 2a") == "80"
