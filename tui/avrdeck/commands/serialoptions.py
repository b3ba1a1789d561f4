"""The options that give every chip a serial number, for the commands that write chips."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Any

import click

from avrdeck.commands.address import ADDRESS
from avrdeck.commands.verb import Work
from avrdeck.jobs.places import counters_folder
from avrdeck.jobs.serials.counter import Counter
from avrdeck.jobs.serials.order import Order, Place
from avrdeck.jobs.serials.recipe import Recipe, parse
from avrdeck.jobs.serials.stamping import Stamp
from avrdeck.protocol.errors import UsageFault
from avrdeck.protocol.target.memories import TRANSFERABLE

Callback = Callable[..., Work]
USUAL_COUNTER = "serial"


def counter(file: Path | None) -> Counter:
    """The counter in ``file``, by default the user's own."""
    return Counter(file or counters_folder() / USUAL_COUNTER)


class AtPlace(click.ParamType[Place]):
    """Where in a chip: ``eeprom:0x3FC``, or an address alone where the memory is known."""

    name = "place"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Place:
        """The place, its memory empty when none is named, or a usage error."""
        if isinstance(value, Place):
            return value
        memory, _, address = str(value).rpartition(":")
        if memory and memory.lower() not in TRANSFERABLE:
            self.fail(f"{memory[:40]!r} is not {' or '.join(TRANSFERABLE)}", param, ctx)
        return Place(memory.lower(), ADDRESS.convert(address, param, ctx))


@dataclass(frozen=True, slots=True)
class SerialOptions:
    """What the options say; ``at`` has an empty memory where an address stands alone."""

    spec: str | None
    at: Place | None
    file: Path | None
    overwrite: bool

    @property
    def recipe(self) -> Recipe | None:
        """What to make serial numbers of, `None` when none is wanted. Raises `UsageFault`."""
        if self.spec is not None:
            return parse(self.spec, counter(self.file))
        if self.at or self.file or self.overwrite:
            raise UsageFault("It is not said which serial number is meant", advice="Give --serial too.")
        return None

    def place(self, memory: str = "") -> Place | None:
        """Where it goes, in ``memory`` where the option names none; raises `UsageFault` when nobody does."""
        if self.at is None or self.at.memory:
            return self.at
        if not memory:
            raise UsageFault(
                "It is not said in which memory the serial number goes",
                advice=f"Write eeprom:0x{self.at.address:X} or flash:0x{self.at.address:X}.",
            )
        return replace(self.at, memory=memory)

    def order(self, memory: str, *others: str) -> Order | None:
        """A serial number in ``memory``, which is written, or one of the ``others``, which can be.

        Raises `UsageFault` without a place.
        """
        recipe, place = self.recipe, self.place(memory)
        if recipe is None:
            return None
        if place is None:
            raise UsageFault(
                "It is not said where the serial number goes", advice="Name its address: --serial-at 0x7DFC."
            )
        if place.memory not in {memory, *others}:
            raise UsageFault(
                f"{memory} is written, the serial number is for {place.memory}",
                advice=f"Stamp it afterwards: avrdeck serial {place.memory} --at 0x{place.address:X}.",
            )
        return Order(recipe, place, self.overwrite)


def serial_options(command: Callback) -> Callback:
    """Give ``command`` the options; it gets a `SerialOptions` named ``serial``."""

    @wraps(command)
    async def collected(
        *args: Any,  # noqa: ANN401 - handed on
        serial_spec: str | None,
        serial_at: Place | None,
        serial_counter: Path | None,
        serial_overwrite: bool,
        **others: Any,  # noqa: ANN401 - handed on
    ) -> None:
        serial = SerialOptions(serial_spec, serial_at, serial_counter, serial_overwrite)
        await command(*args, serial=serial, **others)

    for option in reversed(_OPTIONS):
        collected = option(collected)
    return collected


_OPTIONS = (
    click.option(
        "--serial",
        "serial_spec",
        metavar="SPEC",
        help="A serial number: number, number:2, uuid, bytes:01 FF, text:SN-{counter:6}.",
    ),
    click.option(
        "--serial-at",
        type=AtPlace(),
        metavar="[MEMORY:]ADDRESS",
        help="Where it begins, as in eeprom:0x3FC or flash:0x7DF0.",
    ),
    click.option(
        "--serial-counter", type=click.Path(path_type=Path), metavar="FILE", help="The counter to draw from."
    ),
    click.option("--serial-overwrite", is_flag=True, help="Put it over other data than FF too."),
)


def stamp_data(stamp: Stamp) -> dict[str, object]:
    """A serial number's bytes in their place, for programs."""
    return {"memory": stamp.memory, "address": stamp.address, "data": stamp.data.hex().upper()}


def number_data(stamp: Stamp | None) -> dict[str, object]:
    """What a serial number is called, and the bytes, within a receipt."""
    if stamp is None:
        return {"serial_number": None, "stamp": None}
    return {"serial_number": stamp.text, "stamp": stamp_data(stamp)}
