"""Upload through a bootloader, which erases by page: whole, or only the pages that differ."""

from __future__ import annotations

from collections.abc import Iterable

from avrdeck.boards.images import Image
from avrdeck.jobs.events import EventHandler, StepDone, StepStarted, unheard
from avrdeck.jobs.ledger import Ledger
from avrdeck.jobs.pages import Ready, whole_pages
from avrdeck.jobs.upload.model import Plan, UploadReceipt, verified
from avrdeck.jobs.upload.pages import Page, compare, image_of, laid_anew, page_size
from avrdeck.jobs.upload.room import insist_on_room
from avrdeck.protocol.errors import UsageFault
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import memories


async def upload(
    programmer: Programmer,
    plan: Plan,
    on_event: EventHandler = unheard,
    ledger: Ledger | None = None,
    ready: Ready | None = None,
) -> UploadReceipt:
    """Write ``plan`` through the bootloader that answers and verify it; the chip is identified.

    The boot section is never written to. Raises `UsageFault` for an image that reaches into it,
    `VerifyError` when the chip holds something else in the end. Every fault says what the chip holds, and
    ``ledger`` does so all the time. ``ready`` brings the image as it shall be, see `Ready`.
    """
    part, image = programmer.require_part(), plan.image
    if image.memory != "flash" or not image.segments:
        raise UsageFault("A bootloader writes flash", advice="Give a file with flash content.")
    ledger = ledger or Ledger()
    with ledger.told():
        await insist_on_room(programmer, image, plan.board_limit)
        pages = await _compare(programmer, image, on_event) if plan.delta else []
        if ready:
            image = await ready()
            pages = await laid_anew(programmer, pages, image)
        todo = _different(pages, image.file) if plan.delta else whole_pages(image, part)
        healed = 0
        if todo.segments:
            await _write(programmer, todo, image.file, ledger, on_event)
            healed = await verified(programmer, todo, image.size, on_event)
        ledger.holds = f"{image.file} is in flash, verified; the bootloader is unchanged."
    size = page_size(part)
    return UploadReceipt(
        part=part.name,
        file=image.file,
        through=programmer.dialect.name,
        size=image.size,
        pages=sum(1 for _ in image.pages(size)),
        pages_written=sum(1 for _ in todo.pages(size)),
        healed=healed,
    )


async def _compare(programmer: Programmer, image: Image, on_event: EventHandler) -> list[Page]:
    on_event(StepStarted("compare", f"compare flash with {image.file}"))
    pages = await compare(programmer, image, on_event)
    changed = sum(page.differs for page in pages)
    on_event(StepDone("compare", f"{changed} of {len(pages)} pages differ"))
    return pages


def _different(pages: Iterable[Page], file: str) -> Image:
    """The pages that have to be written."""
    return image_of(((page.start, page.wanted) for page in pages if page.differs), file)


async def _write(
    programmer: Programmer, todo: Image, file: str, ledger: Ledger, on_event: EventHandler
) -> None:
    on_event(StepStarted("write", f"write {todo.size} bytes of flash"))
    ledger.holds = (
        f"{file} is in flash in part, and not verified. The bootloader is unchanged: "
        "the upload can be repeated."
    )
    await memories.write(programmer, todo, erased=False, watch=on_event)
    on_event(StepDone("write"))
    ledger.holds = f"{file} was written and is not verified; the bootloader is unchanged."
