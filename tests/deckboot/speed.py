"""The same upload through deckboot and through Optiboot: seconds on the wire, simulated, and bytes.

    python tests/deckboot/speed.py

30 KiB, avrdeck's upload job and Debian's avrdude, on the rig of `tests/bench/race.py`.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent / "bench"))

from deckboot_rig import STANDSTILL, flashed, loader
from firmware import Firmware, optiboot
from race import Job, Result, by_avrdeck, by_avrdude
from race_jobs import UPLOAD
from rig import Dump

from avrdeck.boards.images import Image
from avrdeck.jobs.upload.bootloading import upload
from avrdeck.jobs.upload.model import Plan
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import memories

CONTENT = STANDSTILL + UPLOAD[2:]


def deckboot() -> Firmware:
    """Ours, for the same chip and line."""
    return flashed(loader())


LOADERS = {"deckboot": deckboot, "Optiboot": optiboot}


async def _uploads(programmer: Programmer) -> None:
    await upload(programmer, Plan(Image.of(CONTENT, file="random.bin")))


async def _writes_and_verifies(programmer: Programmer) -> None:
    image = Image.of(CONTENT)
    await memories.write(programmer, image, erased=False)
    await memories.verify(programmer, image)


WORKS = {"the upload job": _uploads, "write and verify": _writes_and_verifies}


def job(name: str, work: str) -> Job:
    """The job on that loader."""
    return Job(
        f"30 KiB through {name}",
        LOADERS[name],
        avrdude=(("-c", "arduino", "-D", "-U", "flash:w:{bin}:r"),),
        work=WORKS[work],
        known=0.0,
        reach=0.0,
        content=CONTENT,
        holds=_holds,
    )


def measured(name: str, work: str) -> Result:
    """What avrdeck takes for it."""
    return asyncio.run(by_avrdeck(job(name, work)))


def _holds(dump: Dump) -> bool:
    return dump.device_flash[: len(CONTENT)] == CONTENT


def _told(client: str, work: str, results: dict[str, Result]) -> None:
    for name, result in results.items():
        print(
            f"{client:8} {work:17} {name:9} {result.seconds:6.3f} s, {result.bytes_out} bytes out, "
            f"{result.bytes_in} in, {'correct' if result.correct else 'WRONG'}"
        )
    print(f"{client:8} {work:17} ratio     {results['deckboot'].seconds / results['Optiboot'].seconds:6.3f}")


def main() -> int:
    """Print the table."""
    for work in WORKS:
        _told("avrdeck", work, {name: measured(name, work) for name in LOADERS})
    usual = next(iter(WORKS))
    _told("avrdude", "", {name: by_avrdude(job(name, usual)) for name in LOADERS})
    return 0


if __name__ == "__main__":
    sys.exit(main())
