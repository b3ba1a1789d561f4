"""The serial programming instructions of a part, from ``standard_isp.toml`` and its own table."""

from __future__ import annotations

from functools import cache

from avrdeck.boards.datafile import Node, read_toml
from avrdeck.boards.models import Eeprom, Flash, Fuse, Row
from avrdeck.boards.opcodes import Opcode


def read_opcodes(
    own: Node | None, flash: Flash, eeprom: Eeprom | None, fuses: dict[str, Fuse], rows: dict[str, Row]
) -> dict[str, Opcode]:
    """The part's instructions: the standard ones for the memories it has, and those it lists itself."""
    names = ["pgm_enable", "chip_erase", *_memory_operations(flash, eeprom, fuses, rows)]
    listed = {name: _opcode(name, own) for name in own} if own else {}
    if "flash.read" in listed:  # one instruction reads both bytes: no AVR
        names = [name for name in names if not name.startswith("flash.")]
    standard = _standard_opcodes()
    return {name: standard[name] for name in names} | listed


def _memory_operations(
    flash: Flash, eeprom: Eeprom | None, fuses: dict[str, Fuse], rows: dict[str, Row]
) -> list[str]:
    names = ["flash.read_lo", "flash.read_hi"]
    names += ["flash.loadpage_lo", "flash.loadpage_hi", "flash.writepage"] if flash.page_size else []
    names += [] if flash.page_size else ["flash.write_lo", "flash.write_hi"]
    names += ["flash.load_ext_addr"] if flash.needs_extended_address else []
    if eeprom:
        names += ["eeprom.read", "eeprom.write"]
        names += ["eeprom.loadpage_lo", "eeprom.writepage"] if eeprom.isp_paged else []
    for fuse in fuses.values():
        names += [f"{fuse.name}.read"] if fuse.readable else []
        names += [f"{fuse.name}.write"] if fuse.writable else []
    return names + [f"{row}.read" for row in ("signature", "calibration", "prodsig") if row in rows]


@cache
def _standard_opcodes() -> dict[str, Opcode]:
    file = "standard_isp.toml"
    node = Node(read_toml(file), file)
    return {name: _opcode(name, node) for name in node}


def _opcode(name: str, node: Node) -> Opcode:
    """One pattern: a string, or a table with the bit positions that do not follow the usual rule."""
    try:
        if isinstance(node.raw(name), str):
            return Opcode.from_pattern(name, node.need(name, str))
        table = node.need(name, dict)
        carries = {int(position): bit for position, bit in table["carries"].items()}
        return Opcode.from_pattern(name, table["bits"], carries)
    except (ValueError, KeyError, AttributeError) as error:
        raise node.error(name, str(error)) from error
