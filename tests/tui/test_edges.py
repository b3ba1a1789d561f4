"""Keys where there is nothing for them, or not yet."""

import pytest

from avrdeck.boards.catalog import part
from avrdeck.jobs.questions import Question, Topic
from avrdeck.tui.hexmodel import HexModel
from avrdeck.tui.screens.answer import AnswerScreen
from avrdeck.tui.screens.deck import DeckScreen
from avrdeck.tui.screens.hexview import HexScreen
from avrdeck.tui.views.pagegrid import MapCursor
from avrdeck.tui.widgets.fuses import FuseEditor
from avrdeck.tui.widgets.memory import MemoryMap
from tui.test_typing import burst

NOWHERE = "/dev/nowhere-at-all"


async def test_without_a_part_every_key_of_a_pane_is_harmless(deck):
    async with deck(NOWHERE) as bench:
        for keys in ("3 s", "3 d", "3 w", "3 enter", "3 tab", "3 end", "2 space", "2 enter", "2 f"):
            await bench.press("escape", *keys.split())
            assert bench.app.is_running, keys


@pytest.mark.parametrize(
    ("first", "then", "inside"),
    [
        ("atmega328p", "attiny13", MapCursor("eeprom", 1)),
        ("atmega328p", "at89s52", MapCursor("flash", 7)),
        ("attiny13", "atmega328p", MapCursor("eeprom", 1)),
    ],
)
async def test_the_cursor_of_the_map_stays_inside_when_another_part_is_chosen(deck, first, then, inside):
    async with deck(NOWHERE) as bench:
        await bench.press("escape")
        bench.session.choose_part(part(first))
        await bench.press("3", "tab", "end")
        bench.session.choose_part(part(then))
        await bench.press("2", "3")
        assert bench.app.screen.query_one(MemoryMap).cursor == inside
        await bench.press("s", "d", "enter", "tab")
        assert bench.app.is_running


@pytest.mark.parametrize(("first", "then"), [("atmega328p", "attiny13"), ("attiny13", "at89s52")])
async def test_the_cursor_of_the_fuses_stays_inside_when_another_part_is_chosen(deck, first, then):
    async with deck(NOWHERE) as bench:
        await bench.press("escape")
        bench.session.choose_part(part(first))
        await bench.press("2", *["down"] * 12, *["right"] * 8)
        editor = bench.app.screen.query_one(FuseEditor)
        bench.session.choose_part(part(then))
        editor.action_toggle_cell()  # what is painted is the other part yet
        await bench.press("right", "down", "space", "enter")
        assert bench.app.is_running
        assert not editor._cells or any(editor.cell in row for row in editor._cells)
        assert bench.session.part is part(then)


async def test_keys_wait_for_a_question_that_a_job_put_a_moment_ago(deck):
    async with deck() as bench:
        answers = []
        bench.app.push_screen(AnswerScreen(Question(Topic.CONFIRM, "Sure?")), answers.append)
        await burst(bench, *"yes", "enter")
        assert answers == ["yes"]


async def test_a_key_for_the_screen_before_does_nothing_to_one_that_is_not_there_yet(deck):
    async with deck() as bench:
        screen = HexScreen(bench.session, "flash", model=HexModel("flash", bytes(64), 32))
        bench.app.push_screen(screen)
        assert not await bench.app.run_action("leave", screen)
        await bench.pilot.pause()
        assert bench.app.screen is screen
        await bench.press("escape")
        assert isinstance(bench.app.screen, DeckScreen)
