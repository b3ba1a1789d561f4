"""Where the bytes, bits and fields of a part's fuses stand, and how the cursor walks over them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from rich.cells import cell_len

from avrdeck.boards.labels import value_label
from avrdeck.boards.models import BitField, Fuse, Part

GUTTER = 2
"""Columns for the cursor and the mark of a change."""
BIT_WIDTH = 4
BITS = range(7, -1, -1)
CLOCKS = frozenset({"clock", "clock_source", "clock_rc_enable", "startup"})


@dataclass(frozen=True, slots=True)
class ByteCell:
    """The hex value of a byte."""

    memory: str


@dataclass(frozen=True, slots=True)
class BitCell:
    """One bit of a byte."""

    memory: str
    bit: int


@dataclass(frozen=True, slots=True)
class FieldCell:
    """A named field; two are the same when byte and name are."""

    bits: BitField = field(compare=False)
    place: tuple[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "place", (self.bits.memory, self.bits.name))


Cell = ByteCell | BitCell | FieldCell


@dataclass(frozen=True, slots=True)
class Placed:
    """A field at a column, with the columns it may use."""

    bits: BitField
    column: int
    width: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the editor: a byte with its bits, or some fields of it."""

    memory: str
    fields: tuple[Placed, ...] = ()

    @property
    def is_byte(self) -> bool:
        """Whether it is the byte itself."""
        return not self.fields


def is_flag(bits: BitField) -> bool:
    """Whether the field is one bit, shown as a box."""
    return bits.mask.bit_count() == 1


def layout(part: Part, width: int) -> tuple[Line, ...]:
    """The lines for an editor of ``width`` columns: four, two or one field side by side."""
    return tuple(line for fuse in part.fuses.values() for line in _lines(fuse, part, width))


def name_width(part: Part) -> int:
    """Columns for field names, one blank included."""
    return max([9, *(len(bits.name) + 1 for bits in part.fields)])


def _lines(fuse: Fuse, part: Part, width: int) -> Iterator[Line]:
    yield Line(fuse.name)
    columns = 4 if width >= 76 else 2 if width >= 44 else 1
    step, head = width // columns, GUTTER + name_width(part)
    placed: list[Placed] = []
    slot = 0
    for bits in sorted(fuse.fields, key=_order):
        span = 1 if is_flag(bits) else min(columns, -(-(head + _longest(bits) + 3) // step))
        if slot + span > columns:
            yield Line(fuse.name, _stretched(placed, width))
            placed, slot = [], 0
        placed.append(Placed(bits, slot * step, span * step))
        slot += span
    if placed:
        yield Line(fuse.name, _stretched(placed, width))


def _stretched(placed: list[Placed], width: int) -> tuple[Placed, ...]:
    """With the last field reaching to the right edge, when it is a list."""
    last = placed[-1]
    if not is_flag(last.bits):
        last = replace(last, width=width - last.column)
    return (*placed[:-1], last)


def _order(bits: BitField) -> tuple[int, int]:
    """Clock first, then flags, then lists; from bit 7 down."""
    return (0 if bits.role in CLOCKS else 1 if is_flag(bits) else 2), -bits.mask


def _longest(bits: BitField) -> int:
    return max((cell_len(value_label(bits, known)) for known in bits.values), default=8)


def cursor_rows(lines: Sequence[Line], part: Part) -> list[list[Cell]]:
    """The cells that the cursor can be on, a list a line."""
    rows: list[list[Cell]] = []
    for line in lines:
        if line.is_byte:
            used = part.fuses[line.memory].used_mask
            rows.append([ByteCell(line.memory), *(BitCell(line.memory, b) for b in BITS if used >> b & 1)])
        else:
            rows.append([FieldCell(placed.bits) for placed in line.fields])
    return rows


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in `cursor_rows`."""

    row: int = 0
    column: int = 0

    def inside(self, rows: Sequence[Sequence[Cell]]) -> Cursor:
        """The nearest place that these rows have."""
        row = min(self.row, len(rows) - 1)
        return Cursor(row, min(self.column, len(rows[row]) - 1)) if rows else Cursor()

    def moved(self, rows: Sequence[Sequence[Cell]], down: int, right: int) -> Cursor:
        """One step, kept inside. Down from a bit goes to the field that holds it."""
        row = max(0, min(self.row + down, len(rows) - 1))
        here = rows[self.row][min(self.column, len(rows[self.row]) - 1)]
        if down > 0 and isinstance(here, BitCell):
            for at in range(row, len(rows)):
                for column, cell in enumerate(rows[at]):
                    if isinstance(cell, FieldCell) and _holds(cell.bits, here):
                        return Cursor(at, column)
        same_bit = isinstance(here, BitCell) and isinstance(rows[row][0], ByteCell)
        column = self.column + right
        if down and isinstance(here, FieldCell) and isinstance(rows[row][0], ByteCell):
            column = 0
        elif down and same_bit:
            column = _column_of(rows[row], here)
        return Cursor(row, max(0, min(column, len(rows[row]) - 1)))


def place_of(rows: Sequence[Sequence[Cell]], cell: object) -> Cursor | None:
    """Where ``cell`` is; `None` when these rows do not have it."""
    places = (Cursor(at, row.index(cell)) for at, row in enumerate(rows) if cell in row)
    return next(places, None)


def _column_of(row: Sequence[Cell], bit: Cell) -> int:
    """Where a byte's line has the bit of the same number."""
    number = bit.bit if isinstance(bit, BitCell) else -1
    return next((at for at, cell in enumerate(row) if isinstance(cell, BitCell) and cell.bit == number), 0)


def _holds(bits: BitField, cell: BitCell) -> bool:
    return bits.memory == cell.memory and bool(bits.mask >> cell.bit & 1)
