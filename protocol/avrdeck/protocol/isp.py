"""The 4-byte serial programming instructions, both ways. Pure.

`encode` builds an instruction of a part; `decode` says what any four bytes would do to it. What a
part documents comes from its own opcode patterns; four bytes that match none of them are judged by
the opcode families that all AVRs share, and marked undocumented.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from avrdeck.boards.models import Part
from avrdeck.boards.opcodes import Opcode

INSTRUCTION_BYTES = 4


class Action(Enum):
    """What an instruction does to the target."""

    PROGRAMMING_ENABLE = "programming enable"
    CHIP_ERASE = "chip erase"
    READ = "read"
    LOAD_PAGE = "load page buffer"
    WRITE_PAGE = "write page"
    WRITE = "write"
    LOAD_EXTENDED_ADDRESS = "load extended address"
    UNKNOWN = "unknown"

    @property
    def changes_target(self) -> bool:
        """Whether flash, EEPROM, fuses or lock bits may differ afterwards.

        Filling the page buffer changes none of them; an unknown instruction may.
        """
        return self in _CHANGING


_CHANGING = frozenset({Action.CHIP_ERASE, Action.WRITE_PAGE, Action.WRITE, Action.UNKNOWN})

_ACTIONS = {
    "pgm_enable": Action.PROGRAMMING_ENABLE,
    "chip_erase": Action.CHIP_ERASE,
    "read": Action.READ,
    "read_lo": Action.READ,
    "read_hi": Action.READ,
    "loadpage_lo": Action.LOAD_PAGE,
    "loadpage_hi": Action.LOAD_PAGE,
    "writepage": Action.WRITE_PAGE,
    "write": Action.WRITE,
    "write_lo": Action.WRITE,
    "write_hi": Action.WRITE,
    "load_ext_addr": Action.LOAD_EXTENDED_ADDRESS,
}


class UnsupportedInstruction(ValueError):
    """The part has no such instruction: ``part`` and ``op`` say which."""

    def __init__(self, part: str, op: str) -> None:
        self.part, self.op = part, op
        super().__init__(f"{part} has no ISP instruction {op}")


@dataclass(frozen=True, slots=True)
class Instruction:
    """Four bytes, understood.

    ``op`` is the instruction's name in the part's data (``flash.loadpage_lo``). ``address`` counts
    words in flash and bytes elsewhere. ``data`` is what travels to the chip, `None` when nothing
    does; fuse and lock bits that the instruction does not carry are 1 in it. ``documented`` is false
    when the part's data sheet does not give this form and only the opcode family speaks for it.
    """

    op: str
    action: Action
    memory: str | None = None
    address: int | None = None
    high: bool = False
    data: int | None = None
    documented: bool = True


def encode(part: Part, op: str, address: int = 0, data: int = 0) -> bytes:
    """The four bytes of instruction ``op``; raises `UnsupportedInstruction` when the part has none."""
    return _opcode(part, op).encode(address, data)


def supports(part: Part, op: str) -> bool:
    """Whether the part documents instruction ``op``."""
    return op in part.opcodes


def answer(part: Part, op: str, last_byte: int) -> int:
    """The value that a read instruction brought, from the byte shifted out during its fourth byte.

    Bits that the instruction does not carry are 1, as unused fuse and lock bits are.
    """
    opcode = _opcode(part, op)
    return opcode.data_out(last_byte) | ~opcode.data_out_mask & 0xFF


def decode(part: Part | None, frame: bytes) -> Instruction:
    """What the four bytes ``frame`` would do to ``part`` (`None`: any AVR).

    Raises `ValueError` unless there are exactly four bytes.
    """
    if len(frame) != INSTRUCTION_BYTES:
        raise ValueError(f"an ISP instruction has {INSTRUCTION_BYTES} bytes, not {len(frame)}")
    word = int.from_bytes(frame, "big")
    opcode = _meant(part, word) if part else None
    return _documented(opcode, word) if opcode else _by_family(part, frame)


def _opcode(part: Part, op: str) -> Opcode:
    try:
        return part.opcodes[op]
    except KeyError:
        raise UnsupportedInstruction(part.name, op) from None


def _meant(part: Part, word: int) -> Opcode | None:
    """The documented instruction that ``word`` is.

    The signature and calibration bytes are part of the larger prodsig row and share its opcodes: the
    narrowest memory that holds the address is meant.
    """
    matching = [opcode for opcode in part.opcodes.values() if opcode.matches(word)]

    def breadth(opcode: Opcode) -> tuple[bool, int, int]:
        row = part.rows.get(opcode.name.partition(".")[0])
        outside = row is not None and opcode.address(word) >= row.size
        return outside, opcode.address_mask.bit_count(), -opcode.fixed_bits

    return min(matching, key=breadth, default=None)


def _documented(opcode: Opcode, word: int) -> Instruction:
    memory, _, verb = opcode.name.rpartition(".")
    data: int | None = None
    if opcode.data_in_mask:
        data = opcode.data_in(word)
        if memory not in {"flash", "eeprom"}:
            data |= ~opcode.data_in_mask & 0xFF
    return Instruction(
        op=opcode.name,
        action=_ACTIONS[verb],
        memory=memory or None,
        address=opcode.address(word) if opcode.address_mask else None,
        high=verb.endswith("_hi"),
        data=data,
    )


def _by_family(part: Part | None, frame: bytes) -> Instruction:
    """Judge four bytes that the part does not document by what their first two mean on AVRs.

    Address bits that the part ignores are the usual reason to be here; silicon then acts all the
    same. Opcodes outside every family read at most: no AVR is known to change anything by them.
    """
    first, second = frame[0], frame[1]
    if part is not None and not part.is_avr:
        return Instruction("unknown", Action.UNKNOWN, documented=False)
    if first == 0xAC:
        return _special(second, frame[3])
    op = _FAMILY.get(first, "undefined")
    if part is not None and not supports(part, op) and supports(part, _UNPAGED.get(op, op)):
        op = _UNPAGED[op]
    memory, _, verb = op.rpartition(".")
    action = _ACTIONS.get(verb, Action.READ)
    return Instruction(
        op=op,
        action=action,
        memory=memory or None,
        address=int.from_bytes(frame[1:3], "big"),
        high=verb.endswith("_hi"),
        data=frame[3] if action in {Action.WRITE, Action.LOAD_PAGE} else None,
        documented=False,
    )


_FAMILY = {
    0x20: "flash.read_lo",
    0x28: "flash.read_hi",
    0x30: "signature.read",
    0x38: "calibration.read",
    0x40: "flash.loadpage_lo",
    0x48: "flash.loadpage_hi",
    0x4C: "flash.writepage",
    0x4D: "flash.load_ext_addr",
    0x50: "lfuse.read",
    0x58: "lock.read",
    0xA0: "eeprom.read",
    0xC0: "eeprom.write",
    0xC1: "eeprom.loadpage_lo",
    0xC2: "eeprom.writepage",
    0xF0: "poll_ready",
}
_UNPAGED = {"flash.loadpage_lo": "flash.write_lo", "flash.loadpage_hi": "flash.write_hi"}


def _special(second: int, last: int) -> Instruction:
    """The 0xAC family: enable, erase, fuse and lock writes by the top three bits of byte 2."""
    family = second & 0xE0
    if second == 0x53:
        return Instruction("pgm_enable", Action.PROGRAMMING_ENABLE, documented=False)
    if family == 0x80:
        return Instruction("chip_erase", Action.CHIP_ERASE, documented=False)
    if family == 0xA0:
        memory = {0xA8: "hfuse", 0xA4: "efuse"}.get(second, "lfuse")
        return Instruction(f"{memory}.write", Action.WRITE, memory, data=last, documented=False)
    if family == 0xE0:
        return Instruction("lock.write", Action.WRITE, "lock", data=last, documented=False)
    return Instruction("unknown", Action.UNKNOWN, documented=False)
