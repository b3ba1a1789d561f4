"""The memory pane as rows: flash to scale, EEPROM, signature row, and the page under the cursor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from avrdeck.boards.models import BLANK
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.pages import Page, PageMap
from avrdeck.tui.views import pagegrid, signaturerow, unread
from avrdeck.tui.views.ink import Pen, Row, clipped, joined, wrapped
from avrdeck.tui.views.pagegrid import BOOT_GLYPHS, GLYPHS, Grid, MapCursor

BYTES_A_ROW = 16
WIDE = 57
"""Columns from which the page under the cursor is shown with its first bytes, below the map."""
LEGEND_IN_ROWS = 76
"""Columns from which the legend's entries stand side by side."""


def rows(
    session: Session,
    cursor: MapCursor | None,
    width: int,
    height: int | None = None,
    *,
    keys: bool = True,
) -> list[Row]:
    """The whole pane, drawn to fit into ``height`` if it can; ``keys``: those of the deck work there."""
    flash, part = session.maps.get("flash"), session.part
    if flash is None or part is None:
        words = unread.no_part(session) if keys else "No part yet."
        return [Pen(width).put(line, "muted", at=1).row() for line in wrapped(words, width - 2)]
    plan = pagegrid.grid(flash, width, height)
    boot = boot_page(session, flash)
    groups = [[_title(flash, plan, width), *pagegrid.rows(flash, plan, cursor, width, boot)]]
    groups[0] += _reset(session, flash, plan, width)
    groups.append(_legend(session, flash, width, keys=keys))
    if "eeprom" in session.maps:
        groups.append(_eeprom(session, session.maps["eeprom"], plan, cursor, width))
    if session.row:
        groups.append(signaturerow.rows(part, session.row, width))
    if cursor and width >= WIDE:
        groups.append(page_rows(session, cursor, width))
    return joined(groups, height)


def cells(session: Session, found: PageMap, width: int, *, boot: bool = True) -> list[Row]:
    """The map of one memory alone, without a cursor; ``boot``: the deck's fuses say its boot section."""
    start = boot_page(session, found) if boot and found.memory == "flash" else None
    return pagegrid.rows(found, pagegrid.grid(found, width), None, width, start)


def _title(found: PageMap, plan: Grid, width: int) -> Row:
    pen = Pen(width).put("Flash", "bold", at=1).put(f" {size_text(found.size)}")
    pages = "1 page" if plan.pages == 1 else f"{plan.pages} pages"
    cell = f"{found.page_size * plan.pages} B"
    return pen.right(f"1 cell = {f'{pages}, ' if found.paged else ''}{cell}", "disabled", margin=1).row()


def boot_page(session: Session, found: PageMap) -> int | None:
    """The first page of the boot section that the fuses set; `None` when there is none."""
    decoded = unread.decoded(session)
    start = decoded.boot_start_byte if decoded else None
    return None if start is None else start // found.page_size


def _reset(session: Session, found: PageMap, plan: Grid, width: int) -> list[Row]:
    """Where RESET lands, with an arrow under the cell when it is in the last row."""
    decoded = unread.decoded(session)
    if decoded is None or decoded.boot_start_byte is None:
        return []
    at = decoded.boot_start_byte if decoded.bootrst else 0
    pen = Pen(width).put("RESET", "bold", at=6)
    if not decoded.bootrst:
        return [pen.put(" BOOTRST off, to 0x0000", "muted").row()]
    pen.put(f" BOOTRST on, to 0x{at:04X}", "muted")
    if width >= WIDE:
        pen.put(f", word {at // 2:04X}", "muted")
    column = pagegrid.column_of(found, plan, width, at // found.page_size)
    if column > pen.at + 2:
        pen.put(" " + "─" * (column - pen.at - 1), "accent").put("▲", "accent")
    else:
        pen.put(" ▲", "accent", at=pen.at)
    return [pen.row()]


def _legend(session: Session, found: PageMap, width: int, *, keys: bool) -> list[Row]:
    """What the signs mean, with amounts; only signs that are on the map, while a job runs those of jobs."""
    if session.job and found.at is not None:
        return [_job_legend(width)]
    boot = boot_page(session, found)
    edge = boot * found.page_size if boot is not None else found.size
    loader = found.used_bytes(edge) if found.complete else 0
    lines = []
    if boot is not None:
        state = Page.UNKNOWN if not found.complete else Page.USED if loader else Page.BLANK
        lines.append((*BOOT_GLYPHS[state], "boot section", _boot_text(loader, found.size - edge, state)))
    if found.complete:
        lines.insert(0, (*GLYPHS[Page.USED], *_application(session, found, edge)))
        lines.append((*GLYPHS[Page.BLANK], "blank", size_text(found.blank_bytes())))
    else:
        lines.insert(0, (*GLYPHS[Page.UNKNOWN], _unread(session, found, keys=keys), ""))
    return _legend_rows([*lines, *_beside(found)], width)


def _application(session: Session, found: PageMap, edge: int) -> tuple[str, str]:
    """How much there is below the boot section; of all flash where no one knows where that begins."""
    known = unread.decoded(session) is not None
    used = found.used_bytes(0, edge) if known else found.size - found.blank_bytes()
    return "application" if known else "used", f"{_kib(used)} of {_kib(edge)} KiB" if used else "blank"


def _unread(session: Session, found: PageMap, *, keys: bool) -> str:
    """How much was read, or how to read it."""
    if found.data:
        return f"{len(found.data) / found.size:.0%} read"
    if not keys:
        return "not read"
    return "not read: r reads it" if session.connected else "not read: x connects"


def _beside(found: PageMap) -> Iterator[tuple[str, str, str, str]]:
    """What is held beside the memory: a file, edited bytes."""
    if found.other:
        wrong = found.counted(Page.DIFFERS)
        yield "▒", "warning", "differs", f"in {wrong} of {found.count} pages"
        yield " ", "", "from", clipped(Path(found.other.file).name, 24)
    if found.staged:
        yield "◆", "warning bold", "staged", f"{len(found.staged)} B, not on the chip"


def _boot_text(loader: int, size: int, state: Page) -> str:
    if loader:
        return f"{loader} of {size} B"
    return size_text(size) + (", blank" if state is Page.BLANK else "")


def _kib(size: int) -> str:
    """In KiB, with one decimal where there is need of one."""
    return f"{size / 1024:.1f}".removesuffix(".0")


def _legend_rows(lines: Sequence[tuple[str, str, str, str]], width: int) -> list[Row]:
    if width < LEGEND_IN_ROWS:
        return [
            Pen(width).put(g, role, at=1).put(f" {name}").put(clipped(text, width - 17), "muted", at=17).row()
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
    body = pagegrid.rows(found, plan, cursor, width, None)
    decoded = unread.decoded(session)
    used = found.used_bytes()
    words = (f"{used} B used" if used else "blank") if found.complete else "not read"
    keep = decoded.eesave if decoded else None
    if keep is not None:
        words += ", survives chip erase" if keep else ", erased with the chip"
    last = body[-1]
    end = max(run.column + len(run.text) for run in last.runs)
    if end + 3 + len(words) <= width:
        pen = Pen(width, runs=list(last.runs)).put(words, "muted", at=end + 2)
        body = [*body[:-1], pen.row(cursor=last.cursor)]
    else:
        body.append(Pen(width).put(words, "muted", at=min(6, width - len(words))).row())
    scale = title.right("same scale", "disabled", margin=1).row()
    return [scale, *body, *_legend_rows(list(_beside(found)), width)]


def page_text(session: Session, cursor: MapCursor) -> tuple[str, str]:
    """The page under the cursor: its name, and where it is and what it holds."""
    found = session.maps[cursor.memory]
    start = cursor.page * found.page_size
    held = found.page(cursor.page).value
    if not found.paged:
        end = min(start + found.page_size, found.size) - 1
        return title_of(cursor.memory), f"{start:04X}-{end:04X}, {held}"
    boot = boot_page(session, found)
    where = ", boot" if boot is not None and cursor.page >= boot else ""
    return f"Page {cursor.page}", f"at {start:04X}{where}, {held}"


def page_rows(session: Session, cursor: MapCursor, width: int) -> list[Row]:
    """The page under the cursor in words, with its first bytes as they are staged."""
    found = session.maps.get(cursor.memory)
    if found is None:
        return []
    name, words = page_text(session, cursor)
    pen = Pen(width).put("►", "accent bold", at=0).put(name, "bold", at=2).put(f" {words}", "muted")
    start = cursor.page * found.page_size
    end = min(start + 2 * BYTES_A_ROW, start + found.page_size, len(found.data))
    lines = (hex_line(found, at, min(BYTES_A_ROW, end - at), width) for at in range(start, end, BYTES_A_ROW))
    return [pen.row(), *lines]


def hex_line(found: PageMap, address: int, count: int, width: int) -> Row:
    """An address and ``count`` bytes, blank ones dim, staged ones marked."""
    pen = Pen(width).put(f"{address:04X}", "muted", at=1)
    for at in range(address, address + count):
        byte = found.staged.get(at, found.data[at])
        pen.put(" " if at - address == 8 else "").put("◆" if at in found.staged else " ", "warning")
        role = "warning bold" if at in found.staged else "disabled" if byte == BLANK else ""
        pen.put(f"{byte:02X}", role)
    return pen.row()


def title_of(memory: str) -> str:
    """``Flash``, ``EEPROM``."""
    return "EEPROM" if memory == "eeprom" else memory.capitalize()


def size_text(size: int) -> str:
    """``32 KiB``, ``22.4 KiB``, ``512 B``."""
    return f"{_kib(size)} KiB" if size >= 1024 else f"{size} B"
