"""E: what one raw 4-byte instruction would do to a part.

`screen` judges an instruction that the part's table knows, `screen_unknown` one that it does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from avrdeck.boards.fuses import require_semantics
from avrdeck.boards.models import Part
from avrdeck.boards.safety.model import Context, Finding, Severity
from avrdeck.boards.safety.rules import review

GUARDED = 0xAC
"""First byte of every instruction that erases, writes fuses or writes lock bits."""
GROUPS = {0x80: "a chip erase", 0xA0: "a fuse write", 0xE0: "a lock write"}
"""The second byte's top three bits: some parts decode no more than these."""
LAST_BYTE = 8
"""Data bits at this position or above do not travel in the last byte."""

EFFECTS = {
    "pgm_enable": "enables serial programming",
    "chip_erase": "erases the whole chip",
    "flash.loadpage_lo": "loads the low byte of a word into the page buffer",
    "flash.loadpage_hi": "loads the high byte of a word into the page buffer",
    "flash.write_lo": "writes the low byte of a flash word",
    "flash.write_hi": "writes the high byte of a flash word",
    "flash.write": "writes a flash byte",
    "flash.writepage": "writes the page buffer to flash",
    "flash.load_ext_addr": "sets the upper address bits for flash",
    "eeprom.write": "writes an EEPROM byte",
    "eeprom.loadpage_lo": "loads a byte into the EEPROM page buffer",
    "eeprom.writepage": "writes the page buffer to EEPROM",
}
WRITES = {
    "chip_erase": ("flash", "eeprom", "lock"),
    "flash.write": ("flash",),
    "flash.write_lo": ("flash",),
    "flash.write_hi": ("flash",),
    "flash.writepage": ("flash",),
    "eeprom.write": ("eeprom",),
    "eeprom.writepage": ("eeprom",),
}


@dataclass(frozen=True, slots=True)
class Screening:
    """What an instruction does: in words, which memories it changes, and the findings."""

    effect: str
    changes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def screen(
    part: Part,
    operation: str,
    address: int = 0,
    data: int = 0,
    *,
    values: Mapping[str, int] | None = None,
    context: Context | None = None,
) -> Screening:
    """Judge one of the part's instructions (``lfuse.write``) with the address and data it carries.

    ``values`` holds the fuse and lock bytes as read before, as far as known. Raises
    `UnknownSemantics` for a fuse or lock write to a clone or a part that is no AVR.
    """
    memory, _, action = operation.partition(".")
    if action == "write" and memory in part.fuses:
        require_semantics(part)
        new = {memory: _resulting(part, operation, data, values or {})}
        judged = (*_travels_elsewhere(part, operation, data), *review(part, values, new, context))
        return Screening(f"writes 0x{data:02X} to {memory}", (memory,), judged)
    if action.startswith("read"):
        return Screening(f"reads {memory}{'' if memory in part.fuses else f' at 0x{address:04X}'}")
    findings = tuple(_memory_findings(part, operation, values or {}))
    return Screening(EFFECTS[operation], _existing(part, WRITES.get(operation, ())), findings)


def screen_unknown(part: Part, frame: bytes) -> Screening:
    """Judge a 4-byte instruction that the part's table does not know."""
    meant = GROUPS.get(frame[1] & 0xE0) if frame[0] == GUARDED else None
    shown = frame.hex(" ").upper()
    if meant is None:
        unknown = Finding("E4", Severity.WARNING, f"{shown}: the part's data sheet says nothing of it.")
        return Screening("is not in the part's data sheet", findings=(unknown,))
    finding = Finding(
        "E2",
        Severity.FATAL,
        f"{shown} looks like {meant}, but this part defines no such instruction: what it writes is open.",
        advice=f"{part.name} has {', '.join(part.fuses)} and nothing else of that kind.",
        recovery="Unknown; 12 V programming at worst.",
    )
    return Screening(f"looks like {meant}", _existing(part, tuple(part.fuses)), (finding,))


def _existing(part: Part, memories: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(memory for memory in memories if memory != "eeprom" or part.eeprom)


def _resulting(part: Part, operation: str, data: int, values: Mapping[str, int]) -> int:
    """The byte that a write leaves: bits that do not travel keep what they had."""
    memory = operation.partition(".")[0]
    fuse, carried = part.fuses[memory], part.opcodes[operation].data_in_mask
    before = values.get(memory, fuse.factory)
    if before is None:
        spien = part.role("spi_enable")  # whoever sends an instruction has ISP enabled
        before = 0xFF & ~(spien.mask if spien and spien.memory == memory else 0)
    return before & ~carried | data & carried


def _travels_elsewhere(part: Part, operation: str, data: int) -> Iterator[Finding]:
    """Traps of data that is not in the last byte, and of parts that were thought to have it there."""
    carried = part.opcodes[operation].carries
    if any(bit[0] == "i" and position >= LAST_BYTE for position, bit in carried.items()):
        yield Finding(
            "E5",
            Severity.INFO,
            "On this part the data travels in byte 2, byte 4 is ignored: zeros in byte 2 program all bits.",
            bits=(operation.partition(".")[0],),
        )
    if operation == "lock.write" and data == 0 and any(d.item == "lock_write_opcode" for d in part.disputes):
        yield Finding(
            "E6",
            Severity.RECOVERABLE,
            "Byte 4 is 0: this part takes its lock bits from byte 4 and would set both.",
            advice="Send AC E0 00 with the lock byte last.",
            recovery="Chip erase.",
            bits=("lock.LB",),
        )


def _memory_findings(part: Part, operation: str, values: Mapping[str, int]) -> Iterator[Finding]:
    if operation == "chip_erase":
        bits = part.role("eeprom_save")
        kept = bits is not None and bits.memory in values and bits.get(values[bits.memory]) == 0
        eeprom = " EEPROM is kept." if kept else " EEPROM goes too." if part.eeprom else ""
        yield Finding("E1", Severity.WARNING, f"Erases flash and lock bits.{eeprom}", "Back up first.")
    elif operation in WRITES:
        what = WRITES[operation][0]
        yield Finding("E3", Severity.WARNING, f"Changes {what} outside any verified job.", "Back up first.")
