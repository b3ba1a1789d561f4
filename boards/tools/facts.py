"""Reads the table of device facts and checks what the part files leave to the usual rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tomlout import Hex, Inline

from avrdeck.boards.datafile import read_toml

Table = dict[str, Any]

FUSES = ("fuse", "lfuse", "hfuse", "efuse", "lock")
CLOCK_ROLES = ("clock", "clock_source", "startup")
FLAG_VALUES = [{"value": 0, "active": True}, {"value": 1, "active": False}]
ROW_COLUMNS = ("ck_powerdown", "ck_reset", "ck_startup", "delay_ms", "power", "resonator", "startup")
SOURCE_KEYS = (
    "kind", "nominal_hz", "freq_min_hz", "freq_max_hz", "freq_by_ckopt", "band", "pll_input", "int_cap",
    "tiny15_compat", "system_div", "inferred",
)  # fmt: skip


def mask_of(bits: Table) -> int:
    """The mask of a bit field."""
    return int(bits["mask"], 16)


class Facts:
    """The table of facts, with the names that its shared value tables get here."""

    def __init__(self, raw: Table) -> None:
        self.raw = raw
        self.parts: list[Table] = raw["parts"]
        self.shared: Table = read_toml("values.toml")
        self.standard: Table = read_toml("standard_isp.toml")
        self.clock_tables: dict[str, str] = {}
        self.bod_tables: dict[str, str] = {}
        for part in self.parts:
            for bits in part["bitfields"]:
                self._name_table(part["name"], bits)

    def _name_table(self, part: str, bits: Table) -> None:
        """A shared table is named by the first part that has it."""
        if bits["role"] in CLOCK_ROLES:
            suffix = "-startup" if bits["role"] == "startup" else ""
            self.clock_tables.setdefault(bits["values"], part + suffix)
        elif bits["role"] == "bod_level":
            self.bod_tables.setdefault(bits["values"], part)

    def table_name(self, bits: Table) -> str | None:
        """The shared table that a field refers to, `None` where its role says it all."""
        return self.clock_tables.get(bits["values"]) or self.bod_tables.get(bits["values"])

    def uses(self, set_id: str) -> Iterator[tuple[Table, Table]]:
        """Every (part, field) that has this table."""
        return ((part, bits) for part in self.parts for bits in part["bitfields"] if bits["values"] == set_id)

    def values(self, set_id: str) -> list[Table]:
        """The legal values, without the table's own labels."""
        return [{k: v for k, v in value.items() if k != "key"} for value in self.raw["value_sets"][set_id]]

    def check_usual_values(self, bits: Table) -> None:
        """Raise unless a field without a table has the values that its role implies."""
        role, values = bits["role"], self.values(bits["values"])
        if self.table_name(bits) or role in ("boot_size", "clock_rc_enable"):
            return
        shared = self.shared.get(role)
        if shared is None:
            usual = FLAG_VALUES
        else:
            usual = [{"value": int(code, 2), **meaning} for code, meaning in shared.items()]
            usual.sort(key=lambda value: value["value"])
        if values != usual:
            raise ValueError(f"{bits['name']} ({role}) has values of its own: {values}")

    def check_boot_arithmetic(self, part: Table) -> None:
        """Raise unless BOOTSZ 3 is the smallest section, each step doubles it, and flash ends with it."""
        boot, flash_size = part["boot"], part["flash"]["size"]
        for section in boot["sections"]:
            size = boot["smallest_bytes"] << (3 - section["bootsz"] if boot["n_sections"] > 1 else 0)
            if (section["size_bytes"], section["start_byte"]) != (size, flash_size - size):
                raise ValueError(f"{part['name']}: unusual boot section {section}")
        for bits in part["bitfields"]:
            if bits["role"] != "boot_size":
                continue
            for value in self.values(bits["values"]):
                size = boot["smallest_bytes"] << 3 - value["value"]
                if (value["size_bytes"], value["start_byte"]) != (size, flash_size - size):
                    raise ValueError(f"{part['name']}: unusual boot size {value}")

    def listed_operations(self, part: Table, skip: tuple[str, ...]) -> Table:
        """The instructions that are not the standard ones."""
        patterns, listed = self.raw["op_patterns"], {}
        for name, pattern_id in self.raw["op_sets"][part["op_set"]].items():
            pattern = patterns[pattern_id]
            if name in skip or name == "sernum.read" or self._is_standard(name, pattern):
                continue
            carries = pattern.get("explicit_bits")
            listed[name] = (
                Inline(bits=pattern["bits"], carries=Inline(carries)) if carries else pattern["bits"]
            )
        missing = set(part["nonstandard_ops"]) - set(listed) - set(skip)
        if missing:
            raise ValueError(f"{part['name']}: {missing} taken for standard")
        return listed

    def _is_standard(self, name: str, pattern: Table) -> bool:
        """Whether a pattern differs from the standard one only in bits that the chip ignores."""
        if name not in self.standard:
            return False
        usual = self.standard[name]
        carries = usual.get("carries") if isinstance(usual, dict) else None
        bits = usual["bits"] if isinstance(usual, dict) else usual
        if carries != pattern.get("explicit_bits"):
            return False
        return all(map(_same_structure, bits.replace(" ", ""), pattern["bits"].replace(" ", "")))

    def clock_groups(self, set_id: str) -> list[Table]:
        """The rows of a clock table, grouped by what they share, in the order of their first code."""
        groups: dict[str, tuple[Table, list[Table]]] = {}
        for value in self.values(set_id):
            shared = {key: value[key] for key in SOURCE_KEYS if key in value}
            columns = [key for key in ROW_COLUMNS if key in value]
            unknown = set(value) - set(SOURCE_KEYS) - set(ROW_COLUMNS) - {"value"}
            if unknown:
                raise ValueError(f"{set_id}: new keys {unknown}")
            groups.setdefault(f"{shared} {columns}", (shared, []))[1].append(value)
        return [_group(shared, rows) for shared, rows in groups.values()]


def _same_structure(usual: str, actual: str) -> bool:
    """``x`` and fixed zeros may stand for each other, and ignored address or data bits for carried ones."""
    if usual in "xaio":
        return actual in "01x" + usual
    return usual == actual or (usual == "0" and actual == "x")


def _group(shared: Table, rows: list[Table]) -> Table:
    group: Table = {key: Inline(value) if isinstance(value, dict) else value for key, value in shared.items()}
    columns = [key for key in ROW_COLUMNS if key in rows[0]]
    varying = [key for key in columns if any(row[key] != rows[0][key] for row in rows)]
    group |= {key: rows[0][key] for key in columns if key not in varying}
    if varying:
        group["columns"] = ["code", *varying]
        group["rows"] = [[Hex(row["value"]), *(row[key] for key in varying)] for row in rows]
    else:
        group["codes"] = [Hex(row["value"]) for row in rows]
    return group
