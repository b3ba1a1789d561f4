"""The hex view: getting about, typing over, searching what is on the screen."""

import pytest

from avrdeck.tui.hexmodel import MAX_MATCHES, HexModel
from avrdeck.tui.screens.hexview import HexScreen
from avrdeck.tui.views import hexstatus

PROGRAM = bytes(range(256)) + b"telemetry v1.4"


async def hexed(bench, memory: str = "flash") -> HexScreen:
    """The hex view of a memory that begins with `PROGRAM`."""
    getattr(bench.machine.target.cells, memory)[: len(PROGRAM)] = PROGRAM
    await bench.press("r")
    await bench.done()
    await bench.press("3", *["tab"] * (memory == "eeprom"), "enter")
    assert isinstance(bench.app.screen, HexScreen)
    return bench.app.screen


MOVES = [
    ("right l left", 1),
    ("down j k", 16),
    ("down right up", 1),
    ("down right end", 31),
    ("down right home", 16),
    ("ctrl+end", 0x7FFF),
    ("ctrl+end ctrl+home", 0),
    ("left up pageup", 0),
    ("pagedown pagedown pageup", 33 * 16),
]


@pytest.mark.parametrize(("keys", "address"), MOVES, ids=[keys for keys, _ in MOVES])
async def test_keys_move_the_cursor(deck, keys, address):
    async with deck() as bench:
        screen = await hexed(bench)
        await bench.press(*keys.split())
        assert screen.grid.cursor == address


async def test_letters_that_are_digits_are_typed_and_the_others_still_move(deck):
    async with deck() as bench:
        screen = await hexed(bench)
        await bench.press("e", "TYPE:de", "l", "j", "TYPE:ad")
        assert screen.model.staged == {0: 0xDE, 18: 0xAD}


async def test_backspace_takes_back_what_was_typed_last(deck):
    async with deck() as bench:
        screen = await hexed(bench)
        await bench.press("backspace")
        assert screen.grid.cursor == 0, "only while bytes are typed over"
        await bench.press("e", "TYPE:dead8")
        assert screen.model.staged == {0: 0xDE, 1: 0xAD, 2: 0x82}
        await bench.press("backspace")
        assert (screen.model.staged, screen.grid.cursor) == ({0: 0xDE, 1: 0xAD}, 2)
        await bench.press("backspace")
        assert (screen.model.staged, screen.grid.cursor) == ({0: 0xDE}, 1)
        await bench.press("TYPE:7f")
        assert screen.model.staged == {0: 0xDE, 1: 0x7F}


async def test_a_difference_is_merged_and_only_that_one(deck, tmp_path):
    other = bytearray(PROGRAM)
    other[5:7], other[0x20] = b"\xaa\xbb", 0xCC
    file = tmp_path / "other.bin"
    file.write_bytes(other)
    async with deck() as bench:
        screen = await hexed(bench)
        assert not screen.works("merge"), "there is nothing beside it"
        await bench.press("d", f"TYPE:{file}", "enter", "m")
        assert screen.model.staged == {5: 0xAA, 6: 0xBB}
        await bench.press("home", "m")
        assert len(screen.model.staged) == 2, "the cursor is on no difference"
        await bench.press("right_square_bracket", "right_square_bracket", "m")
        assert screen.model.image().read(0, len(other)) == other


async def test_what_is_typed_over_is_found_and_what_it_covers_is_not(deck):
    async with deck() as bench:
        screen = await hexed(bench)
        await bench.press("e", "TYPE:cafe", "escape", "slash", "TYPE:ca fe", "enter")
        assert screen.model.matches == [0]
        assert screen.works("match")
        await bench.press("u")
        assert not screen.works("match"), "there is nothing of it any more"
        await bench.press("slash", *["backspace"] * 5, "TYPE:00 01 02", "enter")
        assert screen.model.matches == [0]


def test_a_search_for_nothing_there_leaves_the_matches_of_the_one_before():
    model = HexModel("flash", b"abcabc", 128)
    assert model.search('"b"') == 2
    assert model.search('"x"') == 0
    assert (model.sought, model.matches, model.match_size) == ('"b"', [1, 4], 1)


def test_matches_are_looked_for_again_in_what_was_read_again():
    model = HexModel("flash", b"abcabc", 128)
    model.search('"b"')
    model.take(b"xxbxxx")
    assert model.matches == [2]


def test_the_status_line_says_that_there_are_more_matches_than_are_counted():
    model = HexModel("flash", bytes(MAX_MATCHES + 5), 128)
    model.search("00")
    assert hexstatus.right(model)[0] == ((f"{MAX_MATCHES}+ × 00", "accent"),)


@pytest.mark.parametrize(("size", "shown"), [((60, 20), False), ((80, 24), True), ((120, 40), True)])
async def test_the_text_beside_the_bytes_is_whole_or_left_out(deck, size, shown):
    async with deck(size=size) as bench:
        bench.machine.target.cells.flash[:16] = b"ABCDEFGHIJKLMNOP"
        await bench.press("r")
        await bench.done()
        await bench.press("3", "enter")
        line = bench.app.screen.grid.render_line(0).text
        assert line.endswith("4F 50" + "   ABCDEFGHIJKLMNOP" * shown + " " * (len(line) - len(line.rstrip())))
        assert ("0123456789ABCDEF" in bench.text("#hex-head")) is shown
        assert "'A'  u8 65" in bench.text("#hex-foot") or size == (120, 40)
