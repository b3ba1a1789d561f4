"""What software can do to its own chip takes its time and has its conditions."""

from __future__ import annotations

import pytest
from monitor import Monitor, monitor
from rig import Rig

MCUSR, EECR, EEDR, EEARL, EEARH, WDTCSR, SPMCSR = 0x54, 0x3F, 0x40, 0x41, 0x42, 0x60, 0x57
ERASE, WRITE, FILL, RWWSRE, BLBSET, SIGRD = 0x03, 0x05, 0x01, 0x11, 0x09, 0x21
RWWSB, SPMEN, EEPE, WDE = 0x40, 0x01, 0x02, 0x08
MS = 1_000_000
PAGE = 0x0200


def _settle(rig: Rig, ms: float) -> None:
    rig.control.run(rig.control.now + round(ms * MS))


def _write_page(rig: Rig, chip: Monitor, word: int) -> None:
    for control in (ERASE, FILL, WRITE):
        chip.spm(PAGE, control, word)
        _settle(rig, 5)
    chip.spm(PAGE, RWWSRE)


def test_an_erase_hides_the_rww_section_until_rwwsre() -> None:
    with Rig(monitor()) as rig:
        chip = Monitor(rig)
        _write_page(rig, chip, 0x1234)
        assert chip.load(PAGE) == 0x34
        status = chip.spm(0x0400, ERASE)[0]
        assert status & (RWWSB | SPMEN) == RWWSB | SPMEN
        assert chip.load(PAGE) == 0xFF
        _settle(rig, 5)
        assert chip.read(SPMCSR) & (RWWSB | SPMEN) == RWWSB
        assert chip.load(PAGE) == 0xFF
        chip.spm(PAGE, RWWSRE)
        assert chip.load(PAGE) == 0x34


def test_an_erase_takes_four_milliseconds() -> None:
    with Rig(monitor()) as rig:
        chip = Monitor(rig)
        begun = rig.control.now
        chip.spm(PAGE, ERASE)
        while chip.read(SPMCSR) & SPMEN:
            pass
        assert 4 * MS <= rig.control.now - begun <= 6.1 * MS


def test_the_cpu_stands_still_while_its_own_section_changes() -> None:
    with Rig(monitor()) as rig:
        chip = Monitor(rig)
        assert chip.spm(0x7000, ERASE) == b""  # no answer within a millisecond
        late = rig.control.run(rig.control.now + 10 * MS)
        assert [byte & (RWWSB | SPMEN) for _, byte in late] == [0]


def test_without_erase_flash_only_loses_bits() -> None:
    with Rig(monitor()) as rig:
        chip = Monitor(rig)
        _write_page(rig, chip, 0x00F0)
        for control in (FILL, WRITE):
            chip.spm(PAGE, control, 0x003C)
            _settle(rig, 5)
        chip.spm(PAGE, RWWSRE)
        assert chip.load(PAGE) == 0x30


def test_spm_after_its_window_does_nothing() -> None:
    with Rig(monitor()) as rig:
        chip = Monitor(rig)
        chip.write(SPMCSR, ERASE)
        assert chip.read(SPMCSR) & SPMEN == 0
        assert rig.counters()["spm_erases"] == 0


def test_lock_bits_keep_spm_out() -> None:
    with Rig(monitor(), options={"lock": "0f"}) as rig:  # BLB1 mode 3: the boot section is closed
        chip = Monitor(rig)
        chip.spm(0x7C00, ERASE)
        chip.spm(PAGE, ERASE)
        _settle(rig, 5)
        counters = rig.counters()
        assert (counters["spm_refused"], counters["spm_erases"]) == (1, 1)


def test_lpm_reads_fuses_lock_bits_and_the_signature_row() -> None:
    row = bytes(range(0x80, 0xA0))
    options: dict[str, float | str] = {"lfuse": "e2", "efuse": "fd", "lock": "3f"}
    with Rig(monitor(), row=row, options=options) as rig:
        chip = Monitor(rig)
        assert [chip.row(z, BLBSET) for z in range(4)] == [0xE2, 0x3F, 0xFD, 0xDC]
        assert [chip.row(z, SIGRD) for z in (0, 2, 4)] == [0x1E, 0x95, 0x0F]
        assert [chip.row(z, SIGRD) for z in (1, 14, 23)] == [row[1], row[14], row[23]]
        assert chip.row(0x7C00, SIGRD, late=True) == chip.load(0x7C00)


def test_blbset_programs_lock_bits_and_cannot_clear_them() -> None:
    with Rig(monitor()) as rig:
        chip = Monitor(rig)
        chip.spm(1, BLBSET, 0xFFEF)
        _settle(rig, 5)
        chip.spm(1, BLBSET, 0xFFFE)
        _settle(rig, 5)
        assert chip.row(1, BLBSET) == 0xEE


def test_an_eeprom_write_takes_3_4_ms_and_needs_eempe() -> None:
    with Rig(monitor()) as rig:
        chip = Monitor(rig)
        for register, value in ((EEARL, 0x21), (EEARH, 0x01), (EEDR, 0xA5)):
            chip.write(register, value)
        chip.write(EECR, EEPE)
        assert chip.read(EECR) & EEPE == 0
        begun = rig.control.now
        chip.twice(EECR, 0x04, 0x06)
        while chip.read(EECR) & EEPE:
            pass
        assert 3.4 * MS <= rig.control.now - begun <= 5.5 * MS
        assert rig.dump().device_eeprom[0x121] == 0xA5
        chip.write(EEDR, 0)
        chip.write(EECR, 0x01)
        assert chip.read(EEDR) == 0xA5


@pytest.mark.parametrize(("cause", "flags"), [("power", 0x01), ("external", 0x02), ("watchdog", 0x08)])
def test_mcusr_names_the_reset(cause: str, flags: int) -> None:
    with Rig(monitor()) as rig:
        chip = Monitor(rig)
        assert chip.read(MCUSR) == 0x01
        chip.write(MCUSR, 0)
        if cause == "power":
            rig.control.ask("power 0")
            rig.control.ask("power 1")
        elif cause == "external":
            rig.control.ask("reset")
        else:
            chip.twice(WDTCSR, 0x18, WDE)
            _settle(rig, 17)
        _settle(rig, 67)
        assert chip.read(MCUSR) == flags
        assert bool(chip.read(WDTCSR) & WDE) is (cause == "watchdog")


def test_the_watchdog_bites_again_until_it_is_turned_off() -> None:
    with Rig(monitor()) as rig:
        chip = Monitor(rig)
        chip.twice(WDTCSR, 0x18, WDE)
        _settle(rig, 500)
        assert rig.counters()["watchdog_resets"] > 3


def test_a_power_cut_leaves_a_mixture_and_what_was_there() -> None:
    with Rig(monitor()) as rig:
        chip = Monitor(rig)
        _write_page(rig, chip, 0x0000)
        chip.spm(PAGE, ERASE)
        rig.control.ask("power 0")
        flash = rig.dump().device_flash
        assert flash[PAGE] not in (0x00, 0xFF)
        assert flash[0x7C00] == monitor().image.read_bytes()[0x7C00]
        rig.control.ask("power 1")
        _settle(rig, 70)
        assert chip.load(PAGE) == flash[PAGE]
