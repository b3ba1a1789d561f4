"""Writes ``data/boards`` from the checked facts: ``python boards/tools/make_boards.py FACTS/boards.json``."""

from __future__ import annotations

import argparse
import json
from itertools import groupby
from pathlib import Path
from typing import Any

from tomlout import Hex, Value, document

from avrdeck.boards import catalog

OUT = Path(__file__).parents[1] / "avrdeck" / "boards" / "data" / "boards"
BYTES = ("lfuse", "hfuse", "efuse", "unlock", "lock")
KEYS = ("name", "part", "f_cpu_hz", *BYTES, "bootloader", "protocol", "speed", "maximum_size", "usb_ids")


def facts(entry: dict[str, Any]) -> dict[str, Value]:
    """The keys of a board that avrdeck uses, under its own names."""
    known = entry | {
        "part": catalog.part(entry["mcu"]).name,
        "maximum_size": entry["max_size"],
        "usb_ids": [[Hex(vendor, 0), Hex(product, 0)] for vendor, product in entry["usb_ids"]],
    }
    known |= {key: Hex(known[key], 0) for key in BYTES if known[key] is not None}
    return {key: known[key] for key in KEYS if known.get(key) not in (None, [])}


def board(entries: list[dict[str, Any]], titles: dict[str, str]) -> dict[str, Value]:
    """One board's table: what all its entries share, then what each option of its menu has of its own."""
    tables = [facts(entry) for entry in entries]
    shared = {key: value for key, value in tables[0].items() if all(t.get(key) == value for t in tables)}
    menu = entries[0]["menu"]
    if menu is None:
        return shared
    options: dict[str, Value] = {}
    for entry, table in zip(entries, tables, strict=True):
        own = {key: value for key, value in table.items() if key not in shared}
        options[entry["menu"]["option"]] = {"label": entry["menu"]["label"], **own}
    return shared | {"menu": {menu["menu"]: {"title": titles[menu["menu"]], "options": options}}}


def main() -> None:
    """Read the facts and write one file a board."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("facts", type=Path)
    given = json.loads(parser.parse_args().facts.read_text(encoding="utf-8"))
    OUT.mkdir(parents=True, exist_ok=True)
    for name, entries in groupby(given["entries"], key=lambda entry: entry["board"]):
        text = document("Made by boards/tools/make_boards.py.", board(list(entries), given["menus"]))
        (OUT / f"{name}.toml").write_text(text, encoding="utf-8")
    print(f"{len(given['entries'])} entries in {len(list(OUT.glob('*.toml')))} files")


if __name__ == "__main__":
    main()
