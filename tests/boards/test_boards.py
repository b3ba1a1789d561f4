"""Boards: those built in, and that they are what Debian's core says and what the parts can do."""

from __future__ import annotations

import itertools

import pytest

from avrdeck.boards import boards, builtin, catalog, fuses
from avrdeck.boards.boards import Board
from avrdeck.boards.boards_txt import core
from debian import debian_core


def every_choice(listing: boards.Listing) -> list[dict[str, str]]:
    """All settings of a board's menus."""
    ids = [menu.id for menu in listing.menus]
    return [
        dict(zip(ids, (option.id for option in options), strict=True))
        for options in itertools.product(*(menu.options for menu in listing.menus))
    ]


def entries() -> list[tuple[str, dict[str, str]]]:
    return [
        (listing.short_id, menu) for listing in builtin.BOARDS.listings() for menu in every_choice(listing)
    ]


def name_of(value: object) -> str:
    return "-".join(value.values()) or "only" if isinstance(value, dict) else str(value)


def test_all_arduino_boards_are_built_in():
    assert len(entries()) == 38
    assert len(builtin.BOARDS.listings()) == 27


@pytest.mark.parametrize(("board", "menu"), entries(), ids=name_of)
def test_fuses_and_lock_bits_of_a_board_are_legal_for_its_part(board, menu):
    found = boards.find(board, menu, folders=())
    part = catalog.part(found.part or "")
    assert list(found.fuses) == [fuse.name for fuse in part.fuse_bytes]
    decoded = fuses.decode(part, found.fuses)
    assert decoded.spien
    assert decoded.clock_kind != "reserved"
    assert (found.lock is None) == (found.unlock is None) == (board == "gemma")
    if found.lock is not None and found.unlock is not None:
        assert found.lock & ~found.unlock == 0


@pytest.mark.parametrize(("board", "menu"), entries(), ids=name_of)
def test_the_boot_section_begins_where_sketches_end(board, menu):
    found = boards.find(board, menu, folders=())
    start = fuses.decode(catalog.part(found.part or ""), found.fuses).boot_start_byte
    assert start == (None if board == "gemma" else found.maximum_size)


BURNED = (
    "part",
    "f_cpu_hz",
    "fuses",
    "unlock",
    "lock",
    "bootloader",
    "protocol",
    "speed",
    "maximum_size",
    "menu",
)


def test_what_is_built_in_is_what_debians_core_would_burn():
    source = core.load(debian_core())
    there = {listing.short_id for listing in source.listings()}
    compared = [entry for entry in entries() if entry[0] in there]
    assert len(compared) > 30
    for board, menu in compared:
        ours, debians = boards.find(board, menu, folders=()), source.board(board, menu)
        for name in BURNED:
            assert getattr(ours, name) == getattr(debians, name), (board, menu, name)


def test_debians_core_is_found_and_resolved_without_options():
    folder = debian_core()
    found = {listing.short_id for listing in boards.listings() if str(folder) in listing.source}
    assert {"uno", "nano", "mega", "leonardo", "gemma"} <= found
    nano = boards.find("nano", {"cpu": "atmega328old"})
    assert nano.bootloader_file == folder / "bootloaders/atmega/ATmegaBOOT_168_atmega328.hex"
    assert nano.findings == ()


def test_a_bootloader_that_debian_does_not_ship_is_reported():
    leonardo = boards.find("leonardo", folders=[debian_core()])
    assert leonardo.bootloader == "caterina/Caterina-Leonardo.hex"
    assert leonardo.bootloader_file is None
    assert [finding.key for finding in leonardo.findings] == ["bootloader.file"]


@pytest.mark.parametrize(
    ("name", "menu", "part", "speed"),
    [
        ("nano", None, "ATmega328P", 115200),
        ("NANO", {"cpu": "atmega328old"}, "ATmega328P", 57600),
        ("arduino:avr:nano", {"cpu": "atmega168"}, "ATmega168", 19200),
        ("arduino:avr:nano:cpu=atmega168", None, "ATmega168", 19200),
        ("nano:cpu=atmega168", {"cpu": "atmega328old"}, "ATmega328P", 57600),
        ("Arduino Nano", None, "ATmega328P", 115200),
        (" lilypadusb ", None, "ATmega32U4", 57600),
        ("uno", {}, "ATmega328P", 115200),
    ],
)
def test_a_board_is_found_by_any_of_its_names(name, menu, part, speed):
    board = boards.find(name, menu, folders=())
    assert (board.part, board.speed) == (part, speed)


def test_a_board_knows_its_choices():
    board: Board = boards.find("pro", folders=())
    assert board.menu == {"cpu": "16MHzatmega328"}
    assert board.menus[0].title == "Processor"
    assert [option.id for option in board.menus[0].options][1] == "8MHzatmega328"
    assert boards.find("pro", {"cpu": "8MHzatmega328"}, folders=()).f_cpu_hz == 8_000_000


def test_unknown_boards_and_options_say_what_there_is():
    with pytest.raises(boards.UnknownBoardError) as board:
        boards.find("leonard", folders=())
    assert "leonardo" in board.value.nearest
    assert "Did you mean" in str(board.value)
    with pytest.raises(boards.UnknownOptionError) as option:
        boards.find("nano", {"cpu": "atmega32"}, folders=())
    assert option.value.legal == ("atmega328", "atmega328old", "atmega168")
    with pytest.raises(boards.UnknownOptionError) as menu:
        boards.find("nano", {"clock": "16"}, folders=())
    assert menu.value.legal == ("cpu",)
    with pytest.raises(boards.UnknownOptionError, match="It has: nothing"):
        boards.find("uno", {"cpu": "atmega328"}, folders=())
    with pytest.raises(boards.UnknownBoardError, match="lists all"):
        boards.find("#" * 1000, folders=())
