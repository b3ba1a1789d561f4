"""A client that this project did not write, against firmware that it did not write."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from firmware import Firmware, arduino_isp, atmegaboot, optiboot
from rig import TARGETS, Rig

ISP = ("-c", "stk500v1")
SETUP_NS = 1_000_000_000


def _image(folder: Path, size: int, seed: int = 1) -> tuple[str, bytes]:
    data = random.Random(seed).randbytes(size)
    (folder / "image.bin").write_bytes(data)
    return f"{folder}/image.bin:r", data


def _seconds(rig: Rig) -> float:
    """From opening the port to closing it."""
    opened = next(line.us for line in rig.trace() if line.mark == "O")
    closed = next(line.us for line in rig.trace() if line.mark == "C")
    return (closed - opened) / 1e6


def test_the_sketch_tells_the_signature() -> None:
    with Rig(arduino_isp()) as rig:
        rig.control.run(SETUP_NS)
        done = rig.avrdude(*ISP, "-b", "19200")
        assert "device signature = 0x1e950f" in done.stderr
        # 0.25 s of it is the pause after opening the port.
        assert _seconds(rig) == pytest.approx(0.63 + 0.25, abs=0.01)


@pytest.mark.parametrize("baud", [19200, 115200, 1000000])
def test_the_sketch_writes_what_it_is_told(tmp_path: Path, baud: int) -> None:
    file, data = _image(tmp_path, 1024)
    with Rig(arduino_isp(baud)) as rig:
        rig.control.run(SETUP_NS)
        rig.avrdude(*ISP, "-b", str(baud), "-U", f"flash:w:{file}")
        assert rig.dump().flash[:1024] == data
        counters = rig.counters()
        assert counters["overruns"] == counters["framing_errors"] == counters["isp_while_busy"] == 0


@pytest.mark.parametrize(("part", "size"), [("t85", 512), ("m2560", 512)])
def test_other_targets(tmp_path: Path, part: str, size: int) -> None:
    file, data = _image(tmp_path, size)
    with Rig(arduino_isp(115200), TARGETS[part]) as rig:
        rig.control.run(SETUP_NS)
        rig.avrdude(*ISP, "-b", "115200", "-U", f"flash:w:{file}", "-U", "lfuse:w:0xE2:m", part=part)
        dump = rig.dump()
        assert dump.flash[:size] == data
        assert dump.fuses[0] == 0xE2


@pytest.mark.parametrize("firmware", [optiboot, atmegaboot])
def test_bootloaders_write_flash(tmp_path: Path, firmware: Callable[[], Firmware]) -> None:
    loader = firmware()
    file, data = _image(tmp_path, 2048)
    with Rig(loader, dtr_reset=True) as rig:
        rig.avrdude("-c", "arduino", "-b", str(loader.baud), "-D", "-U", f"flash:w:{file}")
        dump = rig.dump()
        assert dump.device_flash[:2048] == data
        assert dump.device_flash[loader.boot_start :] == loader.image.read_bytes()[loader.boot_start :]
        counters = rig.counters()
        assert counters["spm_writes"] == 2048 // 128
        assert counters["overruns"] == counters["framing_errors"] == 0


def test_a_wrong_baud_gives_no_sync() -> None:
    with Rig(arduino_isp()) as rig:
        rig.control.run(SETUP_NS)
        done = rig.avrdude(*ISP, "-b", "57600", check=False)
        assert done.returncode
        assert "not in sync" in done.stderr
        assert rig.counters()["framing_errors"] > 0


def test_a_program_that_knows_nothing_of_the_bench_uses_its_pty(tmp_path: Path) -> None:
    file, data = _image(tmp_path, 2048)
    with Rig(optiboot(), pty=True, dtr_reset=True) as rig:
        time.sleep(0.1)  # wall time is this test's matter
        rig.avrdude("-c", "arduino", "-b", "115200", "-D", "-U", f"flash:w:{file}")
        assert rig.dump().device_flash[:2048] == data
        assert rig.counters()["overruns"] == 0


def test_the_pty_takes_the_line_speed_from_its_termios() -> None:
    with Rig(arduino_isp(), pty=True) as rig:
        time.sleep(0.8)
        done = rig.avrdude(*ISP, "-b", "19200")
        assert "device signature = 0x1e950f" in done.stderr
        bytes_out = [line.us for line in rig.trace() if line.mark == ">"]
        assert bytes_out[1] - bytes_out[0] == pytest.approx(10e6 / 19200, abs=0.2)


@pytest.mark.long
@pytest.mark.parametrize(
    ("baud", "arguments", "seconds"),
    [
        (19200, ("-U", "flash:w:{}"), 54.9),
        (19200, ("-V", "-U", "flash:w:{}"), 35.9),
        (115200, ("-U", "flash:w:{}"), 29.6),
        (1000000, ("-U", "flash:w:{}"), 26.6),
    ],
    ids=["19200", "19200 without verify", "115200", "1000000"],
)
def test_the_sketch_takes_as_long_as_on_another_bench(
    tmp_path: Path, baud: int, arguments: tuple[str, ...], seconds: float
) -> None:
    file, data = _image(tmp_path, 32768)
    with Rig(arduino_isp(baud)) as rig:
        rig.control.run(SETUP_NS)
        rig.avrdude(*ISP, "-b", str(baud), *(argument.format(file) for argument in arguments))
        assert rig.dump().flash == data
        assert _seconds(rig) == pytest.approx(seconds, rel=0.015)


@pytest.mark.long
def test_optiboot_takes_as_long_as_on_another_bench(tmp_path: Path) -> None:
    file, data = _image(tmp_path, 30720)
    with Rig(optiboot(), dtr_reset=True) as rig:
        rig.avrdude("-c", "arduino", "-b", "115200", "-D", "-U", f"flash:w:{file}")
        assert rig.dump().device_flash[:30720] == data
        # On top: 0.25 s of DTR pulse, 0.14 s until the loader has started and blinked.
        assert _seconds(rig) == pytest.approx(7.67 + 0.25 + 0.14, rel=0.015)
