"""What faults say of the chip, sentence by sentence, held against the chip itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from avrdeck.boards.models import BLANK
from avrdeck.jobs.backup import files
from avrdeck.jobs.backup.model import Absence
from jobs.trials.model import Content


@dataclass(frozen=True, slots=True)
class Scene:
    """The chip before the job, as it is, and as it shall be.

    ``garbled``: the board has read something else than was sent, so that what was written may be wrong, and
    in the wrong place, until it is verified.
    """

    before: Content
    now: Content
    planned: Content
    garbled: bool

    def same_fuses(self, other: Content) -> bool:
        """Whether the fuse bytes are those of ``other``; the lock byte is none."""
        return all(self.now.has(name, value) for name, value in other.fuses.items() if name != "lock")

    def others(self, memory: str) -> bool:
        """Whether what is not ``memory`` is as before, or as planned where an erase changes it."""
        now, before, planned = self.now, self.before, self.planned
        alone = (
            now.flash == before.flash
            if memory == "eeprom"
            else now.eeprom in {before.eeprom, planned.eeprom, bytes([BLANK]) * len(now.eeprom)}
        )
        return alone and self.same_fuses(before) and (self.unlocked or now.has("lock", before.fuses["lock"]))

    def memories(self, now: Content) -> bool:
        """Whether flash and EEPROM are those of ``now``."""
        return (self.now.flash, self.now.eeprom) == (now.flash, now.eeprom)

    def in_part(self, memory: str, limit: int = 1 << 32) -> bool:
        """Whether ``memory`` holds what it held before, or nothing, or up to ``limit`` the plan.

        Of what a garbled line has written nothing is known.
        """
        if self.garbled:
            return True
        contents = (self.now, self.before, self.planned)
        now, before, planned = (one.flash if memory == "flash" else one.eeprom for one in contents)
        return all(
            there in {old, BLANK} or (there == wanted and at < limit)
            for at, (there, old, wanted) in enumerate(zip(now, before, planned, strict=True))
        )

    @property
    def blank(self) -> bool:
        """Whether flash holds nothing."""
        return not self.now.flash.strip(b"\xff")

    @property
    def as_flashed(self) -> bool:
        """Whether flash is as planned."""
        return self.now.flash == self.planned.flash

    @property
    def unlocked(self) -> bool:
        """Whether no lock bit is programmed."""
        return self.now.has("lock", 0xFF)


UNREAD = 64
"""How many bytes wait in the programmer at most."""
Check = Callable[[Scene, re.Match[str]], bool]


def untrue(text: str, scene: Scene, *, silent: bool) -> str:
    """The first sentence of ``text`` that is not so or that nobody checks; empty when all is well.

    ``silent``: of a chip that is unchanged nothing needs to be said.
    """
    if not text:
        return "" if silent and scene.before.same(scene.now) else "it does not say what the chip holds"
    while text:
        for pattern, check in CLAIMS.items():
            match = re.match(pattern + r"(\s+|$)", text)
            if match:
                if not check(scene, match):
                    return f"not so: {match[0]}"
                text = text[match.end() :]
                break
        else:
            return f"unchecked: {text}"
    return ""


def _little(scene: Scene) -> int:
    """How much may be written beyond what was acknowledged.

    That is the page whose answer is wrong, and each of which a byte waits in the programmer: a command that
    has been begun is finished.
    """
    page = scene.now.part.flash.page_size
    assert page is not None
    return page + -(-UNREAD // page) * page


def _either(scene: Scene, match: re.Match[str]) -> bool:
    """``lfuse may be 62 or FF``, and the other bytes before or after their own change."""
    name, old, new = match["name"], match["old"], match["new"]
    found = [int(value, 16) for value in (old, new) if len(value) == len("FF")]
    unknown = len(found) == 1
    return (unknown or any(scene.now.has(name, value) for value in found)) and all(
        scene.now.has(other, scene.before.fuses[other]) or scene.now.has(other, scene.planned.fuses[other])
        for other in scene.now.fuses
        if other not in {name, "lock"}
    )


def _listed(scene: Scene, match: re.Match[str]) -> bool:
    """``Restored so far: flash, EEPROM, lfuse``."""
    now, planned = scene.now, scene.planned
    known = {"flash": now.flash == planned.flash, "EEPROM": now.eeprom == planned.eeprom}
    return all(
        known[name] if name in known else now.has(name, planned.fuses[name])
        for name in match["names"].split(", ")
    )


def _looked_at(scene: Scene, match: re.Match[str]) -> bool:
    """``lfuse FF, hfuse DE``."""
    pairs = (each.split() for each in match["values"].split(", "))
    return all(scene.now.has(name, int(value, 16)) for name, value in pairs)


def _kept(scene: Scene, match: re.Match[str]) -> bool:
    """``What it held before is in NAME, without flash (skipped)``: all that is left out, if it may change."""
    header = files.load(Path("kept", match["name"])).header
    left_out = {name for name, reason in header.left_out.items() if reason is not Absence.BLANK}
    told = set(re.findall(r"(\w+) \(", match["missing"] or ""))
    before, planned = scene.before, scene.planned
    stays = {"flash": before.flash == planned.flash, "eeprom": before.eeprom == planned.eeprom}
    return told <= left_out and all(stays.get(name, False) for name in left_out - told)


def _but_boot(scene: Scene) -> bool:
    """Whether the largest boot section is as it was."""
    boot = scene.now.part.boot
    assert boot is not None
    start = boot.sections[-1].start_byte
    return scene.now.flash[start:] == scene.before.flash[start:]


EITHER = r"(?P<name>\w+) may be (?P<old>[0-9A-F]{2}|what it was) or (?P<new>[0-9A-F]{2})"
FILE = r"[\w.]+(?: \w+)*?"
MEMORY = r"(?P<memory>flash|eeprom)"

CLAIMS: Mapping[str, Check] = {
    # Before anything is changed.
    r"The chip is unchanged\.": lambda scene, _: scene.before.same(scene.now),
    # Erasing and writing.
    r"The chip is erased or partly so; its fuses are unchanged\.": lambda scene, _: (
        scene.in_part("flash") and scene.same_fuses(scene.before)
    ),
    r"The chip is (erased,|blank;) its fuses are unchanged\.": lambda scene, _: (
        scene.blank and scene.unlocked and scene.same_fuses(scene.before)
    ),
    rf"{MEMORY} may hold the beginning of {FILE}; it is not verified\.": lambda scene, match: (
        scene.in_part(match["memory"]) and scene.others(match["memory"])
    ),
    rf"{MEMORY} holds {FILE} in part: it was written up to (?P<address>0x[0-9a-f]+), "
    r"perhaps a little further, and is not verified\.": lambda scene, match: (
        scene.in_part(match["memory"], int(match["address"], 16) + _little(scene))
        and scene.others(match["memory"])
    ),
    rf"{MEMORY} holds {FILE} already; it is not verified\.": lambda scene, match: scene.others(
        match["memory"]
    ),
    rf"{MEMORY} was written and is not verified\.": lambda scene, match: scene.others(match["memory"]),
    # Fuses.
    rf"{EITHER}; nothing is in effect before programming mode is left\.": lambda scene, match: (
        _either(scene, match) and (scene.memories(scene.before) or scene.memories(scene.planned))
    ),
    rf"{EITHER}; the fuses hold (?P<values>[\w ,]+)\.": lambda scene, match: (
        _either(scene, match)
        and _looked_at(scene, match)
        and (scene.memories(scene.before) or scene.memories(scene.planned))
    ),
    r"The fuses are written as planned; they take effect when programming mode is left\.": lambda scene, _: (
        scene.same_fuses(scene.planned) and (scene.memories(scene.planned) or scene.memories(scene.before))
    ),
    r"The chip holds (?P<values>[\w ,]+)\.": lambda scene, match: (
        _looked_at(scene, match) and (scene.memories(scene.before) or scene.memories(scene.planned))
    ),
    r"The new fuses are in effect, and under them the chip does not answer, "
    r"or not reliably\.": lambda scene, _: scene.same_fuses(scene.planned),
    r"Flash is erased, and the EEPROM too unless EESAVE is programmed; "
    r"the fuses hold (?P<values>[\w ,]+)\.": lambda scene, match: scene.blank and _looked_at(scene, match),
    # Burns.
    rf"The chip is erased; {EITHER}\. "
    r"New fuses take effect when programming mode is left\.": lambda scene, match: (
        _either(scene, match) and scene.blank
    ),
    r"The chip is erased, its fuses are as planned, its flash is blank\.": lambda scene, _: (
        scene.blank and scene.unlocked and scene.same_fuses(scene.planned)
    ),
    r"The chip's fuses are as planned, its flash is written in part, it is not locked\.": lambda scene, _: (
        scene.in_part("flash") and scene.unlocked and scene.same_fuses(scene.planned)
    ),
    r"The chip's fuses and flash are as planned,( its serial number may be there in part,)? "
    r"it is not locked\.": lambda scene, _: (
        scene.as_flashed and scene.unlocked and scene.same_fuses(scene.planned)
    ),
    r"The chip's fuses, flash and serial number are as planned, it is not locked\.": lambda scene, _: (
        scene.memories(scene.planned) and scene.unlocked and scene.same_fuses(scene.planned)
    ),
    r"The chip's fuses and flash are as planned\.": lambda scene, _: (
        scene.as_flashed and scene.same_fuses(scene.planned)
    ),
    rf"The chip's fuses and flash are as planned; {EITHER}\.": lambda scene, match: (
        scene.as_flashed and _either(scene, match)
    ),
    r"The chip is as planned\.": lambda scene, _: scene.planned.same(scene.now),
    r"It was looked at again: (?P<values>[\w ,]+)\.": _looked_at,
    r"What it held before is in (?P<name>[\w.-]+\.zip)(, without (?P<missing>[\w ,()]+))?\.": _kept,
    # Uploads.
    r"Nothing was written; unless the line made PROG_PAGE of a READ_PAGE, the chip is unchanged\.": (
        lambda scene, _: (
            scene.before.same(scene.now) or (scene.garbled and _but_boot(scene) and scene.others("flash"))
        )
    ),
    rf"{FILE} is in flash in part, and not verified\.": lambda scene, _: (
        scene.in_part("flash") and scene.others("flash")
    ),
    r"The bootloader is unchanged: the upload can be repeated\.": lambda scene, _: _but_boot(scene),
    rf"{FILE} was written and is not verified; the bootloader is unchanged\.": lambda scene, _: (
        _but_boot(scene) and scene.others("flash")
    ),
    rf"The chip was erased and {FILE} is in flash in part\.": lambda scene, _: (
        scene.unlocked and scene.same_fuses(scene.before)
    ),
    rf"{FILE} was written and is not verified\.": lambda scene, _: scene.others("flash"),
    r"Sketch and bootloader are verified; the chip is not locked as before\.": lambda scene, _: (
        scene.memories(scene.planned) and scene.same_fuses(scene.planned)
    ),
    # Hex edits.
    rf"Some of the new bytes are in {MEMORY}, nothing else has changed\.": lambda scene, match: (
        scene.in_part(match["memory"]) and scene.others(match["memory"])
    ),
    r"The chip was erased and flash is back in part\.": lambda scene, _: (
        scene.in_part("flash") and scene.others("flash")
    ),
    r"Flash holds the new bytes, the EEPROM is back in part\.": lambda scene, _: (
        scene.now.flash == scene.planned.flash and scene.in_part("eeprom") and scene.same_fuses(scene.before)
    ),
    r"All bytes are verified; the chip is not locked as before\.": lambda scene, _: (
        scene.memories(scene.planned) and scene.same_fuses(scene.before)
    ),
    rf"The new bytes are in {MEMORY}, verified\.": lambda scene, _: scene.planned.same(scene.now),
    # Restoring.
    r"Restored so far: (?P<names>[\w ,]+)\.": _listed,
    r"Flash is written in part; fuses are unchanged, the chip is not locked\.": lambda scene, _: (
        scene.same_fuses(scene.before) and scene.unlocked
    ),
    r"Fuses are unchanged, the chip is not locked\.": lambda scene, _: (
        scene.same_fuses(scene.before) and scene.unlocked
    ),
    r"EEPROM is written in part; fuses and lock are not yet\.": lambda scene, _: (
        scene.in_part("eeprom") and scene.same_fuses(scene.before) and scene.unlocked
    ),
    r"Fuses and lock are not yet\.": lambda scene, _: scene.same_fuses(scene.before) and scene.unlocked,
    r"The fuses are unchanged\.": lambda scene, _: scene.same_fuses(scene.before),
    r"The lock bits are not (yet|written)\.": lambda scene, _: scene.unlocked,
    r"Nothing is left to do\.": lambda scene, _: scene.planned.same(scene.now),
}
