"""What a reset leaves, on old parts and new ones, and what a copy and a long time change: nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from firmware import Firmware, arduino_isp
from monitor import Monitor, monitor
from rig import Rig

MCUSR = 0x54
SPL, SPH = 0x5D, 0x5E
STANDSTILL = b"\xff\xcf"
AWAKE_NS = 70_000_000
LONG_NS = 2_000_000_000_000
"""More than 2 ** 34 cycles."""


@pytest.mark.parametrize("bit", [0x02, 0x04, 0x08])
def test_a_reset_has_the_cause_it_is_given(bit: int) -> None:
    with Rig(monitor()) as rig:
        chip = Monitor(rig)
        rig.control.ask(f"reset {bit:x}")
        chip = Monitor(rig)
        assert chip.read(MCUSR) == 0x01 | bit
        assert [line.byte for line in rig.trace() if line.mark == "R"] == [0x01, bit]


@pytest.mark.parametrize("cause", ["0", "3", "20", "x"])
def test_a_reset_has_one_cause(cause: str) -> None:
    with Rig(monitor()) as rig, pytest.raises(RuntimeError, match="one bit of MCUSR"):
        rig.control.ask(f"reset {cause}")


@pytest.mark.parametrize(
    ("mcu", "ucsrb", "ubrrh", "stack"),
    [("atmega328p", 0xC1, 0xC5, 0x08FF), ("atmega8", 0x2A, 0x40, 0), ("atmega32", 0x2A, 0x40, 0)],
)
def test_the_usart_is_off_after_a_reset(tmp_path: Path, mcu: str, ucsrb: int, ubrrh: int, stack: int) -> None:
    (tmp_path / "image").write_bytes(STANDSTILL)
    with Rig(
        Firmware("nothing", tmp_path / "image", 115200), options={"mcu": mcu, "nrww_start": "1800"}
    ) as rig:
        rig.control.run(AWAKE_NS)
        seen = [int(rig.control.ask(f"peek {at:x}"), 16) for at in (ucsrb, ubrrh, SPL, SPH)]
        assert seen == [0, 0, stack & 0xFF, stack >> 8]


def test_bytes_arrive_after_a_long_time_too() -> None:
    with Rig(arduino_isp()) as rig:
        rig.control.ask("power 0")
        rig.control.run(LONG_NS)
        rig.control.ask("power 1")
        rig.control.run(rig.control.now + 1_000_000_000)
        rig.control.open(19200)
        for _ in range(20):
            assert rig.control.exchange(b"1 ") == b"\x14AVR ISP\x10"
        assert rig.counters()["cycles"] > 1 << 34


def test_a_copy_goes_on_from_here_without_the_bench() -> None:
    with Rig(arduino_isp()) as rig:
        rig.control.run(1_000_000_000)
        rig.control.open(19200)
        rig.control.write(b"1 ")
        rig.control.run(rig.control.now + 700_000)  # in the middle of a byte
        for _ in range(2):
            with rig.copy() as control:
                assert control.exchange(b"") == b"\x14AVR ISP\x10"
                control.ask("power 0")
        assert rig.control.exchange(b"") == b"\x14AVR ISP\x10"
        assert rig.counters()["host_bytes_out"] == 2
        assert sum(line.mark == ">" for line in rig.trace()) == 2


def test_the_memories_can_be_read_while_software_cannot() -> None:
    with Rig(monitor(), eeprom=b"\x12\x34") as rig:
        chip = Monitor(rig)
        chip.spm(0x0400, 0x03)
        assert chip.load(0) == 0xFF
        dump = rig.dump()
        assert rig.control.memory("flash") == dump.device_flash
        assert rig.control.memory("eeprom") == dump.device_eeprom == b"\x12\x34".ljust(1024, b"\xff")
        assert dump.device_flash[:2] != b"\xff\xff"
