"""What a burn shows: board, loader, findings, rehearsals, steps, the receipt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from avrdeck.boards.labels import hz_label
from avrdeck.commands.burntext import burnt_text
from avrdeck.jobs.burn.job import Burnt
from avrdeck.jobs.burn.rehearsal import Rehearsal
from avrdeck.jobs.ledger import UNCHANGED
from avrdeck.tui.controllers.burning import Burn
from avrdeck.tui.controllers.undertaking import Phase
from avrdeck.tui.views import findings, steps
from avrdeck.tui.views.ink import Pen, Row, clipped, heading, wrapped
from avrdeck.tui.widgets.jobsheets import JobSheet, offer, receipt_rows


class BurnSheet(JobSheet):
    """The plan of a burn, its findings, and how it went on a virtual chip."""

    def __init__(self, burn: Burn) -> None:
        super().__init__(burn)
        self.burn = burn

    def more(self, width: int) -> list[Row]:
        """Findings and rehearsals, at the end the receipt."""
        burn = self.burn
        rows = receipt_rows(_receipt(burn.burnt), width) if burn.burnt else []
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
            return [offer(pen.put("not chosen: ", "muted", at=9), "burn.board", "chooses one", "").row()]
        plan = choice.plan
        clock = f"  {hz_label(plan.f_cpu_hz)}" if plan.f_cpu_hz else ""
        baud = f"  {plan.baud} baud" if plan.baud else ""
        rows = [pen.put(plan.board or "by hand", "bold", at=9).put(f"{clock}{baud}", "muted").row()]
        pen = Pen(width).put("Loader", "muted", at=1).put(plan.file_name, at=9)
        pen.put(f"  {plan.image.size} B at 0x{plan.image.start:04X}", "muted").put(" ✓", "success")
        rows.append(pen.row())
        made = [f"made for {plan.made.text}"] if plan.made else []
        for note in (*choice.notes, *made):
            rows += [Pen(width).put(line, "muted", at=9).row() for line in wrapped(note, width - 10)]
        number = plan.order or plan.serial
        lines = wrapped(number.words, width - 10) if number else []
        rows += [Pen(width).put(line, at=9).row() for line in lines]
        if lines:
            rows[-len(lines)] = Pen(width).put("Serial", "muted", at=1).put(lines[0], at=9).row()
        return rows

    @staticmethod
    def _no_loader(width: int) -> Row:
        """That there is none yet for the board, and how to get one."""
        pen = Pen(width).put("Loader", "muted", at=1).put("not chosen: ", "muted", at=9)
        offer(pen, "burn.file", "names a file, ", "")
        return offer(pen, "burn.deckboot", "takes deckboot, avrdeck's own", "").row()

    def next(self, width: int) -> list[Row]:
        """See `JobSheet.next`."""
        pen = Pen(width, at=1)
        match self.burn.phase:
            case Phase.PLANNING if self.burn.choice:
                offer(pen, "burn.start", "burns, after a confirmation   ")
                if self.burn.outline:
                    offer(pen, "burn.rehearse", "rehearses on a virtual chip")
            case Phase.PLANNING if self.burn.interrupted:
                offer(pen, "burn.resume", "goes on with a burn that stopped")
            case Phase.RUNNING:
                offer(pen, "burn.leave", "stops at a safe place")
                if self.burn.ledger.holds != UNCHANGED:
                    offer(pen.put("; then ", "muted"), "burn.resume", "goes on from there")
            case Phase.FAILED:
                if self.burn.interrupted:
                    offer(pen, "burn.resume", "goes on from here   ")
                offer(pen, "burn.start", "burns from the beginning")
        return [pen.row()]


def _receipt(burnt: Burnt) -> list[str]:
    """What the command says at the end, the backup by its name in the list of backups."""
    saved = replace(burnt.saved, path=Path(burnt.saved.path.name))
    return burnt_text(replace(burnt, saved=saved)).splitlines()


def _outcome(rehearsal: Rehearsal) -> str:
    """How it ended."""
    if rehearsal.fault:
        return rehearsal.fault.title
    if rehearsal.lockout:
        return str(rehearsal.lockout.value)
    return "as planned" if rehearsal.good else "not as planned"
