import pytest

from avrdeck.protocol.dialects import (
    ARDUINO_ISP,
    ARDUINO_ISP_FORK,
    ATMEGABOOT,
    DECKBOOT,
    DECKBOOT_SMALL,
    DIALECTS,
    OPTIBOOT,
    PICOBOOT,
    STK500,
    UNKNOWN,
    Dialect,
    Identity,
    recognise,
)
from avrdeck.protocol.flight import STRICT
from avrdeck.protocol.link import Link
from avrdeck.protocol.programmer import Programmer
from protocol.fakes import FakeWire
from virtual import board

# sign-on, HW_VER, SW_MAJOR, SW_MINOR, PROGMODE, TOPCARD_DETECT
ANSWERS = [
    (Identity("AVR ISP", 2, 1, 18, ord("S"), 0), ARDUINO_ISP),
    (Identity("AVR ISP", 2, 1, 19, ord("S"), 0), ARDUINO_ISP_FORK),
    (Identity("AVR ISP", 2, 2, 0, ord("S"), 0), ARDUINO_ISP_FORK),
    (Identity("AVR ISP", 2, 1, 16, 0, 3), ATMEGABOOT),
    (Identity("", 3, 8, 3, 3, 3), OPTIBOOT),
    (Identity("", 3, 4, 4, 3, 3), OPTIBOOT),
    (Identity("", 0, 0, 0, 0, 0), PICOBOOT),
    (Identity("", 0xDB, 2, 0, 0x0F, 0xDB), DECKBOOT),
    (Identity("", 0xDB, 2, 0, 0x2C, 0xDB), DECKBOOT_SMALL),
    (Identity("AVR STK", 2, 1, 20, ord("S"), 3), STK500),
    (Identity("AVR STK", 2, None, None, None, None), STK500),
    (Identity("AVR ISP", None, None, None, None, None), UNKNOWN),
    (Identity("WHO ME?", 2, 1, 18, ord("S"), 0), UNKNOWN),
    (Identity("", None, None, None, None, None), UNKNOWN),
    (Identity("", 1, 2, 3, 4, 5), UNKNOWN),
]


@pytest.mark.parametrize(("identity", "dialect"), ANSWERS)
def test_answers_tell_the_dialect(identity: Identity, dialect: Dialect) -> None:
    assert recognise(identity) is dialect


@pytest.mark.parametrize(
    ("features", "fuses", "row"),
    [(0x0F, True, True), (0x07, True, False), (0x0B, False, True), (0x24, True, False), (0x2C, True, True)],
)
def test_deckboot_says_what_it_reads(features: int, fuses: bool, row: bool) -> None:
    dialect = recognise(Identity("", 0xDB, 2, 0, features, 0xDB))
    small = bool(features & 0x20)
    assert dialect.boot_bytes == (256 if small else 512)
    assert dialect.reads_fuses is fuses
    assert dialect.carries_out(b"\x58\x08\0\0") is fuses
    assert dialect.carries_out(b"\x38\0\7\0") is row
    assert not dialect.carries_out(b"\xac\x80\0\0")


def test_what_is_not_known_for_sure_is_never_written_ahead_to() -> None:
    assert [dialect.window for dialect in DIALECTS if dialect.cautious] == [STRICT, STRICT]


@pytest.mark.parametrize(
    ("options", "dialect", "version"),
    [
        ("", ARDUINO_ISP, "1.18"),
        ("dialect=optiboot", OPTIBOOT, "8.3"),
        ("dialect=optiboot4", OPTIBOOT, "4.4"),
        ("dialect=atmegaboot", ATMEGABOOT, "1.16"),
        ("dialect=deckboot", DECKBOOT, "2.0"),
        ("dialect=deckboot-256&part=atmega88p", DECKBOOT_SMALL, "2.0"),
    ],
)
async def test_the_virtual_firmwares_are_recognised(options: str, dialect: Dialect, version: str) -> None:
    programmer = await Programmer.connect(Link(board(options)))
    assert programmer.dialect is dialect
    assert programmer.identity.version == version
    assert programmer.link.window == dialect.window


async def test_firmware_that_only_answers_get_sync_is_unknown_and_usable() -> None:
    wire = FakeWire(lambda data: b"\x14\x10" if data == b"\x30\x20" else b"")
    programmer = await Programmer.connect(Link(wire))
    assert programmer.dialect is UNKNOWN
    assert programmer.link.window == STRICT
    await programmer.link.synchronise()
