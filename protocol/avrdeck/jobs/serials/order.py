"""A serial number to be made when its chip is there, and where it will go."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from avrdeck.jobs.backup.identity import Chip
from avrdeck.jobs.serials.recipe import Recipe, Serial
from avrdeck.jobs.serials.stamping import Stamp
from avrdeck.protocol.errors import UsageFault


@dataclass(frozen=True, slots=True)
class Place:
    """Byte ``address`` of ``memory``; ``size`` where only so many bytes will do."""

    memory: str
    address: int
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """``recipe`` makes it, ``place`` is where it goes, ``overwrite`` allows other bytes than 0xFF there."""

    recipe: Recipe
    place: Place
    overwrite: bool = False

    @property
    def words(self) -> str:
        """``the counter's next number in 4 bytes, at 0x7ffc of flash``."""
        return f"{self.recipe.words}, at 0x{self.place.address:04X} of {self.place.memory}"

    def stamp(self, serial: Serial) -> Stamp:
        """``serial`` at its place; raises `UsageFault` when it does not fit there."""
        place = self.place
        if place.size not in {None, len(serial.data)}:
            raise UsageFault(
                f"The serial number has {len(serial.data)} bytes, its place {place.size}",
                detail=f"{serial.text}, at 0x{place.address:04X} of {place.memory}.",
                advice="Make one of that size, or choose another place for it.",
            )
        return Stamp(serial.data, place.address, place.memory, self.overwrite, serial.text)

    async def sample(self, chip: Chip | None) -> Stamp:
        """What would be taken now, with no number used. Raises as `Recipe.sample` and `stamp`."""
        return self.stamp(await asyncio.to_thread(self.recipe.sample, chip))
