"""What is kept from one paint to the next looks as if it were painted anew."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.geometry import Region
from textual.widget import Widget

from avrdeck.boards.catalog import part
from avrdeck.protocol.target.progress import Operation, Progress
from avrdeck.tui import themes
from avrdeck.tui.draft import Draft
from avrdeck.tui.pages import Page, PageMap
from avrdeck.tui.views import fusegrid, fuserows, pagegrid
from avrdeck.tui.views.ink import Row
from avrdeck.tui.widgets.inked import Inked
from avrdeck.tui.widgets.sheet import Sheet

UNO = part("ATmega328P")
BITS = [(fuse.name, bit) for fuse in UNO.fuses.values() for bit in range(8)]


def cells(strips) -> list[list[tuple[str, object]]]:
    """Every character with its style."""
    return [
        [(character, segment.style) for segment in strip for character in segment.text] for strip in strips
    ]


def assert_as_textual_would(screen) -> None:
    """Every sheet gives the lines that Textual makes of its rows."""
    sheets = [sheet for sheet in screen.query(Sheet) if sheet.rows and sheet.size.area]
    assert len(sheets) >= 6
    for sheet in sheets:
        crop = Region(0, 0, sheet.scrollable_content_region.width, sheet.size.height)
        own = cells(sheet.render_lines(crop))
        sheet._styles_cache.clear()
        assert own == cells(Widget.render_lines(sheet, crop)), sheet.id


@pytest.mark.parametrize("theme", themes.PALETTES)
@pytest.mark.parametrize("colours", [True, False])
async def test_a_sheet_paints_its_lines_as_textual_would(deck, monkeypatch, theme, colours):
    if not colours:
        monkeypatch.setenv("NO_COLOR", "1")
    async with deck() as bench:
        await bench.press("2", "right", "right", "space")
        assert_as_textual_would(bench.app.deck)
        bench.app.theme = theme
        await bench.pilot.pause()
        assert_as_textual_would(bench.app.deck)


@pytest.fixture
def made(monkeypatch) -> list[Row]:
    """The rows that became strips."""
    found, strip = [], Inked.strip
    monkeypatch.setattr(Inked, "strip", lambda self, row, width: found.append(row) or strip(self, row, width))
    return found


async def test_only_lines_that_look_different_are_made_anew(deck, made):
    async with deck() as bench:
        await bench.press("2", "right", "right")
        still = [sheet for sheet in bench.app.deck.query(Sheet) if sheet.id != "findings"]  # those move
        before = {row for sheet in still for row in sheet.rows}
        made.clear()
        await bench.press("space")
        assert any("◆1" in row.text for row in made)
        assert not before.intersection(made)


async def test_going_back_to_a_pane_makes_no_frame_anew(deck, made):
    async with deck() as bench:
        await bench.press("2", "3", "2", "3")
        made.clear()
        await bench.press("2", "3")
        assert not [row.text for row in made if row.text[:1] in "┌┏│┃└┗"]


@given(st.lists(st.tuples(st.sampled_from(BITS), st.booleans()), max_size=12), st.booleans())
def test_an_editor_kept_over_edits_paints_them_as_a_new_one(edits, read):
    draft = Draft(UNO, {"lfuse": 0x62, "hfuse": 0xD9} if read else {})
    lines = fusegrid.layout(UNO, 60)
    kept = fuserows.Editor(draft, lines, 60)
    for (memory, bit), cursor in edits:
        draft = kept.draft = draft.toggled(memory, bit)
        cell = fusegrid.BitCell(memory, bit) if cursor else None
        assert kept.rows(cell, 99) == fuserows.Editor(draft, lines, 60).rows(cell, 99)


def test_bytes_that_are_read_at_last_are_painted_as_such():
    lines = fusegrid.layout(UNO, 60)
    kept = fuserows.Editor(Draft(UNO, {"hfuse": 0xD9}), lines, 60)
    kept.rows(None, 99)
    kept.draft = Draft(UNO, {name: kept.draft.value(name) for name in UNO.fuses})
    assert kept.rows(None, 99) == fuserows.Editor(kept.draft, lines, 60).rows(None, 99)


@given(
    size=st.integers(1, 900),
    held=st.binary(max_size=900),
    staged=st.sets(st.integers(0, 899), max_size=3),
    written=st.none() | st.integers(1, 900),
    step=st.sampled_from([1, 2, 4]),
)
def test_pages_asked_for_together_are_as_one_by_one(size, held, staged, written, step):
    found = PageMap("flash", size, 64)
    found.append(held[:size])
    found.stage({address: 0 for address in staged if address < size})
    if written:
        found.advance(Progress(Operation.WRITE, "flash", min(written, size), 0, size))
    pages = range(found.count)
    for _ in range(2):  # the second time they are known
        assert found.states(pages) == [found.page(page) for page in pages]
    rows = pagegrid.rows(found, pagegrid.Grid(4, step), None, 40, 3)
    signs = "".join(run.text for row in rows for run in row.runs[2:] if run.text != "◄")
    assert len(signs) == -(-found.count // step)


def test_a_page_that_was_read_in_part_is_not_known():
    found = PageMap("flash", 256, 64)
    found.append(bytes(100))
    assert found.states(range(4)) == [Page.USED, Page.UNKNOWN, Page.UNKNOWN, Page.UNKNOWN]
