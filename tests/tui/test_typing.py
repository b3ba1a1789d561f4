"""Keys typed faster than the app handles them go where the ones before them led."""

from textual import events

from avrdeck.tui.screens.deck import DeckScreen
from avrdeck.tui.screens.dialogs import ChooseScreen
from avrdeck.tui.typing_order import KeyArrived


def key(name: str) -> events.Key:
    return events.Key(name, name if len(name) == 1 else " " if name == "space" else None)


async def burst(bench, *names: str) -> None:
    """Send keys as a terminal does that delivers them in one read."""
    for name in names:
        bench.app.post_message(key(name))
    await bench.done()
    while bench.app.typing:
        await bench.pilot.pause()
    await bench.done()


async def test_what_follows_the_digit_goes_to_the_console(deck):
    async with deck() as bench:
        await burst(bench, "4", *"sig", "enter", *"id")
        console = bench.app.deck.console
        assert console.log_sheet.lines[0] == ("sig", "command")
        assert console.entry().value == "id"
        assert isinstance(bench.app.screen, DeckScreen), "i is no key of the deck there"


async def test_escape_comes_back_before_the_next_key(deck):
    async with deck() as bench:
        await burst(bench, "2", "4", "escape", "right", "space")
        assert bench.session.draft.staged == {"lfuse": 0x62 ^ 0x80}


async def test_a_dialog_takes_the_letters_that_follow_its_key(deck):
    async with deck("/dev/nowhere-at-all") as bench:
        await burst(bench, "escape", "p", *"attiny85", "enter", "2", "right", "space")
        assert bench.session.part.name == "ATtiny85"
        assert bench.session.draft.staged == {"lfuse": 0xE2}


async def test_a_byte_typed_at_once(deck):
    async with deck() as bench:
        await burst(bench, "2", "enter", *"e2", "enter", "down")
        assert bench.session.draft.staged == {"lfuse": 0xE2}


async def test_a_screen_that_closes_loses_no_key(deck):
    async with deck() as bench:
        for _ in range(5):
            await burst(bench, "o", "escape", "p", "escape", "question_mark", "escape", "2")
            assert isinstance(bench.app.screen, DeckScreen)
        await burst(bench, "o")
        assert isinstance(bench.app.screen, ChooseScreen)


async def test_a_paste_waits_for_its_turn(deck):
    async with deck() as bench:
        bench.app.post_message(key("4"))
        bench.app.post_message(events.Paste("isp 30 00 00 00"))
        bench.app.post_message(key("enter"))
        await bench.done()
        while bench.app.typing:
            await bench.pilot.pause()
        await bench.done()
        assert bench.app.deck.console.log_sheet.lines[0] == ("isp 30 00 00 00", "command")


async def test_paging_through_an_empty_palette_does_nothing(deck):
    async with deck() as bench:
        await burst(bench, "ctrl+p", *"zzzz", "pagedown", "pageup", "pagedown", "escape", "escape")
        assert isinstance(bench.app.screen, DeckScreen)


async def test_a_follower_that_is_lost_holds_up_nothing(deck):
    async with deck() as bench:
        bench.app._follower = KeyArrived((bench.app.screen,), 1)
        for name in ("4", *"sig"):
            bench.app.post_message(key(name))
        await bench.settled()
        assert bench.app.deck.console.entry().value == "sig"
