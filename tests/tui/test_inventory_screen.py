"""The chips that were seen: labelled, annotated, remembered, whatever stands in the inventory."""

import sqlite3

import pytest

from avrdeck.boards.catalog import part
from avrdeck.jobs.inventory.book import Inventory
from avrdeck.jobs.places import inventory_file
from avrdeck.protocol.simulator.cells import factory_fresh
from avrdeck.protocol.simulator.target import Target
from avrdeck.tui.screens.dialogs import PromptScreen
from avrdeck.tui.screens.inventory import InventoryScreen

TINY = "sim:?autoreset=no&part=attiny13"
HOSTILE = "[b]x\x1b]0;y\x07\u202eevil\u200b 漢字 e\u0301\nsecond\r\tend"


def painted(bench) -> str:
    """Every cell that goes to the terminal."""
    lines = bench.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in line) for line in lines)


def chip():
    with Inventory() as inventory:
        return inventory.chips()[0]


async def opened(bench) -> InventoryScreen:
    await bench.press("i")
    await bench.pilot.pause()
    screen = bench.app.screen
    assert isinstance(screen, InventoryScreen)
    return screen


async def test_notes_of_several_lines_are_kept_and_shown(deck):
    async with deck(TINY) as bench:
        await opened(bench)
        await bench.press("n", "TYPE:bought 2019", "backslash", "TYPE:nfor the clock", "enter")
        await bench.pilot.pause()
        assert chip().notes == "bought 2019\nfor the clock"
        shown = bench.text("#history")
        assert " Notes  bought 2019\n        for the clock" in shown
        assert "first 20" in shown


async def test_the_history_tells_what_was_done_newest_first(deck):
    async with deck(TINY) as bench:
        with Inventory() as inventory:
            inventory.fuses(inventory.chips()[0].id, {"lfuse": 0x6A, "hfuse": 0xFD})
        await opened(bench)
        lines = [line for line in bench.text("#history").splitlines() if " fuses " in line]
        assert len(lines) == 2
        assert "hfuse FD" in lines[0]
        assert "hfuse FF" in lines[1]


async def test_a_label_that_cannot_be_says_why_and_stays_in_the_prompt(deck):
    async with deck(TINY) as bench:
        await opened(bench)
        await bench.press("l", "TYPE:12", "enter")
        assert isinstance(bench.app.screen, PromptScreen)
        assert "number" in str(bench.app.screen.query_one("#prompt").border_subtitle)
        await bench.press("escape")
        assert not chip().label


@pytest.mark.parametrize("key", ["", "l", "n"], ids=["table", "label", "notes"])
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_what_stands_in_the_file_cannot_steer_the_terminal(deck, key, size):
    async with deck(TINY, size=size) as bench:
        with sqlite3.connect(inventory_file()) as db:
            db.execute("UPDATE chip SET label = ?, notes = ?, port = ?, part = ?", (HOSTILE,) * 4)
            db.execute("UPDATE event SET at = ?, kind = ?, text = ?", (HOSTILE,) * 3)
        db.close()
        await opened(bench)
        await bench.press(*([key] if key else []))
        shown = painted(bench)
        for character in "\x1b\x07\r\t\u202e\u200b":
            assert character not in shown
        assert r"[b]x\x1b" in shown
        if key:
            await bench.press("enter")
            assert chip().notes == HOSTILE, "what was not changed is not rewritten"
            assert chip().label == HOSTILE


async def test_a_chip_without_a_serial_number_is_noted_and_not_recognised(deck):
    old = "sim:?autoreset=no&part=at90s8515"
    for _ in range(2):
        async with deck(old) as bench:
            assert "Seen      not recognised" in bench.text("#connection-form")
    known = chip()
    assert (known.chip.part, known.chip.distinct, known.sightings) == ("AT90S8515", False, 2)


async def test_a_chip_whose_number_a_bootloader_hides_is_nobody(deck):
    async with deck("sim:?dialect=optiboot") as bench:
        assert bench.app.session.connected
        assert bench.app.session.sighting is None
    with Inventory() as inventory:
        assert inventory.chips() == ()


async def test_another_chip_on_an_open_connection_has_its_own_history(deck):
    async with deck() as bench:
        first = bench.session.sighting.known.id
        await bench.session.programmer.leave()
        other = factory_fresh(part("ATmega328P"), seed=2)
        other.fuses["lfuse"] = 0xE2
        bench.machine.firmware.target = Target(other)
        await bench.session.read_fuses()
        assert bench.session.sighting.known.id != first
    with Inventory() as inventory:
        noted = {
            known.id: [each.data["lfuse"] for each in inventory.history(known.id)]
            for known in inventory.chips()
        }
    assert noted[first] == [0x62]
    assert sorted(noted.values()) == [[0x62], [0xE2]]
