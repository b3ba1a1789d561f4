"""The console pane: what it says of a line as it is typed, and the search of its output."""

import pytest
from rich.text import Text

from avrdeck.tui import themes
from avrdeck.tui.widgets.consolelog import NOWHERE
from avrdeck.tui.widgets.suggesting import CommandColours


def edge(bench) -> str:
    return bench.edges("console")[1]


async def test_what_is_suggested_is_explained(deck):
    async with deck() as bench:
        await bench.press("4", "TYPE:fuse w")
        await bench.until(lambda: "write: " in edge(bench))
        await bench.press("ctrl+u")
        await bench.until(lambda: "write: " not in edge(bench))
        await bench.press("TYPE:sig", "enter")
        await bench.done()
        await bench.press("TYPE:s")
        await bench.until(lambda: "from the history" in edge(bench))
        await bench.press("2")


async def test_a_search_is_gone_on_with_upwards_and_round(deck):
    async with deck(size=(120, 40)) as bench:
        pane = bench.app.deck.console
        for line in ("one SPIEN", "two", "three spien", "four SPIEN"):
            pane.write(line)
        await bench.press("4", "ctrl+f", "TYPE:SPIEN", "enter")
        log, places = pane.log_sheet, []
        for told in ("line 3 of 3", "line 2 of 3", "line 1 of 3", "line 3 of 3"):
            await bench.until(lambda told=told: f"{told} with SPIEN" in edge(bench))
            places.append(log.lines[log.match][0])
            await bench.press("ctrl+f", "enter")
        assert places == ["four SPIEN", "three spien", "one SPIEN", "four SPIEN"]
        await bench.press("ctrl+f", "TYPE:nowhere", "enter")
        assert log.match == NOWHERE
        assert "with" not in edge(bench)
        assert any("nowhere is not there" in one.message for one in bench.app._notifications)


async def test_the_line_that_was_found_stands_out_among_those_with_the_text(deck):
    async with deck() as bench:
        pane = bench.app.deck.console
        for line in ("one SPIEN", "two SPIEN"):
            pane.write(line)
        await bench.press("4", "ctrl+f", "TYPE:SPIEN", "enter")
        log = pane.log_sheet
        looks = [next(piece.style for piece in log.render_line(y) if piece.text == "SPIEN") for y in range(2)]
        assert (looks[0].underline, looks[0].reverse) == (True, None)
        assert (looks[1].underline, looks[1].reverse) == (None, True)


@pytest.mark.parametrize("theme", list(themes.PALETTES))
def test_words_are_coloured_as_what_they_are(theme):
    text = Text("fuse set --yes 0x62 # why")
    CommandColours(lambda: theme).highlight(text)
    looks = {text.plain[span.start : span.end]: span.style for span in text.spans}
    assert looks["fuse"].bold
    assert looks["--yes"].color == themes.inks(theme).of["accent"]
    assert looks["# why"].color == themes.inks(theme).of["muted"]
    assert "0x62" not in looks


def test_a_verb_that_does_not_exist_is_not_bold():
    text = Text("fusee")
    CommandColours(lambda: themes.DARK).highlight(text)
    assert not text.spans


@pytest.mark.parametrize("key", ["ctrl+x", "ctrl+c"])
async def test_a_command_is_stopped_from_the_line_it_was_typed_into(deck, key):
    async with deck() as bench:
        await bench.press("4", "TYPE:stk 30 repeat 1000000", "enter")
        await bench.until(lambda: bench.session.job and "GET_SYNC" in bench.app.deck.console.log_sheet.text())
        await bench.until(lambda: "^x stops" in bench.text("#status"))
        await bench.press(key)
        await bench.done()
        assert bench.session.job is None
        assert "× Stopped" in bench.app.deck.console.log_sheet.text()
