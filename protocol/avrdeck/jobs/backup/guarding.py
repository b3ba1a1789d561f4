"""The backup before something is destroyed: every destructive job calls `save_first`."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from avrdeck.jobs.backup.model import ABSENCE_WORDS, CONTENTS, Absence, Backup
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.backup.taking import QUICK, Wish, take
from avrdeck.jobs.events import EventHandler, StepDone, unheard
from avrdeck.jobs.ledger import Ledger
from avrdeck.protocol.programmer import Programmer

BEFORE_DESTROYING = Wish(unless_blank=True)


@dataclass(frozen=True, slots=True)
class Saved:
    """What was saved and where. ``known`` when a backup with the same content was there already.

    ``at_risk`` names the memories that the job may change.
    """

    backup: Backup
    path: Path
    known: bool = False
    at_risk: Collection[str] = CONTENTS

    @property
    def lost(self) -> dict[str, Absence]:
        """What the job may take for good: memories that are not in the backup and not blank."""
        left_out = self.backup.header.left_out
        return {
            name: left_out[name]
            for name in self.at_risk
            if left_out.get(name, Absence.BLANK) is not Absence.BLANK
        }

    @property
    def words(self) -> str:
        """For a fault's `holds`: how to get back."""
        return f"What it held before is in {self.path.name}{self.without}."

    @property
    def without(self) -> str:
        """What is not in it and not blank, in words: ``, without flash (skipped)``; else empty."""
        missing = [f"{name} ({ABSENCE_WORDS[reason]})" for name, reason in self.lost.items()]
        return f", without {' and '.join(missing)}" if missing else ""


async def save_first(
    programmer: Programmer,
    store: Store,
    *,
    contents: bool = True,
    wish: Wish = BEFORE_DESTROYING,
    on_event: EventHandler = unheard,
) -> Saved:
    """Save the target before it is changed; without ``contents`` fuses, lock and identity only.

    A content that the store holds already is not kept twice. Raises the fault that stopped it, which says
    that the chip is unchanged: nothing may be destroyed then.
    """
    at_risk = wish.contents
    if not contents:
        wish = replace(wish, contents=QUICK.contents)
    with Ledger().told():
        backup = await take(programmer, wish, on_event)
        known = await asyncio.to_thread(store.holding, backup.header)
        if known:
            on_event(StepDone("backup", f"the same is in {known.name} already"))
            return Saved(backup, known, known=True, at_risk=at_risk)
        saved = Saved(backup, await asyncio.to_thread(store.add, backup), at_risk=at_risk)
    on_event(StepDone("backup", f"saved as {saved.path.name}{saved.without if contents else ''}"))
    return saved
