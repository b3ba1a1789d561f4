"""A small TOML writer with the habits of our data files: hex bytes, one field a line, stable order."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

Value = bool | int | float | str | Sequence["Value"] | Mapping[str, "Value"]
LINE = 100
"""Longest array that stays on one line."""


class Hex(int):
    """An integer that is a byte, a mask or an address: written as 0x2A."""


class Inline(dict[str, Value]):
    """A table written on its parent's line: ``{ mask = 0x3F, role = "clock" }``."""


def document(comment: str, table: Mapping[str, Value]) -> str:
    """The text of a data file: a comment, then the table and its sub-tables."""
    lines = [f"# {line}" for line in comment.splitlines()]
    return "\n".join([*lines, *_table(table, ())]) + "\n"


def _table(table: Mapping[str, Value], path: tuple[str, ...]) -> list[str]:
    plain = {key: value for key, value in table.items() if not _is_section(value)}
    lines = [f"{_key(key)} = {_value(value)}" for key, value in plain.items()]
    for key, value in table.items():
        if key in plain:
            continue
        here = (*path, key)
        name = ".".join(map(_key, here))
        if isinstance(value, Mapping):
            body = _table(value, here)
            header = [] if body and body[0] == "" else ["", f"[{name}]"]
            lines += [*header, *body]
        else:
            for entry in value:  # type: ignore[union-attr]
                lines += ["", f"[[{name}]]", *_table(entry, here)]  # type: ignore[arg-type]
    return lines


def _is_section(value: Value) -> bool:
    if isinstance(value, Mapping):
        return not isinstance(value, Inline)
    return isinstance(value, list) and bool(value) and all(_is_section(entry) for entry in value)


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key)


def _value(value: Value) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(entry)}" for key, entry in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return _array([_value(entry) for entry in value])
    if isinstance(value, Hex):
        return f"0x{value:0{4 if value > 0xFF else 2}X}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:_}"
    return json.dumps(value, ensure_ascii=False)


def _array(entries: list[str]) -> str:
    line = "[" + ", ".join(entries) + "]"
    if len(line) <= LINE:
        return line
    return "[\n" + "".join(f"  {entry},\n" for entry in entries) + "]"
