"""The panes say what is so: fuses no one read, targets no one proved, keys that wait, what is no page."""

import pytest

from avrdeck.boards.catalog import part
from avrdeck.protocol.simulator.oscillator import Xtal
from avrdeck.tui.controllers import choices
from avrdeck.tui.screens.dialogs import Refusal
from avrdeck.tui.screens.fault import FaultScreen
from avrdeck.tui.screens.help import HelpText
from avrdeck.tui.screens.patch import PatchScreen
from avrdeck.tui.views.pagegrid import MapCursor
from avrdeck.tui.widgets.chrome import Footer, StatusBar
from avrdeck.tui.widgets.connection import ConnectionForm
from avrdeck.tui.widgets.memory import MemoryMap

OPTIBOOT = "sim:?dialect=optiboot"
SMALL = "sim:?autoreset=no&part=attiny13"


def status(bench) -> str:
    return bench.app.screen.query_one(StatusBar).rows[0].text


def footer(bench) -> dict[str, tuple[int, bool]]:
    """Where the word of each action stands in the footer, and whether it is dim."""
    runs = bench.app.screen.query_one(Footer).rows[0].runs
    return {run.target: (run.column, run.role == "disabled") for run in runs if run.target}


class TestFusesThatWereNotRead:
    async def test_a_bootloader_does_not_make_the_factorys_fuses_the_chips(self, deck):
        async with deck(OPTIBOOT) as bench:
            assert "factory" in bench.text("#fuse-editor").splitlines()[0]
            assert bench.text("#findings").startswith(" Optiboot cannot read fuses")
            assert "MHz" not in status(bench)
            for told in ("Now", "BOD", "<"):
                assert told not in bench.text("#connection-form")
            for told in ("RESET", "boot section", "erased"):
                assert told not in bench.text("#memory-map")

    async def test_what_is_staged_over_them_is_shown_as_what_it_adds_up_to(self, deck):
        async with deck(OPTIBOOT) as bench:
            bench.session.edit(bench.session.draft.put("hfuse", 0xDE))
            await bench.settled()
            assert "to 0x7E00" in bench.text("#memory-map")
            assert bench.text("#findings").startswith(" Findings")

    async def test_flash_without_a_known_boot_section_is_no_application(self, deck):
        async with deck(OPTIBOOT) as bench:
            await bench.press("r")
            await bench.done()
            assert "▄ used          0.5 of 32 KiB" in bench.text("#memory-map")

    async def test_a_part_without_a_port_has_the_factorys(self, deck):
        async with deck("/dev/nowhere", part="atmega328p") as bench:
            await bench.press("escape")
            assert "factory" in bench.text("#fuse-editor").splitlines()[0]
            assert " Factory   1 MHz RC" in bench.text("#connection-form")
            assert "to 0x0000" in bench.text("#memory-map"), "as a calculator shows it"

    async def test_those_of_a_chip_have_no_such_mark(self, deck):
        async with deck() as bench:
            assert "factory" not in bench.text("#fuse-editor")
            assert " Now       1 MHz RC" in bench.text("#connection-form")
            assert "1 MHz RC" in status(bench)

    async def test_a_byte_that_alone_could_not_be_read_is_marked(self, deck):
        async with deck() as bench:
            draft = bench.session.draft
            known = {name: value for name, value in draft.read.items() if name != "lock"}
            bench.session.edit(type(draft)(draft.part, known))
            await bench.settled()
            rows = bench.text("#fuse-editor").splitlines()
            assert [row[2:9] for row in rows if "?" in row] == ["lock ?F"]


class TestTargetsThatWereNotProven:
    async def test_programming_mode_proves_no_part(self, deck):
        async with deck(part="atmega2560") as bench:
            assert isinstance(bench.app.screen, FaultScreen), "an ATmega328P is there"
            await bench.press("escape")
            assert "! part not proven" in status(bench)
            assert "1E 98 01 !" in bench.text("#connection-form")

    async def test_r_asks_a_target_again_that_did_not_answer(self, deck):
        async with deck("sim:?autoreset=no&part=at90s2313&xtal=none") as bench:
            assert isinstance(bench.app.screen, FaultScreen), "it has no clock"
            await bench.press("escape")
            assert "no target answered" in bench.text("#fuse-editor")
            bench.machine.target.set_xtal(Xtal.parse("8000000"))
            await bench.press("r")
            await bench.done()
            assert bench.session.part.name == "AT90S2313"
            assert bench.session.proven
            assert bench.session.maps["flash"].complete

    async def test_without_a_part_it_is_told_what_to_do(self, deck):
        async with deck("/dev/nowhere") as bench:
            await bench.press("escape")
            for sheet in ("#fuse-editor", "#memory-map"):
                text = " ".join(bench.text(sheet).split())
                assert text == "No part yet: x connects, p chooses one by hand."

    async def test_a_target_that_is_being_asked_is_not_said_to_be_silent(self, deck):
        async with deck("/dev/nowhere") as bench:
            await bench.press("escape")
            async with bench.session.held("connect"):
                bench.session.changed()
                await bench.settled()
                assert bench.text("#fuse-editor") == " No part yet: looking for it."

    async def test_the_cursor_stays_on_lines_that_are_there(self, deck):
        async with deck("/dev/nowhere") as bench:
            await bench.press("escape", "1")
            form = bench.app.screen.query_one(ConnectionForm)
            marked = []
            for _ in range(4):
                marked += [row.text.split()[0] for row in form.rows if row.cursor]
                await bench.press("down")
            assert marked == ["►Port", "►Baud", "►Part", "►Port"]


class TestFooter:
    @pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
    async def test_keys_that_wait_are_dim_and_nothing_moves_when_they_work(self, deck, size):
        async with deck(size=size) as bench:
            before = footer(bench)
            assert before["deck.write"][1]
            assert before["fuses.revert"][1]
            assert not before["fuses.toggle"][1]
            await bench.press("right", "space")
            after = footer(bench)
            assert not after["deck.write"][1]
            assert not after["fuses.revert"][1]
            assert {key: at for key, (at, _) in before.items()} == {key: at for key, (at, _) in after.items()}
            await bench.press("u")
            assert footer(bench) == before

    async def test_memory_keys_wait_for_the_memory(self, deck):
        async with deck(SMALL) as bench:
            await bench.press("3")
            waiting = {"memory.hex", "memory.save", "memory.compare", "memory.write"}
            assert {key for key, (_, dim) in footer(bench).items() if dim} == waiting
            await bench.press("r")
            await bench.done()
            assert {key for key, (_, dim) in footer(bench).items() if dim} == {"memory.write"}

    async def test_x_is_called_what_it_does(self, deck):
        async with deck(size=(200, 60)) as bench:
            await bench.press("1")
            assert "x disconnect" in bench.text("#footer")
            await bench.press("x")
            await bench.done()
            assert "x connect" in bench.text("#footer")
            assert footer(bench)["deck.read"][1], "there is nothing to read from"

    async def test_a_key_is_told_once_in_the_help_where_it_works(self, deck):
        async with deck() as bench:
            await bench.press("3", "question_mark")
            here = bench.text("#help-text").split("Everywhere")[0].splitlines()
            told = [key for row in here for key in row[:18].split() if "──" not in row]
            assert len(told) == len(set(told))
            assert [row.split()[0] for row in here if "Find out why it does not work" in row] == ["f9"]
            assert bench.app.screen.query_one(HelpText).here


class TestStatus:
    async def test_the_part_stays_longest(self, deck):
        async with deck(size=(100, 30)) as bench:
            bench.session.edit(bench.session.draft.toggled("lfuse", 7))
            await bench.settled()
            assert "ATmega328P 1E 95 0F │ ● programming mode" in status(bench)

    async def test_a_long_port_is_shortened(self, deck, tmp_path):
        async with deck(f"{SMALL}", size=(80, 24)) as bench:
            bench.session.port = "/dev/serial/by-id/usb-1a86_USB2.0-Serial-if00-port0"
            bench.session.changed()
            await bench.settled()
            assert " serial/by-id/… │ ATtiny13 1E9007 │ ● prog" in status(bench)

    async def test_what_the_hex_view_is_compared_with_stays_longer_than_the_apps_name(self, deck, tmp_path):
        file = tmp_path / "other.bin"
        file.write_bytes(bytes(5))
        async with deck(SMALL, size=(80, 24)) as bench:
            await bench.press("r")
            await bench.done()
            await bench.press("3", "enter", "d", f"TYPE:{file}", "enter", "slash", "TYPE:ff ff", "enter")
            assert status(bench).startswith(" ATtiny13 hex flash │ against other.bin")


class TestNarrowDecks:
    async def test_a_pane_that_comes_to_the_front_is_shared_out_for_the_part_it_shows(self, deck):
        async with deck(size=(80, 24)) as bench:
            await bench.press("1")
            bench.session.take_part(part("ATtiny13"))
            await bench.settled()
            await bench.press("2")
            screen = bench.app.screen
            editor, findings = (screen.query_one(f"#{name}") for name in ("fuse-editor", "findings"))
            assert editor.size.height == len(editor.rows) + 1
            assert findings.size.height == 19 - editor.size.height

    async def test_zoom_is_left_alone_where_a_pane_has_the_screen(self, deck):
        async with deck(size=(80, 24)) as bench:
            await bench.press("z")
            await bench.pilot.resize_terminal(120, 40)
            await bench.pilot.pause()
            assert all(pane.display for pane in bench.app.deck.panes)

    async def test_the_lower_edge_says_what_is_under_the_cursor_after_a_change_of_panes(self, deck):
        async with deck() as bench:
            await bench.press("1", "z", "2", "down")
            assert "lfuse 5:0 · clock source and start-up: internal RC 8 MHz" in bench.edges("fuses")[1]
            await bench.press("3")
            assert "Page" not in bench.edges("memory")[1], "the map tells it itself where it is wide"
            await bench.press("z")
            await bench.pilot.pause()
            assert "Page 0 at 0000, not read" in bench.edges("memory")[1]

    async def test_what_the_lower_edge_has_no_room_for_is_the_value(self, deck):
        async with deck() as bench:
            await bench.press("right")
            assert bench.edges("fuses")[1].endswith("━ lfuse 7 programmed · CKDIV8, clock divider ━┛")
            await bench.press("right", "right")
            assert bench.edges("fuses")[1].endswith("━ lfuse 5 unprogrammed · SUT_CKSEL ━┛")
            await bench.press("down")
            assert bench.edges("fuses")[1].endswith("━ lfuse 5:0 · clock source and start-up ━┛")


class TestTheMap:
    async def test_the_boot_section_is_seen_blank_and_unread_too(self, deck):
        async with deck() as bench:
            last = next(row for row in bench.text("#memory-map").splitlines() if row.startswith(" 7000"))
            assert last.endswith("=" * 32)
            bench.machine.target.cells.flash[0x7F80] = 0
            await bench.press("r")
            await bench.done()
            last = next(row for row in bench.text("#memory-map").splitlines() if row.startswith(" 7000"))
            assert last.endswith("▔" * 31 + "▀")

    async def test_what_is_no_page_is_not_called_one(self, deck):
        async with deck("sim:?part=at90s2313&xtal=8000000&autoreset=no") as bench:
            assert "1 cell = 64 B" in bench.text("#memory-map")
            await bench.press("3", "right")
            assert "Flash 0040-007F, not read" in bench.edges("memory")[1]
            await bench.press("tab")
            assert "EEPROM 0000-003F, not read" in bench.edges("memory")[1]

    async def test_an_eeprom_has_no_lines_between_pages_of_flash(self, deck):
        async with deck() as bench:
            await bench.press("r")
            await bench.done()
            await bench.press("3", "tab", "enter")
            kinds = {kind for kind, _ in bench.app.screen.grid._lines}
            assert kinds == {"row"}
            assert "word" in bench.text("#hex-side")
            assert "at word" not in bench.text("#hex-side")

    async def test_the_page_under_the_cursor_is_shown_as_it_is_staged(self, deck):
        async with deck(size=(80, 24)) as bench:
            await bench.press("r")
            await bench.done()
            await bench.press("3", "enter", "e", "TYPE:ab", "escape", "escape")
            assert " 0000◆AB FF FF" in bench.text("#memory-map")

    async def test_w_writes_what_is_staged_in_the_other_memory(self, deck):
        async with deck() as bench:
            await bench.press("r")
            await bench.done()
            await bench.press("3", "tab", "enter", "e", "TYPE:ab", "escape", "escape", "tab", "w")
            await bench.done()
            assert isinstance(bench.app.screen, PatchScreen)
            assert "EEPROM 1 byte" in bench.text("#job-sheet")

    async def test_without_a_port_it_says_how_to_read(self, deck):
        async with deck("/dev/nowhere", part="attiny13") as bench:
            await bench.press("escape")
            assert "not read: x connects" in bench.text("#memory-map")

    async def test_a_row_of_the_map_is_a_row_for_the_arrows_at_every_height(self, deck):
        async with deck("sim:?part=atmega2560&autoreset=no") as bench:
            await bench.press("3", "down")
            sheet = bench.app.screen.query_one(MemoryMap)
            marked = [index for index, row in enumerate(sheet.rows) if row.cursor]
            assert marked == [2]
            assert sheet.cursor == MapCursor("flash", 128)


class TestPresets:
    def test_boards_with_the_part_come_first_with_their_fuses(self, monkeypatch):
        monkeypatch.setattr("avrdeck.boards.boards_txt.places.usual", tuple)
        options = choices.preset_options(part("ATmega328P"))
        mine = [option for option in options if not option.note.startswith("has an ")]
        assert options[: len(mine)] == mine
        uno = next(option for option in mine if option.value[0] == "arduino:avr:uno")
        assert uno.note.startswith("FF DE ")

    async def test_a_board_is_typed_with_its_menus(self, deck, monkeypatch):
        monkeypatch.setattr("avrdeck.boards.boards_txt.places.usual", tuple)
        async with deck(part="atmega168", port="/dev/nowhere") as bench:
            await bench.press("escape", "2", "e", "TYPE:nano:cpu=atmega168", "enter")
            board = choices.found_board("nano:cpu=atmega168")
            assert bench.session.draft.values["hfuse"] == board.fuses["hfuse"]
            assert bench.session.draft.staged


class TestWhatIsTypedIntoAList:
    @pytest.mark.parametrize(
        ("text", "own"),
        [("ACM", False), ("sim", False), ("sim:", True), ("/dev/ttyACM7", True), ("com12", True),
         ("socket://uno:4000", True)],
    )  # fmt: skip
    def test_a_port_is_one_only_where_it_can_be_opened(self, text, own):
        assert choices.typed_port(text) == text or not own
        assert isinstance(choices.typed_port(text), Refusal) is not own

    @pytest.mark.parametrize(
        ("text", "own"), [("57", False), ("9600", True), ("74880", True), ("1152", False)]
    )
    def test_the_beginning_of_a_usual_speed_is_a_search(self, text, own):
        assert isinstance(choices.typed_baud(text), Refusal) is not own

    async def test_a_search_takes_the_line_under_the_cursor(self, deck):
        async with deck("sim:?autoreset=no&part=attiny13") as bench:
            await bench.press("o", "TYPE:virtual", "enter")
            await bench.done()
            assert bench.session.port == "sim:"
            await bench.press("1", "down", "enter", "TYPE:57", "enter")
            await bench.done()
            assert bench.session.baud == 57600
