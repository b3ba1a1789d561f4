"""What a key paints: all that it changes at once, and no line that looks as before."""

import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from textual.geometry import Region
from textual.widget import Widget

from avrdeck.boards.catalog import part
from avrdeck.tui import themes
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.screens.fusewrite import TransactionSheet
from avrdeck.tui.views import frame, memorymap, pagegrid
from avrdeck.tui.views.ink import Row, Run, cells, grouped, pieces, target_at
from avrdeck.tui.views.pagegrid import MapCursor
from avrdeck.tui.widgets.pane import Pane
from avrdeck.tui.widgets.sheet import Sheet

CURSORS = {"connection": "►", "fuses": "►", "memory": "█"}
FORMS = {"connection": "#connection-form", "fuses": "#fuse-editor", "memory": "#memory-map"}


@pytest.mark.parametrize("order", ["123", "321", "2132", "423", "2413", "34"])
async def test_the_cursor_and_the_heavy_frame_are_where_the_focus_is(deck, order):
    async with deck() as bench:
        await bench.press(*(f"f{int(number) + 4}" for number in order))
        here = ("connection", "fuses", "memory", "console")[int(order[-1]) - 1]
        shown = [name for name in FORMS if CURSORS[name] in bench.text(FORMS[name])]
        assert shown == ([] if here == "console" else [here])
        assert [pane.id for pane in bench.app.deck.panes if bench.edges(pane.id)[0][0] == "┏"] == [here]


async def test_the_frame_moves_in_the_same_paint_as_the_focus(deck):
    async with deck() as bench:
        bench.app.deck.focus_pane("memory")
        assert [pane.id for pane in bench.app.deck.panes if bench.edges(pane.id)[0][0] == "┏"] == ["memory"]


async def test_a_click_takes_the_frame_along(deck):
    async with deck() as bench:
        await bench.press("2")
        await bench.pilot.click("#connection-form", offset=(2, 7))
        assert bench.edges("connection")[0].startswith("┏━ 1 Connection ━")
        assert bench.edges("fuses")[0].startswith("┌─ 2 Fuses ─")
        assert "►" not in bench.text("#fuse-editor")


async def test_the_lower_edge_says_what_is_under_the_cursor_only_where_it_is(deck):
    async with deck() as bench:
        await bench.press("2", "right")
        assert "CKDIV8" in bench.edges("fuses")[1]
        await bench.press("3")
        assert "CKDIV8" not in bench.edges("fuses")[1]
        assert "Page 0 at 0000" in bench.edges("memory")[1]


@pytest.fixture
def whole(monkeypatch):
    """The sheets and panes that were painted anew as a whole."""
    found, refresh = [], Widget.refresh

    def watched(widget, *regions, repaint=True, **options):
        if isinstance(widget, Sheet | Pane) and repaint and not regions:
            found.append(widget.id)
        return refresh(widget, *regions, repaint=repaint, **options)

    monkeypatch.setattr(Widget, "refresh", watched)
    return found


@pytest.mark.parametrize(
    ("before", "keys"),
    [
        ("2", ["right", "left", "down", "up"]),
        ("3", ["right", "left"]),
        ("1", ["down", "up"]),
        ("2", ["3", "2", "1", "2"]),
    ],
    ids=["fuses", "memory", "connection", "panes"],
)
async def test_no_key_paints_a_whole_pane(deck, whole, before, keys):
    async with deck() as bench:
        await bench.press(before, *keys)
        whole.clear()
        await bench.press(before, *keys)
        assert whole == []


async def test_moving_the_focus_styles_nothing_anew(deck, monkeypatch):
    async with deck() as bench:
        await bench.press("2", "3")
        styled = []
        monkeypatch.setattr(bench.app.stylesheet, "update_nodes", lambda nodes, **_: styled.extend(nodes))
        await bench.press("2", "3", "1")
        assert styled == []


async def test_a_sheet_that_grows_as_it_loses_the_focus_needs_no_scrollbar(deck):
    async with deck() as bench:
        await bench.press("2", *["down"] * 4, "space", "w")
        sheet = bench.app.screen.query_one(TransactionSheet)
        await bench.until(lambda: "Type the part's name" in bench.text("#transaction-now"))
        await bench.pilot.pause()
        assert not sheet.has_focus
        assert not sheet.show_vertical_scrollbar
        assert sheet.size.height == len(sheet.rows)
        bench.app.action_stop_job()


async def test_frames_follow_the_theme(deck):
    async with deck() as bench:
        fuses = bench.app.deck.query_one("#fuses", Pane)
        for _ in themes.PALETTES:
            await bench.press("ctrl+t")
            inks = themes.inks(bench.app.theme)
            style = next(iter(fuses.render_lines(Region(0, 0, fuses.outer_size.width, 1))[0])).style
            palette = themes.PALETTES[bench.app.theme]
            if not palette.accent.startswith("ansi"):
                assert style.color == inks.of["accent"]


@pytest.mark.parametrize("width", [2, 6, 7, 8, 20])
@pytest.mark.parametrize("words", ["", "short", "漢字 and more than there is room for", "\x1b[2J"])
def test_a_frame_fills_its_width_whatever_it_says(width, words):
    for row in frame.rows(width, words, words, active=True):
        assert len(row.text) <= width
        text = "".join(run.text for run in row.runs)
        assert text.isprintable()
        assert row.runs[-1].column + 1 == width
        assert all(run.column + len(run.text) <= width for run in row.runs)


@given(
    st.lists(
        st.builds(
            Run,
            st.integers(-2, 12),
            st.text("ab ─漢\u0301", max_size=5),
            st.sampled_from(["", "muted", "bold"]),
        ),
        max_size=5,
    ),
    st.integers(0, 14),
)
@example([Run(0, "漢")], 5)
@example([Run(0, "a\u0301")], 5)
@example([Run(0, "\u0301")], 0)
@example([Run(4, "ab"), Run(3, "c")], 8)
@example([Run(0, "─a", "muted")], 1)
def test_rows_of_plain_characters_are_painted_as_cell_by_cell(runs, width):
    row = Row(tuple(runs))
    assert pieces(row, width) == grouped(cells(row, width))


def test_a_click_on_a_cell_means_its_first_page():
    session = Session(lambda _: None, "sim:")
    session.take_part(part("ATmega2560"))
    flash = session.maps["flash"]
    plan = pagegrid.grid(flash, 40)
    cells = memorymap.cells(session, flash, 40)
    assert plan.pages > 1
    start = cells[1].runs[2].column
    assert target_at(cells[1], start) == MapCursor("flash", plan.columns * plan.pages)
    assert target_at(cells[1], start + 3) == MapCursor("flash", (plan.columns + 3) * plan.pages)
    assert target_at(cells[1], start + plan.columns) is None


async def test_a_command_that_is_over_has_shown_all_its_lines(deck):
    async with deck() as bench:
        log = bench.app.deck.console.log_sheet
        log.write("first")
        await bench.pilot.pause()
        log.write("second")  # too soon after the first to be shown at once
        bench.app.deck.refresh_session()
        assert log.virtual_size.height == len(log.lines) == 2


def test_textual_paints_without_waiting_for_a_sixtieth_of_a_second():
    code = "import avrdeck.tui.app, textual.screen; print(textual.screen.UPDATE_PERIOD)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(told.stdout) <= 1 / 250
