"""An upload under way: the jobs of `avrdeck.jobs.upload`, with a serial number where one is ordered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING

from avrdeck.boards import images
from avrdeck.boards.images import Image
from avrdeck.boards.text import printable
from avrdeck.commands.issuing import tried_upload
from avrdeck.commands.serialoptions import number_data
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.inventory.model import Kind
from avrdeck.jobs.ledger import UNCHANGED
from avrdeck.jobs.questions import Ask
from avrdeck.jobs.serials.numbering import NUMBER, Numbering, number_chip
from avrdeck.jobs.serials.stamping import Stamp, numbered
from avrdeck.jobs.upload import bootloading, over_isp
from avrdeck.jobs.upload.model import Plan, UploadReceipt
from avrdeck.jobs.upload.reaching import on_board
from avrdeck.protocol.dialects import Reach
from avrdeck.protocol.errors import Fault, Refused
from avrdeck.protocol.programmer import Programmer

if TYPE_CHECKING:
    from avrdeck.tui.controllers.uploading import Upload

Job = Callable[..., Awaitable[UploadReceipt]]


class UploadRun:
    """One run of ``upload`` as planned. ``number`` is the chip's serial number, once it is tried."""

    def __init__(self, upload: Upload, plan: Plan) -> None:
        self.upload, self.session, self.plan = upload, upload.session, plan
        self.number: Numbering | None = None

    async def through_bootloader(self) -> UploadReceipt:
        """Into the board on the port; the port is closed at the end."""
        upload, session = self.upload, self.session
        known = session.programmer and session.programmer.dialect.reach is Reach.BOOTLOADER
        before = session.part if known else None
        async with (
            session.freed("upload", upload.ledger),
            on_board(upload.way, upload.part, session.trace, upload.event) as programmer,
        ):
            part = upload.met(programmer)
            images.fits(self.plan.image, part, "flash")
            session.take_part(part)
            if before is not part:
                upload.forget()
            session.maps["flash"].plan(self.plan.image)
            await self._order(programmer)
            receipt = await self._carried_out(programmer, partial(bootloading.upload, programmer))
            session.maps["flash"].hold(self._content)
        return receipt

    async def over_isp(self, ask: Ask) -> UploadReceipt:
        """Into the chip behind the programmer; how it ended is noted in its history."""
        upload, session = self.upload, self.session
        async with session.lent("upload", upload.ledger) as programmer:
            images.fits(self.plan.image, upload.met(programmer), "flash")
            session.maps["flash"].plan(self.plan.image)
            await self._order(programmer)
            job = partial(over_isp.upload, programmer, store=Store(), ask=ask, wish=upload.skip.wish())
            async with self._noted():
                receipt = await self._carried_out(programmer, job)
            upload.hold(self._content, receipt)
        await upload.note(Kind.UPLOAD, self._words, {**asdict(receipt), **number_data(self._stamp)})
        return receipt

    async def _order(self, programmer: Programmer) -> None:
        """Try the serial number in its place, with none used."""
        order, ledger = self.upload.order, self.upload.ledger
        if order:
            plan = self.plan
            self.upload.number = self.number = await tried_upload(
                programmer, plan.image, order, ledger, plan.board_limit, self.upload.numbered
            )

    async def _carried_out(self, programmer: Programmer, job: Job) -> UploadReceipt:
        """The upload, then a serial number that is for the EEPROM."""
        upload, number = self.upload, self.number
        async with number.kept() if number else nullcontext():
            plan, ready = self.plan, None
            if number and upload.in_flash:
                ready = partial(number.taken_in, plan.image)
                plan = replace(plan, image=number.tried_in(plan.image))
            receipt = await job(plan=plan, on_event=upload.event, ledger=upload.ledger, ready=ready)
            if number and not upload.in_flash:
                await self._into_eeprom(programmer, number)
        return receipt

    async def _into_eeprom(self, programmer: Programmer, number: Numbering) -> None:
        """All that is told of it is one step."""
        upload = self.upload
        upload.ledger.done, upload.ledger.holds = upload.ledger.holds, UNCHANGED
        upload.log.begin(NUMBER)
        await number_chip(programmer, number, upload.ledger, upload.numbered)
        upload.ledger.holds = "The serial number is in EEPROM, verified."
        upload.log.finish(NUMBER)
        upload.came(NUMBER, number.told.words)
        if "eeprom" in self.session.maps:
            self.session.maps["eeprom"].reset()

    @asynccontextmanager
    async def _noted(self) -> AsyncIterator[None]:
        """Note how it ended where it does not end well; a refusal before anything was written is nothing."""
        try:
            yield
        except Refused:
            raise
        except (Fault, asyncio.CancelledError) as error:
            ledger = self.upload.ledger
            if isinstance(error, Fault) or ledger.touched:
                title = error.title if isinstance(error, Fault) else "stopped"
                held = {"holds": ledger.words, **number_data(self._stamp)}
                await self.upload.note(Kind.UPLOAD, f"{self._words}: {title}", held)
            raise

    @property
    def _stamp(self) -> Stamp | None:
        return self.number.stamp if self.number else None

    @property
    def _content(self) -> Image:
        """The sketch, with the serial number where that is in flash."""
        return numbered(self.plan.image, self._stamp)

    @property
    def _words(self) -> str:
        file = self.plan.image.file
        return printable(f"{file}, serial number {self._stamp.text}" if self._stamp else file)
