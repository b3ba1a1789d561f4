"""``trace``, ``replay``: every byte of a session, decoded, kept, and played again."""

from __future__ import annotations

from pathlib import Path

import click

from avrdeck.commands.deck import Deck
from avrdeck.commands.verb import branch, verb
from avrdeck.jobs.tracing import frames, from_lines, ladder, to_lines
from avrdeck.jobs.tracing import replay as run_replay
from avrdeck.protocol.errors import InputFault, VerifyError
from avrdeck.protocol.text import hexadecimal

file_argument = click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
trace = branch(
    "trace", "The bytes of this session: show, save, on and off. -- avrdeck --trace FILE VERB keeps them."
)
SHOWN = 200
"""How many frames `trace show` prints unless told otherwise."""


@trace.verb("show")
@click.option(
    "-f", "--filter", "match", default="", metavar="TEXT", help="Only frames whose meaning contains TEXT."
)
@click.option("-n", "--last", type=click.IntRange(1), default=SHOWN, help="How many of the last frames.")
async def show(deck: Deck, match: str, last: int) -> None:
    """Show the last frames of the session as a ladder.

    \b
    trace show --filter universal
    """
    programmer = deck.session.programmer
    found = list(frames(deck.session.trace.events, programmer.part if programmer else None))
    lines = list(ladder(found, match))[-last:]
    data = [
        {"t": frame.time, "dir": frame.direction.value, "hex": frame.data.hex(), "text": frame.text}
        for frame in found
    ]
    deck.out.result("\n".join(lines) or "Nothing was sent yet", {"frames": data[-last:]})


@trace.verb("save")
@file_argument
async def save(deck: Deck, file: Path) -> None:
    """Save the session's bytes as JSON lines, for `replay` and for bug reports.

    \b
    trace save session.jsonl
    """
    if file.exists():  # noqa: ASYNC240 - one look at a local file
        await deck.confirm(f"Replace {file}?")
    count = save_trace(deck, file)
    deck.out.result(f"{count} events are in {file}", {"file": str(file), "events": count})


@trace.verb("on")
async def on(deck: Deck) -> None:
    """Show every frame as it happens.

    \b
    trace on
    """
    deck.session.watch(deck.out.note)
    deck.out.result("Tracing", {"tracing": True})


@trace.verb("off")
async def off(deck: Deck) -> None:
    """Stop showing frames; they are still kept.

    \b
    trace off
    """
    deck.session.watch(None)
    deck.out.result("Not tracing", {"tracing": False})


@verb("replay")
@file_argument
async def replay(deck: Deck, file: Path) -> None:
    """Send what a saved trace sent and report where the answers first differ.

    It sends everything in the trace, writes included: play a stranger's trace to sim: only.

    \b
    avrdeck replay session.jsonl -P sim:
    """
    from avrdeck.protocol.transports.opening import open_transport

    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            events = from_lines(lines, str(file))
    except OSError as error:
        raise InputFault(f"{file} cannot be read", detail=f"The system says: {error.strerror}.") from error
    if deck.port.partition(":")[0] != "sim":
        await deck.confirm(f"Send everything in {file} to {deck.port}, writes included?")
    await deck.session.disconnect()
    transport = await open_transport(deck.port, deck.settings.baud)
    try:
        difference = await run_replay(events, transport)
    finally:
        await transport.close()
    if difference:
        came = hexadecimal(difference.received, 16) or "silence"
        raise VerifyError(
            "trace",
            [],
            f"After {hexadecimal(difference.sent, 16)} comes {came}",
            detail=f"The trace has {hexadecimal(difference.expected, 16)}.",
        )
    deck.out.result(f"{len(events)} events, every answer as in {file}", {"file": str(file), "same": True})


def save_trace(deck: Deck, file: Path) -> int:
    """Write the session's events to ``file``; how many there are."""
    lines = list(to_lines(deck.session.trace.events))
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return len(lines)
