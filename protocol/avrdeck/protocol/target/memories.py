"""Flash and EEPROM by name: read, write, compare, verify."""

from __future__ import annotations

from collections.abc import Iterable

from avrdeck.boards.images import Image
from avrdeck.protocol.errors import UsageFault, VerifyError
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import eeprom, flash
from avrdeck.protocol.target.progress import Operation, Progress, ProgressHandler, unwatched

TRANSFERABLE = ("flash", "eeprom")


async def read(
    programmer: Programmer,
    memory: str,
    start: int = 0,
    size: int | None = None,
    watch: ProgressHandler = unwatched,
) -> bytes:
    """``size`` bytes of ``memory`` from byte address ``start``, by default all that follow."""
    if size is None:
        size = programmer.require_part().size(memory) - start
    reader = {"flash": flash.read, "eeprom": eeprom.read}.get(memory)
    if reader is None:
        raise UsageFault(f"{memory} is not read in blocks", advice=f"Choose {' or '.join(TRANSFERABLE)}.")
    return await reader(programmer, start, size, watch)


async def write(
    programmer: Programmer, image: Image, *, erased: bool, watch: ProgressHandler = unwatched
) -> None:
    """Write ``image`` into its memory; see `flash.write` for ``erased``."""
    if image.memory == "eeprom":
        await eeprom.write(programmer, image, watch)
    else:
        await flash.write(programmer, image, erased=erased, watch=watch)


async def differences(
    programmer: Programmer, image: Image, watch: ProgressHandler = unwatched
) -> list[tuple[int, int]]:
    """Where the chip differs from the bytes that ``image`` defines, as (start, end) byte ranges."""
    wrong: list[int] = []
    done = 0
    for segment in image.segments:

        def count(progress: Progress, before: int = done) -> None:
            seen = min(before + progress.done, image.size)
            watch(Progress(Operation.VERIFY, image.memory, progress.address, seen, image.size))

        found = await read(programmer, image.memory, segment.start, len(segment.data), count)
        if found != segment.data:
            pairs = enumerate(zip(found, segment.data, strict=True), segment.start)
            wrong += [address for address, (there, wanted) in pairs if there != wanted]
        done += len(segment.data)
    return ranges(wrong)


async def verify(programmer: Programmer, image: Image, watch: ProgressHandler = unwatched) -> None:
    """Raise `VerifyError` unless the chip holds what ``image`` defines."""
    wrong = await differences(programmer, image, watch)
    if wrong:
        count = sum(end - start for start, end in wrong)
        raise VerifyError(
            image.memory,
            wrong,
            f"{image.memory} differs from {image.file or 'the image'} in {count} of {image.size} bytes",
            detail=f"The first are {_shown(wrong[0])}; there are {len(wrong)} such ranges.",
            advice="Write again; if it stays, check the supply, the wires and the lock bits.",
        )


def ranges(addresses: Iterable[int]) -> list[tuple[int, int]]:
    """Ascending addresses as (start, end) ranges of neighbours; ends are exclusive."""
    found: list[tuple[int, int]] = []
    for address in addresses:
        if found and found[-1][1] == address:
            found[-1] = found[-1][0], address + 1
        else:
            found.append((address, address + 1))
    return found


def _shown(extent: tuple[int, int]) -> str:
    start, end = extent
    return f"0x{start:04X}" if end == start + 1 else f"0x{start:04X} to 0x{end - 1:04X}"
