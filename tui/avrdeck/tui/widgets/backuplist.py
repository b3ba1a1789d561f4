"""The list of backups: which there are, the one under the cursor, and the one that is marked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from avrdeck.jobs.backup.store import Listed
from avrdeck.tui.controllers import backing_up
from avrdeck.tui.views import backups
from avrdeck.tui.widgets.table import Column, Table

COLUMNS = (
    Column("  made (UTC)", 18),
    Column("part", 13),
    Column("label or serial", 22),
    Column("holds", 34, from_width=90),
    Column("id", 8),
)


class BackupList(Table):
    """A line a backup, the newest first."""

    def __init__(self) -> None:
        super().__init__(COLUMNS, "No backup yet: n takes one.", id="backup-table")
        self.listed: Sequence[Listed] = ()
        self.marked: Path | None = None

    async def reload(self) -> None:
        """Look at the files again; the cursor stays with its backup."""
        here = self.here
        self.listed = await backing_up.listing()
        if not self.is_attached:  # the screen was left meanwhile
            return
        self.list()
        paths = [each.path for each in self.listed]
        if here and here.path in paths:
            self.cursor = paths.index(here.path)

    def list(self) -> None:
        """Show the lines, the mark with them."""
        self.show([backups.texts(each, marked=each.path == self.marked) for each in self.listed])

    @property
    def here(self) -> Listed | None:
        """The line under the cursor."""
        return self.listed[self.cursor] if self.cursor < len(self.listed) else None

    @property
    def chosen(self) -> Path | None:
        """The backup under the cursor, if it is one that can be used."""
        found = self.here
        return found.path if found and found.header else None

    @property
    def other(self) -> Path | None:
        """The marked backup, if it is another than the chosen one."""
        return self.marked if self.chosen and self.marked != self.chosen else None

    def mark(self) -> None:
        """Mark the chosen one, or take its mark away."""
        self.marked = None if self.chosen == self.marked else self.chosen
        self.list()

    async def delete(self, found: Listed) -> None:
        """Delete a backup; raises as `backing_up.delete`."""
        try:
            await backing_up.delete(found.path)
        finally:
            if self.marked == found.path:
                self.marked = None
            await self.reload()

    def loss(self, found: Listed) -> str:
        """What deleting it means, in a sentence."""
        if found.header is None:
            return "It is damaged and cannot be restored anyway."
        chip = found.header.chip
        others = [each.header for each in self.listed if each.header and each is not found]
        left = sum(chip.same(header.chip) is not False for header in others)
        if not left:
            return "It is the only one of this chip."
        return f"{left} other{'s' * (left != 1)} of this chip or kind stay{'s' * (left == 1)}."
