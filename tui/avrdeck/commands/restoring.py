"""``restore``: a chip back to what a backup holds."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

import click

from avrdeck.boards.text import printable
from avrdeck.commands.chronicle import noted_sighting
from avrdeck.commands.deck import Deck
from avrdeck.commands.output import finding_data, finding_text
from avrdeck.commands.skipping import skipping
from avrdeck.commands.stopping import Undertaking
from avrdeck.commands.verb import verb
from avrdeck.jobs.backup import files
from avrdeck.jobs.backup.identity import read_chip
from avrdeck.jobs.backup.model import Backup
from avrdeck.jobs.backup.planning import RESTORABLE, RestorePlan, plan_restore
from avrdeck.jobs.backup.restoring import RestoreReceipt
from avrdeck.jobs.backup.restoring import restore as run_restore
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.inventory.model import Kind
from avrdeck.protocol.errors import UsageFault
from avrdeck.protocol.programmer import Programmer


@verb("restore")
@click.argument("reference", metavar="[BACKUP]", required=False)
@click.option("--only", multiple=True, type=click.Choice(RESTORABLE), help="Restore this; may be repeated.")
@click.option("--no-backup", is_flag=True, help="Save fuses, lock bits and identity only before.")
@click.option("--dry-run", is_flag=True, help="Say what would be done and stop.")
async def restore(
    deck: Deck, reference: str | None, only: tuple[str, ...], no_backup: bool, dry_run: bool
) -> None:
    """Bring a chip back to what BACKUP holds: a path, a name, or an id that backups list shows.

    Without BACKUP the newest full one of this very chip. What the chip holds now is saved first.

    \b
    avrdeck restore 2b98b480 -P /dev/ttyACM0
    avrdeck restore before.zip --only fuses -P /dev/ttyACM0
    """
    store = Store()
    chosen = await asyncio.to_thread(_load, store, reference) if reference else None
    _insist_on_named_part(deck, chosen)
    async with deck.target() as programmer:
        backup = chosen or await _latest(programmer, store)
        plan = await plan_restore(programmer, backup, only or RESTORABLE)
        deck.out.note(plan_text(plan))
        for finding in plan.findings if dry_run else ():
            deck.out.note(finding_text(finding))
        if dry_run or plan.empty:
            deck.out.result("Nothing was written", {"written": False, **plan_data(plan)})
            return
        await noted_sighting(deck, plan.chip, plan.before)
        job = Undertaking(deck, Kind.RESTORE, backup.name, "The restore was stopped")
        with skipping(deck) as skip:
            async with job.under_way():
                receipt = await run_restore(
                    programmer,
                    plan,
                    store,
                    deck.answer,
                    save_contents=not no_backup,
                    wish=skip.wish,
                    on_event=job.course.watching(skip.event),
                    ledger=job.ledger,
                )
    data = {"written": True, **asdict(receipt)}
    await job.ended(data)
    deck.out.result(_told(receipt), data)


def _load(store: Store, reference: str) -> Backup:
    return files.load(store.find(reference))


def _insist_on_named_part(deck: Deck, backup: Backup | None) -> None:
    """Find out before the wire is touched that the part that was named is another."""
    if backup and deck.part and deck.part.signature != backup.chip.signature:
        raise UsageFault(f"{backup.name} is of an {backup.chip.part}, not of an {deck.part.name}")


async def _latest(programmer: Programmer, store: Store) -> Backup:
    chip, _ = await read_chip(programmer)
    path = await asyncio.to_thread(store.latest, chip)
    return await asyncio.to_thread(files.load, path)


def plan_text(plan: RestorePlan) -> str:
    """What will be done, for people."""
    steps = [
        "erase the chip" if plan.erase else "",
        f"write {plan.flash.size} bytes of flash" if plan.flash and plan.flash.size else "",
        f"bring {plan.eeprom.size} bytes of EEPROM in line" if plan.eeprom else "",
        "keep the EEPROM that is there" if plan.keep_eeprom else "",
        *(str(change) for change in plan.changes),
    ]
    steps = [step for step in steps if step] or ["nothing to do"]
    lines = [f"{printable(plan.backup.name)} into {plan.chip.text}:", *(f"  {step}" for step in steps)]
    return "\n".join([*lines, *plan.notes])


def plan_data(plan: RestorePlan) -> dict[str, object]:
    """The same for programs."""
    return {
        "backup": plan.backup.name,
        "part": plan.chip.part,
        "erase": plan.erase,
        "flash": plan.flash.size if plan.flash else None,
        "eeprom": plan.eeprom.size if plan.eeprom else None,
        "keep_eeprom": plan.keep_eeprom,
        "changes": [
            {"memory": change.memory, "old": change.old, "new": change.new} for change in plan.changes
        ],
        "notes": list(plan.notes),
        "findings": [finding_data(finding) for finding in plan.findings],
    }


def _told(receipt: RestoreReceipt) -> str:
    values = "  ".join(f"{name} {value:02X}" for name, value in receipt.after.items())
    without = f", without {' and '.join(receipt.unsaved)}" if receipt.unsaved else ""
    ended = "except for fuses and lock, which were put back" if receipt.fuses_reverted else "verified"
    return (
        f"The {receipt.part} is restored from {printable(receipt.backup)}, {ended}\n{values}\n"
        f"What it held before is in {printable(receipt.saved)}{without}"
    )
