"""Burn a bootloader: choose the board, see the plan, run it with every step's state."""

from __future__ import annotations

from collections.abc import Callable

from avrdeck.boards.images import ImageError
from avrdeck.boards.labels import hz_label
from avrdeck.jobs.burn.rehearsal import Rehearsal
from avrdeck.jobs.ledger import UNCHANGED
from avrdeck.protocol.errors import Fault
from avrdeck.tui.actions import Scope, bindings
from avrdeck.tui.controllers import choices, files
from avrdeck.tui.controllers.burning import Burn
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.controllers.undertaking import Phase
from avrdeck.tui.screens.dialogs import ChooseScreen
from avrdeck.tui.screens.jobscreen import JobScreen, JobSheet
from avrdeck.tui.views import findings, steps
from avrdeck.tui.views.ink import Pen, Row, clipped, heading, wrapped


class BurnSheet(JobSheet):
    """The plan of a burn, its findings, and how it went on a virtual chip."""

    def __init__(self, burn: Burn) -> None:
        super().__init__(burn)
        self.burn = burn

    def more(self, width: int) -> list[Row]:
        """Findings and rehearsals."""
        burn = self.burn
        rows: list[Row] = []
        if burn.outline and burn.phase is Phase.PLANNING:
            rows += [Row(), *findings.rows(burn.outline.findings, burn.outline.part, width)]
            rows += self._rehearsed(width)
        return rows

    def _rehearsed(self, width: int) -> list[Row]:
        """How the burn went on virtual chips, one for everything that may be at XTAL1, the last in sight."""
        rows = [Row(), heading(width, "Rehearsal", "on a virtual chip")] if self.burn.rehearsals else []
        for one in self.burn.rehearsals:
            wire = f"{steps.duration(one.seconds)} on the wire"
            sign, role = ("✓ ", "success") if one.good else ("× ", "error bold")
            pen = Pen(width).put(sign, role, at=1)
            assumed = f"{one.assumption.xtal}, {one.assumption.why}"
            pen.put(clipped(assumed, width - len(wire) - 6), "muted").right(wire, "muted", margin=1)
            rows.append(pen.row())
            lines = wrapped(_outcome(one), width - 4)
            rows += [Pen(width).put(line, at=3).row(cursor=True) for line in lines]
        return rows

    def chosen(self, width: int) -> list[Row]:
        """Board and file."""
        choice = self.burn.choice
        pen = Pen(width).put("Board", "muted", at=1)
        if choice is None and self.burn.board:
            return [pen.put(self.burn.board.name, "bold", at=9).row(), self._no_loader(width)]
        if choice is None:
            return [pen.put("not chosen: ", "muted", at=9).put("b", "accent bold").put(" chooses one").row()]
        plan = choice.plan
        clock = f"  {hz_label(plan.f_cpu_hz)}" if plan.f_cpu_hz else ""
        baud = f"  {plan.baud} baud" if plan.baud else ""
        rows = [pen.put(plan.board or "by hand", "bold", at=9).put(f"{clock}{baud}", "muted").row()]
        pen = Pen(width).put("Loader", "muted", at=1).put(plan.file_name, at=9)
        pen.put(f"  {plan.image.size} B at 0x{plan.image.start:04X}", "muted").put(" ✓", "success")
        rows.append(pen.row())
        for note in choice.notes:
            rows += [Pen(width).put(line, "muted", at=9).row() for line in wrapped(note, width - 10)]
        return rows

    @staticmethod
    def _no_loader(width: int) -> Row:
        """That there is none yet for the board, and how to get one."""
        pen = Pen(width).put("Loader", "muted", at=1).put("not chosen: ", "muted", at=9)
        pen.put("l", "accent bold").put(" names a file, ")
        return pen.put("k", "accent bold").put(" takes deckboot, avrdeck's own").row()

    def next(self, width: int) -> list[Row]:
        """See `JobSheet.next`."""
        pen = Pen(width, at=1)
        match self.burn.phase:
            case Phase.PLANNING if self.burn.choice:
                pen.put("enter", "accent bold").put(" burns, after a confirmation   ", "muted")
                if self.burn.outline:
                    pen.put("h", "accent bold").put(" rehearses on a virtual chip", "muted")
            case Phase.PLANNING if self.burn.interrupted:
                pen.put("r", "accent bold").put(" goes on with a burn that stopped", "muted")
            case Phase.RUNNING:
                pen.put("esc", "accent bold").put(" stops at a safe place", "muted")
                if self.burn.ledger.holds != UNCHANGED:
                    pen.put("; then ", "muted").put("r", "accent bold").put(" goes on from there", "muted")
            case Phase.FAILED:
                if self.burn.interrupted:
                    pen.put("r", "accent bold").put(" goes on from here   ", "muted")
                pen.put("enter", "accent bold").put(" burns from the beginning", "muted")
            case Phase.DONE if self.burn.receipt:
                after = "  ".join(f"{name} {value:02X}" for name, value in self.burn.receipt.after.items())
                pen.put("✓ ", "success").put(after, "bold")
        return [pen.row()]


def _outcome(rehearsal: Rehearsal) -> str:
    """How it ended."""
    if rehearsal.fault:
        return rehearsal.fault.title
    if rehearsal.lockout:
        return str(rehearsal.lockout.value)
    return "as planned" if rehearsal.good else "not as planned"


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
            case "file" | "deckboot":
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

    def action_rehearse(self) -> None:
        """Play the burn on a virtual chip."""
        self.run_worker(self.burn.rehearse(), group="rehearsal", exclusive=True)
