import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrdeck.boards.catalog import part, part_names
from avrdeck.boards.models import Part
from avrdeck.protocol import isp
from avrdeck.protocol.isp import Action, Instruction

PARTS = [part(name) for name in part_names()]
M328P = part("ATmega328P")

# What the data sheets print: part, operation, address, data, the four bytes.
DOCUMENTED = [
    ("ATmega328P", "pgm_enable", 0, 0, "AC 53 00 00"),
    ("ATmega328P", "chip_erase", 0, 0, "AC 80 00 00"),
    ("ATmega328P", "flash.read_lo", 0x3F01, 0, "20 3F 01 00"),
    ("ATmega328P", "flash.read_hi", 0x3F01, 0, "28 3F 01 00"),
    ("ATmega328P", "flash.loadpage_lo", 0x05, 0x94, "40 00 05 94"),
    ("ATmega328P", "flash.loadpage_hi", 0x05, 0x0C, "48 00 05 0C"),
    ("ATmega328P", "flash.writepage", 0x3F00, 0, "4C 3F 00 00"),
    ("ATmega328P", "eeprom.read", 0x3FF, 0, "A0 03 FF 00"),
    ("ATmega328P", "eeprom.write", 0x102, 0x55, "C0 01 02 55"),
    ("ATmega328P", "eeprom.loadpage_lo", 0x02, 0x55, "C1 00 02 55"),
    ("ATmega328P", "eeprom.writepage", 0x104, 0, "C2 01 04 00"),
    ("ATmega328P", "lfuse.read", 0, 0, "50 00 00 00"),
    ("ATmega328P", "hfuse.read", 0, 0, "58 08 00 00"),
    ("ATmega328P", "efuse.read", 0, 0, "50 08 00 00"),
    ("ATmega328P", "lock.read", 0, 0, "58 00 00 00"),
    ("ATmega328P", "lfuse.write", 0, 0xE2, "AC A0 00 E2"),
    ("ATmega328P", "hfuse.write", 0, 0xD9, "AC A8 00 D9"),
    ("ATmega328P", "efuse.write", 0, 0xFD, "AC A4 00 FD"),
    ("ATmega328P", "lock.write", 0, 0xCF, "AC E0 00 CF"),
    ("ATmega328P", "signature.read", 2, 0, "30 00 02 00"),
    ("ATmega328P", "calibration.read", 0, 0, "38 00 00 00"),
    ("ATmega328P", "prodsig.read", 0x0E, 0, "30 00 07 00"),
    ("ATmega328P", "prodsig.read", 0x17, 0, "38 00 0B 00"),
    ("ATmega2560", "flash.load_ext_addr", 0x1_0000, 0, "4D 00 01 00"),
    ("ATtiny861", "lock.write", 0, 0xFE, "AC E0 00 FE"),
]


@pytest.mark.parametrize(("name", "op", "address", "data", "frame"), DOCUMENTED)
def test_instructions_are_the_data_sheets(name: str, op: str, address: int, data: int, frame: str) -> None:
    assert isp.encode(part(name), op, address, data) == bytes.fromhex(frame)


def test_every_instruction_of_every_part_comes_back() -> None:
    for chip in PARTS:
        for op, opcode in chip.opcodes.items():
            row = chip.rows.get(op.partition(".")[0])
            address = 0x5A5A_5A5A & opcode.address_mask if row is None else row.size - 1
            data = 0xA5 & opcode.data_in_mask
            found = isp.decode(chip, isp.encode(chip, op, address, data))
            assert found.documented, (chip.name, op)
            assert found.action is isp.decode(chip, isp.encode(chip, op)).action
            assert found.op in ALIASES.get(op, {op}) | twins(chip, op), (chip.name, op)
            if found.op == op:
                assert (found.address or 0) == address, (chip.name, op)
                assert ((found.data or 0) & opcode.data_in_mask) == data, (chip.name, op)


# The signature and calibration bytes are bytes of the row that prodsig reads.
ALIASES = {"prodsig.read": {"prodsig.read", "signature.read", "calibration.read"}}


def twins(chip: Part, op: str) -> set[str]:
    """Some old parts read fuses and lock bits by one instruction."""
    own = chip.opcodes[op]
    return {
        name
        for name, other in chip.opcodes.items()
        if (other.fixed_mask, other.fixed_value) == (own.fixed_mask, own.fixed_value)
    }


@pytest.mark.parametrize(
    ("frame", "op", "memory", "address", "data"),
    [
        ("30 00 00 00", "signature.read", "signature", 0, None),
        ("30 00 03 00", "prodsig.read", "prodsig", 6, None),
        ("38 00 00 00", "calibration.read", "calibration", 0, None),
        ("38 00 07 00", "prodsig.read", "prodsig", 15, None),
        ("AC A0 00 E0", "lfuse.write", "lfuse", None, 0xE0),
        ("AC BF 12 E0", "lfuse.write", "lfuse", None, 0xE0),
        ("AC 9F 12 34", "chip_erase", None, None, None),
        ("C0 FF 02 55", "eeprom.write", "eeprom", None, 0x55),
    ],
)
def test_a_328p_understands(
    frame: str, op: str, memory: str | None, address: int | None, data: int | None
) -> None:
    found = isp.decode(M328P, bytes.fromhex(frame))
    assert (found.op, found.memory, found.data) == (op, memory, data)
    assert address is None or found.address == address


def test_fuse_data_rides_in_byte_two_on_old_parts() -> None:
    """AC A0 00 E0 is harmless-looking, and programs every fuse of an AT90S4433."""
    found = isp.decode(part("AT90S4433"), bytes.fromhex("ACA000E0"))
    assert found.op == "fuse.write"
    assert found.action.changes_target
    assert found.data is not None
    assert found.data & 0x1F == 0


@pytest.mark.parametrize(
    ("frame", "action"),
    [
        ("AC A4 00 FF", Action.WRITE),
        ("AC E0 00 FF", Action.WRITE),
        ("AC 80 00 00", Action.CHIP_ERASE),
        ("AC 00 00 00", Action.UNKNOWN),
        ("4C 00 00 00", Action.WRITE_PAGE),
        ("C2 00 00 00", Action.WRITE_PAGE),
        ("C0 00 00 00", Action.WRITE),
        ("77 00 00 00", Action.READ),
        ("F0 00 00 00", Action.READ),
        ("20 00 00 00", Action.READ),
    ],
)
def test_without_a_part_the_family_decides(frame: str, action: Action) -> None:
    found = isp.decode(None, bytes.fromhex(frame))
    assert found.action is action
    assert not found.documented


@given(st.sampled_from(PARTS), st.binary(min_size=4, max_size=4))
def test_any_four_bytes_are_judged(chip: Part, frame: bytes) -> None:
    found = isp.decode(chip, frame)
    assert isinstance(found, Instruction)
    if frame[0] == 0xAC and frame[1] & 0xE0 in {0x80, 0xA0, 0xE0}:
        assert found.action.changes_target


@pytest.mark.parametrize("frame", [b"", b"\xac\x53\x00", b"\xac\x53\x00\x00\x00"])
def test_an_instruction_has_four_bytes(frame: bytes) -> None:
    with pytest.raises(ValueError, match="4 bytes"):
        isp.decode(M328P, frame)


def test_a_part_without_an_extended_fuse_has_no_instruction_for_it() -> None:
    with pytest.raises(isp.UnsupportedInstruction, match=r"ATmega8 has no ISP instruction efuse\.write"):
        isp.encode(part("ATmega8"), "efuse.write")


def test_bits_that_an_answer_does_not_carry_are_one() -> None:
    assert isp.answer(part("ATtiny22"), "lock.read", 0x80) == 0xFB
    assert isp.answer(M328P, "hfuse.read", 0xD9) == 0xD9
