"""One burn: the job of `avrdeck.jobs.burn`, planned from a board, rehearsed, seen step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from avrdeck.boards import boards
from avrdeck.boards.boards import Board
from avrdeck.boards.deckwishes import Wishes
from avrdeck.boards.fuses import decode
from avrdeck.boards.images import Image
from avrdeck.boards.safety import Xtal1
from avrdeck.commands.burnnotes import stop_note
from avrdeck.commands.burntext import burn_words, burnt_data
from avrdeck.jobs.burn.choosing import Choice, Hand, for_board
from avrdeck.jobs.burn.job import Burnt, Keeping, carry_out, resume, unfinished
from avrdeck.jobs.burn.journal import Entry, Journals
from avrdeck.jobs.burn.outline import Outline, outline, prepare
from avrdeck.jobs.burn.rehearsal import Rehearsal, rehearse
from avrdeck.jobs.events import Event, StepDone, StepStarted
from avrdeck.jobs.inventory.model import Kind
from avrdeck.jobs.questions import Ask
from avrdeck.jobs.serials.numbering import NUMBER
from avrdeck.protocol.errors import Fault, UsageFault
from avrdeck.protocol.programmer import Programmer
from avrdeck.tui.controllers import serialline
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.controllers.undertaking import BACKUP_BEGINS, Undertaking
from avrdeck.tui.views.steps import Step

SIGNATURE, BACKUP, ERASE = "signature", "backup", "erase"


class Burn(Undertaking):
    """A burn being planned and carried out; where ``resuming``, the one that stopped being gone on with."""

    def __init__(self, session: Session, changed: Callable[[], object]) -> None:
        super().__init__(session, changed)
        self.choice: Choice | None = None
        self.outline: Outline | None = None
        self.rehearsals: tuple[Rehearsal, ...] = ()
        self.burnt: Burnt | None = None
        self.resuming = False
        self.interrupted = _interrupted()
        self.board: Board | None = None
        self.line = ""
        self._menu: Mapping[str, str] = {}
        self._loader, self._serial = Hand(), Hand()

    @property
    def image(self) -> Image | None:
        """The bootloader."""
        return self.choice.plan.image if self.choice else None

    def choose(self, name: str, menu: Mapping[str, str]) -> None:
        """Plan for a board, with its own bootloader where its file is on this machine.

        Raises `Fault`, `ImageError` and `LookupError` for what cannot be planned.
        """
        self.board, self._menu, self._loader = boards.find(name, menu), menu, Hand()
        self._plan()

    def load(self, file: Path) -> None:
        """Take another bootloader's file for the board; raises as `choose`."""
        self._loader = Hand(file=file)
        self._plan()

    def take_deckboot(self, wishes: Wishes | None = None) -> None:
        """Take our own bootloader for the board, as wished; raises as `choose`."""
        self._loader = Hand(deckboot=wishes or Wishes())
        self._plan()

    def stamp(self, line: str) -> None:
        """Give the chip the serial number that a `serialline` asks for, or none. Raises `Fault`."""
        options, before = serialline.parse(line), (self._serial, self.line)
        self._serial = Hand(serial=options.recipe, place=options.place(), overwrite=options.overwrite)
        self.line = line
        try:
            if self.choice:
                self._plan()
        except Fault:
            self._serial, self.line = before
            self._plan()
            raise

    def _plan(self) -> None:
        if self.board is None:
            raise UsageFault("No board is chosen yet", advice="Choose one with b.")
        self.choice = self.outline = None
        self._lay_out()
        serial = self._serial
        hand = replace(self._loader, serial=serial.serial, place=serial.place, overwrite=serial.overwrite)
        self.choice = for_board(self.board.id, self._menu, hand)
        self.refresh()

    def refresh(self) -> None:
        """Outline the plan for the chip on the deck, as far as it is known. Raises `Fault`."""
        self.plan_again()
        self.burnt, self.rehearsals = None, ()
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

    @property
    def ready(self) -> bool:
        """See `Undertaking.ready`."""
        return self.choice is not None

    def check(self) -> None:
        """See `Undertaking.check`."""
        if self.choice is None and not self.resuming:
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
        with self.attempt():
            try:
                await self._run(self.asking(ask))
            finally:
                self.interrupted = _interrupted()

    async def _run(self, ask: Ask) -> None:
        async with self.session.lent("burn", self.ledger) as programmer:
            keeping = Keeping(wish=self.skip.wish(), stopped=self._stopped)
            burnt = await (self._resume if self.resuming else self._burn)(programmer, keeping, ask)
            self.burnt = burnt
            if self.outline:
                self._hold(self.outline.plan.image)
                await programmer.identify(self.outline.part)
        await self.note(Kind.BURN, burn_words(burnt.receipt.file, burnt.receipt.serial), burnt_data(burnt))
        if self.session.draft:
            self.session.edit(self.session.draft.reverted().reread(burnt.receipt.after))

    async def _stopped(self, entry: Entry, fault: Fault) -> None:
        """Keep it in the chip's history, how far it came and with which serial number."""
        await self.note(Kind.BURN, *stop_note(entry, fault))

    async def _burn(self, programmer: Programmer, keeping: Keeping, ask: Ask) -> Burnt:
        """From the beginning."""
        outline = await self._look(programmer)
        return await carry_out(programmer, outline, ask, keeping, self.event, self.ledger)

    async def _resume(self, programmer: Programmer, keeping: Keeping, ask: Ask) -> Burnt:
        """From where it stopped."""
        entry = await unfinished(programmer, keeping)
        self.choice, self.rehearsals = Choice(entry.plan), ()
        await self._look(programmer)
        return await resume(programmer, entry, ask, keeping, self.event, self.ledger)

    async def _look(self, programmer: Programmer) -> Outline:
        """What burning means for the chip as it is now."""
        if self.choice is None:
            raise UsageFault("No board is chosen yet", advice="Choose one with b.")
        self.outline = await prepare(programmer, self.choice.plan, self._xtal)
        self._lay_out()
        self.log.finish(SIGNATURE)
        self.session.maps["flash"].plan(self.choice.plan.image)
        return self.outline

    def event(self, event: Event) -> None:
        """Take what the job tells; the erase takes the EEPROM along unless EESAVE is programmed."""
        if isinstance(event, StepStarted) and event.step == BACKUP_BEGINS:
            self.log.begin(BACKUP)
        if isinstance(event, StepDone) and event.step == ERASE and self.outline:
            eeprom, before = self.session.maps.get("eeprom"), self.outline.before
            if eeprom and not decode(self.outline.part, before, partial=True).eesave:
                eeprom.erased()
        super().event(event)
        if isinstance(event, StepDone) and event.step in {BACKUP, NUMBER}:
            self.came(event.step, event.text)

    def _hold(self, image: Image) -> None:
        """The maps show what the chip holds now."""
        flash = self.session.maps["flash"]
        flash.erased()
        flash.hold(image)
        if "eeprom" in self.session.maps:
            self.session.maps["eeprom"].reset()


def _interrupted() -> bool:
    """Whether any burn has stopped and was not gone on with; only the chip itself tells which is its own."""
    return any(Journals().folder.glob("*.json"))
