"""A memory as cells to scale: a sign for what each page holds, or for what a job does to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from avrdeck.tui.pages import Page, PageMap
from avrdeck.tui.views.ink import Pen, Row, Targets

GLYPHS = {
    Page.UNKNOWN: ("-", "disabled"),
    Page.USED: ("▄", "muted"),
    Page.BLANK: ("·", "disabled"),
    Page.WAITING: ("░", "muted"),
    Page.WRITTEN: ("▄", "accent"),
    Page.VERIFIED: ("█", "success"),
    Page.DIFFERS: ("▒", "warning"),
    Page.STAGED: ("◆", "warning bold"),
}
BOOT_GLYPHS = {
    Page.UNKNOWN: ("=", "accent"),
    Page.USED: ("▀", "accent"),
    Page.BLANK: ("▔", "accent"),
    Page.WAITING: ("░", "accent"),
}
"""The boot section has signs of its own, and those of all flash for what is not among them."""
MAX_ROWS, LEAST_ROWS = 16, 4
"""Rows of a map; of a larger memory several pages go into one cell."""
BESIDE = 11
"""Rows that are wanted besides the map of flash."""
WIDE_COLUMNS = 76
"""Columns from which a row of the map has 64 cells."""


@dataclass(frozen=True, slots=True)
class MapCursor:
    """The page under the cursor."""

    memory: str = "flash"
    page: int = 0


@dataclass(frozen=True, slots=True)
class CellTargets(Targets):
    """Cells side by side: the first page of each."""

    memory: str
    first: int
    pages: int

    def at(self, column: int) -> MapCursor:
        """See `Targets.at`."""
        return MapCursor(self.memory, self.first + column * self.pages)


@dataclass(frozen=True, slots=True)
class Grid:
    """How a memory is drawn: cells a row, pages a cell."""

    columns: int
    pages: int

    @property
    def pages_a_row(self) -> int:
        """Pages that a row of cells stands for."""
        return self.columns * self.pages


def grid(found: PageMap, width: int, height: int | None = None) -> Grid:
    """32 cells a row, 64 where there is room; 1, 2, 4, 8… pages a cell, so that all fits into ``height``."""
    columns = 64 if width >= WIDE_COLUMNS else 32
    rows = MAX_ROWS if height is None else max(LEAST_ROWS, min(MAX_ROWS, height - BESIDE))
    pages = 1
    while found.count > columns * rows * pages:
        pages *= 2
    return Grid(columns, pages)


def digits(found: PageMap) -> int:
    """Digits of the memory's addresses."""
    return 5 if found.size > 0x10000 else 4


def margin(found: PageMap, plan: Grid, width: int) -> int:
    """Columns left of the addresses; none where the cells need the room."""
    return int(1 + digits(found) + 1 + plan.columns <= width)


def column_of(found: PageMap, plan: Grid, width: int, page: int) -> int:
    """Where the cell of a page is in its row."""
    return margin(found, plan, width) + digits(found) + 1 + page // plan.pages % plan.columns


def rows(found: PageMap, plan: Grid, cursor: MapCursor | None, width: int, boot: int | None) -> list[Row]:
    """Addresses and cells. ``boot`` is the first page of the boot section, if there is one."""
    chosen = cursor.page if cursor and cursor.memory == found.memory else -1
    left = column_of(found, plan, width, 0)
    painted = []
    for first in range(0, found.count, plan.pages_a_row):
        address = f"{first * found.page_size:0{digits(found)}X}"
        pen = Pen(width).put(address, "muted", at=margin(found, plan, width)).put(" ")
        pages = range(first, min(first + plan.pages_a_row, found.count), plan.pages)
        for (state, in_boot), group in groupby(_states(found, pages, boot)):
            glyph, role = _glyph(state, in_boot=in_boot)
            targets = CellTargets(found.memory, first + (pen.at - left) * plan.pages, plan.pages)
            pen.put(glyph * len(list(group)), role, target=targets)
        right = pen.at
        if here := first <= chosen < first + plan.pages_a_row:
            cell = (chosen - first) // plan.pages
            pen.put("█", "text bold", at=left + cell, target=MapCursor(found.memory, pages[cell]))
        if found.at is not None and first <= found.at < first + plan.pages_a_row and right < width:
            pen.put("◄", "accent", at=min(right + 1, width - 1))
        painted.append(pen.row(cursor=here))
    return painted


def _states(found: PageMap, pages: range, boot: int | None) -> Iterator[tuple[Page, bool]]:
    """What each cell of a row shows, and whether it is in the boot section."""
    states = found.states(range(pages[0], min(pages[-1] + pages.step, found.count)))
    for at, page in zip(range(0, len(states), pages.step), pages, strict=True):
        group = states[at : at + pages.step]
        state = group[0] if len(group) == 1 else min(group, key=_URGENCY.__getitem__)
        yield state, boot is not None and page + len(group) > boot


def _glyph(state: Page, *, in_boot: bool) -> tuple[str, str]:
    """The sign for a cell."""
    return BOOT_GLYPHS[state] if in_boot and state in BOOT_GLYPHS else GLYPHS[state]


_FIRST_SEEN = (
    Page.STAGED, Page.DIFFERS, Page.WAITING, Page.WRITTEN, Page.VERIFIED, Page.USED, Page.UNKNOWN, Page.BLANK,
)  # fmt: skip
_URGENCY = {state: rank for rank, state in enumerate(_FIRST_SEEN)}
"""Of the pages of a cell, the one that a reader must see first."""
