"""``doctor``: why nothing works, and what to do next."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from textwrap import wrap

import click

from avrdeck.boards import wiring
from avrdeck.boards.models import Part
from avrdeck.commands.advising import in_console
from avrdeck.commands.deck import Deck
from avrdeck.commands.verb import verb
from avrdeck.jobs.doctor.diagnosing import diagnose
from avrdeck.jobs.doctor.model import Cause, Check, Report, Section, State
from avrdeck.jobs.doctor.recollecting import patient_on
from avrdeck.jobs.staging import staged
from avrdeck.protocol.errors import UsageFault

WIDTH = 80
NAME_CELLS = 27
MARKS = {State.OK: "✓", State.WARN: "!", State.FAIL: "×", State.SKIPPED: "-"}
SHOWN_CAUSES = 4


@verb("doctor")
@click.option("--programmer", metavar="BOARD", help="The board that runs ArduinoISP, for the picture.")
@click.option(
    "--wrote",
    multiple=True,
    metavar="EDIT",
    help="What was last written into the fuses of -p PART, such as lfuse=0x62; repeatable.",
)
async def doctor(deck: Deck, programmer: str | None, wrote: tuple[str, ...]) -> None:
    """Find out who answers on the port, what is behind it, and what to do next. Never writes.

    Tries every usual speed with a reset and without. A chip that fell silent after a fuse edit is known from
    the inventory; where it is not, say what was written.

    \b
    avrdeck doctor -P /dev/ttyACM0
    avrdeck doctor -P /dev/ttyACM0 -p m328p --wrote lfuse=0x60
    """
    part = deck.part
    if wrote and part is None:
        raise UsageFault("The part must be named to know what a fuse means", advice="Name it with -p.")
    if programmer:
        wiring.find_programmer(programmer)
    patient = await asyncio.to_thread(patient_on, deck.port, part, programmer)
    if part and wrote:
        patient = replace(patient, last=_written(part, patient.last, wrote), seen="")
    await deck.session.disconnect()
    report = await diagnose(
        deck.port,
        patient,
        baud=deck.settings.baud,
        trace=deck.session.trace,
        on_event=deck.out.event,
    )
    deck.out.result("\n".join(_lines(report, typed=deck.session.keep)), _data(report))


def _written(part: Part, known: Mapping[str, int], edits: Sequence[str]) -> dict[str, int]:
    """The fuse bytes after ``edits`` of those that are ``known``, or of the factory's."""
    factory = {name: fuse.factory for name, fuse in part.fuses.items() if fuse.factory is not None}
    last = {**factory, **known}
    for edit in edits:
        last = staged(part, last, edit)
    return last


def _lines(report: Report, *, typed: bool) -> Iterator[str]:
    """The report; ``typed`` where the next command is typed into a console."""
    for section in Section:
        yield section.value
        for check in (check for check in report.checks if check.section is section):
            yield from _check_lines(check)
        yield ""
    diagnosis = report.diagnosis
    yield f"{'Healthy' if diagnosis.healthy else 'Found'}: {diagnosis.title}"
    for cause in diagnosis.causes[:SHOWN_CAUSES]:
        said = replace(cause, action=in_console(cause.action)) if typed else cause
        yield from _cause_lines(said, titled=cause.title != diagnosis.title)
    if diagnosis.picture:
        yield ""
        yield wiring.draw(report.wires).rstrip()
    yield ""
    yield f"{report.probes} probes, {report.seconds:.0f} s, nothing written"


def _check_lines(check: Check) -> Iterator[str]:
    head = f"  {MARKS[check.state]} {check.name:{NAME_CELLS}} "
    indent = " " * (NAME_CELLS + 5)
    yield from wrap(check.seen, WIDTH, initial_indent=head, subsequent_indent=indent)


def _cause_lines(cause: Cause, *, titled: bool) -> Iterator[str]:
    if titled:
        rule = f" ({cause.rule})" if cause.rule else ""
        yield ""
        yield from wrap(f"{cause.title}{rule}", WIDTH, initial_indent="  ", subsequent_indent="  ")
    yield from wrap(cause.text, WIDTH, initial_indent="    ", subsequent_indent="    ")
    yield from wrap(cause.action, WIDTH, initial_indent="  > ", subsequent_indent="    ")


def _data(report: Report) -> dict[str, object]:
    diagnosis = report.diagnosis
    return {
        "port": report.port,
        "healthy": diagnosis.healthy,
        "title": diagnosis.title,
        "action": diagnosis.action,
        "causes": [asdict(cause) for cause in diagnosis.causes],
        "checks": [asdict(check) for check in report.checks],
        "wires": [asdict(wire) for wire in report.wires.wires],
        "capacitor": report.wires.capacitor,
        "probes": report.probes,
        "seconds": report.seconds,
    }
