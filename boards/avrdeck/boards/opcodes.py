"""Patterns of the 4-byte serial programming instructions.

A pattern is written as the data sheets print it, four groups of eight symbols, most significant
bit first: ``0`` and ``1`` are fixed, ``x`` is ignored (sent as 0), ``a`` carries an address bit,
``i`` a bit of data to the chip and ``o`` a bit of data from it. Bit positions are numbered 31..0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

WORD_BITS = 32


@dataclass(frozen=True)
class Opcode:
    """One instruction of one part: how to build it and how to recognise it.

    ``carries`` maps a bit position to the ``a``, ``i`` or ``o`` bit that travels there, for
    instance ``{27: "a0"}``; positions that follow the usual rule (see `from_pattern`) are in it too.
    """

    name: str
    fixed_mask: int
    fixed_value: int
    carries: Mapping[int, str]

    @classmethod
    def from_pattern(cls, name: str, bits: str, exceptions: Mapping[int, str] | None = None) -> Opcode:
        """Read a pattern such as ``"10100000 000000aa aaaaaaaa oooooooo"``.

        ``a`` at position n carries address bit n-8 (n+8 for ``flash.load_ext_addr``), ``i`` and ``o``
        carry data bit n mod 8; ``exceptions`` overrides single positions. Raises `ValueError` for a
        pattern that is not 32 known symbols.
        """
        symbols = bits.replace(" ", "")
        if len(symbols) != WORD_BITS or set(symbols) - set("01xaio"):
            raise ValueError(f"{name}: not a 32-symbol pattern: {bits!r}")
        address_shift = 8 if name == "flash.load_ext_addr" else -8
        mask = value = 0
        carries: dict[int, str] = {}
        for position, symbol in zip(range(WORD_BITS - 1, -1, -1), symbols, strict=True):
            if symbol in "01":
                mask |= 1 << position
                value |= int(symbol) << position
            elif symbol == "a":
                carries[position] = f"a{position + address_shift}"
            elif symbol in "io":
                carries[position] = f"{symbol}{position % 8}"
        carries.update(exceptions or {})
        return cls(name, mask, value, carries)

    @property
    def pattern(self) -> str:
        """The instruction as the data sheets print it, the inverse of `from_pattern`."""
        symbols = "".join(self._symbol(position) for position in reversed(range(WORD_BITS)))
        return " ".join(symbols[start : start + 8] for start in range(0, WORD_BITS, 8))

    def _symbol(self, position: int) -> str:
        if self.fixed_mask >> position & 1:
            return str(self.fixed_value >> position & 1)
        return self.carries.get(position, "x")[0]

    @property
    def fixed_bits(self) -> int:
        """How many bits are fixed: of two patterns that match, the one with more is meant."""
        return self.fixed_mask.bit_count()

    @cached_property
    def address_mask(self) -> int:
        """The address bits that the instruction can carry."""
        return sum(1 << bit for _, bit in self._routes["a"])

    @cached_property
    def data_in_mask(self) -> int:
        """The data bits that the instruction sends to the chip."""
        return sum(1 << bit for _, bit in self._routes["i"])

    @cached_property
    def data_out_mask(self) -> int:
        """The data bits that the chip's answer carries."""
        return sum(1 << bit for _, bit in self._routes["o"])

    def matches(self, word: int) -> bool:
        """Whether the 32-bit instruction ``word`` (first byte in bits 31..24) is this one."""
        return word & self.fixed_mask == self.fixed_value

    def encode(self, address: int = 0, data: int = 0) -> bytes:
        """The four bytes to send; bits that the pattern does not carry are dropped."""
        word = self.fixed_value | _scatter(self._routes["a"], address) | _scatter(self._routes["i"], data)
        return word.to_bytes(4, "big")

    def address(self, word: int) -> int:
        """The address that ``word`` carries."""
        return _gather(self._routes["a"], word)

    def data_in(self, word: int) -> int:
        """The data that ``word`` carries to the chip; bits that do not travel are 0."""
        return _gather(self._routes["i"], word)

    def data_out(self, answer: int) -> int:
        """The data in the 32 bits that the chip shifted out; bits that do not travel are 0."""
        return _gather(self._routes["o"], answer)

    def put_data_out(self, data: int) -> int:
        """The inverse of `data_out`: the answer that carries ``data``, other bits 0."""
        return _scatter(self._routes["o"], data)

    @cached_property
    def _routes(self) -> dict[str, tuple[tuple[int, int], ...]]:
        routes: dict[str, list[tuple[int, int]]] = {"a": [], "i": [], "o": []}
        for position, carried in self.carries.items():
            routes[carried[0]].append((position, int(carried[1:])))
        return {kind: tuple(pairs) for kind, pairs in routes.items()}


def _scatter(route: Iterable[tuple[int, int]], value: int) -> int:
    return sum(1 << position for position, bit in route if value >> bit & 1)


def _gather(route: Iterable[tuple[int, int]], word: int) -> int:
    return sum(1 << bit for position, bit in route if word >> position & 1)
