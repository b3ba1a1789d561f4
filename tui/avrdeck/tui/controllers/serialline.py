"""The line that says which serial number a chip gets: the words of the command line's options."""

from __future__ import annotations

from avrdeck.commands.faults import translated
from avrdeck.commands.serialoptions import AtPlace, SerialOptions
from avrdeck.jobs.serials.order import Place

OVERWRITE = " overwrite"


def parse(line: str) -> SerialOptions:
    """The options in ``number``, ``uuid at eeprom:0x10``, ``bytes:01 02 at flash:0x7DF0 overwrite``.

    An empty line wants none. Raises `Fault` for what makes no serial number or is no place.
    """
    text = line.strip()
    overwrite = text.endswith(OVERWRITE)
    spec, at, place = text.removesuffix(OVERWRITE).rpartition(" at ")
    if not at:
        spec, place = place, ""
    options = SerialOptions(spec.strip() or None, _place(place) if at else None, None, overwrite)
    _ = options.recipe
    return options


def _place(text: str) -> Place:
    try:
        return AtPlace().convert(text.strip(), None, None)
    except Exception as error:
        fault = translated(error)
        if fault is None:
            raise
        raise fault from error
