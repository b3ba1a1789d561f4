"""Burning a bootloader: planned, rehearsed, carried out, resumed.

`choosing` makes a `BurnPlan` of a board or of values given by hand, `outline.prepare` looks at the chip and
says what will be done and what to know before, `rehearsal` plays it on a virtual chip, `job.carry_out` asks,
saves, burns and keeps a `journal`, from which an interrupted burn is resumed. `burn` is the bare work on the
chip.
"""

from avrdeck.jobs.burn.model import FUSE_ORDER, BurnPlan, BurnReceipt, check
from avrdeck.jobs.burn.running import burn

__all__ = ["FUSE_ORDER", "BurnPlan", "BurnReceipt", "burn", "check"]
