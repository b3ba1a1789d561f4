"""What restoring a backup will do to the chip that is there: decided and explained before it begins."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from avrdeck.boards.fuses import decode
from avrdeck.boards.images import Image
from avrdeck.boards.locks import memory_lock
from avrdeck.boards.models import BLANK, Fuse
from avrdeck.boards.safety import BootImage, Context, Finding
from avrdeck.boards.safety.model import STOCK_SCK_HZ
from avrdeck.jobs.backup.identity import Chip, read_chip
from avrdeck.jobs.backup.model import ABSENCE_WORDS, Absence, Backup
from avrdeck.jobs.fuses import Change
from avrdeck.jobs.fuses import plan as plan_fuses
from avrdeck.jobs.ledger import Ledger
from avrdeck.protocol.dialects import Reach
from avrdeck.protocol.errors import SignatureMismatch, UsageFault
from avrdeck.protocol.programmer import Programmer
from avrdeck.protocol.target import fuses

RESTORABLE = ("flash", "eeprom", "fuses", "lock")


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """What will be done, in this order: erase, flash, EEPROM, fuses, lock.

    ``flash`` and ``eeprom`` are what they shall hold, `None` where they are left alone; flash needs
    the erase. ``keep_eeprom``: the erase would clear it and the backup has none, so that it is read
    before and written back. ``before`` holds the fuse and lock bytes as they are, ``changes`` those to
    be written.
    """

    backup: Backup
    chip: Chip
    before: Mapping[str, int]
    flash: Image | None
    eeprom: Image | None
    keep_eeprom: bool
    changes: tuple[Change, ...]
    findings: tuple[Finding, ...]
    context: Context
    notes: tuple[str, ...]

    @property
    def erase(self) -> bool:
        """Whether the chip is erased first."""
        return self.flash is not None

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.erase or self.eeprom or self.changes)


async def plan_restore(
    programmer: Programmer, backup: Backup, what: Collection[str] = RESTORABLE
) -> RestorePlan:
    """Look at the target, which is in programming mode, and decide. Only reads.

    Raises `SignatureMismatch` for another part, `UsageFault` where ISP or the lock bits do not allow it.
    """
    with Ledger().told():
        if programmer.dialect.reach is Reach.BOOTLOADER:
            raise UsageFault(
                f"A chip cannot be restored through {programmer.dialect.name}, its own bootloader",
                advice="Connect an ISP programmer.",
            )
        await _insist_on_part(programmer, backup)
        chip, _ = await read_chip(programmer)
        before = await fuses.read_all(programmer)
        return _Planner(programmer, backup, chip, before, what).plan()


async def _insist_on_part(programmer: Programmer, backup: Backup) -> None:
    actual = await programmer.signature()
    if actual != backup.chip.signature:
        raise SignatureMismatch(
            backup.chip.signature,
            actual,
            f"The backup is of an {backup.chip.part}, the chip is an {programmer.require_part().name}",
            advice="Choose a backup of this part.",
        )
    if programmer.require_part().name != backup.chip.part:
        # Several parts have that signature; the backup knows which one it is.
        await programmer.choose(backup.part)


class _Planner:
    """Decides on one restoration."""

    def __init__(
        self,
        programmer: Programmer,
        backup: Backup,
        chip: Chip,
        before: Mapping[str, int],
        what: Collection[str],
    ) -> None:
        self._programmer = programmer
        self._backup = backup
        self._chip = chip
        self._before = before
        self._what = what
        self._part = backup.part
        self._notes: list[str] = []

    def plan(self) -> RestorePlan:
        self._compare_chips()
        flash = self._flash()
        erase = flash is not None
        eeprom, keep = self._eeprom(erase=erase)
        staged = dict(self._fuses())
        self._respect_lock(erase=erase, writes=bool(eeprom or staged))
        staged |= self._lock(erase=erase)
        context = Context(
            sck_hz=self._programmer.dialect.sck_hz or STOCK_SCK_HZ,
            bootloader=self._bootloader(flash, staged),
            flash_used=() if erase else None,
            signature=self._chip.signature,
        )
        found = {**self._before, "lock": BLANK} if erase else self._before
        intent = plan_fuses(self._part, found, staged, context)
        return RestorePlan(
            backup=self._backup,
            chip=self._chip,
            before=self._before,
            flash=flash,
            eeprom=eeprom,
            keep_eeprom=keep,
            changes=intent.changes,
            findings=intent.findings,
            context=context,
            notes=tuple(self._notes),
        )

    def _bootloader(self, flash: Image | None, staged: Mapping[str, int]) -> BootImage | None:
        """What reset will start in the boot section; a long sketch that reaches into it is none."""
        after = decode(self._part, {**self._before, **staged}, partial=True)
        if flash is None or not after.bootrst or after.boot_start_byte is None:
            return None
        start, size = after.boot_start_byte, self._part.flash.size
        code = flash.read(start, size - start)
        return BootImage(((start, size),)) if code.strip(bytes([BLANK])) else None

    def _compare_chips(self) -> None:
        same = self._chip.same(self._backup.chip)
        if same is False:
            self._notes.append(
                f"The backup is of another chip, {self._backup.chip.text}; serial number and calibration "
                "stay those of this one."
            )
        elif same is None:
            self._notes.append("Whether the backup is of this very chip cannot be told.")

    def _flash(self) -> Image | None:
        if "flash" not in self._what:
            return None
        if "flash" in self._backup.memories:
            return self._backup.image("flash")
        absence = self._backup.header.left_out["flash"]
        if absence is Absence.BLANK:
            self._notes.append("Flash was blank when the backup was made: it will be blank again.")
            return Image(self._backup.name, (), "flash")
        self._notes.append(f"Flash is not in the backup ({ABSENCE_WORDS[absence]}): it stays as it is.")
        return None

    def _eeprom(self, *, erase: bool) -> tuple[Image | None, bool]:
        """What the EEPROM shall hold, and whether its present content is to be kept by hand."""
        if self._part.eeprom is None:
            return None, False
        kept = erase and decode(self._part, self._before, partial=True).eesave is True
        if kept:
            self._notes.append("EESAVE is programmed: the erase leaves the EEPROM alone.")
        if "eeprom" in self._what and "eeprom" in self._backup.memories:
            return self._backup.image("eeprom"), False
        if "eeprom" in self._what:
            absence = self._backup.header.left_out["eeprom"]
            self._notes.append(f"EEPROM is not in the backup ({ABSENCE_WORDS[absence]}).")
        if not erase or kept:
            return None, False
        if memory_lock(self._part, self._before).read_blocked:
            self._notes.append("The erase clears the EEPROM, and lock bits forbid to read it before.")
            return None, False
        self._notes.append("The erase clears the EEPROM: it is read before and written back.")
        return None, True

    def _fuses(self) -> Iterator[tuple[str, int]]:
        for fuse in self._part.fuse_bytes if "fuses" in self._what else ():
            wanted, found = self._backup.fuses.get(fuse.name), self._before.get(fuse.name)
            if wanted is None or found is None or not fuse.writable:
                self._notes.append(f"{fuse.name} is not in the backup or cannot be written: it stays.")
                continue
            new = _reachable(fuse, found, wanted)
            if not fuse.same(found, new):
                yield fuse.name, new

    def _respect_lock(self, *, erase: bool, writes: bool) -> None:
        """Explain the lock bits, or refuse what they forbid."""
        if not memory_lock(self._part, self._before).write_blocked:
            return
        if erase:
            self._notes.append(f"The chip is locked (lock {self._before['lock']:02X}): the erase unlocks it.")
        elif writes:
            raise UsageFault(
                f"The chip is locked: its lock byte is {self._before['lock']:02X}",
                detail="Only a chip erase unlocks it, and that is done only for a backup with flash in it.",
                advice="Restore a full backup, or erase the chip first.",
            )

    def _lock(self, *, erase: bool) -> dict[str, int]:
        wanted, found = self._backup.fuses.get("lock"), self._before.get("lock")
        if "lock" not in self._what or wanted is None or not self._part.lock.writable:
            return {}
        if found is None:
            self._notes.append("The lock byte cannot be read on this part: it is left alone.")
            return {}
        start, used = BLANK if erase else found, self._part.lock.used_mask
        if wanted & ~start & used:
            self._notes.append("Lock bits only go from 1 to 0 without an erase: the chip stays locked.")
        return {"lock": start & wanted | ~used & BLANK}


def _reachable(fuse: Fuse, found: int, wanted: int) -> int:
    """``wanted`` in the bits that ISP can change; the chip keeps SPIEN and all others."""
    spien = sum(bits.mask for bits in fuse.fields if bits.role == "spi_enable")
    mask = fuse.write_mask & fuse.used_mask & ~spien
    return found & ~mask & BLANK | wanted & mask
