"""One burn: the job of `avrdeck.jobs.burn`, planned from a board, rehearsed, seen step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from avrdeck.boards.images import Image
from avrdeck.boards.safety import Xtal1
from avrdeck.commands.burntext import burn_words, burnt_data
from avrdeck.jobs.burn.choosing import Choice, Hand, for_board
from avrdeck.jobs.burn.job import Keeping, carry_out
from avrdeck.jobs.burn.model import BurnReceipt
from avrdeck.jobs.burn.outline import Outline, outline, prepare
from avrdeck.jobs.burn.rehearsal import Rehearsal, rehearse
from avrdeck.jobs.inventory.model import Kind
from avrdeck.jobs.questions import Ask
from avrdeck.protocol.errors import UsageFault
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.controllers.undertaking import Undertaking
from avrdeck.tui.views.steps import Step

SIGNATURE, BACKUP = "signature", "backup"


class Burn(Undertaking):
    """A burn being planned and carried out."""

    def __init__(self, session: Session, changed: Callable[[], object]) -> None:
        super().__init__(session, changed)
        self.choice: Choice | None = None
        self.outline: Outline | None = None
        self.rehearsals: tuple[Rehearsal, ...] = ()
        self.receipt: BurnReceipt | None = None
        self._board: tuple[str, Mapping[str, str]] | None = None

    @property
    def image(self) -> Image | None:
        """The bootloader."""
        return self.choice.plan.image if self.choice else None

    def choose(self, name: str, menu: Mapping[str, str]) -> None:
        """Plan for a board, with its own bootloader where its file is on this machine.

        Raises `Fault`, `ImageError` and `LookupError` for what cannot be planned.
        """
        self._board = name, menu
        self._plan(Hand())

    def load(self, file: Path) -> None:
        """Take another bootloader's file for the board; raises as `choose`."""
        self._plan(Hand(file=file))

    def _plan(self, hand: Hand) -> None:
        if self._board is None:
            raise UsageFault("No board is chosen yet", advice="Choose one with b.")
        self.choice = self.outline = None
        self.choice = for_board(*self._board, hand)
        self.refresh()

    def refresh(self) -> None:
        """Outline the plan for the chip on the deck, as far as it is known. Raises `Fault`."""
        self.plan_again()
        self.receipt, self.rehearsals = None, ()
        draft = self.session.draft
        if self.choice and draft:
            self.outline = outline(self.choice.plan, draft.part, draft.bases, xtal=self._xtal)
        self._lay_out()
        self.changed()

    @property
    def _xtal(self) -> Xtal1 | None:
        told = self.session.context.xtal1
        return None if told == Xtal1() else told

    def _lay_out(self) -> None:
        operations = self.outline.operations if self.outline else ()
        self.lay_out([Step(one.step, one.title, one.after, one.before) for one in operations])

    def check(self) -> None:
        """See `Undertaking.check`."""
        if self.choice is None:
            raise UsageFault("No board is chosen yet", advice="Choose one with b.")
        if not self.session.connected:
            raise UsageFault("No programmer is connected", advice="Connect it with x on the deck.")

    async def rehearse(self) -> None:
        """Play the burn on a virtual chip; nothing touches the real one."""
        if self.outline:
            self.rehearsals = await rehearse(self.outline, self._xtal)
            self.changed()

    async def run(self, ask: Ask) -> None:
        """Look at the chip, ask, back up, burn."""
        self.check()
        if self.choice is None:
            return
        plan = self.choice.plan
        with self.attempt():
            async with self.session.lent("burn") as programmer:
                self.outline = await prepare(programmer, plan, self._xtal)
                self._lay_out()
                self.log.finish(SIGNATURE)
                self.log.begin(BACKUP)
                self.session.maps["flash"].plan(plan.image)
                keeping = Keeping(wish=self.skip.wish())
                burnt = await carry_out(programmer, self.outline, ask, keeping, self.event, self.ledger)
                self.receipt = burnt.receipt
                self._hold(plan.image)
                await programmer.identify(self.outline.part)
            words = burn_words(burnt.receipt.file, burnt.receipt.serial)
            await self.note(Kind.BURN, words, burnt_data(burnt))
            if self.session.draft:
                self.session.edit(self.session.draft.reverted().reread(self.receipt.after))

    def _hold(self, image: Image) -> None:
        """The maps show what the chip holds now."""
        flash = self.session.maps["flash"]
        flash.erased()
        flash.hold(image)
        if "eeprom" in self.session.maps:
            self.session.maps["eeprom"].reset()
