"""Write an image into flash or EEPROM and verify it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from avrdeck.boards.images import Image
from avrdeck.jobs import erasing
from avrdeck.jobs.backup.blankness import samples
from avrdeck.jobs.events import Event, EventHandler, StepDone, StepStarted, unheard
from avrdeck.jobs.guard import insist_on_isp
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.pages import Ready, whole_pages
from avrdeck.jobs.settling import keeping_fuses
from avrdeck.jobs.upload.pages import Page, compare, image_of, laid_anew
from avrdeck.jobs.upload.room import insist_on_room
from avrdeck.protocol.dialects import Reach
from avrdeck.protocol.errors import VerifyError
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import fuses, memories
from avrdeck.protocol.target.progress import Progress


async def write_image(
    programmer: Programmer,
    image: Image,
    *,
    erase: bool = False,
    on_event: EventHandler = unheard,
    ledger: Ledger | None = None,
    ready: Ready | None = None,
) -> None:
    """Write ``image`` into its memory and verify it, with ``erase`` after erasing the chip.

    Flash without ``erase`` is looked at first: the pages that differ are written, with what they hold
    besides, and none of a bootloader's own. Where ISP would have to turn a zero into a one, nothing is
    written and `VerifyError` raised. Faults say what the chip holds, and ``ledger`` does so all the time.
    ``ready`` brings the image as it shall be, see `Ready`.
    """
    ledger = ledger or Ledger()
    todo = image
    with ledger.told():
        if erase:
            values = await _before_erase(programmer, on_event)
            todo = image = await ready() if ready else image
            await _erase(programmer, values, ledger, on_event)
            if image.memory == "flash":
                todo = image = whole_pages(image, programmer.require_part())
        elif image.memory == "flash":
            pages = await _look(programmer, image, ready, on_event)
            image = image_of([(page.start, page.wanted) for page in pages], image.file)
            todo = image_of([(page.start, page.wanted) for page in pages if page.differs], image.file)
        elif ready:
            todo = image = await ready()
        if todo.size:
            await _write(programmer, todo, ledger, on_event, erased=erase)
        elif ready:
            ledger.holds = f"{image.memory} holds {image.file} already; it is not verified."
        on_event(StepStarted("verify", f"verify {image.memory}"))
        await memories.verify(programmer, image, on_event)
        on_event(StepDone("verify", f"{image.size} bytes agree"))


async def erase_chip(
    programmer: Programmer, on_event: EventHandler = unheard, ledger: Ledger | None = None
) -> None:
    """Erase the chip; a fault says what it holds, and ``ledger`` does so all the time."""
    ledger = ledger or Ledger()
    with ledger.told():
        await _erase(programmer, await _before_erase(programmer, on_event), ledger, on_event)


async def _before_erase(programmer: Programmer, on_event: EventHandler) -> Mapping[str, int]:
    insist_on_isp(programmer, "erase the chip")
    on_event(StepStarted("erase", "erase the chip"))
    return await fuses.read_all(programmer)


async def _erase(
    programmer: Programmer, values: Mapping[str, int], ledger: Ledger, on_event: EventHandler
) -> None:
    ledger.holds = "The chip is erased or partly so; its fuses are unchanged."
    sample = [start for start, _ in samples(programmer.require_part(), values)]
    async with keeping_fuses(programmer, values):
        await erasing.erase(programmer, values, *sample)
    ledger.holds = "The chip is blank; its fuses are unchanged."
    on_event(StepDone("erase"))


async def _write(
    programmer: Programmer, image: Image, ledger: Ledger, on_event: EventHandler, *, erased: bool
) -> None:
    def watch(event: Event) -> None:
        if isinstance(event, Progress):
            ledger.holds = (
                f"{event.memory} holds {image.file} in part: it was written up to 0x{event.address:04X}, "
                "perhaps a little further, and is not verified."
            )
        on_event(event)

    on_event(StepStarted("write", f"write {image.size} bytes of {image.memory}"))
    ledger.holds = f"{image.memory} may hold the beginning of {image.file}; it is not verified."
    await memories.write(programmer, image, erased=erased, watch=watch)
    ledger.holds = f"{image.memory} was written and is not verified."


async def _look(
    programmer: Programmer, image: Image, ready: Ready | None, on_event: EventHandler
) -> list[Page]:
    """The pages that ``image`` touches.

    A bootloader erases every page that it writes; ISP does not, so that no bit may have to become 1.
    """
    through_bootloader = programmer.dialect.reach is Reach.BOOTLOADER
    if through_bootloader:
        await insist_on_room(programmer, image)
    on_event(StepStarted("look", "see what the pages hold"))
    pages = await compare(programmer, image, on_event)
    if not through_bootloader:
        _insist_on_erased(pages)
    if ready:
        pages = await laid_anew(programmer, pages, await ready())
        if not through_bootloader:
            _insist_on_erased(pages)
    return pages


def _insist_on_erased(pages: Iterable[Page]) -> None:
    for page in pages:
        for address, (there, wanted) in enumerate(zip(page.found, page.wanted, strict=True), page.start):
            if wanted & ~there:
                raise VerifyError(
                    "flash",
                    [(address, address + 1)],
                    f"Flash is not erased: 0x{address:04X} holds {there:02X}, {wanted:02X} cannot go over it",
                    advice="Erase the chip first, with -e.",
                )
