"""What a command changes on the chip, and which answers allow that."""

from __future__ import annotations

import re

from avrdeck.boards.models import Part
from avrdeck.jobs.guard import judge_command
from avrdeck.protocol import isp
from avrdeck.protocol.stk500v1 import Command, ProgPage, Universal

ERASE = "chip erase"
CARRIED_OUT = {
    "_erase": ERASE, "_write_flash_page": "flash", "_write_eeprom": "EEPROM", "_write_fuse": "fuse",
}  # fmt: skip
"""What the virtual chip's methods change."""
FUSES = re.compile(r"(\w+) ([0-9A-F]{2}) → ([0-9A-F]{2})")


def allows(asked: str, effect: str, value: int | None) -> bool:
    """Whether who grants ``asked`` allows the effect."""
    if asked.startswith("Replace "):
        return False  # a file
    if asked.startswith("Write ") and (fuses := FUSES.findall(asked)):
        bytes_ = {(f"write {name}", int(byte, 16)) for name, *old_new in fuses for byte in old_new}
        return effect == "fuse" or (effect, value) in bytes_
    erases = "erase" in asked.lower() or asked.startswith("Restore ") or " more: send this" in asked
    return effect != ERASE or erases


def effect_of(part: Part | None, command: Command) -> tuple[str, int | None]:
    """What a command changes, if anything, and the byte it writes into a fuse."""
    if not judge_command(part, command, {}).effects:
        return "", None
    if isinstance(command, ProgPage):
        return ("EEPROM" if command.memory == ord("E") else "flash"), None
    if isinstance(command, Universal):
        found = isp.decode(part, command.instruction)
        fuse = part and found.memory in part.fuses
        return f"{found.action.value} {found.memory or ''}".strip(), found.data if fuse else None
    return command.op.name.lower().replace("_", " "), None
