"""Arduino cores: menus, templates, and the defects and traps that their files can hold."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avrdeck.boards import boards
from avrdeck.boards.boards_txt import core, properties

# In the manner of the large cores: fuse bytes made of bits that several menus give.
FAMILY = """
menu.clock=Clock
menu.eeprom=EEPROM
menu.variant=Variant
menu.empty=Nothing to choose

#328.name=Commented out
328.name=Family 328
328.menu.clock.16MHz_external=External 16 MHz
328.menu.clock.16MHz_external.bootloader.low_fuses=0b1111{bootloader.cksel_bits}
328.menu.clock.16MHz_external.build.f_cpu=16000000L
328.menu.clock.16MHz_external.upload.default_speed=115200
328.menu.clock.8MHz_internal=Internal 8 MHz
328.menu.clock.8MHz_internal.bootloader.low_fuses=0xe2
328.menu.clock.8MHz_internal.build.f_cpu=8000000UL
328.menu.clock.8MHz_internal.upload.default_speed=38400
328.menu.eeprom.keep=EEPROM retained
328.menu.eeprom.keep.bootloader.eesave_bit=0
328.menu.eeprom.erase=EEPROM not retained
328.menu.eeprom.erase.bootloader.eesave_bit=1
328.menu.variant.modelP=328P / 328PA
328.menu.variant.modelP.build.mcu=atmega328p
328.menu.variant.modelP.bootloader.cksel_bits=0111
328.menu.variant.modelP.bootloader.cfd_bit=1
328.menu.variant.modelPB=328PB
328.menu.variant.modelPB.build.mcu=atmega328pb
328.menu.variant.modelPB.bootloader.cksel_bits=1111
328.menu.variant.modelPB.bootloader.cfd_bit=0
328.upload.protocol=urclock
328.upload.speed={upload.default_speed}
328.upload.maximum_size=32384
328.bootloader.high_fuses=0xd{bootloader.nibble}
328.bootloader.nibble=7
328.bootloader.extended_fuses=0b1111{bootloader.cfd_bit}{bootloader.bod_bits}
328.bootloader.bod_bits=101
328.bootloader.unlock_bits=0xff
328.bootloader.lock_bits=
328.bootloader.file={build.kind}/boot_{build.mcu}_{build.f_cpu}.hex
328.build.kind=loader
328.build.flags=-DA=1 -DB=2

tiny13.name=Family 13
tiny13.build.mcu=attiny13
tiny13.bootloader.low_fuses=0x7A
tiny13.bootloader.high_fuses=255
tiny13.bootloader.extended_fuses=0xFF

m8.name=Family 8
m8.build.mcu=atmega8
m8.build.f_cpu=16000000L
m8.bootloader.low_fuses=0b10{bootloader.nobody_says}11
m8.bootloader.high_fuses=0x1CA
"""


@pytest.fixture
def make(tmp_path):
    """Writes a core's files and loads it."""

    def write(text: str, files: dict[str, str] | None = None) -> core.Core:
        folder = tmp_path / "hardware" / "acme" / "avr"
        for name, content in {"boards.txt": text, **(files or {})}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return core.load(folder)

    return write


def keys(board: boards.Board) -> list[str]:
    return [finding.key for finding in board.findings]


def test_the_first_option_of_every_menu_is_the_default(make):
    board = make(FAMILY).board("328", {})
    assert board.id == "acme:avr:328"
    assert board.menu == {"clock": "16MHz_external", "eeprom": "keep", "variant": "modelP"}
    assert [menu.title for menu in board.menus] == ["Clock", "EEPROM", "Variant"]
    assert (board.part, board.f_cpu_hz, board.speed) == ("ATmega328P", 16_000_000, 115200)
    assert board.fuses == {"lfuse": 0xF7, "hfuse": 0xD7, "efuse": 0xFD}
    assert (board.unlock, board.lock, board.maximum_size, board.protocol) == (0xFF, None, 32384, "urclock")
    assert board.bootloader == "loader/boot_atmega328p_16000000L.hex"
    assert keys(board) == ["bootloader.file"]


def test_chosen_options_overlay_the_base_and_each_other(make):
    board = make(FAMILY).board("328", {"variant": "modelPB", "clock": "8MHz_internal"})
    assert (board.part, board.f_cpu_hz, board.speed) == ("ATmega328PB", 8_000_000, 38400)
    assert board.fuses == {"lfuse": 0xE2, "hfuse": 0xD7, "efuse": 0xF5}
    assert board.menu["eeprom"] == "keep"


def test_a_bootloader_inside_the_core_is_found(make):
    name = "bootloaders/loader/boot_atmega328p_16000000L.hex"
    found = make(FAMILY, {name: ":00000001FF\n"})
    board = found.board("328", {})
    assert board.bootloader_file == found.folder / name
    assert board.findings == ()


def test_fuses_a_part_does_not_have_are_left_out_and_reported(make):
    board = make(FAMILY).board("tiny13", {})
    assert board.fuses == {"lfuse": 0x7A, "hfuse": 0xFF}
    assert keys(board) == ["bootloader.extended_fuses"]
    assert "ATtiny13 has no efuse" in board.findings[0].message


def test_a_single_fuse_byte_has_its_own_name(make):
    board = make("a.name=A\na.build.mcu=attiny12\na.bootloader.low_fuses=0x5B\n").board("a", {})
    assert board.fuses == {"fuse": 0x5B}
    assert board.findings == ()


def test_undefined_pieces_and_values_above_a_byte_give_no_fuse(make):
    board = make(FAMILY).board("m8", {})
    assert board.fuses == {}
    assert keys(board).count("bootloader.low_fuses") == 2
    assert "bootloader.nobody_says, which nothing defines" in board.findings[0].message
    assert any("does not fit in a byte: 0x1CA" in finding.message for finding in board.findings)


def test_later_lines_and_boards_local_txt_win(make):
    found = make(
        "a.name=A\na.build.mcu=atmega8\na.upload.speed=1200\na.upload.speed=19200\na.upload.protocol=stk500\n",
        {"boards.local.txt": "a.upload.protocol=\na.build.mcu=atmega88\nb.name=B\n"},
    )
    board = found.board("a", {})
    assert (board.part, board.speed, board.protocol) == ("ATmega88", 19200, None)
    assert [listing.short_id for listing in found.listings()] == ["a", "b"]


def test_platform_txt_names_the_core_and_lends_its_keys(make):
    found = make(
        "a.name=A\na.build.mcu={chip}\n",
        {"platform.txt": "name=Acme Boards\nmajor=2\nversion={major}.5\nchip=attiny84\n"},
    )
    assert found.source == f"Acme Boards 2.5 ({found.folder})"
    assert found.board("a", {}).part == "ATtiny84"


def test_a_key_for_this_system_replaces_the_plain_one(make, monkeypatch):
    monkeypatch.setattr(properties, "_OS_SUFFIX", ".macosx")
    text = "a.name=A\na.build.mcu=atmega8\na.build.mcu.macosx=atmega16\na.build.mcu.windows=atmega32\n"
    assert make(text).board("a", {}).part == "ATmega16"


def test_hidden_boards_and_boards_without_a_name_are_not_listed(make):
    found = make("a.name=A\na.hide=\nb.build.mcu=atmega8\nc.name=C\n")
    assert [listing.short_id for listing in found.listings()] == ["c"]
    assert found.board("a", {}).name == "A"


def test_an_undeclared_menu_is_ignored_and_reported(make):
    board = make("a.name=A\na.build.mcu=atmega8\na.menu.x.y=Y\na.menu.x.y.build.mcu=atmega16\n").board(
        "a", {}
    )
    assert (board.part, board.menus) == ("ATmega8", ())
    assert "menu.x" in keys(board)


def test_the_bootloader_folder_of_old_cores(make):
    text = "a.name=A\na.build.mcu=atmega8\na.bootloader.path=old\na.bootloader.file=boot.hex\n"
    found = make(text, {"bootloaders/old/boot.hex": ""})
    board = found.board("a", {})
    assert (board.bootloader, board.bootloader_file) == (
        "old/boot.hex",
        found.folder / "bootloaders/old/boot.hex",
    )


def test_values_that_are_no_numbers_are_reported(make):
    text = "a.name=A\na.build.mcu=atmega8\na.build.f_cpu=16 MHz\na.bootloader.high_fuses=0x100\n"
    board = make(text + "a.bootloader.low_fuses=0xff\n").board("a", {})
    assert (board.f_cpu_hz, board.fuses) == (None, {"lfuse": 0xFF})
    messages = [finding.message for finding in board.findings]
    assert "build.f_cpu is no number: 16 MHz" in messages
    assert "bootloader.high_fuses does not fit in a byte: 0x100" in messages


def test_an_option_without_a_label_is_shown_by_its_id(make):
    board = make("menu.c=C\na.name=A\na.menu.c.one.build.mcu=atmega8\na.menu.c.two=Two\n").board("a", {})
    assert [(option.id, option.label) for option in board.menus[0].options] == [
        ("one", "one"),
        ("two", "Two"),
    ]
    assert board.part == "ATmega8"


def test_usb_ids_in_both_styles(make):
    text = "a.name=A\na.vid.0=0x2341\na.pid.0=0x0043\na.upload_port.1.vid=0x2A03\na.upload_port.1.pid=67\n"
    text += "a.vid.2=0x1234\na.pid.3=0x1234\n"
    assert make(text).board("a", {}).usb_ids == ((0x2341, 0x43), (0x2A03, 0x43))


@pytest.mark.parametrize("mcu", ["", "atmega4809", "../../x", "{build.mcu}"])
def test_a_part_that_isp_does_not_know_is_reported(make, mcu):
    board = make(f"a.name=A\na.build.mcu={mcu}\na.bootloader.low_fuses=0x7A\n").board("a", {})
    assert board.part is None
    assert "build.mcu" in keys(board)
    assert board.fuses == {"lfuse": 0x7A}


# --- traps


@pytest.mark.parametrize(
    "path",
    [
        "../../../secret.hex",
        "../secret.hex",
        "{secret}",
        "link.hex",
        "folder/secret.hex",
        "..",
        "",
        "x" * 5000,
        "acme:other/boot.hex",
        "a\0b.hex",
    ],
)
def test_no_file_outside_the_bootloaders_of_the_core_is_ever_used(make, tmp_path, path):
    secret = tmp_path / "secret.hex"
    secret.touch()
    found = make("a.name=A\n", {"bootloaders/boot.hex": ""})
    (found.folder / "bootloaders/link.hex").symlink_to(secret)
    (found.folder / "bootloaders/folder").symlink_to(tmp_path)
    text = f"a.name=A\na.secret={secret}\nsecret={secret}\na.bootloader.file={path}\n"
    board = make(text).board("a", {})
    assert board.bootloader_file is None
    assert ("bootloader.file" in keys(board)) == bool(path)


def test_a_boards_txt_that_is_a_link_out_of_the_core_is_not_read(tmp_path):
    (tmp_path / "other.txt").write_text("a.name=A\n")
    folder = tmp_path / "core"
    folder.mkdir()
    (folder / "boards.txt").symlink_to("../other.txt")
    found = core.load(folder)
    assert found.listings() == ()
    assert "not a file of the core" in found.findings[0].message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{a}", "refers to itself through a"),
        ("0x{d}", "refers to itself through d"),
        ("{x1}", "grows beyond"),
        ("{e}", "refers to nobody, which nothing defines"),
    ],
)
def test_templates_that_cannot_be_expanded_end_with_a_reason(text, says):
    values = {"a": "{b}", "b": "{a}", "d": "1{d}", "e": "{nobody}"}
    values |= {f"x{n}": f"{{x{n + 1}}}" * 50 for n in range(1, 12)} | {"x12": "y" * 1000}
    expanded, problem = properties.expand(text, values)
    assert says in problem
    assert len(expanded) < 20


def test_a_template_may_grow_to_the_bound_and_no_further():
    values = {"a": "x" * (properties.MAX_EXPANDED // 2), "b": ""}
    whole, problem = properties.expand("{a}{a}{b}", values)
    assert (len(whole), problem) == (properties.MAX_EXPANDED, "")
    assert properties.expand("{a}{a}{b}y", values)[1].startswith("grows beyond")


def test_templates_nest():
    values = {"a": "{b}{c}", "b": "1", "c": "{d}", "d": "", "key.2": "two", "which": "2"}
    assert properties.expand("<{a}>", values) == ("<1>", "")
    assert properties.expand("{key.{which}}", values) == ("two", "")
    assert properties.expand("{}{ {", values) == ("{}{ {", "")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0xFF", 255), ("0XfD", 253), ("0b11110101", 0xF5), ("16000000L", 16_000_000),
        ("8000000UL", 8_000_000), ("0", 0), ("57600", 57600),
        ("0x", None), ("010", None), ("0b12", None), ("1e3", None), ("-1", None),
        ("1_000", None), ("\u0661", None), ("0b1111{x}", None), ("9" * 50, None),
    ],
)  # fmt: skip
def test_numbers(text, value):
    assert properties.number(text) == value


def test_latin_1_bom_crlf_and_lines_that_are_none():
    found = properties.parse(
        b"\xef\xbb\xbfa.name=Ard\xefno\r\n  b = x=y \r\nnonsense\n=1\n\n# c=1\nd=\x1b[2J\ne=\xc3\xba\n"
    )
    assert found.values == {"a.name": "Ard\u00efno", "b": "x=y", "d": "\\x1b[2J", "e": "\u00fa"}
    assert [finding.message for finding in found.findings] == [
        "boards.txt, line 3, is not key=value: ignored",
        "boards.txt, line 4, is not key=value: ignored",
    ]


def test_a_huge_boards_txt_is_read_and_garbage_is_bounded(make):
    lines = [f"b{n}.name=Board {n}\nb{n}.build.mcu=atmega8" for n in range(100_000)]
    found = make("\n".join(lines))
    assert found.board("b99999", {}).part == "ATmega8"
    garbage = properties.parse(b"?\n" * 200_000 + b"a.name=" + b"A" * 100_000 + b"\nb.name=B\n")
    assert garbage.values == {"b.name": "B"}
    assert len(garbage.findings) == properties.MAX_FINDINGS + 1
    assert "has 199981 more defects" in garbage.findings[-1].message


def test_what_is_beyond_the_bounds_is_left_out(monkeypatch):
    monkeypatch.setattr(properties, "MAX_LINES", 2)
    found = properties.parse(b"a=1\nb=2\nc=3\n")
    assert found.values == {"a": "1", "b": "2"}
    assert "more than 2 lines" in found.findings[0].message
    assert properties.parse(b"a=1\nb=2\n").findings == ()
    monkeypatch.setattr(properties, "MAX_BYTES", 4)
    cut = properties.parse(b"a=1\nb=2\n")
    assert cut.values == {"a": "1"}
    assert "larger than" in cut.findings[0].message
    assert properties.parse(b"a=1\n").findings == ()
    monkeypatch.setattr(properties, "MAX_LINE", 3)
    assert properties.parse(b"a=1\n").values == {"a": "1"}
    assert "longer than 3 bytes" in properties.parse(b"a=10").findings[0].message


def test_a_file_is_read_no_further_than_the_bound(tmp_path, monkeypatch):
    (tmp_path / "boards.txt").write_bytes(b"a=1\nb=2\n" * 1000)
    monkeypatch.setattr(properties, "MAX_BYTES", 6)
    found = properties.read(tmp_path / "boards.txt")
    assert found.values == {"a": "1", "b": ""}
    assert "larger than" in found.findings[0].message


def test_a_file_that_cannot_be_read_is_a_finding(tmp_path):
    assert properties.read(tmp_path).values == {}
    assert "cannot be read" in properties.read(tmp_path / "none.txt").findings[0].message


@settings(max_examples=200)
@given(st.binary(max_size=600))
def test_any_bytes_are_read(content):
    found = properties.parse(content)
    assert all(text.isprintable() for pair in found.values.items() for text in pair)


pieces = st.sampled_from(["{a}", "{b}", "{c}", "{", "}", "0x1", "", "{a{b}}"])
templates = st.lists(pieces, max_size=6).map("".join)


@given(templates, st.fixed_dictionaries({"a": templates, "b": templates, "c": templates}))
def test_any_template_ends_within_bounds(text, values):
    expanded, problem = properties.expand(text, values)
    assert len(expanded) <= properties.MAX_EXPANDED
    if not problem:
        assert not any(f"{{{key}}}" in expanded for key in values)


lines = st.tuples(
    st.sampled_from(["a.", "", "menu.", "a.menu.m.", "a.menu.m.o.", "a.menu.m.p."]),
    st.sampled_from(
        [
            "name",
            "m",
            "o",
            "build.mcu",
            "build.f_cpu",
            "bootloader.low_fuses",
            "bootloader.file",
            "bootloader.path",
        ]
    ),
    st.sampled_from(
        ["A", "atmega328p", "attiny12", "0xFF", "0b1{x}", "{name}", "{bootloader.file}", "../x", "", "16L"]
    ),
).map(lambda line: f"{line[0]}{line[1]}={line[2]}")


@settings(max_examples=200)
@given(st.lists(lines, max_size=30))
def test_any_core_resolves_all_its_boards(tmp_path_factory, text):
    folder = tmp_path_factory.getbasetemp() / "any"
    folder.mkdir(exist_ok=True)
    (folder / "boards.txt").write_text("\n".join(text))
    found = core._load.__wrapped__(folder, ())
    for listing in found.listings():
        board = found.board(listing.short_id, {})
        assert all(0 <= value <= 0xFF for value in board.fuses.values())
        assert board.bootloader_file is None


def test_a_core_is_read_again_when_it_changes(make):
    make("a.name=Old\n")
    assert make("a.name=Newer\n").board("a", {}).name == "Newer"
