"""Reads one part file, with those it inherits from, into a `Part`."""

from __future__ import annotations

import re
from typing import Any

from avrdeck.boards.datafile import DataError, Node, read_toml
from avrdeck.boards.models import (
    Boot,
    Clock,
    ClockKind,
    Dispute,
    Eeprom,
    Flash,
    HighVoltage,
    Interfaces,
    Part,
    Row,
    Serial,
    Timing,
    Variant,
)
from avrdeck.boards.partdata.fuses import FUSES, read_fuse
from avrdeck.boards.partdata.instructions import read_opcodes
from avrdeck.boards.partdata.values import boot_sections

ROWS = ("calibration", "prodsig", "sernum", "usersig")
ROW_BYTES = 32
"""What the instruction that reads the signature row can address."""
MAX_DEPTH = 2


def read_table(name: str) -> dict[str, Any]:
    """A part file's table, completed from its parents. Raises `DataError`."""
    table = _read(name)
    depth = 0
    while parent := table.pop("parent", None):
        depth += 1
        if depth > MAX_DEPTH or not isinstance(parent, str) or not re.fullmatch(r"\w+", parent):
            raise DataError(
                _file(name), "parent", f"more than {MAX_DEPTH} parents, or none of that name: {parent!r}"
            )
        table = _merged(_read(parent), table)
    return table


def _read(name: str) -> dict[str, Any]:
    return read_toml(_file(name))


def _file(name: str) -> str:
    return f"parts/{name}.toml"


def _merged(parent: dict[str, Any], child: dict[str, Any]) -> dict[str, Any]:
    """``child`` over ``parent``, table by table; arrays are replaced whole."""
    merged = dict(parent)
    for key, value in child.items():
        known = merged.get(key)
        merged[key] = _merged(known, value) if isinstance(value, dict) and isinstance(known, dict) else value
    if "parent" in child:
        merged["parent"] = child["parent"]
    return merged


def read_part(name: str, shares_signature_with: tuple[str, ...]) -> Part:
    """The part of that exact name. Raises `DataError` when its file, or one it refers to, is wrong."""
    return part_of(Node(read_table(name), _file(name)), name, shares_signature_with)


def part_of(node: Node, name: str, shares_signature_with: tuple[str, ...] = ()) -> Part:
    """The part that a complete table describes."""
    signature = node.bytes("signature", 3)
    if signature is None:
        raise node.error("signature", "is missing")
    flash, eeprom = _flash(node.table("flash"), node), _eeprom(node.table("eeprom"))
    boot = _boot(node.table("boot"), flash)
    fuses = {memory: fuse for memory in FUSES if (fuse := read_fuse(node.table(memory), memory, boot))}
    rows = {"signature": Row("signature", 3), **_rows(node.table("rows"))}
    clock_fixed, rc_prescale = _clock(node.table("clock"))
    part = Part(
        name=name,
        avrdude_id=node.need("avrdude_id", str),
        family=node.need("family", str),
        signature=signature,
        shares_signature_with=shares_signature_with,
        flash=flash,
        eeprom=eeprom,
        fuses=fuses,
        rows=rows,
        opcodes=read_opcodes(node.table("isp"), flash, eeprom, fuses, rows),
        timing=_timing(node.table("timing"), node),
        interfaces=_interfaces(node.table("interfaces"), node),
        stk500_devcode=node.may_byte("stk500_devcode"),
        is_avr=node.flag("is_avr", default=True),
        clone=node.flag("clone"),
        fmax_hz=node.may("fmax_hz", int),
        vcc=node.span("vcc"),
        factory_fcpu_hz=node.may("factory_fcpu_hz", int),
        clock_fixed=clock_fixed,
        rc_prescale=rc_prescale,
        boot=boot,
        sram=_sram(node.table("sram")),
        serial=_serial(node.table("serial")),
        variants=_variants(node),
        disputes=_disputes(node),
    )
    node.close()
    return part


def _flash(node: Node | None, part: Node) -> Flash:
    if node is None:
        raise part.error("flash", "is missing")
    flash = Flash(
        size=node.size("size"),
        page_size=node.may("page_size", int),
        write_us=node.size("write_us"),
        needs_extended_address=node.flag("needs_extended_address"),
        readback_poll=_pair(node.bytes("readback_poll", 2)),
        spm_erase_pages=node.may("spm_erase_pages", int) or 1,
    )
    node.close()
    return flash


def _eeprom(node: Node | None) -> Eeprom | None:
    if node is None:
        return None
    eeprom = Eeprom(
        size=node.size("size"),
        page_size=node.may("page_size", int),
        isp_paged=node.flag("isp_paged"),
        write_us=node.size("write_us"),
        readback_poll=_pair(node.bytes("readback_poll", 2)),
    )
    node.close()
    return eeprom


def _pair(values: bytes | None) -> tuple[int, int] | None:
    return (values[0], values[1]) if values else None


def _sram(node: Node | None) -> tuple[int, int] | None:
    if node is None:
        return None
    start, size = node.need("start", int), node.size("size")
    node.close()
    return start, size


def _serial(node: Node | None) -> Serial | None:
    if node is None:
        return None
    addresses = node.may("addresses", list)
    if not addresses or not all(type(address) is int and 0 <= address < ROW_BYTES for address in addresses):
        raise node.error("addresses", f"must be addresses in the signature row, not {addresses!r}")
    serial = Serial(tuple(addresses), node.flag("isp_documented"))
    node.close()
    return serial


def _boot(node: Node | None, flash: Flash) -> Boot | None:
    if node is None:
        return None
    fixed = node.flag("fixed")
    sections = boot_sections(node.size("smallest_bytes"), flash.size, 1 if fixed else 4)
    node.close()
    return Boot(sections, fixed)


def _rows(node: Node | None) -> dict[str, Row]:
    rows = {}
    for name, row in node.each() if node else ():
        if name not in ROWS:
            raise row.error("", f"no such memory; there are {', '.join(ROWS)}")
        rows[name] = Row(
            name, row.size("size"), row.flag("readable", default=True), row.may("offset", int) or 0
        )
        row.close()
    return rows


def _clock(node: Node | None) -> tuple[Clock | None, int]:
    if node is None:
        return None, 1
    kind, hz, prescale = (
        node.word("fixed", ClockKind),
        node.may("fixed_hz", int),
        node.may("rc_prescale", int),
    )
    node.close()
    return Clock(kind=kind, nominal_hz=hz) if kind else None, prescale or 1


def _timing(node: Node | None, part: Node) -> Timing:
    if node is None:
        raise part.error("timing", "is missing")
    timing = Timing(
        chip_erase_us=node.size("chip_erase_us"),
        sync_echo=node.flag("sync_echo", default=True),
        sck_half_clocks=node.may("sck_half_clocks", int),
        erase_ends_with_reset=node.flag("erase_ends_with_reset"),
    )
    node.close()
    return timing


def _interfaces(node: Node | None, part: Node) -> Interfaces:
    if node is None:
        raise part.error("interfaces", "is missing")
    interfaces = Interfaces(node.word("hv", HighVoltage), node.flag("debugwire"), node.flag("jtag"))
    node.close()
    return interfaces


def _variants(node: Node) -> tuple[Variant, ...]:
    variants = []
    for _, group in node.each("ordering"):
        fmax, temp, vcc = group.may("fmax_hz", int), group.span("temp_c"), group.span("vcc")
        for code in group.need("codes", list):
            name, _, package = str(code).partition(" ")
            variants.append(Variant(name, package or None, fmax, temp, vcc))
        group.close()
    return tuple(variants)


def _disputes(node: Node) -> tuple[Dispute, ...]:
    disputes = []
    for _, entry in node.each("disputed"):
        claims = entry.table("claims")
        disputes.append(
            Dispute(
                item=entry.need("item", str),
                claims=claims.strings() if claims else {},
                preferred=entry.may("preferred", str),
                why=entry.need("why", str),
            )
        )
        entry.close()
    return tuple(disputes)
