"""Arduino cores: boards, menus, templates."""

from __future__ import annotations

import pytest

from avrdeck.boards.boards_txt import properties
from boards.conftest import keys

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


def test_a_core_is_read_again_when_it_changes(make):
    make("a.name=Old\n")
    assert make("a.name=Newer\n").board("a", {}).name == "Newer"
