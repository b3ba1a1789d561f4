"""One upload: the jobs of `avrdeck.jobs.upload`, planned from a file and a way, seen step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path

from avrdeck.boards import boards, images
from avrdeck.boards.boards import Board
from avrdeck.boards.catalog import part as find_part
from avrdeck.boards.images import Image
from avrdeck.boards.models import Part
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.events import Event, StepDone, StepStarted
from avrdeck.jobs.inventory.model import Kind
from avrdeck.jobs.questions import Ask, Question, Topic, insist
from avrdeck.jobs.upload import bootloading, foreseen, over_isp
from avrdeck.jobs.upload.foreseen import BACKUP, SIGNATURE
from avrdeck.jobs.upload.model import Plan, UploadReceipt
from avrdeck.jobs.upload.reaching import Way, on_board
from avrdeck.jobs.upload.resetting import Reset
from avrdeck.protocol.dialects import Dialect, Reach
from avrdeck.protocol.errors import Fault, Refused, UsageFault
from avrdeck.protocol.programmer import Programmer
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.controllers.undertaking import Undertaking
from avrdeck.tui.views.steps import Step

BACKUP_BEGINS = "identity"
"""The first step that a backup tells of."""


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
        self.receipt: UploadReceipt | None = None

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
        self.image = replace(image, file=Path(image.file).name)
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
        self.receipt = None
        plan = self._plan
        steps = () if plan is None else self._steps(plan)
        self.lay_out([Step(one.step, one.title, one.text) for one in steps])
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
        self.refresh()
        plan = self._plan
        if plan is None:
            return
        with self.attempt():
            await insist(ask, self.question)
            self.receipt = await (self._over_isp(plan, ask) if self.isp else self._through_bootloader(plan))
        self.changed()

    async def _through_bootloader(self, plan: Plan) -> UploadReceipt:
        session = self.session
        known = session.programmer and session.programmer.dialect.reach is Reach.BOOTLOADER
        before = session.part if known else None
        async with (
            session.freed("upload"),
            on_board(self.way, self.part, session.trace, self.event) as programmer,
        ):
            part = self._met(programmer)
            images.fits(plan.image, part, "flash")
            session.take_part(part)
            if before is not part:
                self._forget()
            session.maps["flash"].plan(plan.image)
            receipt = await bootloading.upload(programmer, plan, self.event, self.ledger)
            session.maps["flash"].hold(plan.image)
        return receipt

    async def _over_isp(self, plan: Plan, ask: Ask) -> UploadReceipt:
        session = self.session
        async with session.lent("upload") as programmer:
            images.fits(plan.image, self._met(programmer), "flash")
            session.maps["flash"].plan(plan.image)
            try:
                receipt = await over_isp.upload(
                    programmer, plan, Store(), ask, self.event, wish=self.skip.wish(), ledger=self.ledger
                )
            except Refused:
                raise
            except Fault as fault:
                await self.note(Kind.UPLOAD, f"{plan.image.file}: {fault.title}", {"holds": fault.holds})
                raise
            self._hold(plan.image, receipt)
        await self.note(Kind.UPLOAD, plan.image.file, asdict(receipt))
        return receipt

    def _met(self, programmer: Programmer) -> Part:
        """The chip that answers, shown in its step."""
        part = programmer.require_part()
        self.event(StepDone(SIGNATURE, f"{part.signature_text}, {part.name}"))
        return part

    def _forget(self) -> None:
        """The chip is another than the one whose memories were read."""
        for found in self.session.maps.values():
            found.reset()

    def _hold(self, image: Image, receipt: UploadReceipt) -> None:
        """The maps show what the chip holds now."""
        flash, draft = self.session.maps["flash"], self.session.draft
        if receipt.erased and receipt.kept_bootloader and flash.complete:
            flash.erased(draft.decoded_before.boot_start_byte if draft and draft.decoded_before else None)
        elif receipt.erased and not receipt.kept_bootloader:
            flash.erased()
        flash.hold(image)
        if receipt.erased and "eeprom" in self.session.maps:
            self.session.maps["eeprom"].reset()

    def event(self, event: Event) -> None:
        """Take what the job tells; what came of a step takes the place of what was planned."""
        if isinstance(event, StepStarted) and event.step == BACKUP_BEGINS:
            self.log.begin(BACKUP)
        super().event(event)
        if isinstance(event, StepDone) and event.text and event.step in self.log.keys:
            step = self.log.find(event.step)
            step.after, step.note = event.text, ""
            self.changed()
