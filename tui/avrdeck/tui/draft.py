"""Fuse and lock bytes being edited: what the chip holds, what is staged over it. Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from avrdeck.boards import safety
from avrdeck.boards.fusefields import FieldState, fields, with_field
from avrdeck.boards.fuses import Decoded, UnknownSemantics, decode
from avrdeck.boards.models import BLANK, BitField, Part
from avrdeck.boards.safety import Context, Finding


@dataclass(frozen=True)
class Draft:
    """The bytes of one part. ``read`` is what the chip holds, empty when none was read.

    ``staged`` are the bytes that differ from `base`. Every edit gives a new draft.
    """

    part: Part
    read: Mapping[str, int] = field(default_factory=dict)
    staged: Mapping[str, int] = field(default_factory=dict)
    context: Context = field(default_factory=Context)

    def base(self, name: str) -> int:
        """What the edit of byte ``name`` starts from: the chip's value, else the factory's."""
        if name in self.read:
            return self.read[name]
        factory = self.part.fuses[name].factory
        return BLANK if factory is None else factory

    def value(self, name: str) -> int:
        """The byte as staged."""
        return self.staged.get(name, self.base(name))

    @cached_property
    def values(self) -> dict[str, int]:
        """Every byte as staged."""
        return {name: self.value(name) for name in self.part.fuses}

    @cached_property
    def bases(self) -> dict[str, int]:
        """Every byte before the edits."""
        return {name: self.base(name) for name in self.part.fuses}

    @property
    def changes(self) -> int:
        """How many bits differ in all: what the pane's title counts."""
        return sum(self.changed_bits(name).bit_count() for name in self.staged)

    def changed_bits(self, name: str) -> int:
        """The bits of a byte that are staged to change."""
        return (self.value(name) ^ self.base(name)) & self.part.fuses[name].used_mask

    def put(self, name: str, value: int) -> Draft:
        """With byte ``name`` as ``value``; bits that do not exist keep what they had."""
        used = self.part.fuses[name].used_mask
        value = value & used | self.base(name) & ~used
        staged = {key: byte for key, byte in self.staged.items() if key != name}
        if value != self.base(name):
            staged[name] = value
        return replace(self, staged=staged)

    def put_all(self, values: Mapping[str, int]) -> Draft:
        """With several bytes; those that the part does not have are left out."""
        draft = self
        for name, value in values.items():
            if name in self.part.fuses:
                draft = draft.put(name, value)
        return draft

    def toggled(self, name: str, bit: int) -> Draft:
        """With one bit turned; a bit that does not exist stays."""
        if not self.part.fuses[name].used_mask >> bit & 1:
            return self
        return self.put(name, self.value(name) ^ 1 << bit)

    def coded(self, bits: BitField, code: int) -> Draft:
        """With a field set to one of its codes."""
        return self.put(bits.memory, bits.put(self.value(bits.memory), code))

    def typed(self, bits: BitField, spelling: str) -> Draft:
        """With a field set as a person writes it; raises `IllegalValue` when no one value is meant."""
        return self.put(bits.memory, with_field(self.part, self.values, bits.name, spelling)[bits.memory])

    def reverted(self) -> Draft:
        """Without any edit."""
        return replace(self, staged={})

    def factory(self) -> Draft:
        """With the factory values staged, as far as they are known; lock bits stay."""
        known = {f.name: f.factory for f in self.part.fuse_bytes if f.factory is not None}
        return self.put_all(known)

    def reread(self, values: Mapping[str, int]) -> Draft:
        """With what the chip was found to hold; edits that are no edits any more are dropped."""
        fresh = replace(self, read={**self.read, **values}, staged={})
        return fresh.put_all(self.staged)

    def state(self, bits: BitField) -> FieldState:
        """A field as staged."""
        return _state(bits, self.value(bits.memory))

    def state_before(self, bits: BitField) -> FieldState:
        """A field before the edits."""
        return _state(bits, self.base(bits.memory))

    @cached_property
    def decoded(self) -> Decoded | None:
        """What the staged bytes add up to; `None` when the part's fuses are not understood."""
        return self._decode(self.values)

    @cached_property
    def decoded_before(self) -> Decoded | None:
        """What the bytes before the edits add up to."""
        return self._decode(self.bases)

    def _decode(self, values: Mapping[str, int]) -> Decoded | None:
        fuse_values = {fuse.name: values[fuse.name] for fuse in self.part.fuse_bytes}
        try:
            return decode(self.part, fuse_values, partial=True, xtal_hz=self.context.xtal1.hz)
        except UnknownSemantics:
            return None

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What there is to say about the staged bytes, the worst first."""
        try:
            return safety.review(self.part, self.read or None, self._judged, self.context)
        except UnknownSemantics as error:
            return (Finding("E0", safety.Severity.WARNING, str(error)),)

    @property
    def _judged(self) -> Mapping[str, int]:
        return self.staged if self.read else self.values

    @property
    def fatal(self) -> bool:
        """Whether a finding asks for the part's name to be typed."""
        return any(found.severity is safety.Severity.FATAL for found in self.findings)

    @property
    def blocked(self) -> bool:
        """Whether a finding forbids the write."""
        return any(found.blocks for found in self.findings)

    def avrdude_arguments(self) -> str:
        """The bytes, staged ones if any, as ``-U`` arguments for avrdude."""
        values = self.staged or self.values
        return " ".join(f"-U {name}:w:0x{value:02X}:m" for name, value in values.items())


def _state(bits: BitField, byte: int) -> FieldState:
    value = bits.get(byte)
    return FieldState(bits, value, bits.meaning(value))


def field_states(draft: Draft) -> tuple[FieldState, ...]:
    """Every field as staged."""
    return fields(draft.part, draft.values)
