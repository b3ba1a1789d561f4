"""Raw instructions: what they would do, and what is dangerous about them."""

import pytest

from avrdeck.boards import catalog
from avrdeck.boards.fuses import UnknownSemantics
from avrdeck.boards.safety import Severity, screen, screen_unknown


def best_match(part, frame):
    """The part's instruction that a frame is, as a console finds it."""
    word = int.from_bytes(frame, "big")
    matching = [opcode for opcode in part.opcodes.values() if opcode.matches(word)]
    if not matching:
        return None
    opcode = max(matching, key=lambda opcode: opcode.fixed_bits)
    return opcode.name, opcode.address(word), opcode.data_in(word)


def screened(name, frame, **more):
    part, data = catalog.part(name), bytes.fromhex(frame)
    match = best_match(part, data)
    return screen(part, *match, **more) if match else screen_unknown(part, data)


@pytest.mark.parametrize(
    ("name", "frame", "changes", "ids", "worst"),
    [
        # the same frame, two parts: hfuse bit 7 is RSTDISBL here, OCDEN there
        ("ATmega328P", "AC A8 00 5E", ("hfuse",), {"A2"}, Severity.FATAL),
        ("ATmega2560", "AC A8 00 5E", ("hfuse",), {"C8"}, Severity.WARNING),
        ("ATmega328P", "AC A0 00 E0", ("lfuse",), {"A5"}, Severity.RECOVERABLE),
        ("ATmega328P", "AC A0 12 FF", ("lfuse",), {"A6"}, Severity.RECOVERABLE),
        ("ATmega328P", "AC E0 00 0F", ("lock",), {"B5", "D4"}, Severity.INFO),
        ("ATmega328P", "AC E0 00 FC", ("lock",), {"B2"}, Severity.RECOVERABLE),
        ("ATmega328P", "AC FF FF 00", ("lock",), {"B2", "B4", "B5"}, Severity.RECOVERABLE),
        ("ATmega328P", "AC 80 00 00", ("flash", "eeprom", "lock"), {"E1"}, Severity.WARNING),
        ("ATmega328P", "AC 9A BC DE", ("flash", "eeprom", "lock"), {"E1"}, Severity.WARNING),
        # fuse data rides in byte 2 here: this would program every fuse
        ("AT90S2333", "AC A0 00 FF", ("fuse",), {"E5", "A5"}, Severity.RECOVERABLE),
        ("AT90S4433", "AC BF 00 00", ("fuse",), {"E5", "A6"}, Severity.RECOVERABLE),
        ("ATmega103", "AC B4 00 00", ("fuse",), {"E5"}, None),
        ("AT90S8535", "AC BE 00 00", ("fuse",), {"E5"}, None),
        # the form of the data sheet, and the one that would lock the chip
        ("ATtiny461", "AC E0 00 FF", ("lock",), set(), None),
        ("ATtiny461", "AC FF 00 00", ("lock",), {"E6", "B2"}, Severity.RECOVERABLE),
        ("ATtiny26", "AC FF 00 00", ("lock",), {"E5"}, Severity.INFO),
        ("AT90S8515", "AC F9 00 00", ("lock",), {"E5", "B2"}, Severity.RECOVERABLE),
        # no such fuse byte on this part
        ("ATmega8", "AC A4 00 FF", ("lfuse", "hfuse", "lock"), {"E2"}, Severity.FATAL),
        ("ATmega328P", "AC A5 00 FF", ("lfuse", "hfuse", "efuse", "lock"), {"E2"}, Severity.FATAL),
        ("AT90S8515", "AC A0 00 DF", ("fuse", "lock"), {"E2"}, Severity.FATAL),
        ("AT90S8515", "AC E0 00 00", ("fuse", "lock"), {"E2"}, Severity.FATAL),
        # memory, reading, enabling
        ("ATmega328P", "4C 00 00 00", ("flash",), {"E3"}, Severity.WARNING),
        ("ATmega328P", "C0 00 10 55", ("eeprom",), {"E3"}, Severity.WARNING),
        ("ATmega328P", "40 00 01 55", (), set(), None),
        ("ATmega328P", "AC 53 00 00", (), set(), None),
        ("ATmega328P", "30 00 00 00", (), set(), None),
        ("ATmega328P", "58 08 00 00", (), set(), None),
        ("ATmega328P", "FF FF FF FF", (), {"E4"}, Severity.WARNING),
        ("ATmega328P", "AC 00 00 00", (), {"E4"}, Severity.WARNING),
        ("AT89S52", "20 00 10 00", (), set(), None),
    ],
)
def test_screening(name, frame, changes, ids, worst):
    screening = screened(name, frame)
    found = {finding.id for finding in screening.findings}
    assert screening.changes == changes
    assert ids <= found
    if not ids:
        assert not [f for f in screening.findings if f.severity >= Severity.WARNING]
    if worst is not None:
        assert max(finding.severity for finding in screening.findings) == worst


def test_effects_are_in_words():
    assert screened("ATmega328P", "30 00 01 00").effect == "reads signature at 0x0001"
    assert screened("ATmega328P", "50 00 00 00").effect == "reads lfuse"
    assert screened("ATmega328P", "AC A0 00 E2").effect == "writes 0xE2 to lfuse"
    assert screened("ATmega328P", "AC 80 00 00").effect == "erases the whole chip"


def test_bits_that_do_not_travel_are_not_judged():
    found = {finding.id for finding in screened("AT90S2333", "AC A0 00 FF").findings}
    assert not {"A1", "D4"} & found


def test_every_instruction_of_every_part_has_an_effect():
    for name in catalog.part_names():
        part = catalog.part(name)
        for operation in part.opcodes:
            memory, _, action = operation.partition(".")
            if action == "write" and memory in part.fuses and (part.clone or not part.is_avr):
                with pytest.raises(UnknownSemantics):
                    screen(part, operation, data=0xFF)
            else:
                assert screen(part, operation, data=0xFF).effect


def test_erase_knows_whether_eeprom_stays():
    kept = screened("ATmega328P", "AC 80 00 00", values={"hfuse": 0xD6}).findings[0]
    lost = screened("ATmega328P", "AC 80 00 00", values={"hfuse": 0xDE}).findings[0]
    assert "kept" in kept.message
    assert "EEPROM goes too" in lost.message


def test_what_is_known_of_the_other_bytes_counts():
    """BOD off matters only together with a start-up time that counts on it."""
    alone = screened("ATmega328P", "AC A0 00 C2")
    with_efuse = screened("ATmega328P", "AC A0 00 C2", values={"efuse": 0xFF})
    assert "A15" not in {finding.id for finding in alone.findings}
    assert "A15" in {finding.id for finding in with_efuse.findings}
