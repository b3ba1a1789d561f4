"""One upload: the jobs of `avrdeck.jobs.upload`, planned from a file and a way, seen step by step."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from avrdeck.boards import boards, images
from avrdeck.boards.boards import Board
from avrdeck.boards.catalog import part as find_part
from avrdeck.boards.images import Image
from avrdeck.boards.models import Part
from avrdeck.jobs.events import Event, StepDone, StepStarted
from avrdeck.jobs.questions import Ask, Question, Topic, insist
from avrdeck.jobs.serials.numbering import NUMBER, Numbering
from avrdeck.jobs.serials.order import Order
from avrdeck.jobs.upload import foreseen
from avrdeck.jobs.upload.foreseen import BACKUP, SIGNATURE
from avrdeck.jobs.upload.model import Plan, UploadReceipt
from avrdeck.jobs.upload.reaching import Way
from avrdeck.jobs.upload.resetting import Reset
from avrdeck.protocol.dialects import Dialect, Reach
from avrdeck.protocol.errors import UsageFault
from avrdeck.protocol.programmer import Programmer
from avrdeck.tui.controllers import serialline
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.controllers.undertaking import BACKUP_BEGINS, Phase, Undertaking
from avrdeck.tui.controllers.uploadrun import UploadRun
from avrdeck.tui.views.steps import Step

WRITES = frozenset({"erase", "write"})
"""The steps before which a serial number for flash is taken."""


class Upload(Undertaking):
    """An upload being planned and carried out.

    ``isp``: into the chip behind the programmer, else through a bootloader, started by the reset ``how`` and
    spoken to at ``baud``, by default the board's speed or the usual ones in turn. ``delta``: only the pages
    that differ.
    """

    def __init__(self, session: Session, changed: Callable[[], object]) -> None:
        super().__init__(session, changed)
        self.image: Image | None = None
        self.isp = self._dialect is not None and self._dialect.reach is Reach.ISP
        self.delta = False
        self.how = Reset.DTR
        self.baud = None if self.isp else session.baud
        self.board: Board | None = None
        self.line = ""
        self.order: Order | None = None
        self.number: Numbering | None = None
        self.receipt: UploadReceipt | None = None
        self._file: Path | None = None

    # -- the plan ---------------------------------------------------------

    @property
    def part(self) -> Part | None:
        """The chip that the sketch goes into, as far as it is known or expected."""
        if self.isp:
            return self.session.part
        named = find_part(self.board.part) if self.board and self.board.part else None
        return self.session.chosen or named

    @property
    def way(self) -> Way:
        """How to get at the bootloader."""
        return Way(self.session.port, self.how, self.baud or (self.board.speed if self.board else None))

    @property
    def replaces(self) -> str:
        """The programmer's sketch that the upload would overwrite, if one answers on the port now."""
        dialect = self._dialect
        return dialect.name if dialect and dialect.reach is Reach.ISP and not self.isp else ""

    @property
    def _dialect(self) -> Dialect | None:
        return self.session.programmer.dialect if self.session.programmer else None

    def load(self, file: Path) -> None:
        """Take a file; raises `ImageError`."""
        image = images.load(file, "flash", part=self.part)
        self.image, self._file = replace(image, file=file.name), file
        self.refresh()

    def stamp(self, line: str) -> None:
        """Give the chip the serial number that a `serialline` asks for, or none. Raises `Fault`."""
        options = serialline.parse(line)
        self.order, self.line = options.order("flash", "eeprom"), line
        self.refresh()

    def choose(self, name: str, menu: Mapping[str, str]) -> None:
        """Upload to a board, whose part, speed and room are known. Raises `LookupError` and `Fault`."""
        self.board = boards.find(name, menu)
        self.refresh()

    def plan_for(
        self,
        *,
        isp: bool | None = None,
        delta: bool | None = None,
        how: Reset | None = None,
        baud: int | None = None,
    ) -> None:
        """Change the plan in what is given; a ``baud`` of 0 is the usual one."""
        self.isp = self.isp if isp is None else isp
        self.delta = self.delta if delta is None else delta
        self.how = how or self.how
        self.baud = self.baud if baud is None else baud or None
        self.refresh()

    def refresh(self) -> None:
        """See `Undertaking.refresh`."""
        self.plan_again()
        self.receipt = self.number = None
        plan = self._plan
        steps = [] if plan is None else [Step(one.step, one.title, one.text) for one in self._steps(plan)]
        if steps and self.order:
            at = next(n for n, one in enumerate(steps) if one.key in WRITES) if self.in_flash else len(steps)
            steps.insert(at, Step(NUMBER, "Serial number", self.order.words))
        self.lay_out(steps)
        self.changed()

    @property
    def _plan(self) -> Plan | None:
        limit = self.board.maximum_size if self.board and not self.isp else None
        return Plan(self.image, self.delta, limit) if self.image else None

    def _steps(self, plan: Plan) -> tuple[foreseen.Foreseen, ...]:
        if self.isp:
            return tuple(foreseen.over_isp(plan, self.part))
        return tuple(foreseen.through_bootloader(plan, self.way, self.part))

    @property
    def in_flash(self) -> bool:
        """Whether the serial number is one with the sketch; else it is written after it."""
        return self.order is not None and self.order.place.memory == "flash"

    @property
    def ready(self) -> bool:
        """See `Undertaking.ready`."""
        return self.image is not None

    def check(self) -> None:
        """See `Undertaking.check`; raises `ImageError` for a file that does not fit the part."""
        if self.image is None:
            raise UsageFault("No file is chosen yet", advice="Choose one with f.")
        if self.isp and self._dialect is None:
            raise UsageFault("No programmer is connected", advice="Connect it with x on the deck.")
        if self.isp and self._dialect and self._dialect.reach is not Reach.ISP:
            raise UsageFault(
                f"{self._dialect.name} answers, a bootloader", advice="Upload through it: i changes the way."
            )
        if self.part:
            images.fits(self.image, self.part, "flash")

    @property
    def question(self) -> Question:
        """What is asked before anything is touched."""
        file = self.image.file if self.image else ""
        into = self.part.name if self.part else "the chip"
        if self.order:
            file = f"{file} and a serial number ({self.order.words})"
        if self.isp:
            return Question(Topic.CONFIRM, f"Write {file} into the {into} behind the programmer?")
        lost = f" It replaces the {self.replaces} sketch in this board." if self.replaces else ""
        board = self.board.name if self.board else "the board"
        text = f"Reset {board} on {self.session.port} and write {file} through its bootloader?{lost}"
        return Question(Topic.CONFIRM, text)

    # -- the run ----------------------------------------------------------

    async def run(self, ask: Ask) -> None:
        """Ask, then upload; over ISP it is asked once more before an erase."""
        self.check()
        await self._load_anew()
        plan = self._plan
        if plan is None:
            return
        job, ask = UploadRun(self, plan), self.asking(ask)
        with self.attempt():
            await insist(ask, self.question)
            self.receipt = await (job.over_isp(ask) if self.isp else job.through_bootloader())
        self.changed()

    async def _load_anew(self) -> None:
        """The sketch as it is now: it may have been built again since it was chosen. Raises `ImageError`."""
        if self._file:
            image = await asyncio.to_thread(images.load, self._file, "flash", part=self.part)
            self.image = replace(image, file=self._file.name)
        self.refresh()
        self.check()

    def met(self, programmer: Programmer) -> Part:
        """The chip that answers, shown in its step."""
        part = programmer.require_part()
        self.event(StepDone(SIGNATURE, f"{part.signature_text}, {part.name}"))
        return part

    def forget(self) -> None:
        """The chip is another than the one whose memories were read."""
        for found in self.session.maps.values():
            found.reset()

    def hold(self, image: Image, receipt: UploadReceipt) -> None:
        """The maps show what the chip holds now."""
        flash, draft = self.session.maps["flash"], self.session.draft
        if receipt.erased and receipt.kept_bootloader and flash.complete:
            flash.erased(draft.decoded_before.boot_start_byte if draft and draft.decoded_before else None)
        elif receipt.erased and not receipt.kept_bootloader:
            flash.erased()
        flash.hold(image)
        if receipt.erased and "eeprom" in self.session.maps:
            self.session.maps["eeprom"].reset()

    @property
    def spent(self) -> str:
        """What became of a serial number that a chip may have without the upload having ended well."""
        stamp = self.number.stamp if self.number and self.phase is Phase.FAILED else None
        return stamp.spent if stamp else ""

    def numbered(self, event: Event) -> None:
        """Take what the serial number tells: a step of its own in flash, else within the last one."""
        if self.in_flash:
            self.event(event)
        else:
            self.session.event(event)
            self.log.within(event)

    def event(self, event: Event) -> None:
        """Take what the job tells; what came of a step takes the place of what was planned."""
        if isinstance(event, StepStarted) and event.step == BACKUP_BEGINS:
            self.log.begin(BACKUP)
        super().event(event)
        if isinstance(event, StepDone):
            self.came(event.step, event.text)
