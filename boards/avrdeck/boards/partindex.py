"""The generated index of the part files: what can be listed and looked up without reading them.

``data/index.txt`` holds one line a part: name, avrdude id, signature, flash and EEPROM bytes, family.
`build` makes it from the part files; whoever adds a part runs ``boards/tools/make_index.py``, and a test
fails when it was forgotten.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
INDEX = DATA / "index.txt"


@dataclass(frozen=True, slots=True)
class Summary:
    """One part as a list shows it. Sizes in bytes; ``eeprom`` is 0 where the part has none."""

    name: str
    avrdude_id: str
    signature: bytes
    flash: int
    eeprom: int
    family: str


def natural(name: str) -> tuple[str | int, ...]:
    """A sort key in which ATmega8 comes before ATmega16."""
    return tuple(int(piece) if piece.isdigit() else piece for piece in re.split(r"(\d+)", name))


@cache
def families() -> tuple[str, ...]:
    """The families in the order in which parts are listed and guessed."""
    import tomllib  # listing parts does without it

    return tuple(tomllib.loads((DATA / "families.toml").read_text("utf-8"))["families"])


def family_order(family: str) -> int:
    """Rank of a family; raises `ValueError` for one that ``data/families.toml`` does not name."""
    return families().index(family)


@cache
def summaries() -> tuple[Summary, ...]:
    """Every part, in the order of `families` and then by name."""
    rows = map(str.split, INDEX.read_text("utf-8").splitlines())
    return tuple(
        Summary(name, avrdude_id, bytes.fromhex(signature), int(flash), int(eeprom), family)
        for name, avrdude_id, signature, flash, eeprom, family in rows
    )


def build() -> str:
    """The text of the index, made from the part files."""
    from avrdeck.boards.partfile import read_table  # only whoever rebuilds the index reads parts

    tables = {path.stem: read_table(path.stem) for path in (DATA / "parts").glob("*.toml")}
    order = sorted(tables, key=lambda name: (family_order(tables[name]["family"]), natural(name)))
    return "".join(f"{' '.join(map(str, _row(name, tables[name])))}\n" for name in order)


def _row(name: str, table: dict[str, Any]) -> list[object]:
    eeprom = table["eeprom"]["size"] if "eeprom" in table else 0
    signature = bytes(table["signature"]).hex()
    return [name, table["avrdude_id"], signature, table["flash"]["size"], eeprom, table["family"]]


def write_index() -> None:
    """Write the index anew."""
    INDEX.write_text(build(), "utf-8")
