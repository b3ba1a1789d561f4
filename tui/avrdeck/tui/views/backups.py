"""A backup in words, and two of them side by side, as rows."""

from __future__ import annotations

from collections.abc import Sequence

from avrdeck.jobs.backup.comparing import Compared, Verdict
from avrdeck.jobs.backup.model import ABSENCE_WORDS, CONTENTS, Backup, Header
from avrdeck.jobs.backup.store import Listed
from avrdeck.tui.controllers.backing_up import Pair
from avrdeck.tui.draft import Draft
from avrdeck.tui.views.ink import Pen, Row, clipped, heading, wrapped
from avrdeck.tui.views.memorymap import size_text

SAME_CHIP = {
    True: ("✓", "success", "both are of the same chip"),
    False: ("≠", "warning", "they are of different chips"),
    None: ("?", "muted", "whether both are of one chip cannot be told"),
}
LABEL_AT, TEXT_AT = 1, 12


def texts(listed: Listed, *, marked: bool) -> tuple[str, str, str, str, str]:
    """A backup as the table shows it: mark and time, part, name, what is in it, id."""
    mark = "◆ " if marked else "  "
    header = listed.header
    if header is None:
        return f"{mark}× damaged", "", listed.path.name, listed.problem, ""
    name = header.label or header.chip.serial_text
    made = f"{mark}{header.made:%Y-%m-%d %H:%M}"
    return made, header.chip.part, name, contents(header), header.content_id


def contents(header: Header) -> str:
    """What a backup holds: ``flash 32 KiB, eeprom 1 KiB, fuses``."""
    held = header.memories
    big = [f"{name} {size_text(held[name].size)}" for name in CONTENTS if name in held]
    return ", ".join([*big, "fuses"] if "lock" in held else big)


def details(listed: Listed, backup: Backup | None, problem: str, width: int) -> list[Row]:
    """One backup: of what, when, what is in it and what is not, whether it is whole."""
    header = listed.header
    if header is None:
        return [*_bad(listed.problem, width), *_line("File", listed.path.name, width)]
    made = f"{header.made:%Y-%m-%d %H:%M} UTC" + (f", “{header.label}”" if header.label else "")
    rows = [*_line("Chip", header.chip.text, width), *_line("Made", made, width)]
    rows += _line("Holds", contents(header), width)
    for name, reason in header.left_out.items():
        rows += _line("Without", f"{name}: {ABSENCE_WORDS[reason]}", width)
    if backup:
        rows += _line(
            "Fuses", "  ".join(f"{name} {value:02X}" for name, value in backup.fuses.items()), width
        )
    rows += _line("File", listed.path.name, width)
    if problem:
        return [*rows, *_bad(problem, width)]
    whole = (
        Pen(width).put("✓", "success", at=LABEL_AT).put("every byte of it is as it was saved", "muted", at=3)
    )
    return [*rows, whole.row()] if backup else rows


def _bad(problem: str, width: int) -> list[Row]:
    first, *rest = wrapped(f"It cannot be used: {problem}.", width - 5)
    rows = [Pen(width).put("×", "error bold", at=LABEL_AT).put(first, "bold", at=3).row()]
    return [*rows, *(Pen(width).put(line, "bold", at=3).row() for line in rest)]


def _line(label: str, text: str, width: int) -> list[Row]:
    first, *rest = wrapped(text, width - TEXT_AT - 1)
    rows = [Pen(width).put(label, "muted", at=LABEL_AT).put(first, at=TEXT_AT).row()]
    return [*rows, *(Pen(width).put(line, at=TEXT_AT).row() for line in rest)]


def compared(pair: Pair, cursor: int | None, width: int) -> list[Row]:
    """A line a memory, the one under the ``cursor`` banded; what the two are above."""
    sign, role, words = SAME_CHIP[pair.comparison.same_chip]
    rows = [
        *_line("First", pair.first_name, width),
        *_line("Second", pair.second_name, width),
        Pen(width).put(sign, role, at=LABEL_AT).put(words, "muted", at=3).row(),
        Row(),
        heading(width, "Memories", _summed(pair.comparison.memories)),
    ]
    return [*rows, *(_memory(pair, index, cursor, width) for index in range(len(pair.comparison.memories)))]


def _summed(memories: Sequence[Compared]) -> str:
    wrong = sum(each.verdict is not Verdict.SAME for each in memories)
    return f"{wrong} of {len(memories)} differ" if wrong else "all the same"


def _memory(pair: Pair, index: int, cursor: int | None, width: int) -> Row:
    one, here = pair.comparison.memories[index], index == cursor
    same = one.verdict is Verdict.SAME
    pen = Pen(width).put("►" if here else " ", "accent bold", at=0)
    pen.put("✓" if same else "≠", "success" if same else "warning bold", at=2, target=index)
    pen.put(one.memory, "" if same else "bold", at=4, target=index)
    if one.values:
        pen.put(f"{one.values[0]:02X}", "muted", at=TEXT_AT).put(" → ", "warning")
        pen.put(f"{one.values[1]:02X}", "warning bold").put(f"  {clipped(_fields(pair, one), width - 22)}")
    else:
        pen.put(clipped(_words(one), width - TEXT_AT - 8), "muted" if same else "", at=TEXT_AT)
        if openable(pair, one):
            pen.right("enter", "accent bold" if here else "disabled", margin=1)
    return pen.row(band=here, cursor=here)


def openable(pair: Pair, one: Compared) -> bool:
    """Whether both have it as bytes that can be shown side by side."""
    both = one.memory in pair.first.memories and one.memory in pair.second.memories
    return both and one.memory in CONTENTS


def _words(one: Compared) -> str:
    if one.verdict is not Verdict.DIFFERENT:
        return str(one.verdict.value)
    shown = ", ".join(_extent(*extent) for extent in one.ranges)
    count, size = len(one.ranges), one.bytes_differ
    return f"{size} byte{'s' * (size != 1)} in {count} range{'s' * (count != 1)}: {shown}"


def _extent(start: int, end: int) -> str:
    return f"{start:04X}" if end - start == 1 else f"{start:04X}-{end - 1:04X}"


def _fields(pair: Pair, one: Compared) -> str:
    """The fields of a fuse or lock byte that differ: ``EESAVE off → on``."""
    part = pair.first.part
    if pair.first.chip.part != pair.second.chip.part or one.memory not in part.fuses or one.values is None:
        return ""
    draft = Draft(part, {one.memory: one.values[0]}).put(one.memory, one.values[1])
    pairs = [
        (bits.name, draft.state_before(bits), draft.state(bits)) for bits in part.fuses[one.memory].fields
    ]
    return "  ".join(f"{name} {was.key} → {now.key}" for name, was, now in pairs if was.value != now.value)
