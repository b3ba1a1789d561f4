"""What the doctor tries and finds as rows: the checks by section, the diagnosis, and what to do."""

from __future__ import annotations

from avrdeck.jobs.doctor.model import Cause, Check, Diagnosis, Report, Section, State
from avrdeck.tui.advising import in_app
from avrdeck.tui.controllers.doctoring import Examination
from avrdeck.tui.views import wires
from avrdeck.tui.views.ink import Pen, Row, clipped, heading, wrapped

VALUE = 20
"""Column of what was seen."""
LIVE_VALUE = 33
"""Column of what came of a look while more are made."""
SHOWN_CAUSES = 4
MARKS = {
    State.OK: ("✓", "success"),
    State.WARN: ("!", "warning bold"),
    State.FAIL: ("×", "error bold"),
    State.SKIPPED: ("-", "disabled"),
}
STRESS = {State.WARN: "bold", State.FAIL: "bold", State.SKIPPED: "muted"}


def rows(examination: Examination, width: int) -> list[Row]:
    """What is tried while it lasts, then the checks and the diagnosis."""
    report = examination.report
    if report is None:
        return _live(examination, width)
    return [*_checks(report, width), *diagnosis_rows(report.diagnosis, width)]


def brief(examination: Examination, width: int) -> list[Row]:
    """The same and what to do in one column, the outcome first."""
    report = examination.report
    if report is None:
        return [*_live(examination, width), Row(), *advice(examination, width)]
    told = [*diagnosis_rows(report.diagnosis, width), Row(), *_actions(examination, report, width), Row()]
    effort = Pen(width).put(effort_text(report), "muted", at=1).row()
    return [*told, *_picture(report, width), *_checks(report, width), effort]


def report_rows(examination: Examination, width: int) -> list[Row]:
    """Everything in the order in which it was found, to be kept as text."""
    told = [*rows(examination, width), Row(), *advice(examination, width)]
    report = examination.report
    return [*told, Row(), Pen(width).put(effort_text(report), at=1).row()] if report else told


def effort_text(report: Report) -> str:
    """What it took: ``12 probes, 14 s, nothing written``."""
    return f"{report.probes} probe{'s' * (report.probes != 1)}, {report.seconds:.0f} s, nothing written"


def _live(examination: Examination, width: int) -> list[Row]:
    """The looks so far, the newest marked."""
    painted = [heading(width, Section.PORT.value)]
    opening = examination.running and not examination.looks
    mark, role = ("►", "accent bold") if opening else ("·", "muted")
    pen = Pen(width).put(mark, role, at=1).put("Port", "muted", at=3)
    painted.append(pen.put(clipped(examination.port, width - VALUE - 1), at=VALUE).row(band=opening))
    painted += [Row(), heading(width, Section.ANSWER.value)]
    for look in examination.looks:
        painted += _look(look.text, look.seen, width, running=examination.running)
    if examination.stopped:
        painted += [Row(), Pen(width).put("Stopped. The port is closed.", "bold", at=1).row()]
    return painted


def _look(text: str, seen: str | None, width: int, *, running: bool) -> list[Row]:
    if seen is None:
        mark = "►" if running else "-"
        pen = Pen(width).put(mark, "accent bold" if running else "disabled", at=1)
        pen.put(clipped(text, width - 4), "bold" if running else "muted", at=3)
        return [pen.row(band=running, cursor=running)]
    pen = Pen(width).put("·", "muted", at=1).put(clipped(text, width - 4), "muted", at=3)
    column = max(pen.at + 2, LIVE_VALUE)
    if column + len(seen) < width:
        return [pen.put(seen, at=column).row()]
    return [pen.row(), Pen(width).put(clipped(seen, width - 6), at=5).row()]


def _checks(report: Report, width: int) -> list[Row]:
    painted: list[Row] = []
    for section in Section:
        painted.append(heading(width, section.value))
        for check in report.checks:
            if check.section is section:
                painted += _check(check, width)
        painted.append(Row())
    return painted


def _check(check: Check, width: int) -> list[Row]:
    mark, role = MARKS[check.state]
    stress = STRESS.get(check.state, "")
    pen = Pen(width).put(mark, role, at=1)
    pen.put(clipped(check.name, width - 4), stress if check.state is State.FAIL else "muted", at=3)
    lines = wrapped(check.seen, width - VALUE - 1)
    if pen.at < VALUE:
        pen.put(lines.pop(0), stress, at=VALUE)
    return [pen.row(), *_lines(lines, width, stress, VALUE)]


def diagnosis_rows(diagnosis: Diagnosis, width: int) -> list[Row]:
    """How bad it is, what it is, and why."""
    text, role = _severity(diagnosis)
    painted = [heading(width, "Diagnosis")]
    pen = Pen(width).put(f" {text} ", role, at=1)
    at = pen.at + 2
    first, *rest = wrapped(diagnosis.title, width - at - 1)
    painted += [pen.put(first, "bold", at=at).row(), *_lines(rest, width, "bold", at)]
    cause = diagnosis.causes[0] if diagnosis.causes else None
    if cause and cause.text:
        painted += [Row(), *_lines(wrapped(cause.text, width - 4), width)]
    if cause and cause.sure and cause.rule:
        words = f"The fuse bytes that it had last say so: rule {cause.rule}."
        painted += _lines(wrapped(words, width - 4), width, "muted")
    return painted


def _lines(lines: list[str], width: int, role: str = "", at: int = 3) -> list[Row]:
    return [Pen(width).put(line, role, at=at).row() for line in lines]


def _severity(diagnosis: Diagnosis) -> tuple[str, str]:
    if not diagnosis.healthy:
        return "× FOUND", "error bold reverse"
    return ("! MIND", "warning bold reverse") if diagnosis.causes else ("✓ WELL", "success bold reverse")


def advice(examination: Examination, width: int) -> list[Row]:
    """What to do: the picture, the next action, the line for the sketch, what else it can be, connecting."""
    report = examination.report
    if report is None:
        return _meanwhile(examination, width)
    return [*_picture(report, width), *_actions(examination, report, width)]


def _picture(report: Report, width: int) -> list[Row]:
    """The wiring, where it is worth a look, with the wires that the doctor names."""
    if not report.diagnosis.picture:
        return []
    named = {name for cause in report.diagnosis.causes for name in cause.wires}
    return [*wires.rows(report.wires, width, named), Row()]


def _actions(examination: Examination, report: Report, width: int) -> list[Row]:
    painted = _next(report.diagnosis, width)
    if examination.sketch:
        painted += [Row(), heading(width, "For the sketch"), *_sketch(examination.sketch, width)]
    painted += _connect(report, width)
    others = report.diagnosis.causes[1:SHOWN_CAUSES]
    if others:
        painted += [Row(), heading(width, "Also")]
        for cause in others:
            painted += _other(cause, width)
    return painted


def _meanwhile(examination: Examination, width: int) -> list[Row]:
    words = "The doctor only asks and reads. Boards may restart, as they do whenever a port is opened."
    painted = _lines(wrapped(words, width - 2), width, "muted", 1)
    keys = Pen(width, at=1)
    if examination.running:
        keys.put("esc", "accent bold").put(" stops, and the port is closed", "muted")
    else:
        keys.put("r", "accent bold").put(" looks again", "muted")
    return [*painted, Row(), keys.row()]


def _next(diagnosis: Diagnosis, width: int) -> list[Row]:
    if not diagnosis.action:
        return [heading(width, "Next action"), Pen(width).put("Nothing has to be done.", at=3).row()]
    first, *rest = wrapped(in_app(diagnosis.action), width - 4)
    painted = [heading(width, "Next action")]
    painted.append(Pen(width).put("►", "accent bold", at=1).put(first, "bold", at=3).row())
    painted += _lines(rest, width, "bold")
    pen = Pen(width, at=3).put("Then press ", "muted").put("r", "accent bold")
    return [*painted, pen.put(": the doctor looks again.", "muted").row()]


def _sketch(line: str, width: int) -> list[Row]:
    keys = Pen(width, at=3).put("s", "accent bold").put(" copies the line.", "muted")
    return [Pen(width).put(clipped(line, width - 4), "bold", at=3).row(), keys.row()]


def _connect(report: Report, width: int) -> list[Row]:
    if report.found is None:
        return []
    pen = Pen(width, at=3).put("enter", "accent bold")
    words = f" connects to {report.found.who} at {report.found.baud} baud."
    return [Row(), heading(width, "Connect"), pen.put(clipped(words, width - pen.at - 1), "muted").row()]


def _other(cause: Cause, width: int) -> list[Row]:
    pen = Pen(width).put("i", "muted", at=1).put(clipped(cause.title, width - 9), at=3)
    if cause.rule:
        pen.right(cause.rule, "disabled", margin=1)
    return [pen.row(), *_lines(wrapped(in_app(cause.action), width - 4), width, "muted")]
