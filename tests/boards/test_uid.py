"""The signature row: what its bytes are, and how they are read."""

import pytest

from avrdeck.boards import catalog, uid
from avrdeck.boards.uid import Source

DUMP = bytes.fromhex("1e8695161601a5a5ff85fff4ff824c3042364b4a6908260e")
"""A row as a real ATmega328PB has it."""


def row(dump=DUMP):
    return dict(enumerate(dump))


def test_documented_serial():
    identity = uid.identify(catalog.part("m328pb"), row())
    assert identity.source is Source.DOCUMENTED
    assert identity.serial == DUMP[0x0E:0x18]
    assert identity.text == "L0B6KJ-69-08-26-0E"
    assert "not by ISP" not in identity.note


def test_swapped_serial_of_the_small_pb_parts():
    dump = bytearray(DUMP)
    for place, address in enumerate((0x0F, 0x0E, 0x11, 0x10, 0x13, 0x12, 0x15, 0x16, 0x17)):
        dump[address] = b"ABCDEF\x01\x02\x03"[place]
    for name in ("ATmega48PB", "ATmega88PB", "ATmega168PB"):
        identity = uid.identify(catalog.part(name), row(dump))
        assert identity.source is Source.DOCUMENTED
        assert identity.text == "ABCDEF-01-02-03"
        assert "by software" in identity.note


def test_undocumented_bytes_are_called_that():
    identity = uid.identify(catalog.part("m328p"), row())
    assert identity.source is Source.UNDOCUMENTED
    assert identity.serial == DUMP[0x0E:0x18]
    assert "likely unique" in identity.note


@pytest.mark.parametrize("byte", [0x00, 0xFF, 0x55])
@pytest.mark.parametrize("name", ["ATmega328P", "ATmega328PB"])
def test_all_equal_bytes_are_a_clone(name, byte):
    identity = uid.identify(catalog.part(name), dict.fromkeys(range(24), byte))
    assert identity.source is Source.ALL_EQUAL
    assert f"0x{byte:02X}" in identity.note


def test_parts_without_a_row():
    for name in ("AT90S8515", "ATmega161", "ATtiny22", "AT89S52"):
        identity = uid.identify(catalog.part(name), {})
        assert identity.source is Source.NONE
        assert identity.text == ""


def test_a_row_that_was_not_read():
    with pytest.raises(ValueError, match="0x17"):
        uid.identify(catalog.part("m328p"), row(DUMP[:0x17]))


@pytest.mark.parametrize(
    ("name", "address", "frame", "purpose"),
    [
        ("ATmega328P", 0x00, "30 00 00 00", "signature byte 0"),
        ("ATmega328P", 0x01, "38 00 00 00", "OSCCAL, loaded at reset"),
        ("ATmega328P", 0x04, "30 00 02 00", "signature byte 2"),
        ("ATmega328P", 0x0E, "30 00 07 00", "factory byte, undocumented"),
        ("ATmega328P", 0x17, "38 00 0B 00", "factory byte, undocumented"),
        ("ATmega328PB", 0x0E, "30 00 07 00", "serial number byte 0"),
        ("ATmega328PB", 0x17, "38 00 0B 00", "serial number byte 9"),
        ("ATmega168PB", 0x0E, "30 00 07 00", "serial number byte 1"),
        ("ATmega168PB", 0x14, "30 00 0A 00", "factory byte, undocumented"),
        ("ATmega8", 0x01, "38 00 00 00", "OSCCAL for 1 MHz, loaded at reset"),
        ("ATmega8", 0x07, "38 00 03 00", "OSCCAL for 8 MHz"),
        ("ATtiny85", 0x03, "38 00 01 00", "OSCCAL 1, loaded by software"),
        ("AT90S8515", 0x04, "30 00 02 00", "signature byte 2"),
        ("AT89S52", 0x02, "28 01 00 00", "signature byte 1"),
    ],
)
def test_frames(name, address, frame, purpose):
    found = next(byte for byte in uid.row_bytes(catalog.part(name)) if byte.address == address)
    assert found.frame == bytes.fromhex(frame)
    assert found.purpose == purpose


def test_every_part_says_how_to_read_its_signature():
    for name in catalog.part_names():
        part = catalog.part(name)
        addresses = [byte.address for byte in uid.row_bytes(part)]
        assert addresses == sorted(set(addresses))
        assert {0, 2, 4} <= set(addresses)
        assert all(len(byte.frame) == 4 for byte in uid.row_bytes(part))
