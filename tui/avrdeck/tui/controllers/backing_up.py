"""Backups: listed, taken, compared with the chip, restored."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from avrdeck.jobs.backup import files
from avrdeck.jobs.backup.comparing import Comparison, Verdict, compare_with_chip
from avrdeck.jobs.backup.model import Header
from avrdeck.jobs.backup.planning import plan_restore
from avrdeck.jobs.backup.restoring import RestoreReceipt, restore
from avrdeck.jobs.backup.store import Listed, Store
from avrdeck.jobs.backup.taking import take
from avrdeck.jobs.events import EventHandler
from avrdeck.jobs.questions import Ask
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.views.memorymap import size_text


async def listing() -> Sequence[Listed]:
    """Every backup, the newest first."""
    return await asyncio.to_thread(Store().listing)


def texts(listed: Listed) -> tuple[str, str, str, str, str]:
    """A backup as the table shows it: time, part, name, what is in it, file."""
    header = listed.header
    if header is None:
        return "", "", "", f"× {listed.problem}", listed.path.name
    name = header.label or header.chip.serial_text
    return f"{header.made:%Y-%m-%d %H:%M}", header.chip.part, name, contents(header), listed.path.name


def contents(header: Header) -> str:
    """What a backup holds: ``flash 32 KiB, eeprom 1 KiB, fuses``."""
    sizes = [f"{name} {size_text(entry.size)}" for name, entry in header.memories.items() if entry.size > 1]
    big = [size for size in sizes if size.startswith(("flash", "eeprom"))]
    return ", ".join([*big, "fuses"]) if "lock" in header.memories else ", ".join(big)


async def take_now(session: Session, on_event: EventHandler) -> Path:
    """Save everything the chip holds; where it is kept."""
    async with session.lent("backup") as programmer:
        backup = await take(programmer, None, on_event)
        store = Store()
        known = await asyncio.to_thread(store.holding, backup.header)
        if known:
            return known
        added: Path = await asyncio.to_thread(store.add, backup)
        return added


async def compared(session: Session, path: Path, on_event: EventHandler) -> list[str]:
    """How the chip differs from a backup, a line a memory."""
    backup = await asyncio.to_thread(files.load, path)
    async with session.lent("compare") as programmer:
        return _told(await compare_with_chip(programmer, backup, on_event))


def _told(comparison: Comparison) -> list[str]:
    lines = ["This is another chip than the backup's."] if comparison.same_chip is False else []
    for one in comparison.memories:
        words: str = one.verdict.value
        if one.verdict is Verdict.DIFFERENT and one.values:
            words = f"{one.values[0]:02X} in the backup, {one.values[1]:02X} on the chip"
        elif one.verdict is Verdict.DIFFERENT:
            words = f"{one.bytes_differ} bytes differ, first at 0x{one.ranges[0][0]:04X}"
        lines.append(f"{'✓' if one.verdict is Verdict.SAME else '≠'} {one.memory:8} {words}")
    return lines


async def restored(session: Session, path: Path, ask: Ask, on_event: EventHandler) -> RestoreReceipt | None:
    """Bring the chip back to a backup, after ``ask``; `None` when it holds that already."""
    backup = await asyncio.to_thread(files.load, path)
    async with session.lent("restore") as programmer:
        plan = await plan_restore(programmer, backup)
        if plan.empty:
            return None
        receipt = await restore(programmer, plan, Store(), ask, on_event=on_event)
        session.stale = True
        await programmer.identify(session.part)
    if session.draft:
        session.edit(session.draft.reverted().reread(receipt.after))
    return receipt
