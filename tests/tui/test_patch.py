"""Staged bytes into the chip: nothing without a yes, all of it seen step by step."""

import contextlib

import pytest

from avrdeck.boards import images
from avrdeck.boards.images import Image
from avrdeck.jobs.backup import files
from avrdeck.jobs.backup.model import Absence
from avrdeck.jobs.backup.store import Store
from avrdeck.jobs.inventory.book import Inventory
from avrdeck.protocol.errors import InputFault
from avrdeck.protocol.simulator.faults import Fault as Strike
from avrdeck.protocol.simulator.faults import Kind
from avrdeck.tui import messages
from avrdeck.tui.controllers.undertaking import Phase
from avrdeck.tui.pages import Page
from avrdeck.tui.screens.answer import AnswerScreen
from avrdeck.tui.screens.burn import BurnScreen
from avrdeck.tui.screens.fault import FaultScreen
from avrdeck.tui.screens.fusewrite import FuseWriteScreen
from avrdeck.tui.screens.hexview import HexScreen
from avrdeck.tui.screens.patch import PatchScreen
from avrdeck.tui.screens.upload import UploadScreen
from tui.test_screens import PROGRAM

TINY = "sim:?autoreset=no&part=attiny13"


async def staged(bench, keys: str, memory: str = "flash") -> HexScreen:
    """The hex view of a chip that was read, with bytes typed over its beginning."""
    chip = bench.machine.target.cells
    chip.flash[: len(PROGRAM)] = PROGRAM
    chip.eeprom[:4] = b"mine"
    await bench.press("r")
    await bench.done()
    await bench.press("3", *(["tab"] if memory == "eeprom" else []), "enter", "e", f"TYPE:{keys}", "escape")
    screen = bench.app.screen
    assert isinstance(screen, HexScreen)
    return screen


async def planned(bench) -> PatchScreen:
    """The plan of the write, once the chip was looked at."""
    await bench.press("w")
    await bench.done()
    screen = bench.app.screen
    assert isinstance(screen, PatchScreen)
    return screen


async def asked(bench) -> None:
    await bench.press("enter")
    await bench.until(lambda: isinstance(bench.app.screen, AnswerScreen))


async def test_nothing_staged_writes_nothing(deck):
    async with deck(TINY) as bench:
        screen = await staged(bench, "00")
        assert not screen.model.staged, "that is what it holds"
        await bench.press("w")
        assert bench.app.screen is screen


async def test_bits_that_fall_are_written_without_an_erase(deck):
    async with deck(TINY) as bench:
        hexview = await staged(bench, "ff00")
        hexview.model.staged.clear()
        hexview.model.stage(1, 0x00)
        chip = bench.machine.target.cells
        screen = await planned(bench)
        shown = bench.text("#job-sheet")
        assert "0001" in shown
        assert "01 → 00" in shown
        assert "nothing is erased" in " ".join(shown.split())
        assert chip.flash[1] == 1
        await asked(bench)
        assert chip.flash[1] == 1, "asked for first"
        await bench.press("TYPE:yes", "enter")
        await bench.done()
        assert screen.patching.phase is Phase.DONE
        assert bytes(chip.flash[:3]) == b"\x00\x00\x02"
        assert "verified" in bench.text("#job-sheet")
        assert not bench.session.maps["flash"].staged
        await bench.press("escape")
        assert bench.app.screen is hexview
        assert not hexview.model.staged
        assert hexview.model.data[1] == 0
        assert not bench.session.maps["flash"].staged


async def test_a_bit_that_rises_is_told_to_need_an_erase_and_all_is_put_back(deck):
    async with deck(TINY) as bench:
        await staged(bench, "ff")
        chip = bench.machine.target.cells
        screen = await planned(bench)
        told = " ".join(bench.text("#job-sheet").split())
        assert "only a chip erase can do" in told
        assert "EEPROM too: it is read before and written back" in told
        take, offered = screen.patching.event, []
        screen.patching.event = lambda event: (take(event), offered.append(screen.patching.skip.running))
        await asked(bench)
        assert "with a chip erase?" in bench.text("#question-text")
        await bench.press("TYPE:yes", "enter")
        await bench.done()
        assert offered
        assert not any(offered), "what is saved is written back: nothing of it can be left out"
        assert screen.patching.receipt.erased
        assert bytes(chip.flash[: len(PROGRAM)]) == b"\xff" + PROGRAM[1:]
        assert bytes(chip.eeprom[:4]) == b"mine"
        (saved,) = Store().listing()
        assert files.load(saved.path).memories["flash"][: len(PROGRAM)] == PROGRAM


async def test_eeprom_is_written_and_noted_in_the_history(deck):
    async with deck(TINY) as bench:
        await staged(bench, "4142", "eeprom")
        await planned(bench)
        await asked(bench)
        await bench.press("TYPE:y", "enter")
        await bench.done()
        assert bytes(bench.machine.target.cells.eeprom[:4]) == b"ABne"
        with Inventory() as inventory:
            (chip,) = inventory.chips()
            assert [each.text for each in inventory.history(chip.id) if each.kind == "write"] == [
                "2 bytes of eeprom from 0x0000 on"
            ]


@pytest.mark.parametrize("way_out", [["escape"], ["TYPE:no", "enter"]])
async def test_without_a_yes_nothing_is_touched_and_the_bytes_stay_staged(deck, way_out):
    async with deck(TINY) as bench:
        hexview = await staged(bench, "ff")
        chip = bench.machine.target.cells
        before = bytes(chip.flash)
        screen = await planned(bench)
        await asked(bench)
        await bench.press(*way_out)
        await bench.done()
        assert screen.patching.phase is Phase.PLANNING
        assert bytes(chip.flash) == before
        assert not bench.seen(messages.Failed)
        assert not Store().listing()
        await bench.press("escape")
        assert hexview.model.staged == {0: 0xFF}


async def test_staged_bytes_survive_the_way_to_the_deck_and_are_marked_on_the_map(deck):
    async with deck(TINY) as bench:
        await staged(bench, "ff")
        await bench.press("escape")
        assert "◆ staged 1 B, not on the chip" in " ".join(bench.text("#memory-map").split())
        assert bench.session.maps["flash"].page(0) is Page.STAGED
        await bench.press("enter")
        assert bench.app.screen.model.staged == {0: 0xFF}
        await bench.press("u", "escape")
        assert "staged" not in bench.text("#memory-map")


async def test_a_chip_that_changed_meanwhile_is_left_alone_and_that_is_told(deck):
    async with deck(TINY) as bench:
        await staged(bench, "ff")
        chip = bench.machine.target.cells
        chip.flash[4] = 0x55
        before = bytes(chip.flash)
        await bench.press("w")
        await bench.done()
        assert isinstance(bench.app.screen, FaultScreen)
        assert "changed since it was read" in bench.text("#fault-text")
        await bench.press("escape", "enter")
        await bench.done()
        assert bytes(chip.flash) == before


async def test_a_running_backup_is_left_out_by_its_key(deck):
    async with deck("sim:?autoreset=no&part=attiny85&baud=115200") as bench:
        hexview = await staged(bench, "00")
        hexview.model.stage(1, 0x00)
        screen = await planned(bench)
        await bench.press("p")
        assert not screen.patching.skip.wanted, "none is running"
        await asked(bench)
        skip, seen = screen.patching.skip, []
        watch = skip.watch

        def pressed(event) -> None:
            watch(event)
            if "flash" in skip.running and not skip.wanted:
                seen.append(skip.running)
                screen.action_skip()

        skip.watch = pressed
        await bench.press("TYPE:yes", "enter")
        await bench.done()
        assert screen.patching.phase is Phase.DONE
        assert seen == ["save flash, 8192 bytes, about 2 s"]
        (saved,) = Store().listing()
        assert "flash" not in saved.header.memories
        assert bench.machine.target.cells.flash[1] == 0


async def test_the_key_of_a_running_backup_is_shown_and_told(deck):
    async with deck(TINY) as bench:
        hexview = await staged(bench, "00")
        hexview.model.stage(1, 0x00)
        screen = await planned(bench)
        screen.patching.skip.running = "save flash"
        screen.patching.log.begin("backup")
        screen.query_one("#job-sheet").repaint()
        assert "p proceeds without the rest of the backup" in bench.text("#job-sheet")
        assert "flash, 1 KiB, less than a second" in bench.text("#job-sheet"), "the time is told before"


async def test_a_port_lost_midway_is_told_with_what_the_chip_holds(deck):
    async with deck(TINY) as bench:
        await staged(bench, "ff")
        screen = await planned(bench)
        machine = bench.machine
        await asked(bench)
        erase = screen.patching.log.find("erase")

        def unplug(event) -> None:
            if erase.state.value == "✓" and not machine.faults.faults:
                machine.faults.add(Strike(Kind.VANISH, machine.faults.to_device + 40))

        screen.patching.skip.watch = unplug
        await bench.press("TYPE:yes", "enter")
        await bench.done()
        assert isinstance(bench.app.screen, FaultScreen)
        told = " ".join(bench.text("#fault-text").split())
        assert "flash is back in part" in told
        assert "What it held before is in ATtiny13" in told
        assert bench.session.stale
        assert screen.patching.phase is Phase.FAILED


async def test_through_a_bootloader_the_boot_section_is_refused(deck):
    async with deck("sim:?dialect=optiboot&autoreset=yes") as bench:
        await bench.press("r")
        await bench.done()
        assert not bench.seen(messages.Failed), "an EEPROM out of reach does not keep flash from being read"
        bench.session.maps["flash"].stage({0x7FFE: 0x12})
        await bench.press("3", "enter", "w")
        await bench.done()
        assert isinstance(bench.app.screen, FaultScreen)
        assert "boot section begins at 0x7E00" in bench.text("#fault-text")


async def test_the_map_fills_while_it_is_written(deck):
    async with deck(TINY, size=(80, 24)) as bench:
        hexview = await staged(bench, "ff")
        assert hexview.model.staged
        screen = await planned(bench)
        pages = bench.session.maps["flash"]
        seen = set()
        watch = screen.patching.skip.watch

        def look(event) -> None:
            watch(event)
            seen.update({pages.page(0), pages.page(3)})

        screen.patching.skip.watch = look
        await asked(bench)
        await bench.press("TYPE:yes", "enter")
        await bench.done()
        assert {Page.WAITING, Page.WRITTEN, Page.VERIFIED} <= seen
        assert pages.page(0) is Page.USED


async def test_the_map_writes_what_is_staged_by_its_own_key_and_fuses_else(deck):
    async with deck(TINY) as bench:
        await staged(bench, "ff")
        await bench.press("escape")
        assert "w write" in bench.text("#footer")
        assert bench.text("#footer").count("w write") == 1, "the outer key is not shown twice"
        await bench.press("w")
        await bench.done()
        assert isinstance(bench.app.screen, PatchScreen)
        await bench.press("escape", "enter", "u", "escape")
        bench.session.edit(bench.session.draft.put("hfuse", 0xFD))
        await bench.press("w")
        assert isinstance(bench.app.screen, FuseWriteScreen)
        await bench.until(lambda: bench.app.screen.job.question)
        await bench.press("escape")
        await bench.done()


@pytest.mark.parametrize("kind", [BurnScreen, UploadScreen])
async def test_a_burn_and_an_upload_heed_the_key_too(deck, kind, tmp_path, monkeypatch):
    monkeypatch.setattr("avrdeck.boards.boards_txt.places.usual", tuple)
    async with deck("sim:?autoreset=no&baud=500000") as bench:
        bench.machine.target.cells.flash[:8] = bytes(8)
        screen = kind(bench.session)
        await bench.app.push_screen(screen)
        images.save(Image.of(bytes(range(1, 200)), 0x7E00 if kind is BurnScreen else 0), tmp_path / "f.hex")
        if kind is BurnScreen:
            with contextlib.suppress(InputFault):
                screen.burn.choose("uno", {})
        else:
            screen.upload.plan_for(isp=True)
        screen.job.load(tmp_path / "f.hex")
        watch, skip = screen.job.skip.watch, screen.job.skip
        skip.watch = lambda event: (watch(event), skip.running and screen.action_skip())
        await bench.press("enter")
        while screen.job.phase in {Phase.PLANNING, Phase.RUNNING}:
            if isinstance(bench.app.screen, AnswerScreen):
                await bench.press("TYPE:yes", "enter")
            await bench.pilot.pause(0.01)
        await bench.done()
        assert screen.job.phase is Phase.DONE
        (saved,) = Store().listing()
        assert saved.header.left_out["flash"] is Absence.SKIPPED
        with Inventory() as inventory:
            (chip,) = inventory.chips()
            assert "f.hex" in [each.text for each in inventory.history(chip.id)]
