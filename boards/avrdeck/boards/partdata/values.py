"""The legal values of a field: shared tables of clock codes and levels, and what a role implies."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any

from avrdeck.boards.datafile import DataError, Node, read_toml
from avrdeck.boards.labels import FLAG_WORDS
from avrdeck.boards.models import (
    BodLevel,
    BodMode,
    BootLock,
    BootSize,
    Clock,
    ClockKind,
    FieldValue,
    Flag,
    Meaning,
    MemoryLock,
)
from avrdeck.boards.partdata.keys import value_key

CLOCK_ROLES = frozenset({"clock", "clock_source", "startup"})
FLAG_ROLES = frozenset(FLAG_WORDS) - {"clock_failure_detect"}
SHARED_ROLES = frozenset(
    {
        "boot_lock_app",
        "boot_lock_boot",
        "bod_mode_active",
        "bod_mode_sleep",
        "clock_failure_detect",
        "clock_rc_enable",
        "memory_lock",
        "psc_reset_value",
        "ulp_frequency",
    }
)
"""Roles whose values are the same on every part, in ``values.toml``."""
ROLES = CLOCK_ROLES | FLAG_ROLES | SHARED_ROLES | {"bod_level", "boot_size"}
BOOT_SIZE_CODES = (3, 2, 1, 0)
"""BOOTSZ codes from the smallest section to the largest; each is twice the one before."""


def boot_sections(smallest_bytes: int, flash_bytes: int, count: int = 4) -> tuple[BootSize, ...]:
    """The boot sections, smallest first: they end with the flash and double from one to the next."""
    words = (smallest_bytes // 2 << step for step in range(count))
    return tuple(BootSize(size, flash_bytes // 2 - size) for size in words)


@cache
def flag_values(role: str) -> tuple[FieldValue, ...]:
    """Programmed (0) is on, for every flag."""
    return tuple(FieldValue(code, value_key(role, code, Flag(code == 0)), Flag(code == 0)) for code in (0, 1))


def boot_values(sections: tuple[BootSize, ...]) -> tuple[FieldValue, ...]:
    """The four BOOTSZ codes."""
    pairs = zip(BOOT_SIZE_CODES, sections, strict=True)
    return tuple(
        sorted((_value("boot_size", code, size) for code, size in pairs), key=lambda known: known.value)
    )


@cache
def shared_values(role: str) -> tuple[FieldValue, ...]:
    """The values of a role that are the same on every part."""
    file = "values.toml"
    node = Node(_read(file), file).table(role)
    if node is None:
        raise DataError(file, role, "is missing")
    return _coded(node, role)


@cache
def bod_levels(name: str) -> tuple[FieldValue, ...] | None:
    """A table of ``bod_levels.toml``, or `None` when it has no such table."""
    file = "bod_levels.toml"
    node = Node(_read(file), file).table(name)
    if node is None:
        return None
    values = [_value("bod_level", int(code, 2), BodLevel(_volts(node, code))) for code in node]
    return tuple(sorted(values, key=lambda known: known.value))


@cache
def clock_codes(name: str, role: str) -> tuple[FieldValue, ...]:
    """A table of ``clocks/``; raises `DataError` when there is none of that name or it is wrong."""
    file = f"clocks/{name}.toml"
    node = Node(read_toml(file), file)
    values = [value for _, source in node.each("source") for value in _source_rows(source, role)]
    node.close()
    values.sort(key=lambda known: known.value)
    for first, second in pairwise(values):
        if first.value == second.value:
            raise node.error("source", f"code 0x{first.value:02X} twice")
    return tuple(values)


@cache
def _read(file: str) -> dict[str, Any]:
    return read_toml(file)


def _value(role: str, code: int, meaning: Meaning) -> FieldValue:
    return FieldValue(code, value_key(role, code, meaning), meaning)


def _volts(node: Node, code: str) -> float | None:
    """A level in volts; ``"off"`` is `None`."""
    if node.raw(code) == "off":
        return None
    volts = node.number(code)
    if volts is None:
        raise node.error(code, 'must be volts or "off"')
    return volts


def _coded(node: Node, role: str) -> tuple[FieldValue, ...]:
    values = []
    for code, inner in node.each():
        values.append(_value(role, int(code, 2), _shared_meaning(inner, role)))
        inner.close()
    return tuple(sorted(values, key=lambda known: known.value))


def _shared_meaning(node: Node, role: str) -> Meaning:
    meaning: Meaning = None
    match role:
        case "memory_lock":
            meaning = MemoryLock(node.flag("write_blocked"), node.flag("read_blocked"))
        case "boot_lock_app" | "boot_lock_boot":
            meaning = BootLock(node.flag("spm_blocked"), node.flag("lpm_blocked"))
        case "bod_mode_active" | "bod_mode_sleep":
            meaning = BodMode(node.need("mode", str))
        case "clock_failure_detect":
            meaning = Flag(node.flag("active"))
        case "ulp_frequency":
            meaning = Clock(nominal_hz=node.size("nominal_hz"))
        case "clock_rc_enable":
            meaning = Clock(kind=node.word("kind", ClockKind), nominal_hz=node.may("nominal_hz", int))
    return meaning


def _source_rows(node: Node, role: str) -> Iterator[FieldValue]:
    """One group of a clock table: what its rows share, and the rows or single codes."""
    columns = node.may("columns", list) or ["code"]
    rows = node.may("rows", list) or [[code] for code in node.need("codes", list)]
    shared = node.rest()
    for row in rows:
        if not isinstance(row, list) or len(row) != len(columns):
            raise node.error("rows", f"{row!r} has not the columns {columns!r}")
        yield _clock_value(
            Node({**shared, **dict(zip(columns, row, strict=True))}, node.file, node.path), role
        )


def _clock_value(node: Node, role: str) -> FieldValue:
    """One code with all that is stated of it."""
    code = node.code("code")
    by_ckopt = node.table("freq_by_ckopt")
    clock = Clock(
        kind=node.word("kind", ClockKind),
        nominal_hz=node.may("nominal_hz", int),
        freq_min_hz=node.may("freq_min_hz", int),
        freq_max_hz=node.may("freq_max_hz", int),
        freq_by_ckopt={int(bit): by_ckopt.range(bit) for bit in by_ckopt} if by_ckopt else None,
        ck_powerdown=node.may("ck_powerdown", int),
        ck_reset=node.may("ck_reset", int),
        ck_startup=node.may("ck_startup", int),
        delay_ms=node.number("delay_ms"),
        power=node.may("power", str),
        startup=node.may("startup", str),
        pll_input=node.may("pll_input", str),
        resonator=node.may("resonator", str),
        band=node.may("band", str),
        int_cap=node.may("int_cap", bool),
        tiny15_compat=node.flag("tiny15_compat"),
        system_div=node.may("system_div", int),
    )
    inferred = tuple(map(str, node.may("inferred", list) or ()))
    node.close()
    return FieldValue(code, value_key(role, code, clock), clock, inferred)
