"""What deckboot answers, byte for byte."""

from __future__ import annotations

import random

import pytest
from deckboot_rig import LAYOUTS, MS, Host, loader, rig, signature_row

from avrdeck.boards.catalog import part
from avrdeck.boards.deckboot import Entry, Feature, Wish

pytestmark = pytest.mark.usefixtures("bench")

SILICON = ["ATmega328P", "ATmega168P", "ATmega88P", "ATmega644P", "ATmega1284P"]
CONSTANT = ["ATmega168", "ATmega88", "ATmega32", "ATmega8"]
FUSES = {(0x50, 0x00): 0xE7, (0x58, 0x00): 0xFF, (0x50, 0x08): 0xFD, (0x58, 0x08): 0xDE}


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_part_says_who_it_is(name: str) -> None:
    one = loader(name)
    signature = part(name).signature
    with rig(one) as bench:
        host = Host(bench)
        host.enter()
        assert host.ask(b"u", 3) == signature
        assert bytes(host.universal(0x30, 0, at, 0) for at in range(3)) == signature
        for instruction, byte in FUSES.items():
            assert host.universal(*instruction, 0, 0) == byte


@pytest.mark.parametrize("name", SILICON)
def test_every_byte_of_the_signature_row(name: str) -> None:
    with rig(loader(name)) as bench:
        host = Host(bench)
        host.enter()
        row = bytes(host.universal(0x30 | (at & 1) << 3, 0, at >> 1, 0) for at in range(64))
        assert row == signature_row(name)


@pytest.mark.parametrize("name", CONSTANT)
def test_a_row_that_cannot_be_read_is_not_made_up(name: str) -> None:
    with rig(loader(name)) as bench:
        host = Host(bench)
        host.enter()
        assert [host.universal(0x38, 0, at, 0) for at in range(3)] == [0, 0, 0]
        assert [host.universal(0x30, 0, at, 0) for at in (3, 4, 255)] == [0, 0, 0]


@pytest.mark.parametrize("instruction", ["20000000", "ac800000", "a0000000", "4d000100", "ffffffff"])
def test_other_instructions_answer_zero(instruction: str) -> None:
    with rig(loader()) as bench:
        host = Host(bench)
        host.enter()
        assert host.universal(*bytes.fromhex(instruction)) == 0


@pytest.mark.parametrize("entry", Entry)
@pytest.mark.parametrize("name", ["ATmega328P", "ATmega1284P", "ATmega8"])
def test_parameters_tell_identity_version_features_and_serial(name: str, entry: Entry) -> None:
    one = loader(name, entry, Wish(serial=b"\x12\x34\x56\x78"))
    with rig(one) as bench:
        host = Host(bench)
        host.enter()
        told = bytes(host.ask(bytes([0x41, parameter]), 1)[0] for parameter in range(0x80, 0x88))
        assert told == bytes([0xDB, 2, 0, one.variant.features]) + b"\x12\x34\x56\x78"
        assert host.ask(b"A\x98", 1) == b"\xdb"
        assert Feature(host.ask(b"A\x93", 1)[0]) == one.variant.features
        assert (Feature.WAITS in one.variant.features) is (entry == Entry.WAIT)


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        (b"0 ", "1410"), (b"1 ", "1410"), (b"P ", "1410"), (b"B" + bytes(20) + b" ", "1410"),
        (b"E" + bytes(5) + b" ", "1410"), (b"R ", "1412"), (b"\xff ", "1412"), (b"00", "15"), (b"u0", "15"),
        (b"U\x00\x000", "15"), (b"A\x80A", "15"), (b"V\x30\x00\x00\x00V", "15"), (b"B" + bytes(21), "15"),
        (b"t\x00\x01F0", "15"),
    ],
)  # fmt: skip
def test_eop_is_checked_and_the_next_command_answered(command: bytes, reply: str) -> None:
    with rig(loader()) as bench:
        host = Host(bench)
        host.enter()
        assert host(command).hex() == reply
        assert host(b"0 ") == b"\x14\x10"


@pytest.mark.parametrize("name", LAYOUTS)
def test_pages_everywhere_below_the_loader(name: str) -> None:
    one, layout = loader(name), LAYOUTS[name]
    with rig(one) as bench:
        host = Host(bench)
        host.enter()
        data = random.Random(name).randbytes(layout.page)
        places = [layout.page, layout.nrww - layout.page, layout.nrww, one.variant.start - layout.page]
        for place in places:
            for content in (bytes(layout.page), data):
                assert host.program(place, content) == b"\x14\x10"
                assert host.read(place, layout.page) == content
        flash = bench.dump().device_flash
        untouched = bytearray(flash)
        for place in places:
            assert flash[place : place + layout.page] == data
            untouched[place : place + layout.page] = b"\xff" * layout.page
        assert untouched[2:] == one.flash[2:]
        assert bench.counters()["overruns"] == 0


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_loader_does_not_write_itself(name: str) -> None:
    one, layout = loader(name), LAYOUTS[name]
    with rig(one) as bench:
        host = Host(bench)
        host.enter()
        for place in range(one.variant.start, layout.flash, layout.page):
            assert host.program(place, bytes(layout.page)) == b"\x14\x11"
        assert host.program(one.variant.start - 2, bytes(256))[:1] == b"\x14"
        assert bench.dump().device_flash[one.variant.start :] == one.section
        assert bench.counters()["spm_refused"] == 0


@pytest.mark.parametrize("length", [1, 2, 3, 64, 127, 128])
def test_a_short_page_leaves_the_rest_erased(length: int) -> None:
    with rig(loader()) as bench:
        host = Host(bench)
        host.enter()
        host.program(0x400, bytes(128))
        data = random.Random(length).randbytes(length)
        assert host.program(0x400, data) == b"\x14\x10"
        page = host.read(0x400, 128)
        assert page[:length] == data
        even = length + length % 2
        assert page[even:] == b"\xff" * (128 - even)


def test_a_page_without_eop_is_not_written() -> None:
    with rig(loader()) as bench:
        host = Host(bench)
        host.enter()
        host.load(0x400)
        assert host(b"d\x00\x80F" + bytes(128) + b"0", 0.05) == b"\x15"
        assert host.program(0x480, bytes(range(128))) == b"\x14\x10"
        assert host.read(0x400, 256) == b"\xff" * 128 + bytes(range(128))


@pytest.mark.parametrize("letter", [*(ord("F") ^ 1 << bit for bit in range(8)), 0x00, ord("e")])
def test_other_letters_are_no_memory(letter: int) -> None:
    old, new = bytes(range(128)), bytes(128)
    stray = bytes([letter])
    with rig(loader()) as bench:
        host = Host(bench)
        host.enter()
        host.program(0x400, old)
        before = bench.dump()
        assert host.program(0x400, new, stray) == b"\x14\x11"
        assert host(b"t\x00\x80" + stray + b" ") == b"\x14\x11"
        after = bench.dump()
        assert (after.device_flash, after.device_eeprom) == (before.device_flash, before.device_eeprom)
        assert host.read(0x400, 128) == old


KNOWN = {*b" 01ABEPQUVdtu"}
"""All but these it does not know; an EOP is skipped."""


def test_what_is_no_command_does_nothing() -> None:
    with rig(loader()) as bench:
        host = Host(bench)
        host.enter()
        before = bench.dump()
        for opcode in set(range(256)) - KNOWN:
            assert host(bytes([opcode]) + b" ", 0.002) == b"\x14\x12", hex(opcode)
        after = bench.dump()
        assert (after.device_flash, after.device_eeprom) == (before.device_flash, before.device_eeprom)


PAUSE_S = 0.6


@pytest.mark.parametrize("name", ["ATmega328P", "ATmega88P", "ATmega1284P"])
def test_a_whole_page_is_erased_by_its_fourth_byte(name: str) -> None:
    """Three come behind a READ_PAGE that one wrong bit made a PROG_PAGE."""
    page = LAYOUTS[name].page
    old = random.Random(name).randbytes(page)
    announced = {page: 4, page - 1: 3, page - 4: None, 2: None}
    with rig(loader(name)) as bench:
        host = Host(bench)
        host.enter()
        for size, needed in announced.items():
            head = b"d" + size.to_bytes(2, "big") + b"F"
            for count in range(1 if size == 2 else 3, min(size, 5)):
                host.program(0x400, old)
                host.load(0x400)
                assert host(head + b" U\0\1\2\3"[:count], PAUSE_S) == b""
                kept = needed is None or count < needed
                assert host.read(0x400, page) == (old if kept else b"\xff" * page), (size, count)


@pytest.mark.parametrize("entry", Entry)
@pytest.mark.parametrize("begun", [b"0", b"u", b"U\0", b"A", b"V\x50", b"B\0\0", b"t\0", b"d\0\x80E\1\2"])
def test_a_command_that_pauses_is_forgotten(entry: Entry, begun: bytes) -> None:
    with rig(loader(entry=entry)) as bench:
        host = Host(bench)
        host.enter()
        assert host(begun, 0.4) == b""
        bench.control.run(bench.control.now + 200 * MS)
        assert host(b"0 ") == b"\x14\x10"
        assert set(bench.dump().device_eeprom) == {0xFF}


@pytest.mark.parametrize(("wish", "pause"), [(Wish(), 0.45), (Wish(8_000_000, 57_600), 0.45)])
def test_a_command_may_take_its_time(wish: Wish, pause: float) -> None:
    with rig(loader(wish=wish)) as bench:
        host = Host(bench)
        host.enter()
        for byte in b"U\0\2":
            assert host(bytes([byte]), pause) == b""
        assert host(b" ") == b"\x14\x10"


@pytest.mark.parametrize("name", LAYOUTS)
def test_eeprom(name: str) -> None:
    one, layout = loader(name), LAYOUTS[name]
    data = random.Random(name).randbytes(24)
    with rig(one) as bench:
        host = Host(bench)
        host.enter()
        for place in (0, layout.eeprom - len(data)):
            assert host.program(place, data, b"E", 0.3) == b"\x14\x10"
            assert host.read(place, len(data), b"E") == data
        assert bench.dump().device_eeprom == (data + b"\xff" * (layout.eeprom - 2 * len(data)) + data)
        assert bench.dump().device_flash[2:] == one.flash[2:]


def test_a_page_of_256_bytes() -> None:
    data = random.Random(1).randbytes(256)
    with rig(loader("ATmega644P")) as bench:
        host = Host(bench)
        host.enter()
        assert host.program(0x8000, data) == b"\x14\x10"
        assert host.read(0x8000, 256) == data
        assert host.program(0x100, data, b"E", 1.2) == b"\x14\x10"
        assert host.read(0x100, 256, b"E") == data


def test_both_halves_of_128_kib() -> None:
    one = loader("ATmega1284P")
    pages = {place: random.Random(place).randbytes(256) for place in (0x0000, 0xFF00, 0x10000, 0x1F000)}
    with rig(one) as bench:
        host = Host(bench)
        host.enter()
        for place, data in pages.items():
            host.load(place)
            host.ask(b"A\x81", 1)
            assert host.program(place, data) == b"\x14\x10"
        for place, data in pages.items():
            assert host.read(place, 256) == data
        flash = bench.dump().device_flash
        assert all(flash[place : place + 256] == data for place, data in pages.items())
        assert flash[one.variant.start :] == one.section


# An `sbi DDRD, 7` and an end, and where in data space that shows.
WITH_DDRD_0A, WITH_DDRD_11 = (bytes.fromhex("579affcf"), "2a"), (bytes.fromhex("8f9affcf"), "31")


@pytest.mark.parametrize("entry", Entry)
@pytest.mark.parametrize("name", LAYOUTS)
def test_every_part_starts_its_application(name: str, entry: Entry) -> None:
    application, ddrd = WITH_DDRD_11 if name in {"ATmega32", "ATmega8"} else WITH_DDRD_0A
    with rig(loader(name, entry), application=application) as bench:
        host = Host(bench)
        assert bench.control.ask(f"peek {ddrd}") == "80"
        for command in (b"x", b"0 Q "):
            host.reset()
            assert bench.control.ask(f"peek {ddrd}") == "00"
            host(command)
            assert bench.control.ask(f"peek {ddrd}") == "80"
        assert bench.counters()["crashes"] == 0


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_second_reset_starts_the_application_of_every_part(name: str) -> None:
    application, ddrd = WITH_DDRD_11 if name in {"ATmega32", "ATmega8"} else WITH_DDRD_0A
    with rig(loader(name, Entry.WAIT), application=application) as bench:
        host = Host(bench)
        for _ in range(2):
            host.enter()
            assert bench.control.ask(f"peek {ddrd}") == "00"
            host.reset()
            assert bench.control.ask(f"peek {ddrd}") == "80"
