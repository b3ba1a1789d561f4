"""The generated index of the part files: what can be listed and looked up without reading them.

``data/index.txt`` holds one line a part: name, avrdude id, signature, flash and EEPROM bytes, family. Whoever
adds a part runs ``boards/tools/make_index.py``, and a test fails when it was forgotten.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from avrdeck.boards.datafile import read_text

INDEX = "index.txt"


class Summary(NamedTuple):
    """One part as a list shows it: a line of the index, and cheap, because all are read.

    Sizes in bytes; ``eeprom`` is 0 where the part has none.
    """

    name: str
    avrdude_id: str
    signature: bytes
    flash: int
    eeprom: int
    family: str


@cache
def summaries() -> tuple[Summary, ...]:
    """Every part, in the order of its family and then by name."""
    rows = map(str.split, read_text(INDEX).splitlines())
    return tuple(
        Summary(name, avrdude_id, bytes.fromhex(signature), int(flash), int(eeprom), family)
        for name, avrdude_id, signature, flash, eeprom, family in rows
    )
