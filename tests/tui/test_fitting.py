"""Nothing is cut off without a sign and nothing stands over something else, in any pane at any width."""

from collections.abc import Iterable

import pytest
from rich.cells import cell_len

from avrdeck.boards.catalog import part, part_names
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.views import connection, findings, fusegrid, fuserows, memorymap, pagegrid
from avrdeck.tui.views.connection import Line
from avrdeck.tui.views.ink import Row
from avrdeck.tui.views.pagegrid import MapCursor
from avrdeck.tui.widgets.chrome import Bar
from avrdeck.tui.widgets.sheet import Sheet

WIDTHS = {
    "connection": (24, 26, 40, 42, 58, 78, 98, 198),
    "fuses": (46, 48, 52, 54, 58, 60, 78, 98, 118, 198),
    "memory": (38, 40, 42, 57, 58, 62, 78, 98, 118, 198),
}
"""Columns inside the panes, from 60 × 20 to 200 × 60, with and without a scrollbar."""
OVER = "[]◆►▌▐█"
"""What is put over something else on purpose."""


def fits(rows: Iterable[Row], width: int) -> None:
    for row in rows:
        end = 0
        for run in sorted((run for run in row.runs if run.text.strip()), key=lambda run: run.column):
            assert run.column >= end or run.text in OVER, row.text
            end = max(end, run.column + cell_len(run.text))
        assert end <= width, (width, row.text)


def on_the_deck(name: str, *, byte: int | None = None) -> Session:
    """A session with that part, every byte of its memories as given, or not read."""
    session = Session(lambda _: None, "sim:")
    session.choose_part(part(name))
    session.row = bytes(24)
    if byte is not None:
        for found in session.maps.values():
            found.append(bytes([byte]) * found.size)
    return session


@pytest.mark.parametrize("name", part_names())
def test_every_part_fits_into_every_pane(name):
    for byte in (None, 0x00):
        session = on_the_deck(name, byte=byte)
        for width in WIDTHS["memory"]:
            for memory, found in session.maps.items():
                fits(memorymap.rows(session, MapCursor(memory, found.count - 1), width), width)
    for width in WIDTHS["connection"]:
        fits(connection.rows(session, Line.PORT, width), width)
    draft = session.draft
    edited = [draft, *(draft.put(byte, draft.value(byte) ^ 0xFF) for byte in draft.part.fuses)]
    for width in WIDTHS["fuses"]:
        lines = fusegrid.layout(draft.part, width)
        for one in edited:
            fits(fuserows.Editor(one, lines, width).rows(None, 50), width)
            fits([*findings.summary_row(one, width), *findings.rows(one.findings, one.part, width)], width)


LARGE = ("ATmega2560", "ATmega128", "ATmega328P", "ATtiny13", "AT90S1200", "ATmega8")


@pytest.mark.parametrize("name", LARGE)
@pytest.mark.parametrize(("width", "height"), [(78, 19), (80, 19), (40, 26), (62, 26), (196, 36)])
def test_the_memory_pane_has_room_for_all_it_shows(name, width, height):
    session = on_the_deck(name, byte=0x00)
    assert len(memorymap.rows(session, MapCursor(), width, height)) <= height


@pytest.mark.parametrize("name", LARGE)
@pytest.mark.parametrize("height", [None, 19, 26])
@pytest.mark.parametrize("width", [38, 40, 78])
def test_the_map_has_every_page_in_one_of_its_cells(name, width, height):
    found = on_the_deck(name).maps["flash"]
    plan = pagegrid.grid(found, width, height)
    painted = pagegrid.rows(found, plan, None, width, None)
    assert sum(row.text.count("-") for row in painted) == -(-found.count // plan.pages)


def test_the_connection_has_room_for_all_it_shows_at_80x24():
    session = on_the_deck("ATmega2560")
    assert len(connection.rows(session, Line.PORT, 80, 19)) <= 19


def test_blank_lines_go_where_there_is_no_room_for_them():
    session = on_the_deck("ATmega2560")
    airy, dense = (connection.rows(session, None, 26, height) for height in (26, 14))
    assert [row for row in airy if row.runs] == dense
    assert len(dense) < len(airy)


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (100, 30), (120, 24), (120, 40), (200, 60)])
async def test_a_connected_deck_fits_into_the_window(deck, size):
    async with deck(size=size) as bench:
        await bench.press("1")
        for pane in bench.app.deck.panes[:3]:
            await bench.press(str(pane.number))
            await bench.pilot.pause()
            for sheet in pane.query(Sheet):
                fits(sheet.rows, sheet.scrollable_content_region.width)
        for bar in bench.app.screen.query(Bar):
            fits(bar.rows, size[0])
