"""Debian's unmodified avrdude, as the Arduino IDE calls it, writes and verifies through deckboot."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from deckboot_rig import LAYOUTS, STANDSTILL, Host, Loader, loader, rig
from rig import Rig
from rounds import CLOCKS, KIB, PPM, by_avrdude, content, insist, rounds

from avrdeck.boards.deckboot import Entry

pytestmark = pytest.mark.usefixtures("bench")


def _write(bench: Rig, one: Loader, flash: bytes, eeprom: bytes, *options: str) -> None:
    by_avrdude(bench, one, flash, eeprom, *options)
    insist(bench, one, flash, eeprom)


@pytest.mark.parametrize(("clock", "ppm"), [("16 MHz", -20_000), ("8 MHz", 20_000)])
def test_30_kib_and_all_of_eeprom(clock: str, ppm: int) -> None:
    rounds(by_avrdude, CLOCKS[clock], ppm, 1)


@pytest.mark.long
@pytest.mark.parametrize("ppm", PPM)
@pytest.mark.parametrize("clock", CLOCKS)
def test_fifty_times_with_resets_in_between(clock: str, ppm: int) -> None:
    """`python tests/deckboot/rounds.py 50 avrdude` does the same and tells what they took."""
    rounds(by_avrdude, CLOCKS[clock], ppm, 50)


@pytest.mark.parametrize("name", [name for name in LAYOUTS if name != "ATmega328P"])
def test_every_part(name: str) -> None:
    one = loader(name)
    with rig(one, dtr_reset=True) as bench:
        _write(bench, one, content(1, 3 * KIB), random.Random(2).randbytes(48))
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


def test_the_last_page_below_the_loader() -> None:
    one = loader()
    with rig(one, dtr_reset=True) as bench:
        _write(bench, one, content(4, one.variant.start), b"\x00", "-D")


@pytest.mark.parametrize("entry", Entry)
def test_a_button_instead_of_dtr(entry: Entry) -> None:
    one = loader(entry=entry)
    with rig(one) as bench:
        Host(bench).reset()
        bench.control.ask("close")
        _write(bench, one, content(5, KIB), b"\x12\x34")


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
