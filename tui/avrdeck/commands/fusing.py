"""``fuses``, ``fuse set/write/revert``, ``lock``: what the fuses say, and changing it."""

from __future__ import annotations

from collections.abc import Mapping

import click

from avrdeck.boards.fusefields import changed, fields
from avrdeck.boards.models import Part
from avrdeck.commands.completions import fuse_edits
from avrdeck.commands.deck import Deck
from avrdeck.commands.output import finding_data, finding_text
from avrdeck.commands.reference.fusesheet import bytes_text
from avrdeck.commands.safeguard import save_before
from avrdeck.commands.stopping import Undertaking
from avrdeck.commands.verb import branch, verb
from avrdeck.jobs.fuses import Change, FusePlan, FuseReceipt, plan, write_fuses
from avrdeck.jobs.guard import insist_on_isp
from avrdeck.jobs.inventory.model import Kind
from avrdeck.jobs.staging import staged
from avrdeck.protocol.errors import UsageFault
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import fuses as access


@verb("fuses")
async def fuses(deck: Deck) -> None:
    """Read every fuse and lock byte and show what each bit means.

    A fuse bit is programmed when it is 0.

    \b
    avrdeck fuses -P sim:
    """
    async with deck.target() as programmer:
        part = programmer.require_part()
        values = await access.read_all(programmer)
    deck.out.result(
        "\n".join(bytes_text(part, values)),
        {"part": part.name, "fuses": values, "fields": _fields(part, values)},
    )


@verb("lock")
async def lock(deck: Deck) -> None:
    """Read the lock byte and show what it forbids.

    \b
    avrdeck lock -P sim:
    """
    async with deck.target() as programmer:
        part = programmer.require_part()
        values = {"lock": await access.read(programmer, "lock")}
    deck.out.result(
        "\n".join(bytes_text(part, values)),
        {"part": part.name, "fuses": values, "fields": _fields(part, values)},
    )


fuse = branch("fuse", "Edit fuse and lock bits: set stages, write writes, revert forgets.")


@fuse.verb("set")
@click.argument("words", nargs=-1, metavar="FIELD=VALUE...", shell_complete=fuse_edits)
@click.option("-U", "avrdude", multiple=True, metavar="MEM:w:VALUE:m", help="An argument of avrdude's.")
@click.option("-w", "--write", is_flag=True, help="Write at once, after the confirmation.")
async def set_(deck: Deck, words: tuple[str, ...], avrdude: tuple[str, ...], write: bool) -> None:
    """Stage fuse edits and show what they come to; -w writes them.

    Fields take their values in many spellings; bytes, factory values and boards work too.

    \b
    avrdeck fuse set bodlevel=2.7V -P sim:
    avrdeck fuse set lfuse=0xE2 eesave=on -w -P sim:
    avrdeck fuse set board:uno -w -P sim:
    avrdeck fuse set -U lfuse:w:0xE2:m -P sim:
    """
    async with deck.target() as programmer:
        part = programmer.require_part()
        insist_on_isp(programmer, "write fuses")
        current = await access.read_all(programmer)
        values = {**current, **deck.session.staged}
        for word in (*words, *avrdude):
            values = staged(part, values, word)
        intent = plan(part, current, values)
        deck.session.staged = {change.memory: change.new for change in intent.changes}
        if write:
            await _write(deck, programmer)
        else:
            deck.out.result(_plan_text(deck, intent), _plan_data(intent))


@fuse.verb("write")
async def write(deck: Deck) -> None:
    """Write the staged edits: findings, confirmation, read-back, and an undo before they take effect.

    \b
    fuse write
    """
    if not deck.session.staged:
        raise UsageFault("Nothing is staged", advice="Stage an edit first: fuse set FIELD=VALUE.")
    async with deck.target() as programmer:
        await _write(deck, programmer)


@fuse.verb("revert")
async def revert(deck: Deck) -> None:
    """Forget the staged edits; the chip was not touched.

    \b
    fuse revert
    """
    deck.session.staged = {}
    deck.out.result("Nothing is staged", {"staged": {}})


async def _write(deck: Deck, programmer: Programmer) -> None:
    await save_before(deck, programmer, contents=False)
    staged = ", ".join(f"{name} {value:02X}" for name, value in deck.session.staged.items())
    job = Undertaking(deck, Kind.FUSE_WRITE, staged, "The fuse write was stopped")
    async with job.under_way():
        event = job.course.watching(deck.out.event)
        receipt = await write_fuses(programmer, deck.session.staged, deck.answer, event, ledger=job.ledger)
    deck.session.staged = {}
    deck.out.result(_receipt_text(receipt), _receipt_data(receipt))


def _fields(part: Part, values: Mapping[str, int]) -> dict[str, str]:
    return {state.field.name.lower(): state.key for state in fields(part, values)}


def _plan_text(deck: Deck, intent: FusePlan) -> str:
    if not intent.changes:
        return "The chip holds that already"
    lines = [*map(finding_text, intent.findings)]
    for change in intent.changes:
        lines += [f"staged  {change}", *_turned(intent.part, change)]
    lines.append(f"avrdude {intent.avrdude}")
    lines.append("Write it with: fuse write" if deck.session.keep else "Nothing is written; -w writes it.")
    return "\n".join(lines)


def _turned(part: Part, change: Change) -> list[str]:
    """A line for each field that a byte turns: ``EESAVE  erased → kept``."""
    pairs = changed(part, change.memory, change.old, change.new)
    width = max((len(old.field.name) for old, _ in pairs), default=0)
    return [f"        {old.field.name:{width}}  {old.label} → {new.label}" for old, new in pairs]


def _plan_data(intent: FusePlan) -> dict[str, object]:
    return {
        "part": intent.part.name,
        "changes": {change.memory: {"old": change.old, "new": change.new} for change in intent.changes},
        "findings": [finding_data(finding) for finding in intent.findings],
        "avrdude": intent.avrdude,
    }


def _receipt_text(receipt: FuseReceipt) -> str:
    if receipt.reverted:
        return "The old values are back; nothing was in effect"
    if not receipt.changes:
        return "The chip held that already; nothing was written"
    return f"{', '.join(map(str, receipt.changes))}: written, read back and in effect"


def _receipt_data(receipt: FuseReceipt) -> dict[str, object]:
    return {
        "part": receipt.part,
        "before": dict(receipt.before),
        "after": dict(receipt.after),
        "reverted": receipt.reverted,
    }
