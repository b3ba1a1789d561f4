"""What the views paint, without an app: every part, every width, hostile text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from avrdeck.boards import wiring
from avrdeck.boards.catalog import part, part_names
from avrdeck.boards.images import Image
from avrdeck.boards.text import printable
from avrdeck.protocol.target.progress import Operation, Progress
from avrdeck.tui.actions import ACTIONS
from avrdeck.tui.controllers.choices import typed_byte, typed_supply, typed_xtal
from avrdeck.tui.controllers.tracing import BadFilter, wanted
from avrdeck.tui.draft import Draft
from avrdeck.tui.hexmodel import BadPattern, HexModel
from avrdeck.tui.pages import Page, PageMap
from avrdeck.tui.screens.dialogs import Refusal
from avrdeck.tui.settings import Settings
from avrdeck.tui.views import findings, fusegrid, fuserows, steps, wires
from avrdeck.tui.views.fusegrid import BitCell, Cursor, FieldCell
from avrdeck.tui.views.ink import Pen, cells, clipped, target_at

WIDTHS = (46, 48, 66, 80, 118)


@pytest.mark.parametrize("name", part_names())
def test_every_part_has_an_editor_in_which_every_bit_and_field_can_be_reached(name):
    draft = Draft(part(name))
    for width in WIDTHS:
        lines = fusegrid.layout(draft.part, width)
        cells_ = fusegrid.cursor_rows(lines, draft.part)
        painted = fuserows.Editor(draft, lines, width).rows(cells_[0][0], 99)
        assert all(run.column + cell_len(run.text) <= width for row in painted for run in row.runs), width
        there = {cell for row in cells_ for cell in row}
        for fuse in draft.part.fuses.values():
            bits = {cell.bit for cell in there if isinstance(cell, BitCell) and cell.memory == fuse.name}
            assert bits == {bit for bit in range(8) if fuse.used_mask >> bit & 1}
        assert {cell.bits.name for cell in there if isinstance(cell, FieldCell)} == {
            bits.name for bits in draft.part.fields
        }
        assert findings.rows(draft.findings, draft.part, width)


@pytest.mark.parametrize("name", ["ATmega328P", "ATtiny85", "AT90S2313", "ATmega2560"])
def test_the_cursor_reaches_everything_by_arrows(name):
    draft = Draft(part(name))
    rows = fusegrid.cursor_rows(fusegrid.layout(draft.part, 48), draft.part)
    seen, todo = set(), [Cursor()]
    while todo:
        here = todo.pop()
        if here not in seen:
            seen.add(here)
            todo += [here.moved(rows, down, right) for down, right in ((1, 0), (-1, 0), (0, 1), (0, -1))]
    assert seen == {Cursor(r, c) for r, row in enumerate(rows) for c in range(len(row))}


class TestDraft:
    uno = Draft(part("ATmega328P"), {"lfuse": 0x62, "hfuse": 0xD9, "efuse": 0xFF, "lock": 0xFF})

    @given(st.sampled_from(["lfuse", "hfuse", "efuse", "lock"]), st.integers(0, 7))
    def test_a_bit_turned_twice_is_no_change(self, memory, bit):
        assert not self.uno.toggled(memory, bit).toggled(memory, bit).staged

    @given(st.sampled_from(["lfuse", "hfuse", "efuse", "lock"]), st.integers(0, 255))
    def test_bits_that_do_not_exist_are_never_staged(self, memory, value):
        used = self.uno.part.fuses[memory].used_mask
        assert not (self.uno.put(memory, value).value(memory) ^ self.uno.read[memory]) & ~used

    def test_reading_again_drops_edits_that_the_chip_holds_by_now(self):
        draft = self.uno.put("hfuse", 0xD1).put("lfuse", 0xE2)
        assert draft.reread({"hfuse": 0xD1}).staged == {"lfuse": 0xE2}

    def test_a_field_and_its_byte_move_together(self):
        bodlevel = self.uno.part.role("bod_level")
        draft = self.uno.typed(bodlevel, "2.7V")
        assert draft.staged == {"efuse": 0xFD}
        assert draft.state(bodlevel).label == "2.7 V"

    def test_avrdude_arguments_hold_what_is_staged(self):
        assert self.uno.put("hfuse", 0xD1).avrdude_arguments() == "-U hfuse:w:0xD1:m"

    def test_a_clone_is_shown_bit_by_bit_and_not_judged(self):
        clone = next(draft for name in part_names() if (draft := Draft(part(name))).part.clone)
        assert clone.decoded is None
        assert clone.findings[0].id == "E0"


class TestInk:
    @given(st.text(max_size=60), st.integers(1, 40))
    def test_whatever_is_written_stays_inside_and_cannot_steer_a_terminal(self, text, width):
        row = Pen(width).put(text).right(text).row()
        line = cells(row, width)
        assert len(line) == width
        shown = "".join(piece for piece, _ in line)
        assert shown.isprintable()
        assert cell_len(clipped(text, width)) <= width

    def test_the_uppermost_text_is_clicked(self):
        row = Pen(20).put("below", at=2, target=1).put("up", at=4, target=2).row()
        assert [target_at(row, column) for column in (1, 2, 4, 6, 7)] == [None, 1, 2, 1, None]


class TestPages:
    def test_a_job_marks_what_it_did_and_what_is_to_come(self):
        flash = PageMap("flash", 1024, 128)
        flash.plan(Image.of(bytes(300), 128))
        flash.advance(Progress(Operation.WRITE, "flash", 384, 256, 300))
        states = [flash.page(index) for index in range(5)]
        assert states == [Page.UNKNOWN, Page.WRITTEN, Page.WRITTEN, Page.WAITING, Page.UNKNOWN]
        flash.advance(Progress(Operation.VERIFY, "flash", 256, 128, 300))
        assert flash.page(1) is Page.VERIFIED
        flash.settle()
        assert flash.page(1) is Page.UNKNOWN

    def test_content_and_file_are_told_apart(self):
        flash = PageMap("flash", 512, 128)
        flash.append(bytes(128) + b"\xff" * 384)
        assert [flash.page(index) for index in range(4)] == [Page.USED] + [Page.BLANK] * 3
        flash.compare(Image.of(b"\x01", 128))
        assert flash.page(1) is Page.DIFFERS


class TestHexModel:
    @pytest.mark.parametrize(
        ("text", "places"),
        [('"abc"', [0, 6]), ("61 62", [0, 6]), ("61??63", [0, 6]), ("0x64 65", [3]), ("FF", [])],
    )
    def test_finds(self, text, places):
        model = HexModel("flash", b"abcdefabc", 128)
        model.search(text)
        assert model.matches == places

    @pytest.mark.parametrize("text", ["", '""', "6", "61 6", "hello", "61 zz"])
    def test_refuses(self, text):
        with pytest.raises(BadPattern):
            HexModel("flash", b"abc", 128).search(text)

    @given(st.binary(min_size=1, max_size=80), st.binary(min_size=1, max_size=80))
    def test_differences_are_those_bytes(self, data, other):
        model = HexModel("flash", data, 16, Image.of(other))
        wrong = {at for at, (mine, theirs) in enumerate(zip(data, other, strict=False)) if mine != theirs}
        assert {at for at in range(len(data)) if model.differs(at)} == wrong
        assert model.different_bytes == len(wrong)


@pytest.mark.parametrize("text", ["not", "dir:x", "hex:1"])
def test_a_filter_that_means_nothing_is_refused(text):
    with pytest.raises(BadFilter):
        wanted(text)


@pytest.mark.parametrize(
    ("take", "good", "value", "bad"),
    [(typed_byte, "0b101", 5, "1FF"), (typed_byte, "de", 0xDE, "x"), (typed_supply, "3,3V", 3.3, "12")],
)
def test_typed_values(take, good, value, bad):
    assert take(good) == value
    assert isinstance(take(bad), Refusal)


def test_a_crystal_is_typed_in_megahertz():
    assert typed_xtal("14.7456").hz == 14_745_600
    assert isinstance(typed_xtal("x"), Refusal)


class TestSettings:
    def test_what_is_remembered_comes_back(self, tmp_path):
        file = tmp_path / "deep" / "settings.toml"
        settings = Settings.load(file)
        settings.keys = {"fuses.toggle": "a"}
        settings.strays = {"fuses.toggle_cell": "b"}
        settings.remember(theme="avrdeck-light", port='x"\\\n')
        assert file.read_text().startswith("# avrdeck")
        again = Settings.load(file)
        assert (again.theme, again.port, again.complaint) == (
            "avrdeck-light",
            'x"\\\n',
            f"{file}: fuses.toggle_cell not known.",
        )
        assert (again.keys, again.strays) == ({"fuses.toggle": "a"}, {"fuses.toggle_cell": "b"})

    def test_the_file_names_every_action_and_its_keys(self, tmp_path):
        """One takes a # away to change a key, and finds no other place to look its name up."""
        file = tmp_path / "settings.toml"
        Settings.load(file).remember(theme="avrdeck-dark")
        lines = file.read_text().splitlines()
        assert '# "deck.burn" = "b"  # Burn a board\'s bootloader.' in lines
        assert Settings.load(file).keys == {}
        file.write_text(
            "\n".join(line.removeprefix("# ") if line.startswith('# "') else line for line in lines)
        )
        assert Settings.load(file).keys == {action.id: action.keys for action in ACTIONS}

    def test_keys_may_have_blanks_between_them_and_none_is_none(self, tmp_path):
        file = tmp_path / "settings.toml"
        file.write_text('[keys]\n"deck.burn" = "x , B"\n"deck.trace" = " "\n')
        settings = Settings.load(file)
        assert settings.keys == {"deck.burn": "x,B"}
        assert "deck.trace not known" in settings.complaint

    @pytest.mark.parametrize("text", ["theme = 3", "keys = 3", "[keys]\nx = []", "theme", "\xff", "port = 1"])
    def test_nonsense_is_told_and_left_out(self, tmp_path, text):
        file = tmp_path / "settings.toml"
        file.write_bytes(text.encode("latin-1"))
        settings = Settings.load(file)
        assert settings.theme == "avrdeck-dark"
        assert settings.port == ""
        assert not settings.keys


class TestSteps:
    @given(
        st.text(st.characters(codec="utf-8"), max_size=90),
        st.sampled_from(["", "FF", "internal RC at 1 MHz"]),
    )
    def test_whatever_a_step_says_is_read_to_its_end(self, after, before):
        step = steps.Step("key", "Write flash", after, before, seconds=17.9)
        for width in WIDTHS:
            rows = steps.step_rows(8, step, width)
            shown = "".join("".join(row.text.replace("17.9 s", "") for row in rows).split())
            assert "".join(printable(after).split()) in shown
            assert "".join(before.split()) in shown
            assert all(cell_len(row.text) <= width for row in rows)
            assert "17.9 s" in rows[0].text

    def test_the_columns_are_named_where_they_are(self):
        step = steps.Step("key", "hfuse", "DE", "D9")
        (row,) = steps.step_rows(1, step, 76)
        head = steps.header(76)
        for name, text in (("step", "hfuse"), ("before", "D9"), ("after", "DE")):
            assert head.text.index(name) == row.text.index(text)


class TestWires:
    PLAN = wiring.plan("uno", "ATmega328P")

    @pytest.mark.parametrize("width", [46, 57, 76])
    def test_only_what_is_named_is_marked(self, width):
        assert "◄" not in "".join(row.text for row in wires.rows(self.PLAN, width))
        rows = [row.text for row in wires.rows(self.PLAN, width, {"RESET", "capacitor"})]
        marked = [line for line in rows if "◄" in line]
        assert len(marked) == 2
        assert "RESET" in marked[0]
        assert marked[0].count(wires.OPEN) == 1
        assert "10 µF" in marked[1]
        assert wires.MISSING in marked[1]
        assert all(cell_len(line) <= width for line in rows)

    def test_without_a_capacitor_in_the_picture_none_is_missing(self):
        plan = wiring.plan("leonardo", "ATmega328P")
        assert wires.MISSING not in "".join(row.text for row in wires.rows(plan, 57, {"capacitor"}))
