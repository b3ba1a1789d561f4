"""The fuse editor as rows: bytes, bits, fields, old and new values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len

from avrdeck.boards.fusefields import FieldState
from avrdeck.boards.models import BitField
from avrdeck.tui.draft import Draft
from avrdeck.tui.views.fusegrid import (
    BIT_WIDTH,
    BITS,
    GUTTER,
    BitCell,
    ByteCell,
    Cell,
    FieldCell,
    Line,
    Placed,
    is_flag,
    name_width,
)
from avrdeck.tui.views.ink import Pen, Row, clipped

BITS_AT = 14
"""Column of the gutter of bit 7."""
FACTORY_WIDTH = 56
"""From this width on the factory values are shown."""
PROGRAMMED, UNPROGRAMMED = "■", "□"
FLAG_WORDS = 12
"""Columns that a flag's value gets in a list of changes; a longer one is told by its key."""


def bit_header(width: int, *, factory: bool = True, unread: bool = False) -> Row:
    """The bits' numbers; ``unread``: no chip has these bytes, they are the factory's."""
    pen = Pen(width)
    if unread:
        pen.put("factory", "warning", at=GUTTER)
    for bit in BITS:
        pen.put(str(bit), "disabled", at=_bit_column(bit))
    if factory and width >= FACTORY_WIDTH:
        pen.right("factory", "disabled", margin=1)
    return pen.row()


@dataclass
class Editor:
    """A part's drafts on the lines of `fusegrid.layout`.

    For each cell under the cursor a line is painted once, as long as its byte is the same.
    """

    draft: Draft
    lines: Sequence[Line]
    width: int
    _known: dict[tuple[int, Cell | None], tuple[tuple[int, int, bool], Row]] = field(default_factory=dict)

    def rows(self, cursor: Cell | None, height: int) -> list[Row]:
        """The whole editor; a blank line before each byte but the first, where ``height`` has room."""
        painted = [bit_header(self.width, unread=not self.draft.read)]
        airy = 1 + len(self.lines) + sum(line.is_byte for line in self.lines) - 1 <= height
        for number, line in enumerate(self.lines):
            if line.is_byte and len(painted) > 1 and airy:
                painted.append(Row())
            painted.append(self._line(number, cursor if cursor and _is_on(cursor, line) else None))
        return painted

    def _line(self, number: int, cursor: Cell | None) -> Row:
        line, draft = self.lines[number], self.draft
        byte = draft.base(line.memory), draft.value(line.memory), _unknown(draft, line.memory)
        known = self._known.get((number, cursor))
        if known is None or known[0] != byte:
            known = self._known[number, cursor] = byte, self._row(line, cursor)
        return known[1]

    def _row(self, line: Line, cursor: Cell | None) -> Row:
        if line.is_byte:
            return byte_row(self.draft, line.memory, cursor, self.width)
        return _field_row(self.draft, line, cursor, self.width)


def _is_on(cell: Cell, line: Line) -> bool:
    if isinstance(cell, FieldCell):
        return any(placed.bits is cell.bits for placed in line.fields)
    return line.is_byte and line.memory == cell.memory


def _unknown(draft: Draft, memory: str) -> bool:
    """Whether the byte could not be read as the others were."""
    return bool(draft.read) and memory not in draft.read


def byte_row(draft: Draft, memory: str, cursor: Cell | None, width: int) -> Row:
    """A byte's name, value and eight bits; `?` before a value that could not be read as the others were."""
    here = isinstance(cursor, ByteCell | BitCell) and cursor.memory == memory
    pen = Pen(width)
    if here:
        pen.put("►", "accent bold", at=0)
    old, new = draft.base(memory), draft.value(memory)
    if old != new:
        pen.put("◆", "warning", at=1)
    pen.put(f"{memory:5}", "bold", at=2, target=ByteCell(memory))
    pen.put("?" if _unknown(draft, memory) else " ", "warning")
    chosen = " reverse" if cursor == ByteCell(memory) else ""
    if old == new:
        pen.put(f"{new:02X}", f"bold{chosen}", target=ByteCell(memory))
    else:
        pen.put(f"{old:02X}", "muted").put("→", "warning")
        pen.put(f"{new:02X}", f"warning bold{chosen}", target=ByteCell(memory))
    for bit in BITS:
        _bit(pen, draft, BitCell(memory, bit), cursor)
    factory = draft.part.fuses[memory].factory
    if width >= FACTORY_WIDTH and factory is not None:
        pen.right(f"{factory:02X}", "muted", margin=1)
    return pen.row(band=True, cursor=here)


def _bit_column(bit: int) -> int:
    return BITS_AT + 2 + (7 - bit) * BIT_WIDTH


def _bit(pen: Pen, draft: Draft, cell: BitCell, cursor: Cell | None) -> None:
    """One bit: `·` where there is none, reversed where it is programmed, brackets under the cursor."""
    column = _bit_column(cell.bit)
    if not draft.part.fuses[cell.memory].used_mask >> cell.bit & 1:
        pen.put("·", "disabled", at=column)
        return
    one = draft.value(cell.memory) >> cell.bit & 1
    changed = draft.changed_bits(cell.memory) >> cell.bit & 1
    colour = "warning" if changed else "text"
    if changed:
        pen.put("◆", "warning", at=column - 2)
    if one:
        pen.put("1", f"{colour} bold" if changed else "", at=column, target=cell)
    else:
        pen.put("▐", colour, at=column - 1).put("0", f"{colour} bold reverse", target=cell).put("▌", colour)
    if cursor == cell:
        pen.put("[", "accent bold", at=column - 1).put("]", "accent bold", at=column + 1)


def _field_row(draft: Draft, line: Line, cursor: Cell | None, width: int) -> Row:
    pen = Pen(width)
    head = name_width(draft.part)
    for placed in line.fields:
        _field(pen, draft, placed, cursor, head)
    return pen.row(cursor=cursor is not None)


def _field(pen: Pen, draft: Draft, placed: Placed, cursor: Cell | None, head: int) -> None:
    bits = placed.bits
    cell = FieldCell(bits)
    here = isinstance(cursor, FieldCell) and cursor.bits is bits
    before, now = draft.state_before(bits), draft.state(bits)
    changed = before.value != now.value
    if here:
        pen.put("►", "accent bold", at=placed.column)
    if changed:
        pen.put("◆", "warning", at=placed.column + 1)
    role = "warning bold" if changed else "accent bold" if here else "muted"
    pen.put(bits.name, role, at=placed.column + GUTTER, target=cell)
    pen.at = placed.column + GUTTER + head
    room = placed.column + placed.width - pen.at - 1
    if is_flag(bits):
        _flag(pen, before, now, room, cell)
    else:
        _choice(pen, before, now, room - 3, cell)
        pen.put("▼", "accent" if here else "disabled", at=placed.column + placed.width - 2, target=cell)


def _flag(pen: Pen, before: FieldState, now: FieldState, room: int, cell: FieldCell) -> None:
    changed = before.value != now.value
    if changed:
        pen.put(f"{_box(before)}→{_box(now)} ", "warning bold", target=cell)
        pen.put(_words(now, room - 4), "warning bold", target=cell)
    else:
        on = now.value == 0
        pen.put(f"{_box(now)} ", "" if on else "muted", target=cell)
        pen.put(_words(now, room - 2), "" if on else "muted", target=cell)


def _words(state: FieldState, room: int) -> str:
    """The value in words where they fit, else its key."""
    return state.label if cell_len(state.label) <= room else clipped(state.key, room)


def _choice(pen: Pen, before: FieldState, now: FieldState, room: int, cell: FieldCell) -> None:
    if before.value == now.value:
        pen.put(clipped(now.label, room), target=cell)
        return
    both = cell_len(before.label) + cell_len(now.label) + 3 <= room
    if both:
        pen.put(before.label, "muted").put(" → ", "warning bold")
    pen.put(clipped(now.label, room), "warning bold", target=cell)


def change(before: FieldState, now: FieldState) -> tuple[str, str]:
    """A field's old and new value in words; of a flag the boxes say both."""
    if is_flag(now.field):
        return "", f"{_box(before)}→{_box(now)} {_words(now, FLAG_WORDS)}"
    return before.label, f"→ {now.label}"


def _box(flag: FieldState) -> str:
    return PROGRAMMED if flag.value == 0 else UNPROGRAMMED


def described(draft: Draft, cell: Cell | None, room: int) -> str:
    """What is under the cursor, for the pane's lower edge; a value that has no ``room`` is left out."""
    if cell is None:
        return ""
    if isinstance(cell, FieldCell):
        state = draft.state(cell.bits)
        name = f"{place(cell.bits)} · {state.title}"
        return f"{name}: {state.label}" if cell_len(name) + 2 + cell_len(state.label) <= room else name
    if isinstance(cell, BitCell):
        bits = next((b for b in draft.part.fuses[cell.memory].fields if b.mask >> cell.bit & 1), None)
        programmed = "unprogrammed" if draft.value(cell.memory) >> cell.bit & 1 else "programmed"
        name = f"{cell.memory} {cell.bit} {programmed}" + (f" · {bits.name}" if bits else "")
        title = f", {draft.state(bits).title}" if bits else ""
        return name + title if cell_len(name + title) <= room else name
    value = draft.value(cell.memory)
    return f"{cell.memory} · 0x{value:02X} = {value:08b}b · 0 is programmed"


def place(bits: BitField) -> str:
    """Where a field is: ``efuse 2:0``, ``hfuse 7``."""
    high, low = bits.mask.bit_length() - 1, bits.lsb
    return f"{bits.memory} {high}:{low}" if high != low else f"{bits.memory} {high}"
