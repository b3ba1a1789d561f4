"""The fuse transaction on the screen: nothing is written without its confirmation."""

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
        assert "In effect: lfuse 62  hfuse D1" in bench.text("#transaction")
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
