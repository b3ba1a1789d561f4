"""Write an image into flash or EEPROM and verify it."""

from __future__ import annotations

from avrdeck.boards.images import Image
from avrdeck.jobs import erasing
from avrdeck.jobs.events import Event, EventHandler, StepDone, StepStarted, unheard
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.pages import whole_pages
from avrdeck.jobs.settling import keeping_fuses
from avrdeck.protocol.errors import VerifyError
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import fuses, memories
from avrdeck.protocol.target.progress import Progress


async def write_image(
    programmer: Programmer, image: Image, *, erase: bool = False, on_event: EventHandler = unheard
) -> None:
    """Write ``image`` into its memory and verify it, with ``erase`` after erasing the chip.

    Flash without ``erase`` is looked at first: where it would have to turn a zero into a one, nothing
    is written and `VerifyError` raised. Faults say what the chip holds.
    """
    ledger = Ledger()
    with ledger.told():
        if erase:
            await _erase(programmer, ledger, on_event)
            image = whole_pages(image, programmer.require_part()) if image.memory == "flash" else image
        elif image.memory == "flash":
            await _insist_on_room(programmer, image, on_event)
        await _write(programmer, image, ledger, on_event, erased=erase)
        on_event(StepStarted("verify", f"verify {image.memory}"))
        await memories.verify(programmer, image, on_event)
        on_event(StepDone("verify", f"{image.size} bytes agree"))


async def erase_chip(programmer: Programmer, on_event: EventHandler = unheard) -> None:
    """Erase the chip; a fault says what it holds."""
    ledger = Ledger()
    with ledger.told():
        await _erase(programmer, ledger, on_event)


async def _erase(programmer: Programmer, ledger: Ledger, on_event: EventHandler) -> None:
    on_event(StepStarted("erase", "erase the chip"))
    ledger.holds = "The chip is erased or partly so; its fuses are unchanged."
    values = await fuses.read_all(programmer) if programmer.dialect.universal else {}
    async with keeping_fuses(programmer, values):
        await erasing.erase(programmer, values)
    ledger.holds = "The chip is blank; its fuses are unchanged."


async def _write(
    programmer: Programmer, image: Image, ledger: Ledger, on_event: EventHandler, *, erased: bool
) -> None:
    def watch(event: Event) -> None:
        if isinstance(event, Progress):
            ledger.holds = (
                f"Of {image.file}, {event.memory} holds what lies below {event.address:#06x}, not more."
            )
        on_event(event)

    on_event(StepStarted("write", f"write {image.size} bytes of {image.memory}"))
    ledger.holds = f"The first bytes of {image.file} may be in {image.memory}, not more."
    await memories.write(programmer, image, erased=erased, watch=watch)
    ledger.holds = f"{image.memory} was written and is not verified."


async def _insist_on_room(programmer: Programmer, image: Image, on_event: EventHandler) -> None:
    on_event(StepStarted("look", "see whether flash has room"))
    for segment in image.segments:
        found = await memories.read(programmer, "flash", segment.start, len(segment.data), on_event)
        for address, (there, wanted) in enumerate(zip(found, segment.data, strict=True), segment.start):
            if wanted & ~there:
                raise VerifyError(
                    "flash",
                    [(address, address + 1)],
                    f"Flash is not erased: {address:#06x} holds {there:02X}, {wanted:02X} cannot go over it",
                    advice="Erase the chip first, with -e.",
                )
