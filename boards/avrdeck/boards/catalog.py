"""Finds parts by name, avrdude id or signature. Loading one part reads no other part's file."""

from __future__ import annotations

from functools import cache, lru_cache

from avrdeck.boards.models import Part
from avrdeck.boards.partdata.index import Summary, summaries

__all__ = ["Summary", "UnknownPart", "by_signature", "nearest", "part", "part_names", "summaries"]

NEAREST = 3
CACHED_PARTS = 32
"""A session looks at a handful of parts; a caller that walks over all of them should not keep them."""


class UnknownPart(LookupError):
    """No part of that name. ``nearest`` holds the names that look most like it."""

    def __init__(self, name: str, nearest: tuple[str, ...]) -> None:
        self.name = name
        self.nearest = nearest
        shown = name if len(name) <= 40 else f"{name[:40]}…"
        hint = f"Did you mean {' or '.join(nearest)}?" if nearest else "`parts` lists those that are known."
        super().__init__(f"No part is called {shown!r}. {hint}")


def part(name: str) -> Part:
    """The part of that name or avrdude id, in any case: ``ATmega328P``, ``atmega328p``, ``m328p``.

    Raises `UnknownPart`, and `avrdeck.boards.datafile.DataError` when its data file is wrong.
    """
    summary = _by_word().get(name.strip().lower())
    if summary is None:
        raise UnknownPart(name, nearest(name))
    return _load(summary.name)


def part_names() -> tuple[str, ...]:
    """Every part's name, in the order of `summaries`."""
    return tuple(summary.name for summary in summaries())


def by_signature(signature: bytes) -> tuple[Part, ...]:
    """Every part with that signature, best guess first; ISP alone cannot tell them apart.

    The genuine AVR comes first, then its renamed siblings, then clones. Empty when there is none.
    """
    return tuple(_load(name) for name in _by_signature().get(bytes(signature), ()))


def nearest(word: str) -> tuple[str, ...]:
    """Up to three part names that look most like ``word``, the likeliest first."""
    from difflib import get_close_matches  # costs milliseconds that only an error pays

    known = _by_word()
    close = get_close_matches(word.strip().lower()[:40], known, NEAREST * 2, 0.6)
    return tuple(dict.fromkeys(known[name].name for name in close))[:NEAREST]


@cache
def _by_word() -> dict[str, Summary]:
    words = {summary.avrdude_id.lower(): summary for summary in summaries()}
    return words | {summary.name.lower(): summary for summary in summaries()}


@cache
def _by_signature() -> dict[bytes, tuple[str, ...]]:
    names: dict[bytes, tuple[str, ...]] = {}
    for summary in summaries():
        names[summary.signature] = (*names.get(summary.signature, ()), summary.name)
    return names


@lru_cache(maxsize=CACHED_PARTS)
def _load(name: str) -> Part:
    from avrdeck.boards.partdata.parts import read_part  # names can be listed without it

    signature = next(summary.signature for summary in summaries() if summary.name == name)
    others = tuple(other for other in _by_signature()[signature] if other != name)
    return read_part(name, others)
