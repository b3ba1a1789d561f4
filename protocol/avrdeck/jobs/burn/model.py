"""What a chip shall hold after a burn, and what it does hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from avrdeck.boards.deckwishes import Made
from avrdeck.boards.images import Image
from avrdeck.boards.models import Part
from avrdeck.jobs.serials.order import Order
from avrdeck.jobs.serials.stamping import Stamp, insist_on_place, stamped
from avrdeck.jobs.settling import agree
from avrdeck.protocol.errors import UsageFault

FUSE_ORDER = ("efuse", "hfuse", "lfuse", "fuse")
"""The byte that chooses the clock last: a wrong one is the likeliest to end the session."""


@dataclass(frozen=True, slots=True)
class BurnPlan:
    """What the chip shall hold. Fuse bytes that are not named keep their value.

    ``lock`` is written last, `None` leaves the chip unlocked. ``part`` is the part that the bytes are made
    for, ``f_cpu_hz`` and ``baud`` what the bootloader was built for, `None` where nobody says. ``board`` is a
    name to show. ``made`` tells what deckboot was made for, where it is deckboot.

    ``order`` is a serial number to be made for each chip, ``serial`` the one that was made for this chip.
    """

    image: Image
    fuse_bytes: Mapping[str, int] = field(default_factory=dict)
    lock: int | None = None
    part: str | None = None
    board: str = ""
    f_cpu_hz: int | None = None
    baud: int | None = None
    made: Made | None = None
    order: Order | None = None
    serial: Stamp | None = None

    @property
    def content(self) -> Image:
        """What flash shall hold: the bootloader, with the serial number where that goes into flash.

        Raises `Refused` when the bootloader has other data in its place.
        """
        if self.serial and self.serial.memory == "flash":
            return stamped(self.image, self.serial)
        return self.image

    @property
    def in_eeprom(self) -> Stamp | None:
        """The serial number that goes into EEPROM, if it does."""
        return self.serial if self.serial and self.serial.memory == "eeprom" else None

    def numbered(self, serial: Stamp) -> BurnPlan:
        """The plan for the chip that ``serial`` was made for."""
        return replace(self, order=None, serial=serial)

    @property
    def file_name(self) -> str:
        """The bootloader's file without its folder."""
        return PurePath(self.image.file).name or "the bootloader"

    def changes(self, part: Part, values: Mapping[str, int]) -> tuple[str, ...]:
        """The fuse bytes to be written into a chip that holds ``values``, in the order of writing."""
        named = [name for name in FUSE_ORDER if name in self.fuse_bytes]
        return tuple(
            name
            for name in named
            if name not in values or not agree(part.fuses[name], values[name], self.fuse_bytes[name])
        )


@dataclass(frozen=True, slots=True)
class BurnReceipt:
    """What the chip holds now, read back: ``before`` and ``after`` by fuse and lock byte.

    ``repaired`` names fuse bytes that a disturbed line had changed and that were put right before they took
    effect. ``serial`` is the serial number that it got.
    """

    part: str
    file: str
    bytes_written: int
    before: Mapping[str, int]
    after: Mapping[str, int]
    repaired: tuple[str, ...] = ()
    serial: Stamp | None = None


def check(plan: BurnPlan, part: Part) -> None:
    """Raise `UsageFault` for a plan that cannot be carried out on ``part``, and as `BurnPlan.content`."""
    named = [*plan.fuse_bytes, *(["lock"] if plan.lock is not None else [])]
    for name in named:
        if name not in part.fuses:
            raise UsageFault(f"{part.name} has no {name}", advice=f"It has {', '.join(part.fuses)}.")
        if not part.fuses[name].writable:
            raise UsageFault(f"{name} of {part.name} cannot be written over ISP")
    if plan.image.memory != "flash":
        raise UsageFault("A bootloader lives in flash", advice="Give a file with flash content.")
    if plan.serial:
        insist_on_place(plan.serial, part)
        # Its data must have room in the image.
        _ = plan.content
