"""Fuse and lock bytes as named fields, both ways: what each field is set to, and setting one by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from avrdeck.boards.labels import field_title, source_label, value_label
from avrdeck.boards.models import BitField, Clock, FieldValue, Part
from avrdeck.boards.spelling import find_value, plain


class UnknownField(LookupError):
    """The part has no field of that name. ``nearest`` holds those that look like it."""

    def __init__(self, part: Part, name: str, nearest: tuple[str, ...]) -> None:
        self.part = part.name
        self.name = name
        self.nearest = nearest
        hint = f"Did you mean {' or '.join(nearest)}?" if nearest else f"It has {', '.join(_names(part))}."
        super().__init__(f"{part.name} has no fuse field {name[:40]!r}. {hint}")


class IllegalValue(ValueError):
    """No one legal value is meant. ``legal`` holds the spellings, ``nearest`` the likely ones."""

    def __init__(self, bits: BitField, spelling: str, near: tuple[FieldValue, ...]) -> None:
        self.field = bits.name
        self.spelling = spelling
        self.legal = legal_values(bits)
        self.nearest = tuple(known.key for known in near)
        options = [_short(known) for known in near or bits.values]
        listed = "; ".join(dict.fromkeys(options))
        super().__init__(
            f"{bits.name}: {spelling[:40]!r} fits no one value. {'Near' if near else 'Legal'}: {listed}."
        )


def _short(known: FieldValue) -> str:
    """A spelling that fits a list: a clock without its start-up, otherwise the key."""
    return (isinstance(known.meaning, Clock) and source_label(known.meaning)) or known.key


@dataclass(frozen=True, slots=True)
class FieldState:
    """One field as a set of bytes has it. ``known`` is `None` when the value is reserved."""

    field: BitField
    value: int
    known: FieldValue | None

    @property
    def key(self) -> str:
        """The short spelling: ``2.7V``, ``on``; ``reserved`` when no list has the value."""
        return self.known.key if self.known else "reserved"

    @property
    def title(self) -> str:
        """What the field is for, in a few words."""
        return field_title(self.field)

    @property
    def label(self) -> str:
        """What the value means: ``crystal ≥ 8 MHz, 16K CK + 65 ms``."""
        return value_label(self.field, self.known)

    @property
    def bits(self) -> str:
        """The bits as the data sheets print them, most significant first; 0 is programmed."""
        width = (self.field.mask >> self.field.lsb).bit_length()
        mask = self.field.mask >> self.field.lsb
        return "".join(str(self.value >> place & 1) for place in reversed(range(width)) if mask >> place & 1)

    @property
    def inferred(self) -> tuple[str, ...]:
        """The facts of the value that no source states."""
        return self.known.inferred if self.known else ()


def fields(part: Part, values: Mapping[str, int]) -> tuple[FieldState, ...]:
    """Every field of the bytes in ``values``, in the order of the bytes and from bit 0 up."""
    return tuple(_state(bits, values[bits.memory]) for bits in part.fields if bits.memory in values)


def changed(part: Part, memory: str, old: int, new: int) -> tuple[tuple[FieldState, FieldState], ...]:
    """The fields of the byte ``memory`` that ``old`` and ``new`` set differently: before and after."""
    pairs = zip(fields(part, {memory: old}), fields(part, {memory: new}), strict=True)
    return tuple((before, after) for before, after in pairs if before.value != after.value)


def _state(bits: BitField, byte: int) -> FieldState:
    value = bits.get(byte)
    return FieldState(bits, value, bits.meaning(value))


def find_field(part: Part, name: str) -> BitField:
    """The field of that name or role, in any case: ``bodlevel``, ``BODLEVEL``, ``bod_level``."""
    word = plain(name)
    found = next((bits for bits in part.fields if plain(bits.name) == word), None)
    found = found or next((bits for bits in part.fields if plain(bits.role) == word), None)
    if found is None:
        from difflib import get_close_matches  # costs milliseconds that only an error pays

        names = {plain(known): known for known in _names(part)}
        close = get_close_matches(word[:40], names, 3, 0.5)
        raise UnknownField(part, name, tuple(names[near] for near in close))
    return found


def with_field(part: Part, values: Mapping[str, int], name: str, spelling: str) -> dict[str, int]:
    """``values`` with one field set, all other bits kept: ``with_field(part, v, "bodlevel", "2.7V")``.

    The value can be its key (``2.7V``, ``256w``, ``on``), its code (``0b101``), a size, an address or
    words that only one kind of clock fits (``internal 8 MHz``; of several start-up times the longest
    is taken). Raises `UnknownField`, `IllegalValue`, and `ValueError` when its byte is not in ``values``.
    """
    bits = find_field(part, name)
    if bits.memory not in values:
        raise ValueError(f"{bits.name} is in {bits.memory}, which was not read.")
    known, near = find_value(bits, spelling)
    if known is None:
        raise IllegalValue(bits, spelling, near)
    return {**values, bits.memory: bits.put(values[bits.memory], known.value)}


def legal_values(bits: BitField) -> tuple[str, ...]:
    """The spellings of every legal value, in the order of their codes."""
    return tuple(dict.fromkeys(known.key for known in bits.values))


def _names(part: Part) -> tuple[str, ...]:
    return tuple(bits.name for bits in part.fields)
