"""The fuse transaction on the screen: nothing is written without its confirmation."""

import pytest

from avrdeck.protocol.simulator.faults import Fault as Strike
from avrdeck.protocol.simulator.faults import Kind
from avrdeck.tui import messages
from avrdeck.tui.controllers.fusewrite import Phase
from avrdeck.tui.screens.deck import DeckScreen
from avrdeck.tui.screens.fault import FaultScreen
from avrdeck.tui.screens.fusewrite import FuseWriteScreen


async def opened(bench, **values):
    """Stage bytes and open the transaction; it waits for the confirmation."""
    bench.session.edit(bench.session.draft.put_all(values))
    await bench.press("2", "w")
    screen = bench.app.screen
    assert isinstance(screen, FuseWriteScreen)
    await bench.until(lambda: screen.job.phase is Phase.CONFIRM)
    return screen


async def test_nothing_staged_opens_nothing(deck):
    async with deck() as bench:
        await bench.press("2", "w")
        assert isinstance(bench.app.screen, DeckScreen)


async def test_w_writes_what_is_harmless_and_shows_the_receipt(deck):
    async with deck() as bench:
        chip = bench.machine.target.cells
        screen = await opened(bench, hfuse=0xD1)
        assert chip.fuses["hfuse"] == 0xD9
        assert "AC A8 00 D1" in bench.text("#transaction")
        await bench.press("w")
        await bench.done()
        assert screen.job.phase is Phase.DONE
        assert chip.fuses["hfuse"] == 0xD1
        assert "In effect: lfuse 62  hfuse D1" in bench.text("#transaction-now")
        assert not bench.session.draft.staged
        assert bench.session.draft.read["hfuse"] == 0xD1
        await bench.press("escape")
        assert isinstance(bench.app.screen, DeckScreen)


async def test_escape_writes_nothing(deck):
    async with deck() as bench:
        chip = bench.machine.target.cells
        await opened(bench, hfuse=0xD1)
        await bench.press("escape")
        await bench.done()
        assert chip.fuses["hfuse"] == 0xD9
        assert bench.session.draft.staged == {"hfuse": 0xD1}
        assert not bench.seen(messages.Failed)
        assert isinstance(bench.app.screen, DeckScreen)


async def test_a_fatal_change_needs_the_parts_name(deck):
    async with deck() as bench:
        chip = bench.machine.target.cells
        screen = await opened(bench, hfuse=0x59)
        assert "FATAL" in bench.text("#transaction")
        await bench.press("w", "enter")
        screen.action_write()  # as the palette does
        await bench.pilot.pause()
        assert screen.job.phase is Phase.CONFIRM
        await bench.press("backspace", "TYPE:ATmega328", "enter")
        assert screen.job.phase is Phase.CONFIRM
        assert chip.fuses["hfuse"] == 0xD9
        await bench.press("TYPE:P", "enter")
        await bench.until(lambda: screen.job.phase is Phase.UNDO)
        assert chip.fuses["hfuse"] == 0x59
        assert bench.machine.target.active_fuses["hfuse"] != 0x59, "not in effect yet"
        await bench.press("u")
        await bench.done()
        assert chip.fuses["hfuse"] == 0xD9
        assert screen.job.receipt.reverted
        assert bench.session.draft.staged == {"hfuse": 0x59}, "what was undone stays staged"


async def test_a_chip_that_does_not_come_back_is_told_with_the_way_back(deck):
    async with deck("sim:?autoreset=no&xtal=none") as bench:
        screen = await opened(bench, lfuse=0xFF)
        await bench.press("w")
        await bench.until(lambda: screen.job.phase is Phase.UNDO)
        await bench.press("enter")
        await bench.done()
        assert isinstance(bench.app.screen, FaultScreen)
        shown = bench.text("#fault-text")
        assert "does not answer" in shown
        assert "XTAL1" in shown


WITNESSES = 10 * 6
"""Bytes of the instructions by which a fuse write looks at flash and EEPROM of an ATmega328P first."""


async def test_a_port_lost_while_writing_is_told_with_what_the_chip_holds(deck):
    async with deck() as bench:
        machine = bench.machine
        await opened(bench, hfuse=0xD1)
        machine.faults.add(Strike(Kind.VANISH, machine.faults.to_device + WITNESSES + 3))
        await bench.press("w")
        await bench.done()
        assert isinstance(bench.app.screen, FaultScreen)
        assert "hfuse may be D9 or D1" in bench.text("#fault-text").replace("\n", " ").replace("  ", " ")
        assert bench.seen(messages.PortLost)


async def test_a_snapshot_is_on_disk_before_anything_is_written(deck, tmp_path):
    async with deck() as bench:
        await opened(bench, hfuse=0xD1)
        assert list((tmp_path / "data" / "backups").iterdir())
        await bench.press("escape")
        await bench.done()


async def test_the_diff_tells_new_values_in_words_and_cuts_none_off(deck):
    async with deck() as bench:
        await opened(bench, lfuse=0xFF, hfuse=0xDE, efuse=0xFD)
        sheet = bench.app.screen.query_one("#transaction")
        text = bench.text("#transaction")
        for told in (
            "SUT_CKSEL internal RC 8 MHz, 6 CK + 65 ms → crystal ≥ 8 MHz, 16K CK + 65 ms",
            "CKDIV8 ■→□ ÷ 1",
            "BODLEVEL off → 2.7 V",
            "BOOTRST □→■ on",
            "BOOTSZ 2048 words @0x7000 → 256 words @0x7E00",
        ):
            assert told in text
        width = sheet.scrollable_content_region.width
        assert all(run.column + len(run.text.rstrip()) <= width for row in sheet.rows for run in row.runs)
        await bench.press("escape")
        await bench.done()


@pytest.mark.parametrize("values", [{"hfuse": 0x59}, {"lfuse": 0xFF, "hfuse": 0x59, "efuse": 0xFC}])
async def test_what_to_do_now_is_in_sight_however_much_there_is_to_tell(deck, values):
    async with deck(size=(80, 24)) as bench:
        await opened(bench, **values)
        screen, sheet = bench.app.screen, bench.app.screen.query_one("#transaction")
        await bench.pilot.pause()
        for name in ("#transaction-now", "#write-input"):
            assert screen.region.contains_region(screen.query_one(name).region), name
        await bench.press("pagedown")
        assert sheet.scroll_offset.y == sheet.max_scroll_y, "what has no room is reached while typing too"
        await bench.press("TYPE:ATmega328P", "enter")
        await bench.until(lambda: "u undo" in bench.text("#transaction-now"))
        await bench.pilot.pause()
        last = sheet.rows[sheet.scroll_offset.y + sheet.size.height - 1]
        assert "Leave, re-enter" in last.text
        await bench.press("u")
        await bench.done()
