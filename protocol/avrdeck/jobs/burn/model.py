"""What a chip shall hold after a burn, and what it does hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

from avrdeck.boards.images import Image
from avrdeck.boards.models import Part
from avrdeck.jobs.settling import agree
from avrdeck.protocol.errors import UsageFault

FUSE_ORDER = ("efuse", "hfuse", "lfuse", "fuse")
"""The byte that chooses the clock last: a wrong one is the likeliest to end the session."""


@dataclass(frozen=True, slots=True)
class BurnPlan:
    """What the chip shall hold. Fuse bytes that are not named keep their value.

    ``lock`` is written last, `None` leaves the chip unlocked. ``part`` is the part that the bytes are made
    for, ``f_cpu_hz`` and ``baud`` what the bootloader was built for, `None` where nobody says. ``board`` is a
    name to show.
    """

    image: Image
    fuse_bytes: Mapping[str, int] = field(default_factory=dict)
    lock: int | None = None
    part: str | None = None
    board: str = ""
    f_cpu_hz: int | None = None
    baud: int | None = None

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
    effect.
    """

    part: str
    file: str
    bytes_written: int
    before: Mapping[str, int]
    after: Mapping[str, int]
    repaired: tuple[str, ...] = ()


def check(plan: BurnPlan, part: Part) -> None:
    """Raise `UsageFault` for a plan that cannot be carried out on ``part``."""
    named = [*plan.fuse_bytes, *(["lock"] if plan.lock is not None else [])]
    for name in named:
        if name not in part.fuses:
            raise UsageFault(f"{part.name} has no {name}", advice=f"It has {', '.join(part.fuses)}.")
        if not part.fuses[name].writable:
            raise UsageFault(f"{name} of {part.name} cannot be written over ISP")
    if plan.image.memory != "flash":
        raise UsageFault("A bootloader lives in flash", advice="Give a file with flash content.")
