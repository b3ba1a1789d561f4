"""Burn a bootloader: choose the board, see the plan, run it with every step's state."""

from __future__ import annotations

from collections.abc import Callable

from avrdeck.boards import deckwishes
from avrdeck.boards.deckboot import DeckbootError
from avrdeck.boards.images import ImageError
from avrdeck.protocol.errors import Fault
from avrdeck.tui.actions import Scope, bindings
from avrdeck.tui.controllers import choices, files
from avrdeck.tui.controllers.burning import Burn
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.controllers.undertaking import Phase
from avrdeck.tui.screens.dialogs import ChooseScreen, PromptScreen, Refusal
from avrdeck.tui.screens.jobscreen import JobScreen
from avrdeck.tui.screens.serialprompt import serial_prompt
from avrdeck.tui.widgets.burnsheet import BurnSheet


class BurnScreen(JobScreen):
    """One burn from the choice of the board to the receipt."""

    title_text = "Burn bootloader"
    scope = Scope.BURN
    BINDINGS = bindings(Scope.BURN)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.burn = Burn(session, self.move)

    @property
    def job(self) -> Burn:
        """The burn."""
        return self.burn

    def sheet(self) -> BurnSheet:
        """See `JobScreen.sheet`."""
        return BurnSheet(self.burn)

    def works(self, verb: str) -> bool:
        """See `JobScreen.works`."""
        burn, free = self.burn, super().works(verb)
        match verb:
            case "file" | "deckboot" | "wish" | "serial":
                return free and burn.board is not None
            case "rehearse":
                return burn.phase is Phase.PLANNING and burn.outline is not None
            case "resume":
                return free and burn.interrupted
        return free

    def action_start(self) -> None:
        """Burn from the beginning, after a confirmation."""
        self.burn.resuming = False
        super().action_start()

    def action_resume(self) -> None:
        """Go on with the burn that stopped, after a confirmation."""
        self.burn.resuming = True
        super().action_start()

    def action_board(self) -> None:
        """Choose the board."""
        self.app.push_screen(ChooseScreen("Board", choices.board_options()), self._chosen)

    def _chosen(self, value: object) -> None:
        if isinstance(value, tuple):
            self.app.call_later(self._choose, *value)

    def _choose(self, name: str, menu: dict[str, str]) -> None:
        self._plan(lambda: self.burn.choose(name, menu))

    def _plan(self, choose: Callable[[], object]) -> None:
        try:
            choose()
        except (Fault, ImageError, LookupError) as error:
            self.tell(error)
        self.move()

    def action_file(self) -> None:
        """Choose the bootloader's file."""
        self.app.push_screen(files.load_prompt("Bootloader", self.burn.load))

    def action_deckboot(self) -> None:
        """Take our own bootloader."""
        self._plan(self.burn.take_deckboot)

    def action_wish(self) -> None:
        """Make deckboot to measure."""

        def take(text: str) -> object:
            try:
                self.burn.take_deckboot(deckwishes.parse([text]) if text else None)
            except (DeckbootError, Fault) as error:
                return Refusal(str(error))
            return text

        prompt = PromptScreen(
            "deckboot to measure", take, "", deckwishes.WISHES, "empty: as the board needs it"
        )
        self.app.push_screen(prompt)

    def action_serial(self) -> None:
        """Give the chip a serial number."""
        self.app.push_screen(serial_prompt(self.burn.stamp, self.burn.line))

    def action_rehearse(self) -> None:
        """Play the burn on a virtual chip."""
        self.run_worker(self.burn.rehearse(), group="rehearsal", exclusive=True)
