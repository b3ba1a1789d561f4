"""Write the index of the part files anew: run it after adding or changing a part.

With ``--check`` nothing is written; the exit status tells whether the index is fresh.
"""

from __future__ import annotations

import argparse
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

from avrdeck.boards.datafile import DATA, read_text, read_toml
from avrdeck.boards.partdata.index import INDEX
from avrdeck.boards.partdata.parts import read_table


def natural(name: str) -> tuple[str | int, ...]:
    """A sort key in which ATmega8 comes before ATmega16."""
    return tuple(int(piece) if piece.isdigit() else piece for piece in re.split(r"(\d+)", name))


@cache
def families() -> tuple[str, ...]:
    """The families in the order in which parts are listed and guessed."""
    return tuple(read_toml("families.toml")["families"])


def family_order(family: str) -> int:
    """Rank of a family; raises `ValueError` for one that ``data/families.toml`` does not name."""
    return families().index(family)


def build() -> str:
    """The text of the index, made from the part files."""
    tables = {path.stem: read_table(path.stem) for path in Path(DATA, "parts").glob("*.toml")}
    order = sorted(tables, key=lambda name: (family_order(tables[name]["family"]), natural(name)))
    return "".join(f"{' '.join(map(str, _row(name, tables[name])))}\n" for name in order)


def _row(name: str, table: dict[str, Any]) -> list[object]:
    eeprom = table["eeprom"]["size"] if "eeprom" in table else 0
    signature = bytes(table["signature"]).hex()
    return [name, table["avrdude_id"], signature, table["flash"]["size"], eeprom, table["family"]]


def write_index() -> None:
    """Write the index anew."""
    Path(DATA, INDEX).write_text(build(), "utf-8")


def main() -> int:
    """Write or check the index; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only tell whether it is fresh")
    if parser.parse_args().check:
        return int(build() != read_text(INDEX))
    write_index()
    return 0


if __name__ == "__main__":
    sys.exit(main())
