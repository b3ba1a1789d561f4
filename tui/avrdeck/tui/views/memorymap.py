"""The memory map as rows: flash to scale, EEPROM, signature row, and the page under the cursor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from avrdeck.boards.models import BLANK
from avrdeck.boards.uid import calibration_addresses, serial_addresses
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.pages import Page, PageMap
from avrdeck.tui.views.ink import Pen, Row, Targets, clipped

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
BOOT_GLYPH = ("▀", "accent")
MAX_ROWS = 16
"""Rows of the flash map; a larger memory puts several pages into one cell."""
BYTES_A_ROW = 16
WIDE = 57
"""Columns from which the page under the cursor is shown with its first bytes, below the map."""


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

    def rows(self, count: int) -> int:
        """Rows for ``count`` pages."""
        return -(-count // (self.columns * self.pages))


def grid(found: PageMap, width: int) -> Grid:
    """32 cells a row, 64 where there is room; as many pages a cell as keep the map in `MAX_ROWS`."""
    columns = 64 if width >= 76 else 32
    pages = max(1, -(-found.count // (columns * MAX_ROWS)))
    return Grid(columns, pages)


def rows(session: Session, cursor: MapCursor | None, width: int, *, keys: bool = True) -> list[Row]:
    """The whole pane; ``keys``: those of the deck work where it is shown."""
    flash = session.maps.get("flash")
    if flash is None or session.draft is None:
        how = ": x connects, p chooses one by hand." if keys else "."
        return [Pen(width).put(f"No part yet{how}", "muted", at=1).row()]
    plan = grid(flash, width)
    painted = [_title(flash, plan, width), *_map(session, flash, plan, cursor, width)]
    painted += _reset(session, flash, plan, width)
    painted += _legend(session, flash, width, keys=keys)
    if "eeprom" in session.maps:
        painted += [Row(), *_eeprom(session, session.maps["eeprom"], plan, cursor, width)]
    if session.row:
        painted += [Row(), *signature_row(session, width)]
    return [*painted, Row(), *page_rows(session, cursor, width)] if cursor and width >= WIDE else painted


def cells(session: Session, found: PageMap, width: int, *, boot: bool = True) -> list[Row]:
    """The map of one memory alone, without a cursor; ``boot``: the deck's fuses say its boot section."""
    return _map(session, found, grid(found, width), None, width, boot=boot and found.memory == "flash")


def _title(found: PageMap, plan: Grid, width: int) -> Row:
    pen = Pen(width).put("Flash", "bold", at=1).put(f" {size_text(found.size)}")
    pages = "1 page" if plan.pages == 1 else f"{plan.pages} pages"
    return pen.right(f"1 cell = {pages}, {found.page_size * plan.pages} B", "disabled", margin=1).row()


def _map(
    session: Session, found: PageMap, plan: Grid, cursor: MapCursor | None, width: int, *, boot: bool = True
) -> list[Row]:
    digits = 5 if found.size > 0x10000 else 4
    start = boot_page(session, found) if boot else None
    chosen = cursor.page if cursor and cursor.memory == found.memory else -1
    painted = []
    per_row = plan.columns * plan.pages
    for first in range(0, found.count, per_row):
        pen = Pen(width).put(f"{first * found.page_size:0{digits}X}", "muted", at=1).put(" ")
        pages = range(first, min(first + per_row, found.count), plan.pages)
        left = pen.at
        for (state, in_boot), group in groupby(_states(found, pages, start)):
            glyph, role = _glyph(state, in_boot=in_boot)
            targets = CellTargets(found.memory, first + (pen.at - left) * plan.pages, plan.pages)
            pen.put(glyph * len(list(group)), role, target=targets)
        right = pen.at
        if here := first <= chosen < first + per_row:
            cell = (chosen - first) // plan.pages
            pen.put("█", "text bold", at=left + cell, target=MapCursor(found.memory, pages[cell]))
        if found.at is not None and first <= found.at < first + per_row:
            pen.put(" ◄", "accent", at=right)
        painted.append(pen.row(cursor=here))
    return painted


def _states(found: PageMap, pages: range, boot: int | None) -> Iterator[tuple[Page, bool]]:
    """What each cell of a row shows, and whether it is in the boot section."""
    for page in pages:
        group = range(page, min(page + pages.step, found.count))
        state = min(map(found.page, group), key=_URGENCY.__getitem__) if pages.step > 1 else found.page(page)
        yield state, boot is not None and page >= boot


def _glyph(state: Page, *, in_boot: bool) -> tuple[str, str]:
    """The sign for a cell."""
    if in_boot and state is Page.USED:
        return BOOT_GLYPH
    if in_boot and state is Page.WAITING:
        return "░", "accent"
    return GLYPHS[state]


_FIRST_SEEN = (
    Page.STAGED, Page.DIFFERS, Page.WAITING, Page.WRITTEN, Page.VERIFIED, Page.USED, Page.UNKNOWN, Page.BLANK,
)  # fmt: skip
_URGENCY = {state: rank for rank, state in enumerate(_FIRST_SEEN)}
"""Of the pages of a cell, the one that a reader must see first."""


def boot_page(session: Session, found: PageMap) -> int | None:
    """The first page of the boot section that the fuses set; `None` when there is none."""
    decoded = session.draft.decoded if session.draft else None
    start = decoded.boot_start_byte if decoded else None
    return None if start is None else start // found.page_size


def _reset(session: Session, found: PageMap, plan: Grid, width: int) -> list[Row]:
    """Where RESET lands, with an arrow under the cell when it is in the last row."""
    decoded = session.draft.decoded if session.draft else None
    if decoded is None or decoded.boot_start_byte is None:
        return []
    at = decoded.boot_start_byte if decoded.bootrst else 0
    pen = Pen(width).put("RESET", "bold", at=6)
    if not decoded.bootrst:
        return [pen.put(" BOOTRST off, to 0x0000", "muted").row()]
    pen.put(f" BOOTRST on, to 0x{at:04X}", "muted")
    if width >= 76:
        pen.put(f", word {at // 2:04X}", "muted")
    cell = at // found.page_size // plan.pages
    digits = 5 if found.size > 0x10000 else 4
    column = 1 + digits + 1 + cell % plan.columns
    if column > pen.at + 2:
        pen.put(" " + "─" * (column - pen.at - 1), "accent").put("▲", "accent")
    else:
        pen.put(" ▲", "accent", at=pen.at)
    return [pen.row()]


def _legend(session: Session, found: PageMap, width: int, *, keys: bool) -> list[Row]:
    """What the signs mean, with amounts; only signs that are on the map, while a job runs those of jobs."""
    boot = boot_page(session, found)
    if session.job and found.at is not None:
        return [Row(), _job_legend(width)]
    if not found.complete:
        reading = "not read: r reads it" if keys else "not read"
        reading = f"{len(found.data) / found.size:.0%} read" if found.data else reading
        return [Row(), Pen(width).put("-", "disabled", at=1).put(f" {reading}", "muted").row()]
    edge = boot * found.page_size if boot is not None else found.size
    used = found.used_bytes(0, edge)
    lines = [
        ("▄", "muted", "application", f"{used / 1024:.1f} of {edge / 1024:g} KiB" if used else "blank"),
        ("·", "disabled", "blank", size_text(found.blank_bytes())),
    ]
    if boot is not None:
        loader = found.used_bytes(edge)
        lines.insert(1, ("▀", "accent", "boot section", _boot_text(loader, found.size - edge)))
    lines += _beside(found)
    return [Row(), *_legend_rows(lines, width)]


def _beside(found: PageMap) -> Iterator[tuple[str, str, str, str]]:
    """What is held beside the memory: a file, edited bytes."""
    if found.other:
        wrong = found.counted(Page.DIFFERS)
        yield "▒", "warning", "differs", f"in {wrong} of {found.count} pages"
        yield " ", "", "from", clipped(Path(found.other.file).name, 24)
    if found.staged:
        yield "◆", "warning bold", "staged", f"{len(found.staged)} B, not on the chip"


def _boot_text(loader: int, size: int) -> str:
    return f"{loader} of {size} B" if loader else f"{size} B, blank"


def _legend_rows(lines: Sequence[tuple[str, str, str, str]], width: int) -> list[Row]:
    if width < 76:
        return [
            Pen(width).put(g, role, at=1).put(f" {name}").put(text, "muted", at=17).row()
            for g, role, name, text in lines
        ]
    painted, pen = [], Pen(width, at=1)
    for glyph, role, name, text in lines:
        if pen.at + len(name) + len(text) + 3 > width:
            painted.append(pen.row())
            pen = Pen(width, at=1)
        pen.put(glyph, role).put(f" {name} ").put(f"{text}   ", "muted")
    return [*painted, pen.row()] if pen.runs else painted


def _job_legend(width: int) -> Row:
    pen = Pen(width, at=1)
    for page in (Page.WRITTEN, Page.VERIFIED, Page.WAITING, Page.BLANK):
        glyph, role = GLYPHS[page]
        pen.put(glyph, role).put(f" {page.value} ", "muted")
    return pen.row()


def _eeprom(session: Session, found: PageMap, plan: Grid, cursor: MapCursor | None, width: int) -> list[Row]:
    """EEPROM at flash's scale."""
    title = Pen(width).put("EEPROM", "bold", at=1).put(f" {size_text(found.size)}")
    painted = [title.right("same scale", "disabled", margin=1).row()]
    body = _map(session, found, plan, cursor, width, boot=False)
    decoded = session.draft.decoded if session.draft else None
    used = found.used_bytes()
    words = (f"{used} B used" if used else "blank") if found.complete else "not read"
    keep = decoded.eesave if decoded else None
    if keep is not None:
        words += ", survives chip erase" if keep else ", erased with the chip"
    last = body[-1]
    end = max(run.column + len(run.text) for run in last.runs)
    if end + 3 + len(words) <= width:
        pen = Pen(width, runs=list(last.runs)).put(words, "muted", at=end + 2)
        painted += [*body[:-1], pen.row(cursor=last.cursor)]
    else:
        painted += [*body, Pen(width).put(words, "muted", at=6).row()]
    return [*painted, *_legend_rows(list(_beside(found)), width)]


def signature_row(session: Session, width: int) -> list[Row]:
    """The row's bytes: signature, calibration and serial told apart by weight, and named below."""
    part = session.part
    if part is None:
        return []
    calibration, serial = calibration_addresses(part), serial_addresses(part)
    roles: Mapping[int, str] = {
        **dict.fromkeys((0, 2, 4), "bold"),
        **dict.fromkeys(calibration, "accent bold"),
        **dict.fromkeys(serial, ""),
    }
    title = Pen(width).put("Signature row", "bold", at=1).put(f" {len(session.row)} B")
    painted = [title.right("isp 30/38", "disabled", margin=1).row()]
    per_row = 24 if width >= 78 else 12
    for first in range(0, len(session.row), per_row):
        pen = Pen(width).put(f"{first:02X}", "muted", at=1)
        for at in range(first, min(first + per_row, len(session.row))):
            pen.put(" ").put(f"{session.row[at]:02X}", roles.get(at, "disabled"))
        painted.append(pen.row())
    pen = Pen(width).put("id", "bold", at=4).put(" 0 2 4   ", "muted")
    pen.put("OSCCAL", "accent bold").put(f" {' '.join(f'{at:X}' for at in calibration)}   ", "muted")
    if serial:
        pen.put("unique").put(f" {serial[0]:02X}-{serial[-1]:02X}", "muted")
    return [*painted, pen.row()]


def page_text(session: Session, cursor: MapCursor) -> tuple[str, str]:
    """The page under the cursor: its name, and where it is and what it holds."""
    found = session.maps[cursor.memory]
    words = [found.page(cursor.page).value]
    boot = boot_page(session, found) if cursor.memory == "flash" else None
    if boot is not None and cursor.page >= boot:
        words.append("boot section")
    return f"Page {cursor.page}", f"at {cursor.page * found.page_size:04X}, {', '.join(words)}"


def page_rows(session: Session, cursor: MapCursor, width: int) -> list[Row]:
    """The page under the cursor in words, with its first bytes."""
    found = session.maps.get(cursor.memory)
    if found is None:
        return []
    name, words = page_text(session, cursor)
    pen = Pen(width).put("►", "accent bold", at=0).put(name, "bold", at=2).put(f" {words}", "muted")
    start = cursor.page * found.page_size
    end = min(start + 2 * BYTES_A_ROW, start + found.page_size, len(found.data))
    lines = (hex_line(found.data, at, BYTES_A_ROW, width) for at in range(start, end, BYTES_A_ROW))
    return [pen.row(), *lines]


def hex_line(data: bytes | bytearray, address: int, count: int, width: int) -> Row:
    """An address and ``count`` bytes, blank ones dim."""
    pen = Pen(width).put(f"{address:04X}", "muted", at=1)
    for offset, byte in enumerate(data[address : address + count]):
        pen.put("  " if offset == 8 else " ").put(f"{byte:02X}", "disabled" if byte == BLANK else "")
    return pen.row()


def title_of(memory: str) -> str:
    """``Flash``, ``EEPROM``."""
    return "EEPROM" if memory == "eeprom" else memory.capitalize()


def size_text(size: int) -> str:
    """``32 KiB``, ``512 B``."""
    return f"{size / 1024:g} KiB" if size >= 1024 else f"{size} B"
