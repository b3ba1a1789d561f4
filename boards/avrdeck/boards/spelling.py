"""Finds the legal value that somebody means by ``2.7V``, ``256 words``, ``0x7E00`` or ``internal 8 MHz``."""

from __future__ import annotations

import re
from collections.abc import Iterable

from avrdeck.boards.labels import clock_label, source_label, value_label
from avrdeck.boards.models import BitField, BodLevel, BootSize, Clock, FieldValue, Flag

NEAREST = 4
VOLTS = re.compile(r"(\d+(?:[.,]\d+)?|\d+v\d+)\s*v?(?:olts?)?")
SIZE = re.compile(r"(\d+)\s*(w|words?|b|bytes?|k|kb|kib)?")
ADDRESS = re.compile(r"@?\s*0x([0-9a-f]+)")
TOKEN = re.compile(r"\d+(?:\.\d+)?[a-z]*|[a-z]+")
HZ = re.compile(r"(\d+(?:\.\d+)?)([mk]?)hz")
UNITS = {"m": 1_000_000, "k": 1_000, "": 1}
ON = frozenset({"on", "programmed", "true", "yes", "enabled", "enable"})
OFF = frozenset({"off", "unprogrammed", "false", "no", "disabled", "disable"})
ABBREVIATIONS = {"int": "internal", "ext": "external", "xtal": "crystal", "osc": "crystal"}


def plain(word: str) -> str:
    """Only lower-case letters and digits: how names are compared."""
    return "".join(letter for letter in word.lower() if letter.isalnum())


def find_value(bits: BitField, spelling: str) -> tuple[FieldValue | None, tuple[FieldValue, ...]]:
    """The legal value meant, or `None` and the values that come nearest."""
    word = spelling.strip().lower()
    exact = next((known for known in bits.values if word in _exact_words(bits, known)), None)
    exact = exact or _by_code(bits, word)
    if exact:
        return exact, ()
    kind = type(bits.values[0].meaning) if bits.values else None
    if kind is BodLevel:
        return _by_volts(bits, word)
    if kind is BootSize:
        return _by_size(bits, word), ()
    if kind is Clock:
        return _by_words(bits, word)
    if kind is Flag and word in ON | OFF:
        return next(known for known in bits.values if known.meaning == Flag(word in ON)), ()
    return _by_label(bits, word), ()


def _exact_words(bits: BitField, known: FieldValue) -> tuple[str, str]:
    return known.key.lower(), value_label(bits, known).lower()


def _by_code(bits: BitField, word: str) -> FieldValue | None:
    """A number that is a legal code; 0 is programmed."""
    try:
        code = int(word, 0)
    except ValueError:
        return None
    return bits.meaning(code)


def _by_volts(bits: BitField, word: str) -> tuple[FieldValue | None, tuple[FieldValue, ...]]:
    off = next((known for known in bits.values if known.meaning == BodLevel(None)), None)
    if word in OFF:
        return off, ()
    match = VOLTS.fullmatch(word)
    if not match:
        return None, ()
    volts = float(re.sub("[v,]", ".", match[1]))
    levels = [
        (abs(level.volts - volts), known) for known in bits.values if (level := _level(known)) and level.volts
    ]
    levels.sort(key=lambda pair: pair[0])
    if levels and levels[0][0] < 0.01:
        return levels[0][1], ()
    return None, tuple(known for _, known in levels[:2])


def _level(known: FieldValue) -> BodLevel | None:
    return known.meaning if isinstance(known.meaning, BodLevel) else None


def _by_size(bits: BitField, word: str) -> FieldValue | None:
    """A size in words (the usual unit), bytes or KiB, or a start address in bytes."""
    sizes = {known.meaning: known for known in bits.values if isinstance(known.meaning, BootSize)}
    if address := ADDRESS.fullmatch(word):
        return next((known for size, known in sizes.items() if size.start_byte == int(address[1], 16)), None)
    match = SIZE.fullmatch(word)
    if not match:
        return None
    unit = (match[2] or "w")[0]
    words = int(match[1]) * {"w": 2, "b": 1, "k": 1024}[unit] // 2
    return next((known for size, known in sizes.items() if size.size_words == words), None)


def _by_words(bits: BitField, word: str) -> tuple[FieldValue | None, tuple[FieldValue, ...]]:
    """The clock that the words fit, with its longest start-up; `None` when several sources fit."""
    wanted = {ABBREVIATIONS.get(token, token) for token in _tokens(word)}
    fitting = [known for known in bits.values if plain(word) in _names(_clock(known))]
    fitting = fitting or [
        known for known in bits.values if wanted and all(_fits(known, token) for token in wanted)
    ]
    if len(_sources(fitting)) > 1:  # "crystal 16 MHz" is the plain one, not the full-swing one
        fitting = [known for known in fitting if _kind_words(known) <= wanted] or fitting
    if len(_sources(fitting)) == 1:
        return max(fitting, key=_startup_length), ()
    near = fitting or [known for known in bits.values if any(_fits(known, token) for token in wanted)]
    return None, tuple(_sources(sorted(near, key=_startup_length)).values())[:NEAREST]


def _sources(values: Iterable[FieldValue]) -> dict[str, FieldValue]:
    return {source_label(_clock(known)): known for known in values}


def _clock(known: FieldValue) -> Clock:
    return known.meaning if isinstance(known.meaning, Clock) else Clock()


def _names(clock: Clock) -> tuple[str, str]:
    return plain(source_label(clock)), plain(clock_label(clock))


def _tokens(text: str) -> set[str]:
    joined = re.sub(r"(\d)\s+(mhz|khz|hz|ms|ck)\b", r"\1\2", text.lower())
    return set(TOKEN.findall(joined))


def _kind_words(known: FieldValue) -> set[str]:
    return {token for token in _tokens(source_label(_clock(known))) if token.isalpha()}


def _fits(known: FieldValue, token: str) -> bool:
    """Whether a word is in the value's label, or is a frequency that its source can have."""
    clock = _clock(known)
    if frequency := HZ.fullmatch(token):
        hz = float(frequency[1]) * UNITS[frequency[2]]
        if clock.nominal_hz or not (clock.freq_min_hz or clock.freq_max_hz):
            return hz == clock.nominal_hz
        return (clock.freq_min_hz or 0) <= hz <= (clock.freq_max_hz or hz)
    kind = clock.kind.value.replace("_", " ") if clock.kind else ""
    return token in _tokens(clock_label(clock)) or token in _tokens(kind) - {"crystal"}


def _startup_length(known: FieldValue) -> tuple[float, int]:
    clock = _clock(known)
    return clock.delay_ms or 0, clock.ck_powerdown or clock.ck_startup or clock.ck_reset or 0


def _by_label(bits: BitField, word: str) -> FieldValue | None:
    """A value whose key or label begins like that, if it is the only one."""
    start = plain(word)
    fitting = [
        known
        for known in bits.values
        if start and (plain(known.key).startswith(start) or plain(value_label(bits, known)).startswith(start))
    ]
    return fitting[0] if len(fitting) == 1 else None
