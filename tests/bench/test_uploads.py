"""Uploads and the doctor on real firmware: Optiboot, ATmegaBOOT and the ArduinoISP sketch."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from bench_transport import BenchTransport
from firmware import Firmware, arduino_isp, atmegaboot, optiboot
from rig import Rig

from avrdeck.boards.images import Image
from avrdeck.jobs.doctor.diagnosing import diagnose
from avrdeck.jobs.doctor.model import Report
from avrdeck.jobs.upload.bootloading import upload
from avrdeck.jobs.upload.model import Plan, UploadReceipt
from avrdeck.jobs.upload.reaching import Way, reach_bootloader
from avrdeck.jobs.upload.touching import Surroundings
from avrdeck.protocol.errors import UsageFault
from avrdeck.protocol.transports.base import Transport

OLD = random.Random(3).randbytes(4000)
PAGE = 128
NEW = OLD[:1000] + b"changed" + OLD[1007:]


async def uploaded(rig: Rig, content: bytes, *, delta: bool) -> UploadReceipt:
    """Reset the board by DTR, find its bootloader whatever its speed, upload, let the sketch run."""

    async def opened(port: str, baud: int) -> Transport:
        return BenchTransport(rig, baud)

    programmer = await reach_bootloader(Way("bench"), around=Surroundings(open=opened))
    await programmer.identify()
    receipt = await upload(programmer, Plan(Image.of(content, file="blink.hex"), delta))
    await programmer.leave()
    await programmer.link.close()
    return receipt


@pytest.mark.parametrize("loader", [optiboot, atmegaboot])
async def test_a_delta_upload_writes_one_page_and_nothing_else(loader: Callable[[], Firmware]) -> None:
    with Rig(loader(), dtr_reset=True) as rig:
        first = await uploaded(rig, OLD, delta=False)
        second = await uploaded(rig, NEW, delta=True)
        assert (first.pages_written, second.pages_written) == (32, 1)
        flash, image = rig.dump().device_flash, rig.firmware.image.read_bytes()
        assert flash == (NEW + b"\xff" * 96)[: 32 * 128] + image[32 * 128 :]


@pytest.mark.parametrize("loader", [optiboot, atmegaboot])
async def test_an_upload_that_a_reset_ended_within_a_page_can_be_repeated(
    loader: Callable[[], Firmware],
) -> None:
    page, content = bytes(PAGE), random.Random(5).randbytes(PAGE)
    with Rig(loader(), dtr_reset=True) as rig:
        control, baud = rig.control, rig.firmware.baud
        for late_ms in range(0, 13, 3):
            control.open(baud)
            control.run(control.now + 70_000_000)
            assert control.exchange(b"0 ", 0.5) == b"\x14\x10"
            assert control.exchange(b"U\0\0 ") == b"\x14\x10"
            control.write(b"d\0\x80F" + page + b" ")
            control.run(control.now + (PAGE + 5) * 10 * 1_000_000_000 // baud + late_ms * 1_000_000)
            control.ask("reset 2")
            control.ask("close")
            await uploaded(rig, content, delta=False)
            assert rig.dump().device_flash[:PAGE] == content


async def test_a_real_optiboot_of_a_kilobyte_is_seen_and_spared() -> None:
    """The compiler here makes it larger than its usual 512 bytes; nothing that it answers says so."""
    with Rig(optiboot(), dtr_reset=True) as rig:
        before = rig.dump().device_flash
        with pytest.raises(UsageFault, match="begins at 0x7C00"):
            await uploaded(rig, random.Random(4).randbytes(0x7D00), delta=False)
        assert rig.dump().device_flash == before


async def doctored(rig: Rig) -> Report:
    async def opened(port: str, baud: int) -> Transport:
        return BenchTransport(rig, baud)

    return await diagnose("bench", opener=opened)


async def test_the_doctor_knows_the_real_sketch_and_its_target() -> None:
    with Rig(arduino_isp(19_200)) as rig:
        report = await doctored(rig)
        assert report.diagnosis.healthy
        assert next(check.seen for check in report.checks if check.name == "19200").startswith(
            "ArduinoISP 1.18"
        )
        assert rig.dump().flash.strip(b"\xff") == b""


@pytest.mark.parametrize(("loader", "name"), [(optiboot, "Optiboot"), (atmegaboot, "ATmegaBOOT")])
async def test_the_doctor_knows_real_bootloaders(loader: Callable[[], Firmware], name: str) -> None:
    with Rig(loader(), dtr_reset=True) as rig:
        before = rig.dump().device_flash
        report = await doctored(rig)
        assert report.diagnosis.title.startswith(name)
        assert rig.dump().device_flash == before
