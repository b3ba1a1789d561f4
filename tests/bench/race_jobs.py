"""The jobs of the race, with the seconds that must hold."""

from __future__ import annotations

import random
from collections.abc import Callable

from firmware import arduino_isp, optiboot
from race import Job, Work
from rig import Dump

from avrdeck.boards.images import Image
from avrdeck.jobs.burn import BurnPlan, burn
from avrdeck.jobs.writing import write_image
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import memories

NOISE = random.Random(328).randbytes(32768)
UPLOAD = NOISE[:30720]
LOADER = Image.of(NOISE[:512], 0x7E00)
FUSES = {"lfuse": 0xFF, "hfuse": 0xDE, "efuse": 0xFD}
LOCK = 0xCF
USED_BITS = (0xFF, 0xFF, 0x07, 0x3F)
"""Of the low, high and extended fuse and the lock byte."""

ISP = ("-c", "stk500v1")
ISP_EEPROM = ("-c", "arduino")
"""avrdude 7.1 counts EEPROM addresses as the sketch does only under this name."""
IDE_BURN = (
    (
        *ISP, "-e", "-U", "lock:w:0xFF:m",
        "-U", "efuse:w:0xFD:m", "-U", "hfuse:w:0xDE:m", "-U", "lfuse:w:0xFF:m",
    ),
    (*ISP, "-U", "flash:w:{hex}:i", "-U", "lock:w:0xCF:m"),
)  # fmt: skip
"""What the Arduino IDE does, in two sessions."""


async def _nothing(programmer: Programmer) -> None:
    """The target is identified already."""


async def _reads(programmer: Programmer) -> None:
    assert await memories.read(programmer, "flash") == NOISE


async def _burns(programmer: Programmer) -> None:
    await burn(programmer, BurnPlan(LOADER, FUSES, LOCK))


async def _uploads(programmer: Programmer) -> None:
    await memories.write(programmer, Image.of(UPLOAD), erased=False)
    await memories.verify(programmer, Image.of(UPLOAD))


def _writes(memory: str, content: bytes, *, erase: bool) -> Work:
    async def work(programmer: Programmer) -> None:
        await write_image(programmer, Image.of(content, memory=memory), erase=erase)

    return work


def _flash_is(content: bytes, start: int = 0) -> Callable[[Dump], bool]:
    def holds(dump: Dump) -> bool:
        return dump.flash == (b"\xff" * start + content).ljust(len(dump.flash), b"\xff")

    return holds


def _burnt(dump: Dump) -> bool:
    rows = zip(dump.fuses, (*FUSES.values(), LOCK), USED_BITS, strict=True)
    return _flash_is(NOISE[:512], LOADER.start)(dump) and all(not (a ^ b) & used for a, b, used in rows)


def _flash_job(title: str, baud: int, size: int, known: float, reach: float) -> Job:
    content = NOISE[:size]
    return Job(
        title,
        lambda: arduino_isp(baud),
        avrdude=((*ISP, "-U", "flash:w:{bin}:r"),),
        work=_writes("flash", content, erase=True),
        known=known,
        reach=reach,
        content=content,
        holds=_flash_is(content),
    )


FULL = {19_200: (54.9, 44.8), 115_200: (29.6, 27.0), 1_000_000: (26.6, 21.0)}
"""By baud, for an image that fills the flash: what is known of avrdude, and what avrdeck must reach."""
JOBS = (
    Job("identify", arduino_isp, (ISP,), _nothing, known=0.63, reach=0.15),
    _flash_job("32 KiB write + verify", 19_200, len(NOISE), *FULL[19_200]),
    Job(
        "32 KiB read",
        arduino_isp,
        avrdude=((*ISP, "-U", "flash:r:{out}:r"),),
        work=_reads,
        known=19.6,
        reach=17.3,
        before=NOISE,
    ),
    Job(
        "EEPROM 1 KiB write + verify",
        arduino_isp,
        avrdude=((*ISP_EEPROM, "-U", "eeprom:w:{bin}:r"),),
        work=_writes("eeprom", NOISE[:1024], erase=False),
        known=51.9,
        reach=6.0,
        content=NOISE[:1024],
        holds=lambda dump: dump.eeprom == NOISE[:1024],
    ),
    Job(
        "burn a 512-byte bootloader",
        arduino_isp,
        avrdude=IDE_BURN,
        work=_burns,
        known=2.67,
        reach=1.1,
        content=NOISE[:512],
        start=LOADER.start,
        holds=_burnt,
    ),
    _flash_job("9 KiB sketch, erase, write, verify", 19_200, 9_216, known=15.9, reach=12.8),
    Job(
        "30 KiB upload + verify",
        optiboot,
        avrdude=(("-c", "arduino", "-D", "-U", "flash:w:{bin}:r"),),
        work=_uploads,
        known=7.67,
        reach=6.8,
        content=UPLOAD,
        holds=lambda dump: dump.device_flash[: len(UPLOAD)] == UPLOAD,
    ),
    _flash_job("32 KiB write + verify", 115_200, len(NOISE), *FULL[115_200]),
    _flash_job("32 KiB write + verify", 1_000_000, len(NOISE), *FULL[1_000_000]),
)
"""The table of what must hold, in its order."""

IDENTIFY_S = 0.15
SAMPLE_BYTES = 4096
SAMPLES = tuple(
    _flash_job(
        f"4 KiB write + verify at {baud}",
        baud,
        SAMPLE_BYTES,
        known * SAMPLE_BYTES / len(NOISE),
        IDENTIFY_S + (reach - IDENTIFY_S) * SAMPLE_BYTES / len(NOISE),
    )
    for baud, (known, reach) in FULL.items()
)
"""A part of the images that fill the flash, in that part of the time, for tests."""
