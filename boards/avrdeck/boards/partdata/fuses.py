"""The fuse and lock bytes of a part file, with their fields."""

from __future__ import annotations

import re
from dataclasses import replace

from avrdeck.boards.datafile import Node
from avrdeck.boards.models import BitField, Boot, FieldValue, Fuse
from avrdeck.boards.partdata.values import (
    CLOCK_ROLES,
    FLAG_ROLES,
    ROLES,
    SHARED_ROLES,
    bod_levels,
    boot_values,
    clock_codes,
    flag_values,
    shared_values,
)

FUSES = ("fuse", "lfuse", "hfuse", "efuse", "lock")


def read_fuse(node: Node | None, memory: str, boot: Boot | None) -> Fuse | None:
    """The byte that a table describes, `None` when the part has none of that name."""
    if node is None:
        return None
    fields = tuple(_field(bits, memory, name, boot) for name, bits in node.each("fields"))
    union = 0
    for bits in fields:
        if union & bits.mask:
            raise node.error(f"fields.{bits.name}", "shares bits with another field")
        union |= bits.mask
    used = node.byte("used", union)
    factory = node.may_byte("factory")
    fuse = Fuse(
        name=memory,
        used_mask=used,
        read_mask=node.byte("read", used),
        write_mask=node.byte("write", used),
        factory=factory,
        write_us=node.may("write_us", int) or 0,
        readable=node.flag("readable", default=True),
        writable=node.flag("writable", default=True),
        power_cycle_after_write=node.flag("power_cycle_after_write"),
        fields=tuple(_with_default(bits, factory) for bits in fields),
    )
    node.close()
    return fuse


def _field(node: Node, memory: str, name: str, boot: Boot | None) -> BitField:
    role, mask = node.need("role", str), node.byte("mask", 0)
    if role not in ROLES:
        raise node.error("role", f"no such role: {role}")
    if not mask:
        raise node.error("mask", "is missing")
    values = _values(node, role, boot)
    field = BitField(memory, name, role, mask, values, None, node.may("pin", str))
    node.close()
    for known in values:
        if field.get(field.put(0, known.value)) != known.value:
            raise node.error("values", f"code 0x{known.value:02X} does not fit the mask 0x{mask:02X}")
    return field


def _values(node: Node, role: str, boot: Boot | None) -> tuple[FieldValue, ...]:
    if role in FLAG_ROLES:
        return flag_values(role)
    if role in SHARED_ROLES:
        return shared_values(role)
    if role == "boot_size":
        if boot is None:
            raise node.error("role", "boot_size needs a [boot] table")
        return boot_values(boot.sections)
    table = node.need("values", str)
    if role in CLOCK_ROLES:
        if not re.fullmatch(r"[\w-]+", table):
            raise node.error("values", f"no table name: {table!r}")
        return clock_codes(table, role)
    levels = bod_levels(table)
    if levels is None:
        raise node.error("values", f"bod_levels.toml has no table {table}")
    return levels


def _with_default(bits: BitField, factory: int | None) -> BitField:
    return bits if factory is None else replace(bits, default=bits.get(factory))
