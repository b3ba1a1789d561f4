"""Burn a bootloader: choose the board, see the plan, run it with every step's state."""

from __future__ import annotations

from avrdeck.boards.images import ImageError
from avrdeck.boards.labels import hz_label
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
        return [*rows, *self._rehearsed(width)]

    def _rehearsed(self, width: int) -> list[Row]:
        """How the burn went on virtual chips, one for everything that may be at XTAL1."""
        rows = [Row(), heading(width, "Rehearsal", "on a virtual chip")] if self.burn.rehearsals else []
        for one in self.burn.rehearsals:
            bad = not one.good
            pen = Pen(width).put("× " if bad else "✓ ", "error bold" if bad else "success", at=1)
            pen.put(clipped(f"{one.assumption.xtal}, {one.assumption.why}: ", width - 20), "muted")
            words = (
                one.fault.title
                if one.fault
                else one.lockout.value
                if one.lockout
                else "as planned"
                if one.good
                else "not as planned"
            )
            rows.append(pen.put(clipped(words, width - pen.at - 1)).row())
            rows.append(Pen(width).put(f"{steps.duration(one.seconds)} on the wire", "muted", at=3).row())
        return rows

    def chosen(self, width: int) -> list[Row]:
        """Board and file."""
        choice = self.burn.choice
        pen = Pen(width).put("Board", "muted", at=1)
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

    def next(self, width: int) -> list[Row]:
        """See `JobSheet.next`."""
        pen = Pen(width, at=1)
        match self.burn.phase:
            case Phase.PLANNING if self.burn.choice:
                pen.put("enter", "accent bold").put(" burns, after a confirmation   ", "muted")
                pen.put("h", "accent bold").put(" rehearses on a virtual chip", "muted")
            case Phase.RUNNING:
                pen.put("esc", "accent bold").put(" stops at a safe place", "muted")
            case Phase.DONE if self.burn.receipt:
                after = "  ".join(f"{name} {value:02X}" for name, value in self.burn.receipt.after.items())
                pen.put("✓ ", "success").put(after, "bold")
        return [pen.row()]


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

    def action_board(self) -> None:
        """Choose the board."""
        if not self.burn.running:
            self.app.push_screen(ChooseScreen("Board", choices.board_options()), self._chosen)

    def _chosen(self, value: object) -> None:
        if isinstance(value, tuple):
            self.app.call_later(self._choose, *value)

    def _choose(self, name: str, menu: dict[str, str]) -> None:
        try:
            self.burn.choose(name, menu)
        except (Fault, ImageError, LookupError) as error:
            self.tell(error)
        self.move()

    def action_file(self) -> None:
        """Choose the bootloader's file."""
        if not self.burn.running:
            self.app.push_screen(files.load_prompt("Bootloader", self.burn.load))

    def action_rehearse(self) -> None:
        """Play the burn on a virtual chip."""
        if not self.burn.running and self.burn.outline:
            self.run_worker(self.burn.rehearse(), group="rehearsal", exclusive=True)
